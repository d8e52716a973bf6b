//! `AgeFilter`: a role that is too young has not had time to show what it needs.

use jiff::{SignedDuration, Timestamp};

use crate::state::Role;

#[derive(Debug)]
pub(super) struct Age {
    days: u32,
}

impl Age {
    pub(super) fn new(days: u32) -> Self {
        Self { days }
    }

    pub(super) fn names(&self, role: &Role, now: Timestamp) -> Option<String> {
        let Some(created) = role.created else { return Some("when it was made is not known".to_owned()) };
        let old = created <= now - SignedDuration::from_hours(24 * i64::from(self.days));
        (!old).then(|| format!("it was made on {}, less than {} days ago", created.strftime("%Y-%m-%d"), self.days))
    }
}
