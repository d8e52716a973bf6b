//! What is to go from a role, and when: a time for its owner to object.
//!
//! Repokid's rule: when the time has come, what goes is what is repoable then *and* was repoable when it was scheduled. Nothing goes that
//! its owner was not told of.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is to go, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// From when on it may be done.
    pub at: Timestamp,
    /// Permissions (`s3:getobject`) and whole services (`sqs`), as they were repoable when it was scheduled.
    pub permissions: BTreeSet<String>,
    /// Who scheduled it.
    #[serde(default)]
    pub by: String,
}

impl Schedule {
    /// Whether the time has come.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.at <= now
    }

    /// Whether an action (`s3:GetObject`) was scheduled, by itself or with its whole service. Case does not count.
    #[must_use]
    pub fn names(&self, action: &str) -> bool {
        let service = action.split(':').next().unwrap_or_default();
        self.permissions.iter().any(|entry| entry.eq_ignore_ascii_case(action) || entry.eq_ignore_ascii_case(service))
    }

    /// What of `repoable` was scheduled.
    pub fn of<'a>(&self, repoable: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let lower: BTreeSet<String> = self.permissions.iter().map(|entry| entry.to_ascii_lowercase()).collect();
        let was = |action: &str| {
            let action = action.to_ascii_lowercase();
            lower.contains(action.split(':').next().unwrap_or_default()) || lower.contains(&action)
        };
        repoable.into_iter().filter(|action| was(action)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_repoable_now_and_was_when_scheduled() {
        let permissions = ["sqs", "s3:getobject", "ec2:runinstances"].map(str::to_owned).into();
        let schedule = Schedule { at: Timestamp::UNIX_EPOCH, permissions, by: String::new() };
        let now = ["sqs:SendMessage", "s3:GetObject", "s3:PutObject", "sns:Publish"];
        assert_eq!(schedule.of(now), ["sqs:SendMessage", "s3:GetObject"]);
        for action in now {
            assert_eq!(schedule.names(action), schedule.of([action]) == [action], "{action}");
        }
        assert!(!schedule.names("sqsx:SendMessage") && !schedule.names("s3"));
        assert!(schedule.is_due(Timestamp::UNIX_EPOCH));
    }
}
