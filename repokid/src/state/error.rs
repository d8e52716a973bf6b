//! Why the state did not take or give something.

use menagerie_store::database::DatabaseError;

use super::change::{ChangeId, ChangeStatus};
use super::role::RoleId;

/// Why the state did not take or give something.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Another run has changed the role since it was read.
    #[error("another run has changed role {role} since it was read: read it again")]
    Stale {
        /// The role.
        role: RoleId,
    },
    /// The state has no such role.
    #[error("the state has no role {role}: update the role cache of its account")]
    NoRole {
        /// The role.
        role: RoleId,
    },
    /// The state has no such change.
    #[error("the state has no change {change}")]
    NoChange {
        /// The change.
        change: ChangeId,
    },
    /// A change's status does not go that way.
    #[error("change {change} is {found}, and cannot become {wanted}")]
    Transition {
        /// The change.
        change: ChangeId,
        /// What it is.
        found: ChangeStatus,
        /// What it was to be.
        wanted: ChangeStatus,
    },
    /// A change of the principal is under way, or was left half done.
    #[error("a change of {principal} is under way or was left unfinished: finish it or roll it back first")]
    Open {
        /// The principal's ARN.
        principal: String,
    },
    /// The lease has ended, or another run has it.
    #[error("this run's lease on account {account} has ended: another run may be at work there")]
    LeaseLost {
        /// The account.
        account: String,
    },
    /// A record is not what this version writes.
    #[error("the state holds {what} that is no such thing: {reason}")]
    Record {
        /// What it should be.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
