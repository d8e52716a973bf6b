//! What the input could have shown: how complete the logs are, and what the trail logs.

use menagerie_cloudtrail::read::Summary;

use crate::account::Problem;
use crate::cli::Analyze;
use crate::usage::Observer;
use crate::verdict::{Sight, Sights, Universe, Window};

/// How much the logs show.
#[derive(Debug)]
pub enum Observation {
    /// There are no logs.
    NoLogs,
    /// There are logs, and nothing says what was logged.
    NoTrail,
    /// They are taken for complete.
    Assumed,
}

/// Finds out how much the logs show.
pub fn observe(options: &Analyze, _: &Observer, _: &Summary, _: Window, _: &mut Vec<Problem>) -> anyhow::Result<Observation> {
    Ok(if options.assume_complete {
        Observation::Assumed
    } else if options.cloudtrail.is_empty() {
        Observation::NoLogs
    } else {
        Observation::NoTrail
    })
}

impl Observation {
    /// For an account.
    #[must_use]
    pub fn sights(&self, _account: &str, universe: &Universe) -> Sights {
        match self {
            Self::NoLogs => Sights::none(universe, "no logs of CloudTrail were read"),
            Self::NoTrail => Sights::none(universe, "nothing says what the trail logs: give --trail, or say --assume-complete"),
            Self::Assumed => Sights::new(universe, |_, _| Sight::Seen),
        }
    }

    /// What a reader must know.
    #[must_use]
    pub fn notes(&self, _: &Observer, _: &Summary) -> Vec<String> {
        Vec::new()
    }
}
