//! Who holds what in an AWS account: roles, users and groups with their policies, as IAM tells it.
//!
//! An [`Inventory`] is made of what `GetAccountAuthorizationDetails` answers ([`details`]); documents keep their bytes, so that what is
//! put back later is what was there.

mod details;
#[cfg(feature = "aws")]
mod live;
mod problem;
mod whom;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use menagerie_aws::Arn;
use menagerie_policy::document::{ParseError, Policy};

pub use details::{Details, MAX_BYTES, read};
#[cfg(feature = "aws")]
pub use live::{holder, inventory};
pub use problem::Problem;
pub use whom::Whom;

/// The principals of an account, or of several, and the managed policies that they are attached to.
#[derive(Debug, Default)]
pub struct Inventory {
    /// In the order of their ARNs.
    pub principals: Vec<Principal>,
    /// Managed policies by ARN.
    pub managed: BTreeMap<String, Managed>,
}

impl Inventory {
    /// How many of the principals each managed policy is attached to.
    #[must_use]
    pub fn attachments(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for arn in self.principals.iter().flat_map(|principal| &principal.attached) {
            *counts.entry(arn.as_str()).or_default() += 1;
        }
        counts
    }

    /// The members of a group.
    pub fn members<'a>(&'a self, group: &'a Principal) -> impl Iterator<Item = &'a Principal> {
        let is_member = |user: &&Principal| {
            group.kind == Kind::Group && user.kind == Kind::User && user.account() == group.account() && user.groups.contains(&group.name)
        };
        self.principals.iter().filter(is_member)
    }

    /// The groups that a user is in.
    pub fn groups_of<'a>(&'a self, user: &'a Principal) -> impl Iterator<Item = &'a Principal> {
        let is_group = |group: &&Principal| {
            user.kind == Kind::User && group.kind == Kind::Group && group.account() == user.account() && user.groups.contains(&group.name)
        };
        self.principals.iter().filter(is_group)
    }
}

/// What kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A group, whose members act.
    Group,
    /// A role.
    Role,
    /// A user.
    User,
}

impl Kind {
    /// `role`, `user` or `group`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Role => "role",
            Self::User => "user",
        }
    }

    /// Of whom an ARN is. Whatever is neither a user's nor a group's is taken for a role's.
    #[must_use]
    pub fn of(arn: &Arn) -> Self {
        match arn.resource().split('/').next() {
            Some("user") => Self::User,
            Some("group") => Self::Group,
            _ => Self::Role,
        }
    }

    /// The kind of this name, as [`Self::as_str`] has it.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        [Self::Role, Self::User, Self::Group].into_iter().find(|kind| kind.as_str() == text)
    }

    /// What a principal of this kind is called among all: a role by its name, others with their kind before it.
    #[must_use]
    pub fn label(self, name: &str) -> String {
        match self {
            Self::Role => name.to_owned(),
            Self::User | Self::Group => format!("{self}/{name}"),
        }
    }

    /// The most characters of all inline policies together, white space aside.
    #[must_use]
    pub const fn inline_limit(self) -> usize {
        match self {
            Self::Group => 5_120,
            Self::Role => 10_240,
            Self::User => 2_048,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role, a user or a group.
#[derive(Debug)]
pub struct Principal {
    /// Its ARN.
    pub arn: Arn,
    /// What it is.
    pub kind: Kind,
    /// Its unique ID (`AROA…`, `AIDA…`, `AGPA…`).
    pub id: String,
    /// Its name, without the path.
    pub name: String,
    /// Its path, such as `/` or `/service-role/`.
    pub path: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Who may assume it, if it is a role.
    pub trust: Option<Document>,
    /// The policies that stand in it.
    pub inline: Vec<Inline>,
    /// The ARNs of the managed policies that are attached to it.
    pub attached: Vec<String>,
    /// The names of a user's groups.
    pub groups: Vec<String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When IAM saw it act last, if the answer told.
    pub last_used: Option<Timestamp>,
    /// In which Region that was.
    pub last_used_region: Option<String>,
}

#[cfg(test)]
impl Principal {
    /// One of this ARN that has nothing.
    pub(crate) fn bare(arn: &str) -> Self {
        let arn: Arn = arn.parse().expect("an ARN");
        Self {
            kind: Kind::of(&arn),
            id: String::new(),
            name: arn.resource().rsplit('/').next().expect("a name").to_owned(),
            path: "/".to_owned(),
            created: None,
            trust: None,
            inline: Vec::new(),
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
            tags: BTreeMap::new(),
            last_used: None,
            last_used_region: None,
            arn,
        }
    }
}

impl Principal {
    /// The account's digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.arn.account()
    }

    /// What it is called among all of its account, as [`Whom`] reads it.
    #[must_use]
    pub fn label(&self) -> String {
        self.kind.label(&self.name)
    }

    /// Whether AWS owns it: a service-linked role cannot be edited, a role of Identity Center is written anew from its permission set.
    #[must_use]
    pub fn owner(&self) -> Owner {
        if self.path.starts_with("/aws-service-role/") {
            Owner::ServiceLinked
        } else if self.path.starts_with("/aws-reserved/sso.amazonaws.com/") {
            Owner::IdentityCenter
        } else {
            Owner::Account
        }
    }
}

/// Who may edit a principal's policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The account itself.
    Account,
    /// An AWS service: nobody else can.
    ServiceLinked,
    /// IAM Identity Center, from a permission set.
    IdentityCenter,
}

/// A policy that stands in its principal.
#[derive(Debug, Clone)]
pub struct Inline {
    /// Its name, unique within the principal.
    pub name: String,
    /// What it says.
    pub document: Document,
}

/// A customer's or AWS's managed policy.
#[derive(Debug, Clone)]
pub struct Managed {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Which version is in force.
    pub default_version: String,
    /// The versions that are known, the default among them.
    pub versions: Vec<Version>,
    /// How many principals it is attached to, as IAM counts.
    pub attachments: Option<u64>,
    /// How many principals have it as boundary.
    pub boundaries: Option<u64>,
}

impl Managed {
    /// The document in force.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.versions.iter().find(|version| version.id == self.default_version).map(|version| &version.document)
    }

    /// When the version in force was made, if the answer told.
    #[must_use]
    pub fn made(&self) -> Option<Timestamp> {
        self.versions.iter().find(|version| version.id == self.default_version).and_then(|version| version.created)
    }

    /// Whether AWS owns it: it cannot be edited, only replaced by a copy.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        self.arn.account() == "aws"
    }
}

/// One version of a managed policy.
#[derive(Debug, Clone)]
pub struct Version {
    /// `v1`, `v2`, …
    pub id: String,
    /// What it says.
    pub document: Document,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// The text of a policy as it stands, and what it means if it is within the grammar.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    policy: Result<Policy, ParseError>,
}

impl Document {
    /// Reads a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        let policy = Policy::parse(&text);
        Self { text, policy }
    }

    /// The text, byte for byte.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    ///
    /// # Errors
    /// Why it is not a policy.
    pub const fn policy(&self) -> Result<&Policy, &ParseError> {
        self.policy.as_ref()
    }
}
