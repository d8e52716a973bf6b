//! What to look at first: who was not used at all, keys and passwords that nobody uses, and grants by which a holder can get more than was
//! granted. A ranking is advice: it proves nothing, and nothing is changed for it.

mod credentials;
mod escalation;
mod idle;

use menagerie_finding::Severity;
use serde::{Serialize, Serializer};

use crate::account::Owner;
use crate::analysis::{Analysis, Left, Outcome, Setting};

pub use credentials::{CredentialError, credentials};
pub use escalation::Path;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The account's root has an access key.
    RootKey,
    /// Everything is granted.
    Administrator,
    /// A way to more than is granted.
    Escalation,
    /// A user who signs in with a password alone.
    NoMfa,
    /// An access key that is not used.
    UnusedKey,
    /// A password that is not used.
    UnusedPassword,
    /// A user who does nothing.
    UnusedUser,
    /// A role that nobody takes on.
    UnusedRole,
}

impl Kind {
    /// As a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::RootKey => "Access key of the root user",
            Self::Administrator => "Everything is granted",
            Self::Escalation => "Grants that allow more than they say",
            Self::NoMfa => "Password without a second factor",
            Self::UnusedKey => "Unused access key",
            Self::UnusedPassword => "Unused password",
            Self::UnusedUser => "Unused user",
            Self::UnusedRole => "Unused role",
        }
    }
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// How much it matters.
    #[serde(serialize_with = "name")]
    pub severity: Severity,
    /// What it is.
    pub kind: Kind,
    /// Whose: an ARN.
    pub subject: String,
    /// Why it is here, in one or two sentences.
    pub reason: String,
    /// The ways to more than is granted, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Path>,
}

fn name<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.name())
}

/// What there is to say of one principal.
#[must_use]
pub fn of_principal(analysis: &Analysis<'_>, setting: &Setting<'_>) -> Vec<Entry> {
    let principal = analysis.principal;
    if principal.owner() == Owner::ServiceLinked {
        return Vec::new();
    }
    let mut entries: Vec<_> = escalation::of(analysis, setting).into_iter().collect();
    // What is kept for the worst day is meant to be idle.
    if !matches!(analysis.outcome, Outcome::Left(Left::TooNew(_) | Left::Protected | Left::Tag(_) | Left::Member { .. })) {
        let dangerous = entries.iter().any(|entry| entry.severity >= Severity::High);
        entries.extend(idle::of(analysis, setting, dangerous));
    }
    entries
}

impl Entry {
    /// How many of its ways stay open after what is proposed.
    fn open(&self) -> usize {
        self.paths.iter().filter(|path| !path.closed).count()
    }
}

/// The worst first; of what weighs the same, what stays open in most ways; then by ARN.
pub fn sort(entries: &mut [Entry]) {
    entries.sort_by(|left, right| {
        let by_weight = right.severity.cmp(&left.severity).then(left.kind.cmp(&right.kind)).then(right.open().cmp(&left.open()));
        by_weight.then_with(|| (&left.subject, &left.reason).cmp(&(&right.subject, &right.reason)))
    });
}
