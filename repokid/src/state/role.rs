//! A role as the state knows it: Repokid's record of a role, with our additions. Users and groups have records of the same form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::{AccountId, Arn};
use serde::{Deserialize, Serialize};

use super::footing::Footing;
use super::protection::Protected;
use super::schedule::Schedule;
use crate::account::Kind;

/// Why a text is no unique ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no unique ID of IAM: letters and digits are wanted, such as AROA…")]
pub struct RoleIdError(String);

/// IAM's unique ID of a role, a user or a group (`AROA…`, `AIDA…`, `AGPA…`), which one of the same name that is made later does not have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleId(String);

impl RoleId {
    /// The ID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleId {
    type Err = RoleIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_id = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_id { Ok(Self(text.to_owned())) } else { Err(RoleIdError(text.chars().take(140).collect())) }
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A role, a user or a group: its ARN says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its unique ID, the key.
    pub id: RoleId,
    /// The account.
    pub account: AccountId,
    /// The name with its path.
    pub arn: Arn,
    /// The name without its path.
    pub name: String,
    /// When it was made, where that is known.
    pub created: Option<Timestamp>,
    /// Who may assume it, if it is a role: the document, to the letter.
    pub trust_policy: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether IAM had it at the last refresh.
    pub active: bool,
    /// When it was last read from IAM.
    pub refreshed: Option<Timestamp>,
    /// When its policies were last narrowed.
    pub repoed: Option<Timestamp>,
    /// The filters that keep it from being changed.
    pub disqualified_by: Vec<Disqualification>,
    /// Its owner's wish not to be changed, and until when.
    pub opt_out: Option<OptOut>,
    /// What is too new to be judged.
    pub protected: Protected,
    /// What could go, at the last refresh.
    pub repoable: Repoable,
    /// What is to go, and when.
    pub schedule: Option<Schedule>,
    /// How far back its usage is looked at, where that differs from the configuration's.
    pub observation: Option<Observation>,
    /// Of a user and a group, what their use is told by; a role's is told by the role itself.
    pub footing: Option<Footing>,
    pub(super) revision: i64,
}

impl Role {
    /// A role of which no more is known than its names.
    #[must_use]
    pub fn new(id: RoleId, account: AccountId, arn: Arn, name: String) -> Self {
        Self {
            id,
            account,
            arn,
            name,
            created: None,
            trust_policy: None,
            tags: BTreeMap::new(),
            active: true,
            refreshed: None,
            repoed: None,
            disqualified_by: Vec::new(),
            opt_out: None,
            protected: Protected::default(),
            repoable: Repoable::default(),
            schedule: None,
            observation: None,
            footing: None,
            revision: 0,
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(&self.arn)
    }

    /// What it is called among all of its account: a role by its name, `user/NAME`, `group/NAME`.
    #[must_use]
    pub fn label(&self) -> String {
        self.kind().label(&self.name)
    }

    /// Takes away what has run out at `now`: the opt-out, and protections.
    pub fn expire(&mut self, now: Timestamp) {
        self.opt_out.take_if(|wish| !wish.holds(now));
        self.protected.expire(now);
    }
}

/// A filter that keeps a role from being changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disqualification {
    /// Its name, such as `AgeFilter`.
    pub filter: String,
    /// Why, in one sentence. Repokid's data has none.
    #[serde(default)]
    pub reason: String,
}

/// An owner's wish that a role is not changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    /// Who wishes it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

impl OptOut {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires > now
    }
}

/// What could go from a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repoable {
    /// How many permissions it has.
    pub total: u64,
    /// How many of them could go.
    pub permissions: u64,
    /// Services that could go whole (`sqs`), and permissions that could go of services that stay (`s3:getobject`).
    pub services: BTreeSet<String>,
}

/// How far back usage is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// For what runs once a quarter: 100 days.
    Quarterly,
    /// For what runs once a year: 400 days, all that last-accessed data covers.
    Yearly,
    /// So many days.
    Days(u16),
}

impl Observation {
    /// Its length. A quarter and a year have some days more, so that a run that slips by a week is still seen.
    #[must_use]
    pub fn length(self) -> SignedDuration {
        let days: i64 = match self {
            Self::Quarterly => 100,
            Self::Yearly => 400,
            Self::Days(days) => i64::from(days),
        };
        SignedDuration::from_hours(24 * days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words() {
        assert!("AROAEXAMPLE0123456789".parse::<RoleId>().is_ok());
        for text in ["", "AROA EXAMPLE", "AROA\n"] {
            assert!(text.parse::<RoleId>().is_err(), "{text:?}");
        }
        assert!("A".repeat(129).parse::<RoleId>().is_err());
    }
}
