//! The patterns of the policy language: what `*` and `?` stand for in actions, resources and condition values, and which
//! pattern covers or overlaps which. Rules: IAM User Guide, "IAM JSON policy elements" (Action, Resource, Condition
//! operators, Variables and tags). All of it runs in time proportional to the product of the lengths at worst, whatever the
//! pattern says: there is no backtracking beyond the last `*`.

mod action;
mod glob;
mod inclusion;
mod resource;
#[cfg(test)]
mod tests;
mod truth;
mod variable;

pub use action::{ActionPattern, BadAction};
pub use glob::{Glob, Lookup, Resolved};
pub use resource::ResourcePattern;
pub use truth::Truth;
pub use variable::Variable;
