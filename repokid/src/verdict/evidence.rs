//! The four verdicts, and why one was given.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{ActionId, Freshness, How, Universe, Window};

/// What is known of the use of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was used in the window.
    Used,
    /// It is proved that it was not.
    Unused,
    /// Its use would not show.
    Unobservable,
    /// What there is does not suffice.
    Unknown,
}

impl Verdict {
    /// All, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Used, Self::Unused, Self::Unobservable, Self::Unknown];

    /// The word of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Unobservable => "unobservable",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a verdict was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Events show it.
    Events {
        /// How.
        how: How,
        /// The first in the window.
        first: Timestamp,
        /// The last.
        last: Timestamp,
        /// How many.
        count: u64,
        /// Whether they tell of which resource; if not, they count for every one.
        resource_known: bool,
    },
    /// Access Advisor saw the action.
    AdvisorSaw(Timestamp),
    /// Access Advisor saw the service, and no event shows it.
    AdvisorAlone(Timestamp),
    /// Access Advisor did not see the service, or the tracked action, in the window.
    AdvisorQuiet {
        /// Its last use before the window.
        last: Option<Timestamp>,
        /// Whether the row is of the action itself.
        action: bool,
    },
    /// The input does not cover the window, and Access Advisor's row of the service is too old to prove anything.
    AdvisorStale {
        /// How old.
        of: Freshness,
        /// What is missing of the logs.
        gap: Arc<str>,
    },
    /// The trail is complete, would show it, and does not.
    Quiet,
    /// A data event of this kind, which no selector asks for.
    DataEvent(Arc<str>),
    /// Roles that are passed are logged as part of other events only.
    PassRole,
    /// It may have been done on behalf of another action that is kept.
    DependentOf(ActionId),
    /// A service that the principal uses may have asked for the key in its name.
    ThroughService,
    /// Tags that are given while something is made are not logged as an action of their own.
    TagOnCreate,
    /// No event of CloudTrail is known to show it.
    NotLogged,
    /// The input does not cover the window.
    Gap(Arc<str>),
    /// It may go, but a list of what stays of its service would not fit.
    Fits,
    /// The data do not know the action.
    NotInData,
    /// Events of the service were seen that no action is known for.
    Unmapped(Arc<str>),
    /// It is too new to be judged.
    TooNew(Timestamp),
    /// It is kept, whatever was seen, for this reason.
    Kept(Arc<str>),
    /// A person said that it is not needed.
    Named,
}

impl Evidence {
    /// One sentence for a person.
    #[must_use]
    pub fn text(&self, universe: &Universe, window: &Window) -> String {
        match self {
            Self::Events { how, first, last, count, resource_known } => {
                let times = if *count == 1 { format!("1 event, {last}") } else { format!("{count} events, {first} to {last}") };
                let how = match how {
                    How::Direct => "",
                    How::Possible => " that may need it",
                    How::Dependent => " of an action that needs it",
                    How::PassRole => " that handed a role to a service",
                };
                let of = if *resource_known { "" } else { "; which resource is not told, so it counts for all" };
                format!("{times}{how}{of}")
            }
            Self::AdvisorSaw(last) => format!("Access Advisor saw it last on {last}"),
            Self::AdvisorAlone(last) => format!("Access Advisor saw the service last on {last}, and no event that was read shows it"),
            Self::AdvisorQuiet { last, action } => {
                let what = if *action { "the action" } else { "the service" };
                match last {
                    Some(last) => format!("Access Advisor saw {what} last on {last}, before the window"),
                    None => format!("Access Advisor never saw {what} in its tracking period"),
                }
            }
            Self::AdvisorStale { of, gap } => match of {
                Freshness::Old { made, oldest_days } => format!(
                    "{gap}; Access Advisor's row of the service was made on {}, more than {oldest_days} days before {}, and proves nothing",
                    made.strftime("%Y-%m-%d"),
                    window.to.strftime("%Y-%m-%d")
                ),
                _ => format!("{gap}; Access Advisor's row of the service does not say when it was made, and proves nothing"),
            },
            Self::Quiet => format!("the trail is complete for the {} days and shows no use", window.days()),
            Self::DataEvent(kind) => format!("a data event ({kind}), which no selector of the trail asks for"),
            Self::PassRole => "CloudTrail does not log which role is passed as an event of its own".to_owned(),
            Self::DependentOf(parent) => format!("may be done on behalf of {}, which is kept", universe.text(*parent)),
            Self::ThroughService => {
                "services that store what a key encrypts use the key in the caller's name, and may keep it for a while".to_owned()
            }
            Self::TagOnCreate => "tags that are given when something is made are not logged as an action of their own".to_owned(),
            Self::NotLogged => "no event of CloudTrail is known to show it".to_owned(),
            Self::Gap(reason) => reason.to_string(),
            Self::Fits => "it is kept with its service, since a list of what stays would pass IAM's limits".to_owned(),
            Self::NotInData => "the action is not in the data, so what would show it is not known".to_owned(),
            Self::Unmapped(events) => format!("events of the service were seen that no action is known for: {events}"),
            Self::TooNew(since) => format!("it is there since {since} only"),
            Self::Kept(reason) => reason.to_string(),
            Self::Named => "a person said that it is not needed".to_owned(),
        }
    }
}
