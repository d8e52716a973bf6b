//! What a finding tells of itself without a network: whose key it is, what kind, until when. A fact never holds the secret or what
//! would help to guess it. Facts weigh on the severity: an expired token costs less than one that lives.

mod connection;
mod key;
mod link;
mod token;

use jiff::Timestamp;
use menagerie_finding::{Fact, Severity};

use super::Finding;
use crate::rules::{Checksum, Rule, Verdict};

/// How many characters of a foreign text a fact keeps.
const LONGEST: usize = 160;

/// What is known of a finding, and what it costs in that light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// What it costs.
    pub severity: Severity,
    /// Why that is not what its rule says.
    pub reasons: Vec<String>,
    /// What is known of it.
    pub facts: Vec<Fact>,
}

/// What facts are made of: a value and its line.
#[derive(Clone, Copy)]
struct Clue<'a> {
    rule: &'a Rule,
    secret: &'a [u8],
    before: &'a str,
    after: &'a str,
    now: Timestamp,
}

/// Facts, as they are gathered.
#[derive(Debug, Default)]
struct Gathered {
    facts: Vec<Fact>,
    /// Why it costs less than its rule says.
    less: Option<String>,
}

impl Gathered {
    /// Notes a fact, once. Text from outside is shortened.
    fn tell(&mut self, name: &str, value: impl AsRef<str>) {
        let value = value.as_ref();
        if value.is_empty() || self.facts.iter().any(|known| known.name == name) {
            return;
        }
        let mut short: String = value.chars().take(LONGEST).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        self.facts.push(Fact::new(name, short));
    }

    /// Notes why it costs less than its rule says; the first reason stands.
    fn costs_less(&mut self, reason: impl Into<String>) {
        self.less.get_or_insert_with(|| reason.into());
    }

    /// Notes until when it holds.
    fn expires(&mut self, time: Timestamp, now: Timestamp) {
        self.tell("expires", time.to_string());
        self.tell("expired", if time < now { "yes" } else { "no" });
        if time < now {
            self.costs_less(format!("it expired on {}", time.strftime("%Y-%m-%d")));
        }
    }
}

/// What is known of a finding of `rule`, as of `now`.
#[must_use]
pub fn assess(finding: &Finding, rule: &Rule, now: Timestamp) -> Assessment {
    let mut gathered = Gathered::default();
    match finding.verdict {
        // A key's form is told in its own words.
        _ if rule.definition.checksum == Some(Checksum::Pem) => {}
        Verdict::Valid => gathered.tell("checksum", "valid"),
        Verdict::Invalid => gathered.tell("checksum", "invalid"),
        Verdict::Unknown => {}
    }
    let secret = finding.secret.expose();
    let best = finding.best();
    let clue = Clue { rule, secret, before: &best.before, after: &best.after, now };
    token::gather(clue, &mut gathered);
    key::gather(clue, &mut gathered);
    for place in std::iter::once(best).chain(&finding.places).take(8) {
        let clue = Clue { before: &place.before, after: &place.after, ..clue };
        connection::gather(clue, &mut gathered);
        link::gather(clue, &mut gathered);
    }
    let stated = rule.definition.severity;
    let mut assessment = Assessment { severity: stated, reasons: Vec::new(), facts: gathered.facts };
    if let Some(reason) = gathered.less.filter(|_| stated > Severity::Low) {
        assessment.severity = stated.lowered();
        assessment.reasons.push(format!("severity {} in place of {stated}: {reason}", assessment.severity));
    }
    assessment
}

#[cfg(test)]
mod tests;
