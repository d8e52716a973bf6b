//! Whether a request is allowed, by AWS's evaluation logic over all kinds of policies, and which statement decided. Rules: IAM
//! User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "IAM JSON policy elements: Condition
//! operators", "Multivalued context keys" and "Resource control policies" of AWS Organizations.
//!
//! What is not known (a key of the context, an operator, a policy variable, an element that the grammar lacks) makes what hangs on
//! it [`Truth::Unknown`](crate::pattern::Truth), never true and never false; the outcome is [`Outcome::Unknown`] where it hangs on
//! that.

mod attached;
mod compare;
mod condition;
mod decide;
mod decision;
mod principal;
mod request;
mod statement;
#[cfg(test)]
mod tests;

pub use attached::{Attached, Kind, Policies, ResourcePolicies};
pub use decide::{evaluate, evaluate_identity};
pub use decision::{DecidingStatement, Decision, Outcome};
pub use request::{Context, Principal, Request, Values};
