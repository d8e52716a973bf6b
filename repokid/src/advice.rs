//! Access Advisor's rows as the judgement takes them: a row proves that a service was not used only while it is fresh.

use std::collections::btree_map::Entry;

use jiff::{SignedDuration, Timestamp};

use crate::state::{AdvisorRow, LastAccess};
use crate::verdict::{Advice, Freshness, ServiceAdvice};

/// How old a row may be and still prove something, in days: Repokid's `oldest_aa_data_days`.
pub const OLDEST_DAYS: u32 = 5;

/// What the rows of one principal say at the moment `as_of`.
#[must_use]
pub fn of_rows(rows: &[AdvisorRow], as_of: Timestamp, oldest_days: u32) -> Advice {
    let oldest = SignedDuration::from_hours(24 * i64::from(oldest_days));
    let mut advice = Advice::default();
    for row in rows {
        let fresh = match row.last_updated {
            Some(made) if as_of.duration_since(made) <= oldest => Freshness::Fresh,
            Some(made) => Freshness::Old { made, oldest_days },
            None => Freshness::Undated,
        };
        let last = match row.last_authenticated {
            LastAccess::Never => None,
            LastAccess::At(time) => Some(time),
            // What cannot be read counts as used.
            LastAccess::Unreadable => Some(Timestamp::MAX),
        };
        let actions = row.actions.iter().map(|action| {
            let last = match action.last_accessed {
                LastAccess::Never => None,
                LastAccess::At(time) => Some(time),
                LastAccess::Unreadable => Some(Timestamp::MAX),
            };
            (action.name.to_ascii_lowercase(), last)
        });
        let row_advice = ServiceAdvice { last, fresh, actions: actions.collect() };
        match advice.services.entry(row.service.to_ascii_lowercase()) {
            Entry::Vacant(entry) => drop(entry.insert(row_advice)),
            // Of two rows of one service neither proves what the other contradicts.
            Entry::Occupied(mut entry) => entry.get_mut().join(row_advice),
        }
    }
    advice
}
