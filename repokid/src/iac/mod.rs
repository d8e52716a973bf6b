//! Policies that stand in code: what Terraform or CloudFormation owns would be put back by it, so that it is changed there.
//!
//! [`Ownership`] tells who owns a principal's policies, by tags, a map, or Terraform's state; [`Sources`] finds where they stand in a
//! folder of code; [`patch`] makes the change there, or says why it cannot; and [`Proposed`] gathers the changes for a pull request.

mod cloudformation;
mod load;
mod map;
mod owner;
mod patch;
mod propose;
mod pull_request;
mod site;
mod state;
mod tags;
mod terraform;
#[cfg(test)]
mod tests;
mod tree;

pub use load::{LoadError, Sources};
pub use map::{Map, MapError};
pub use owner::{Code, Owner, Ownership, Tool};
pub use patch::{Unpatched, patch};
pub use propose::{Change, Fate, Proposed};
pub use site::{Actions, Site, StatementSite, Syntax};
pub use state::{Address, State, StateError};
pub use tags::{TagRule, TagRules};
