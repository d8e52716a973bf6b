//! Watches for denials of what repokid removed, and gives back within bounds.
//!
//! [`Denials`] gathers denied calls from events. [`Cause::find`] tells whether a change of ours took the permission away. Each is told once.
//! [`verdict`] says whether it may come back by itself: within 14 days of the change, never an action that manages permissions, issues
//! credentials, reads data in bulk, is part of a known way to more than is granted, or can switch off what watches, and only where the denial says that no identity-based policy allows it; once for each principal and
//! day, which the state counts. What comes back is what was denied and no more ([`restoration`]): a caller who finds one harmless action
//! missing does not get the others with it.

mod cause;
mod denials;
mod history;
mod restore;
mod verdict;

use jiff::Timestamp;
use serde::Serialize;

pub use cause::Cause;
pub use denials::{Denials, Denied};
pub use history::{Looked, looked_up};
pub use restore::{NotRestored, restoration};
pub use verdict::{Bound, WINDOW, verdict};

/// A denial of what repokid removed, as people and programs are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// CloudTrail's ID of the event.
    pub event: String,
    /// When the call was denied.
    pub at: Timestamp,
    /// Who called.
    pub principal: String,
    /// Whose policies were narrowed: the caller's, or those of a group that it may be in.
    pub narrowed: String,
    /// What was called for.
    pub action: String,
    /// On what, where that is known.
    pub resource: Option<String>,
    /// The change that took the permission away.
    pub change: String,
    /// When that was made.
    pub changed: Timestamp,
    /// What AWS said.
    pub message: String,
    /// What becomes of it.
    pub answer: Answer,
}

/// What becomes of a denial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It waits for a person, for this reason.
    Waits(String),
    /// The permission was given back by this change.
    Restored(String),
}

impl Alert {
    /// What becomes of it, in a few words.
    #[must_use]
    pub fn outcome(&self) -> String {
        match &self.answer {
            Answer::Waits(reason) => format!("waits for a person: {reason}"),
            Answer::Restored(change) => format!("given back by change {change}"),
        }
    }
}
