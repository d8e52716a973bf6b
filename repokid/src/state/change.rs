//! A change of a principal's policies: what it was, what it is to be, why that breaks nothing, and how far it came.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use menagerie_aws::Arn;

/// The number of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeId(pub(super) i64);

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for ChangeId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Texts of an enumeration that are stored.
macro_rules! stored {
    ($type:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $type {
            /// The word that it is stored and printed as.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err(format!("{other:?} is none of {:?}", [$($text),+])),
                }
            }
        }
    };
}
pub(super) use stored;

/// What a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Permissions go that usage proves are not needed.
    Repo,
    /// Permissions go that a person named.
    Remove,
    /// A person undoes a change or restores a version.
    Rollback,
    /// `watch` undoes a change after a denial.
    AutoRollback,
}

stored!(Purpose { Repo = "repo", Remove = "remove", Rollback = "rollback", AutoRollback = "auto_rollback" });

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStatus {
    /// It is stored, and nothing was done.
    Planned,
    /// Calls are being made; the steps tell which.
    Applying,
    /// It was made, and read back.
    Applied,
    /// It was given up, before or while it was made.
    Failed,
    /// What it did was undone.
    RolledBack,
}

stored!(ChangeStatus { Planned = "planned", Applying = "applying", Applied = "applied", Failed = "failed", RolledBack = "rolled_back" });

impl ChangeStatus {
    /// Whether a change may go from here to `next`.
    #[must_use]
    pub fn leads_to(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Planned, Self::Applying | Self::Failed)
                | (Self::Applying, Self::Applied | Self::Failed | Self::RolledBack)
                | (Self::Applied | Self::Failed, Self::RolledBack)
        )
    }
}

/// What of a principal a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentPlace {
    /// An inline policy, by its name.
    Inline,
    /// The default version of a customer-managed policy, by its ARN.
    Managed,
    /// The attachment of a managed policy, by its ARN: a text is there while it is attached, and is the document that it had then.
    Attached,
}

stored!(DocumentPlace { Inline = "inline", Managed = "managed", Attached = "attached" });

/// A document before and after. A policy that is not there has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub place: DocumentPlace,
    /// The policy's name or ARN.
    pub policy: String,
    /// The text before, to the letter.
    pub before: Option<String>,
    /// The text after, to the letter.
    pub after: Option<String>,
}

/// A change that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// The role, user or group.
    pub principal: Arn,
    /// What it is for.
    pub purpose: Purpose,
    /// Who makes it.
    pub actor: String,
    /// The change that it undoes, if it undoes one.
    pub undoes: Option<ChangeId>,
    /// Every document that it touches.
    pub documents: Vec<Document>,
    /// The proof that nothing needed goes, as JSON.
    pub proof: Option<String>,
}

/// Something that was done of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What, such as `PutRolePolicy reader`.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

/// A change that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub id: ChangeId,
    /// What it is.
    pub change: NewChange,
    /// How far it has come.
    pub status: ChangeStatus,
    /// Why it has not come further, or what else was to say.
    pub note: Option<String>,
    /// When it was stored.
    pub planned: Timestamp,
    /// When its status was last set.
    pub updated: Timestamp,
    /// What was done of it, in order.
    pub steps: Vec<Step>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ChangeStatus; 5] =
        [ChangeStatus::Planned, ChangeStatus::Applying, ChangeStatus::Applied, ChangeStatus::Failed, ChangeStatus::RolledBack];

    #[test]
    fn words_are_read_as_they_are_written() {
        for status in ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("done".parse::<ChangeStatus>().is_err());
    }

    #[test]
    fn a_change_never_goes_back() {
        for from in ALL {
            assert!(!from.leads_to(from) && !from.leads_to(ChangeStatus::Planned), "{from}");
            assert!(!ChangeStatus::RolledBack.leads_to(from), "{from}");
        }
        assert!(!ChangeStatus::Planned.leads_to(ChangeStatus::Applied), "what was not begun is not done");
    }
}
