//! Who is left alone, and why.

use std::fmt;

use globset::GlobSet;
use jiff::{SignedDuration, Timestamp};

use crate::account::{Owner, Principal};
use crate::verdict::Window;

/// Tags that ask to leave a principal alone, whatever their value says but `false`.
const TAGS: [&str; 4] = ["repokid:protect", "norepo", "break-glass", "breakglass"];

/// Rules by which principals are left alone.
#[derive(Debug)]
pub struct Guards {
    /// Names that are left alone, in lower case.
    pub protected: GlobSet,
    /// A principal that is younger than so many days is left alone, and so is a permission.
    pub minimum_age_days: u32,
    /// Whether what was not there for all of the window is too young, too, however long the window is.
    pub whole_window: bool,
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
    /// It is a group with a member that is left alone, who acts by it.
    Member {
        /// The member's name.
        name: String,
        /// Why it is left alone.
        left: Box<Left>,
    },
    /// It is too young.
    TooNew(Timestamp),
}

impl Guards {
    /// Why a principal is left alone, if it is.
    #[must_use]
    pub fn left(&self, principal: &Principal, window: Window) -> Option<Left> {
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
        self.too_new(principal, window).map(Left::TooNew)
    }

    /// Which of a group's members is to be left alone, so that the group is, too.
    pub fn left_member<'a>(&self, members: impl IntoIterator<Item = &'a Principal>, window: Window) -> Option<Left> {
        members.into_iter().find_map(|member| match self.left(member, window) {
            Some(left @ (Left::Tag(_) | Left::Protected)) => Some(Left::Member { name: member.name.clone(), left: Box::new(left) }),
            _ => None,
        })
    }

    /// Since when a principal is there, if that is not long enough.
    #[must_use]
    pub fn too_new(&self, principal: &Principal, window: Window) -> Option<Timestamp> {
        principal.created.filter(|created| self.is_new(*created, window))
    }

    /// Whether what was made then is too young to be judged by a window.
    #[must_use]
    pub fn is_new(&self, made: Timestamp, window: Window) -> bool {
        let is_young = window.to.duration_since(made) < SignedDuration::from_hours(24 * i64::from(self.minimum_age_days));
        is_young || self.whole_window && made > window.from
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceLinked => f.write_str("a service-linked role belongs to its AWS service"),
            Self::IdentityCenter => f.write_str("Identity Center writes it from a permission set: change that"),
            Self::Tag(name) => write!(f, "the tag {name} asks for it"),
            Self::Protected => f.write_str("its name is among the protected ones"),
            Self::Member { name, left } => write!(f, "its member {name} is left alone: {left}"),
            Self::TooNew(created) => write!(f, "it is there since {created} only"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_there_for_all_of_a_window_is_too_new() {
        let to: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
        let before = |days: i64| to - SignedDuration::from_hours(24 * days);
        let year = Window { from: before(400), to };
        // Whether `AgeFilter` is active or not, and whatever it asks for.
        for minimum_age_days in [0, 90] {
            let guards = Guards { protected: GlobSet::empty(), minimum_age_days, whole_window: true };
            assert!(guards.is_new(before(100), year), "its first yearly run is to come");
            assert!(!guards.is_new(before(400), year) && !guards.is_new(before(500), year));
        }
        let by_days = Guards { protected: GlobSet::empty(), minimum_age_days: 14, whole_window: false };
        assert!(by_days.is_new(before(13), year) && !by_days.is_new(before(14), year));
    }
}
