//! A finding and what belongs to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What it costs if nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Nearly all.
    Critical,
}

impl Severity {
    /// From the least to the worst.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// One step less; what is lowest stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A thing that is looked at: a file, an object, a repository, an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct Asset {
    /// What kind of thing: `file`, `repository`.
    pub kind: String,
    /// Its name among things of its kind.
    pub name: String,
}

/// The text round a place, without what must not be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Excerpt {
    /// What stands before it in its line.
    pub before: String,
    /// What is shown in its stead.
    pub shown: String,
    /// What stands after it in its line.
    pub after: String,
}

/// A commit, as far as a report tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Commit {
    /// Its name, in hexadecimal.
    pub id: String,
    /// Who wrote it: name and address.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Location {
    /// The thing it is in.
    pub asset: Asset,
    /// The line it begins in, from 1.
    pub line: u64,
    /// The line it ends in.
    pub end_line: u64,
    /// The column it begins in, in bytes from 1.
    pub column: u64,
    /// How sure we are of this place, in percent.
    pub confidence: u8,
    /// What identifies the place from run to run.
    pub fingerprint: String,
    /// The text round it.
    pub excerpt: Excerpt,
    /// The first commit that had it there, the last one, and whether it stands in HEAD.
    pub history: Option<(Commit, Commit, bool)>,
}

/// One thing that is known of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fact {
    /// Its name, in snake case: `account`, `expires`.
    pub name: String,
    /// Its value, for people.
    pub value: String,
}

impl Fact {
    /// A fact.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// Its name for people: `public key`.
    #[must_use]
    pub fn label(&self) -> String {
        self.name.replace('_', " ")
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Finding {
    /// Which check found it: a rule's id.
    pub code: String,
    /// What it is, for people.
    pub title: String,
    /// What it costs.
    pub severity: Severity,
    /// How sure we are, in percent.
    pub confidence: u8,
    /// What identifies it from run to run.
    pub fingerprint: String,
    /// Why severity and confidence are what they are.
    pub reasons: Vec<String>,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// Where it is; never empty.
    pub locations: Vec<Location>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_and_end() {
        assert!(Severity::ALL.windows(2).all(|pair| pair[0] < pair[1] && pair[1].lowered() == pair[0]));
        assert_eq!(Severity::Low.lowered(), Severity::Low);
        assert_eq!(format!("{:<8}|", Severity::High), "high    |");
    }
}
