//! What the use of a user or a group is told by, and since when that is the same.
//!
//! A role's events name it for ever. A user can get another name, and then what it did under the old one is not found under the new; a group
//! does nothing itself, and what counts is what its members did. Either way nothing is proved unused by a window in which it was otherwise.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a use is told by, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footing {
    /// A user's name, or the unique IDs of a group's members.
    pub of: BTreeSet<String>,
    /// When it was first read from IAM. What was before is not known from this.
    pub known: Timestamp,
    /// When it was last found to be another than before.
    #[serde(default)]
    pub changed: Option<Timestamp>,
}

impl Footing {
    /// As it is found for the first time.
    #[must_use]
    pub const fn new(of: BTreeSet<String>, now: Timestamp) -> Self {
        Self { of, known: now, changed: None }
    }

    /// As it is found again.
    pub fn renew(&mut self, of: BTreeSet<String>, now: Timestamp) {
        if self.of != of {
            self.of = of;
            self.changed = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_otherwise_has_changed() {
        let of = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1));
        let mut footing = Footing::new(of(&["AIDAA"]), first);
        footing.renew(of(&["AIDAA"]), later);
        assert_eq!(footing, Footing { of: of(&["AIDAA"]), known: first, changed: None });
        footing.renew(of(&[]), later);
        assert_eq!(footing, Footing { of: of(&[]), known: first, changed: Some(later) });
    }
}
