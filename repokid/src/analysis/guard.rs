//! Who is left alone, and why.

use std::fmt;

use globset::GlobSet;
use jiff::{SignedDuration, Timestamp};

use crate::account::{Owner, Principal};

/// Tags that ask to leave a principal alone, whatever their value says but `false`.
const TAGS: [&str; 4] = ["repokid:protect", "norepo", "break-glass", "breakglass"];

/// Rules by which principals are left alone.
#[derive(Debug)]
pub struct Guards {
    /// Names that are left alone, in lower case.
    pub protected: GlobSet,
    /// A principal that is younger than so many days is left alone, and so is a permission.
    pub minimum_age_days: u32,
}

/// Why a principal is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It belongs to an AWS service.
    ServiceLinked,
    /// It is made from a permission set; a change is proposed for that.
    IdentityCenter,
    /// A tag asks for it.
    Tag(String),
    /// Its name is among the protected ones, as break-glass roles' are.
    Protected,
    /// It is too young.
    TooNew(Timestamp),
}

impl Guards {
    /// Why a principal is left alone, if it is.
    #[must_use]
    pub fn left(&self, principal: &Principal, as_of: Timestamp) -> Option<Left> {
        match principal.owner() {
            Owner::ServiceLinked => return Some(Left::ServiceLinked),
            Owner::IdentityCenter => return Some(Left::IdentityCenter),
            Owner::Account => {}
        }
        let asks =
            |(name, value): (&String, &String)| TAGS.contains(&name.to_ascii_lowercase().as_str()) && !value.eq_ignore_ascii_case("false");
        if let Some((name, _)) = principal.tags.iter().find(|tag| asks(*tag)) {
            return Some(Left::Tag(name.clone()));
        }
        if self.protected.is_match(principal.name.to_ascii_lowercase()) {
            return Some(Left::Protected);
        }
        self.too_new(principal, as_of).map(Left::TooNew)
    }

    /// Since when a principal is there, if that is not long enough.
    #[must_use]
    pub fn too_new(&self, principal: &Principal, as_of: Timestamp) -> Option<Timestamp> {
        principal.created.filter(|created| self.is_new(*created, as_of))
    }

    /// Whether what was made then is too young to be judged.
    #[must_use]
    pub fn is_new(&self, made: Timestamp, as_of: Timestamp) -> bool {
        as_of.duration_since(made) < SignedDuration::from_hours(24 * i64::from(self.minimum_age_days))
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceLinked => f.write_str("a service-linked role belongs to its AWS service"),
            Self::IdentityCenter => f.write_str("Identity Center writes it from a permission set: change that"),
            Self::Tag(name) => write!(f, "the tag {name} asks for it"),
            Self::Protected => f.write_str("its name is among the protected ones"),
            Self::TooNew(created) => write!(f, "it is there since {created} only"),
        }
    }
}
