//! The role cache: what IAM, Access Advisor and the usage store say of an account's roles, put together and remembered.
//!
//! [`refresh`] takes an account's inventory and rows of Access Advisor, wherever they come from, and brings the state up to date: each role,
//! its policies if they changed, what is new of them and kept for some days, the filters that name it, what could go, and counts. Roles that
//! IAM has no more become inactive, if the inventory was complete. What could go is found by the analysis of `repokid analyze`, proof
//! included ([`Judgement`]): fresh rows of Access Advisor prove that a service or an action is unused, uses in the store outweigh them, and
//! the store's silence proves nothing.
//!
//! A refresh that is killed can be repeated: protections are written before the version that they come from.

mod judgement;
mod refresh;
mod repoable;

pub use judgement::Judgement;
pub use refresh::{CacheError, Refreshed, Source, refresh};
pub use repoable::{permissions_of, repoable_of};
