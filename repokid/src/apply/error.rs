//! Why a change was not made.

use jiff::Timestamp;
use menagerie_aws::CallError;

use crate::state::{ChangeId, StateError};

/// Why a change was not made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// AWS refused a call, or could not be reached. Nothing was changed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// Another run is at work in the account.
    #[error("another run ({holder}) is at work in account {account} until {until} at most: nothing was changed")]
    Busy {
        /// The account.
        account: String,
        /// The other run.
        holder: String,
        /// When its lease ends if it is not renewed.
        until: Timestamp,
    },
    /// The principal is there no more.
    #[error("{principal} is there no more")]
    Gone {
        /// Its ARN.
        principal: String,
    },
    /// The ARN is that of no role, user or group.
    #[error("{principal} is no role, user or group of IAM")]
    NoPrincipal {
        /// What was given.
        principal: String,
    },
    /// What is live is not what was analysed.
    #[error("{principal} was changed since it was analysed ({}): nothing was changed; run again", what.join(", "))]
    ChangedSince {
        /// Its ARN.
        principal: String,
        /// What differs.
        what: Vec<String>,
    },
    /// A call failed on the way, and what had been done was undone.
    #[error("change {change} of {principal} was undone, since a call failed: {error}")]
    Undone {
        /// The change.
        change: ChangeId,
        /// The principal's ARN.
        principal: String,
        /// What failed.
        error: CallError,
    },
    /// Someone else changed the same policies meanwhile.
    #[error("change {change} of {principal} was undone, since others changed the same policies meanwhile, which were left as they are: {}", what.join(", "))]
    Met {
        /// The change.
        change: ChangeId,
        /// The principal's ARN.
        principal: String,
        /// The policies that others changed.
        what: Vec<String>,
    },
    /// A call failed on the way, and so did undoing. The next run goes on.
    #[error(
        "change {change} of {principal} is half made, and the next run will go on with it; the principal has at least what it needs: {error}"
    )]
    HalfMade {
        /// The change.
        change: ChangeId,
        /// The principal's ARN.
        principal: String,
        /// What failed.
        error: CallError,
    },
}
