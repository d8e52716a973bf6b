//! Whether something may come back by itself.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use menagerie_cloudtrail::outcome::{PolicyKind, Reason};
use menagerie_policy::data::catalogue;

use super::{Cause, Denied};

/// For how long after a change something may come back by itself.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why something does not come back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The change is too long ago.
    TooLate,
    /// The data do not know the action.
    UnknownAction,
    /// It manages permissions.
    Permissions,
    /// It issues credentials.
    Credentials,
    /// It reads data in bulk.
    Data,
    /// A known way to more than is granted takes it.
    Escalation,
    /// It can switch off what watches, or delete keys or backups.
    Disarming,
    /// The denial does not say that no identity-based policy allows it.
    OtherReason,
    /// A group was narrowed, and others are in it.
    Group,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLate => "the change was made more than 14 days ago",
            Self::UnknownAction => "the action is not in the data",
            Self::Permissions => "the action manages permissions",
            Self::Credentials => "the action issues credentials",
            Self::Data => "the action reads data in bulk",
            Self::Escalation => "the action is part of a known way to more than is granted",
            Self::Disarming => "the action can switch off logging or detection, or delete keys or backups",
            Self::OtherReason => "the denial does not say that no identity-based policy allows it",
            Self::Group => "a group was narrowed, which others are in, too",
        })
    }
}

/// Whether what was denied may come back by itself at `now`.
///
/// # Errors
/// The [`Bound`] that it is beyond.
pub fn verdict(denied: &Denied, cause: &Cause<'_>, now: Timestamp) -> Result<(), Bound> {
    if !cause.is_own {
        return Err(Bound::Group);
    }
    let made = cause.change.updated;
    if now.max(denied.at).duration_since(made) > WINDOW {
        return Err(Bound::TooLate);
    }
    let action = catalogue().named(&denied.action).ok_or(Bound::UnknownAction)?;
    if action.manages_permissions() {
        return Err(Bound::Permissions);
    }
    if action.issues_credentials() {
        return Err(Bound::Credentials);
    }
    if action.reads_data_in_bulk() {
        return Err(Bound::Data);
    }
    if action.escalates() {
        return Err(Bound::Escalation);
    }
    if action.disarms() {
        return Err(Bound::Disarming);
    }
    if denied.reason != Reason::NotAllowedBy(PolicyKind::Identity) {
        return Err(Bound::OtherReason);
    }
    Ok(())
}
