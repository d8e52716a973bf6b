//! Whether a role's turn has come: Repokid's rule.
//!
//! No filter names it, there is usage data, there is something to remove or scheduled, and every row of the usage data is fresh. A row
//! without a time is not fresh. Usage data are rows of Access Advisor; logs in the usage store stand in for them where there are none.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::config::Config;
use crate::state::{AdvisorRow, Role};

/// Why a role's turn has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ineligible {
    /// IAM has it no more.
    Inactive,
    /// Filters name it.
    Disqualified {
        /// The filters.
        filters: Vec<String>,
    },
    /// Nothing is known of its usage.
    NoUsageData,
    /// Nothing can go.
    NothingRepoable,
    /// What is known of its usage is too old.
    StaleUsageData {
        /// The services whose rows are too old.
        services: Vec<String>,
    },
}

impl fmt::Display for Ineligible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inactive => f.write_str("IAM has it no more"),
            Self::Disqualified { filters } => write!(f, "disqualified by {}", filters.join(", ")),
            Self::NoUsageData => f.write_str("there is no usage data"),
            Self::NothingRepoable => f.write_str("there is nothing to remove"),
            Self::StaleUsageData { services } => write!(f, "usage data is too old for {}", services.join(", ")),
        }
    }
}

/// Whether a role's turn has come at `now`. `logged` says whether the usage store has logs of its account.
///
/// # Errors
/// [`Ineligible`] if it has not.
pub fn eligible(role: &Role, rows: &[AdvisorRow], logged: bool, config: &Config, now: Timestamp) -> Result<(), Ineligible> {
    if !role.active {
        return Err(Ineligible::Inactive);
    }
    if !role.disqualified_by.is_empty() {
        return Err(Ineligible::Disqualified { filters: role.disqualified_by.iter().map(|by| by.filter.clone()).collect() });
    }
    if rows.is_empty() && !logged {
        return Err(Ineligible::NoUsageData);
    }
    if role.repoable.permissions == 0 && role.schedule.is_none() {
        return Err(Ineligible::NothingRepoable);
    }
    let oldest = now - SignedDuration::from_hours(24 * i64::from(config.oldest_aa_data_days));
    let is_fresh = |row: &&AdvisorRow| row.last_updated.is_some_and(|updated| updated >= oldest);
    let services: Vec<String> = rows.iter().filter(|row| !is_fresh(row)).map(|row| row.service.clone()).collect();
    if services.is_empty() { Ok(()) } else { Err(Ineligible::StaleUsageData { services }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Disqualification, LastAccess};

    fn role() -> Role {
        let arn = "arn:aws:iam::111122223333:role/reader".parse().expect("an ARN");
        let account = "111122223333".parse().expect("an account");
        let mut role = Role::new("AROAEXAMPLE".parse().expect("an ID"), account, arn, "reader".to_owned());
        role.repoable.permissions = 3;
        role
    }

    fn row(service: &str, updated: Option<Timestamp>) -> AdvisorRow {
        AdvisorRow {
            service: service.to_owned(),
            service_name: String::new(),
            last_authenticated: LastAccess::Never,
            last_authenticated_entity: None,
            total_authenticated_entities: 0,
            actions: Vec::new(),
            last_updated: updated,
        }
    }

    #[test]
    fn each_condition_alone_keeps_a_role_back() {
        let now: Timestamp = "2026-02-01T00:00:00Z".parse().expect("a time");
        let config = Config::default();
        let fresh = [row("s3", Some(now)), row("sqs", Some(now - SignedDuration::from_hours(24 * 5)))];
        assert_eq!(eligible(&role(), &fresh, false, &config, now), Ok(()));
        let mut gone = role();
        gone.active = false;
        assert_eq!(eligible(&gone, &fresh, false, &config, now), Err(Ineligible::Inactive));
        let filter = Disqualification { filter: "AgeFilter".to_owned(), reason: String::new() };
        let mut named = role();
        named.disqualified_by.push(filter);
        assert!(matches!(eligible(&named, &fresh, false, &config, now), Err(Ineligible::Disqualified { .. })));
        assert_eq!(eligible(&role(), &[], false, &config, now), Err(Ineligible::NoUsageData));
        assert_eq!(eligible(&role(), &[], true, &config, now), Ok(()), "logs are usage data, too");
        let mut bare = role();
        bare.repoable.permissions = 0;
        assert_eq!(eligible(&bare, &fresh, false, &config, now), Err(Ineligible::NothingRepoable));
        let old = [row("s3", Some(now)), row("ec2", Some(now - SignedDuration::from_hours(24 * 5 + 1))), row("sns", None)];
        let services = vec!["ec2".to_owned(), "sns".to_owned()];
        assert_eq!(eligible(&role(), &old, false, &config, now), Err(Ineligible::StaleUsageData { services }));
    }
}
