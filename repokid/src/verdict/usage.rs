//! What a principal was seen to do, and what Access Advisor says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use menagerie_cloudtrail::map::{How, Resource};

use super::ActionId;

/// The span of time that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its begin.
    pub from: Timestamp,
    /// Its end: the moment that the analysis is made for.
    pub to: Timestamp,
}

impl Window {
    /// So many days up to `to`.
    #[must_use]
    pub fn of_days(days: u32, to: Timestamp) -> Self {
        let length = SignedDuration::from_hours(24 * i64::from(days));
        Self { from: to.checked_sub(length).unwrap_or(Timestamp::MIN), to }
    }

    /// How many days.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.to.duration_since(self.from).as_hours() / 24
    }

    /// Whether `time` lies in it.
    #[must_use]
    pub fn holds(&self, time: Timestamp) -> bool {
        self.from <= time && time <= self.to
    }
}

/// Uses of one action on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What it was done to.
    pub resource: Resource,
    /// How it shows.
    pub how: How,
    /// The first time in the window.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
}

/// All that a principal was seen to do in the window.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// By action that the data know.
    pub actions: BTreeMap<ActionId, Vec<Use>>,
    /// Actions that the data do not know, in lower case: `service:name`.
    pub strange: BTreeSet<String>,
    /// Events that no action is known for: the service's prefixes (none if not even they are known), and source and name for people.
    pub unmapped: BTreeMap<(String, String), Vec<String>>,
    /// Access Advisor's rows.
    pub advice: Option<Advice>,
    /// Actions that are not to be judged unused, each with why: what is too new, what nobody was told of.
    pub kept: BTreeMap<ActionId, Arc<str>>,
}

impl Usage {
    /// Adds what another principal did, such as another member of a group.
    pub fn merge(&mut self, other: &Self) {
        for (action, uses) in &other.actions {
            self.actions.entry(*action).or_default().extend(uses.iter().cloned());
        }
        self.kept.extend(other.kept.iter().map(|(action, reason)| (*action, Arc::clone(reason))));
        self.strange.extend(other.strange.iter().cloned());
        self.unmapped.extend(other.unmapped.iter().map(|(event, prefixes)| (event.clone(), prefixes.clone())));
    }

    /// Takes what Access Advisor says of a member into what it says of the group: the later use counts, and what one lacks proves nothing.
    pub fn join_advice(&mut self, member: Option<&Advice>) {
        let Some(own) = &mut self.advice else { return };
        own.services.retain(|service, row| {
            let Some(other) = member.and_then(|advice| advice.services.get(service)) else { return false };
            row.last = row.last.max(other.last);
            row.fresh = row.fresh.join(other.fresh);
            row.actions.retain(|action, last| match other.actions.get(action) {
                Some(its) => {
                    *last = (*last).max(*its);
                    true
                }
                None => false,
            });
            true
        });
    }

    /// Whether anything was seen at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty() && self.strange.is_empty() && self.unmapped.is_empty()
    }
}

/// Access Advisor's answer for one principal.
#[derive(Debug, Clone, Default)]
pub struct Advice {
    /// By service prefix, in lower case.
    pub services: BTreeMap<String, ServiceAdvice>,
}

/// Whether a row of Access Advisor is new enough to prove that something was not used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// It does not say when it was made.
    #[default]
    Undated,
    /// It is too old.
    Old {
        /// When it was made.
        made: Timestamp,
        /// How many days old it may be.
        oldest_days: u32,
    },
    /// It is.
    Fresh,
}

impl Freshness {
    /// Of two rows together: they are as fresh as the older.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.min(other)
    }
}

/// Access Advisor's row of one service.
#[derive(Debug, Clone, Default)]
pub struct ServiceAdvice {
    /// When the service was used last; `None` if not in the tracking period.
    pub last: Option<Timestamp>,
    /// Whether the row is new enough to prove that something was not used.
    pub fresh: Freshness,
    /// Actions that are tracked, in lower case, with the last use of each.
    pub actions: BTreeMap<String, Option<Timestamp>>,
}

impl ServiceAdvice {
    /// Takes another row of the same service: it is as fresh as the older, and what was used in either was used.
    pub fn join(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        self.fresh = self.fresh.join(other.fresh);
        for (action, last) in other.actions {
            let known = self.actions.entry(action).or_default();
            *known = (*known).max(last);
        }
    }
}
