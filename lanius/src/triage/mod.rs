//! From places to findings: one for each secret, with all its places, the commits that brought and last touched it, and whether it
//! still stands in HEAD.

pub mod facts;
mod fingerprint;
mod mask;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use menagerie_secret::Secret;

use crate::judge::Reason;
use crate::policy::Inline;
use crate::rules::{Rule, Verdict};
use crate::scan::{ColumnFacts, Engine, Found};
use crate::state::Known;
use crate::verify::Verification;

pub use fingerprint::Fingerprints;
pub use mask::masked;

/// A commit, as far as a finding tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name, in hexadecimal.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// The author's address.
    pub email: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// What a repository's history says of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The first commit in which the secret stood at this path.
    pub first: Arc<Commit>,
    /// The last commit that brought a version of the file with the secret.
    pub last: Arc<Commit>,
    /// Whether the secret stands there in HEAD.
    pub in_head: bool,
}

/// Where a secret stands.
#[derive(Debug, Clone)]
pub struct Place {
    /// The path: of a file, an object, a member of an archive.
    pub path: String,
    /// The line it begins in, from 1.
    pub line: u64,
    /// The line it ends in.
    pub end_line: u64,
    /// The column it begins in, in bytes from 1.
    pub column: u64,
    /// How sure we are, in percent.
    pub confidence: u8,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What stands before it in its line, shortened; other secrets are masked.
    pub before: String,
    /// What stands after it in its line, likewise.
    pub after: String,
    /// What hid it, outermost first.
    pub encodings: Vec<&'static str>,
    /// What the history says.
    pub lineage: Option<Lineage>,
    /// For a table: the column.
    pub column_facts: Option<Arc<ColumnFacts>>,
    /// What identifies the place in a baseline.
    pub fingerprint: String,
    /// What a comment beside it asks for.
    pub inline: Option<Inline>,
}

/// A secret with all its places.
pub struct Finding {
    /// The number of the rule in its engine.
    pub rule: usize,
    /// What the value itself says.
    pub verdict: Verdict,
    /// The value.
    pub secret: Secret<Vec<u8>>,
    /// What identifies the value in an allow-list, if there is a key.
    pub value_hash: Option<String>,
    /// What is known of it from earlier runs, if a state was given.
    pub known: Option<Known>,
    /// The places, in the order of paths and lines; never empty.
    pub places: Vec<Place>,
    /// What its service says of it, if that was asked.
    pub verification: Option<Verification>,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding").field("rule", &self.rule).field("places", &self.places).finish_non_exhaustive()
    }
}

impl Finding {
    /// How sure we are, in percent: as sure as of its best place.
    #[must_use]
    pub fn confidence(&self) -> u8 {
        self.best().confidence
    }

    /// The place we are surest of.
    #[must_use]
    pub fn best(&self) -> &Place {
        self.places.iter().rev().max_by_key(|place| place.confidence).expect("a finding has a place")
    }

    /// The rule, of the engine that found it.
    #[must_use]
    pub fn rule<'a>(&self, engine: &'a Engine) -> &'a Rule {
        &engine.rules()[self.rule]
    }
}

/// What was found in one version of one source.
#[derive(Debug)]
pub struct Sighting {
    /// The path.
    pub path: String,
    /// What was found.
    pub found: Found,
    /// What the history says.
    pub lineage: Option<Lineage>,
}

/// Groups what was found by rule and value. In a history, the places of one path are one, with its first and last commit.
#[must_use]
pub fn group(sightings: impl IntoIterator<Item = Sighting>, engine: &Engine, fingerprints: &Fingerprints) -> Vec<Finding> {
    let sightings: Vec<_> = sightings.into_iter().collect();
    let numbers = numbers(&sightings);
    let mut findings: BTreeMap<usize, Finding> = BTreeMap::new();
    for (Sighting { path, found, lineage }, number) in sightings.into_iter().zip(numbers) {
        let id = &engine.rules()[found.rule].definition.id;
        let place = Place {
            fingerprint: fingerprints.of(id, &found),
            path,
            line: found.line,
            end_line: found.end_line,
            column: found.column,
            confidence: found.confidence,
            reasons: found.reasons,
            before: String::from_utf8_lossy(&found.around.0).trim_start().to_owned(),
            after: String::from_utf8_lossy(&found.around.1).trim_end().to_owned(),
            inline: found.inline,
            encodings: found.encodings,
            lineage,
            column_facts: found.facts,
        };
        let finding = findings.entry(number).or_insert_with(|| Finding {
            rule: found.rule,
            verdict: found.verdict,
            value_hash: fingerprints.value(found.secret.expose()),
            known: None,
            secret: found.secret,
            places: Vec::new(),
            verification: None,
        });
        finding.places.push(place);
    }
    let mut findings: Vec<_> = findings.into_values().collect();
    for finding in &mut findings {
        finding.places.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
        finding.places.dedup_by(|next, kept| {
            next.path == kept.path
                && next.line == kept.line
                && next.column == kept.column
                && next.lineage.is_none()
                && kept.lineage.is_none()
        });
    }
    findings.sort_by(|a, b| {
        let order = |of: &Finding| (of.places[0].path.clone(), of.places[0].line, of.places[0].column, of.rule);
        order(a).cmp(&order(b))
    });
    findings
}

/// For each sighting the number of its finding, in the order of rules and values. Values are compared where they stand: no copy of one is
/// made that nobody would wipe.
fn numbers(sightings: &[Sighting]) -> Vec<usize> {
    let value = |number: usize| (sightings[number].found.rule, sightings[number].found.secret.expose().as_slice());
    let mut order: Vec<usize> = (0..sightings.len()).collect();
    order.sort_by(|a, b| value(*a).cmp(&value(*b)));
    let mut numbers = vec![0; sightings.len()];
    let mut number = 0;
    for (at, sighting) in order.iter().enumerate() {
        number += usize::from(at > 0 && value(order[at - 1]) != value(*sighting));
        numbers[*sighting] = number;
    }
    numbers
}

#[cfg(test)]
mod tests;
