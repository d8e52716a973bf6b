//! How a run is told: for people, as JSON, a line for each place, as SARIF, HTML, CSV.

pub mod advice;
mod human;
mod json;
mod told;

use menagerie_report::Exit;

use crate::coverage::Ledger;
use crate::policy::Applied;
use crate::rules::Level;
use crate::scan::Engine;
use crate::triage::Finding;

/// The least confidence, in percent, of each level.
#[must_use]
pub const fn least(level: Level) -> u8 {
    match level {
        Level::Low => 0,
        Level::Medium => 50,
        Level::High => 80,
    }
}

/// The level of a confidence in percent.
#[must_use]
pub const fn level(confidence: u8) -> Level {
    match confidence {
        0..50 => Level::Low,
        50..80 => Level::Medium,
        _ => Level::High,
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Run {
    /// What was found, at or above the level that was asked for.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub ledger: Ledger,
    /// How many findings lie below the level.
    pub below: usize,
    /// What is not reported, and which waivers do nothing.
    pub applied: Applied,
}

impl Run {
    /// How it ended: a lost source, or nothing looked at where there was something, beats a finding.
    #[must_use]
    pub fn exit(&self, fails: impl Fn(&Finding) -> bool) -> Exit {
        if self.ledger.errors().next().is_some() || self.ledger.is_of_nothing() {
            Exit::Incomplete
        } else if self.findings.iter().any(fails) {
            Exit::Found
        } else {
            Exit::Fine
        }
    }
}

/// How much is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    /// Secrets in full.
    pub secrets: bool,
    /// The time that ages and ends are reckoned from.
    pub now: jiff::Timestamp,
}

pub use human::human;
pub use json::{json, jsonl};
pub use told::{Told, document, tell, worst_first};

/// A secret as it is shown.
fn secret(finding: &Finding, engine: &Engine, shown: Shown) -> String {
    if let Some(facts) = finding.best().column_facts.as_ref().filter(|_| finding.rule(engine).is_of_personal_data()) {
        match facts.rate {
            0.0 => format!("the column {}, by its name", facts.column),
            rate => format!("the column {}, {:.0} % of {} values", facts.column, rate * 100.0, facts.values),
        }
    } else if shown.secrets {
        String::from_utf8_lossy(finding.secret.expose()).into_owned()
    } else {
        crate::triage::masked(finding.rule(engine), finding.secret.expose())
    }
}
