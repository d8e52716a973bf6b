//! The role cache: what IAM, Access Advisor and the usage store say of an account's roles, put together and remembered; of its users and
//! groups, too, where the configuration names them.
//!
//! [`refresh`] takes a [`crate::survey::Survey`] of an account and rows of Access Advisor, wherever they come from, and brings the state up to
//! date: each of them, its policies if they changed, what is new of them and kept for some days, the filters that name it, what could go, and
//! counts. Those that IAM has no more, or that are looked at no more, become inactive, if the inventory was complete. What could go is
//! found by the analysis of `repokid analyze`, proof included.
//!
//! A refresh that is killed can be repeated: protections are written before the version that they come from.

mod refresh;
mod repoable;

pub use refresh::{Refreshed, Source, refresh};
pub use repoable::{permissions_of, repoable_of};
