//! Baselines: what was found before and is not to be reported again. An entry is a fingerprint, so that it outlives moved lines and
//! files; without a key that is one of the context, and counts limit how many places it stands for. Nothing in the file is a function
//! of a value alone that can be computed without the key.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{At, Error};
use crate::scan::Engine;
use crate::triage::{Finding, Fingerprints, Place};

const SCHEMA: &str = "lanius.baseline/1";
/// How many paths an entry tells.
const MOST_PATHS: usize = 16;

/// A baseline as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: String,
    tool_version: String,
    /// What tells the key with which it was made; none if it was made without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    /// What it holds, in the order of fingerprints.
    pub entries: Vec<Entry>,
}

/// What was found under one fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The fingerprint.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// Where it stood; tells people, decides nothing but which of too many places are the new ones.
    pub paths: Vec<String>,
    /// At how many places.
    pub count: u64,
    /// When it came into the baseline.
    pub first_seen: Date,
}

/// What an update did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Entries that are new, or stand for more places than before.
    pub added: usize,
    /// Entries that were there.
    pub kept: usize,
    /// Entries of which nothing is left, and that went.
    pub pruned: usize,
    /// Entries of which nothing is left, and that stayed.
    pub stale: usize,
}

/// Reads a baseline of ours.
///
/// # Errors
/// If it is not of this form, or was made with another key.
pub fn parse(name: &str, text: &str, fingerprints: &Fingerprints) -> Result<Baseline, Error> {
    let wrong = |reason: String| Error::File { name: name.to_owned(), reason };
    let baseline: Baseline = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if baseline.schema != SCHEMA {
        return Err(wrong(format!("its schema is {:?}, and this version reads {SCHEMA:?}", baseline.schema)));
    }
    match (&baseline.key_id, fingerprints.key_id()) {
        (Some(_), None) => Err(wrong("it was made with a key: set LANIUS_KEY_FILE or give --key-file".to_owned())),
        (Some(made), Some(given)) if *made != given => Err(wrong("it was made with another key".to_owned())),
        (None, Some(_)) => Err(wrong("it was made without a key: leave the key out, or make it anew with `lanius baseline`".to_owned())),
        _ => Ok(baseline),
    }
}

/// What takes one count of an entry: a place; or, of a finding with no place that counts, all its places of that fingerprint.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    /// Whether the entry names none of its paths.
    unknown: bool,
    finding: usize,
    places: Vec<usize>,
}

/// Whether a place takes one of the places that an entry counts. Of a history, what no longer stands in HEAD goes with its finding:
/// a moved file would else count twice.
fn counts(place: &Place) -> bool {
    place.lineage.as_ref().is_none_or(|lineage| lineage.in_head)
}

impl Baseline {
    /// One that holds nothing.
    #[must_use]
    pub fn empty(fingerprints: &Fingerprints) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            key_id: fingerprints.key_id(),
            entries: Vec::new(),
        }
    }

    /// Takes in what a scan found. What it no longer found goes if `prune` says so.
    pub fn update(&mut self, findings: &[Finding], engine: &Engine, today: Date, prune: bool) -> Change {
        let mut seen: BTreeMap<&str, (&str, BTreeSet<&str>, u64)> = BTreeMap::new();
        for finding in findings {
            let rule = finding.rule(engine).definition.id.as_str();
            let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
            for place in &finding.places {
                let entry = seen.entry(&place.fingerprint).or_insert_with(|| (rule, BTreeSet::new(), 0));
                entry.1.insert(&place.path);
                *counted.entry(&place.fingerprint).or_default() += u64::from(counts(place));
            }
            for (fingerprint, count) in counted {
                seen.entry(fingerprint).and_modify(|entry| entry.2 += count.max(1));
            }
        }
        let mut change = Change::default();
        self.tool_version = env!("CARGO_PKG_VERSION").to_owned();
        self.entries.retain_mut(|entry| match seen.remove(entry.fingerprint.as_str()) {
            Some((_, paths, count)) => {
                if count > entry.count {
                    change.added += 1;
                } else {
                    change.kept += 1;
                }
                entry.count = if prune { count } else { count.max(entry.count) };
                entry.paths = paths.into_iter().take(MOST_PATHS).map(str::to_owned).collect();
                true
            }
            None if prune => {
                change.pruned += 1;
                false
            }
            None => {
                change.stale += 1;
                true
            }
        });
        for (fingerprint, (rule, paths, count)) in seen {
            change.added += 1;
            self.entries.push(Entry {
                fingerprint: fingerprint.to_owned(),
                rule: rule.to_owned(),
                paths: paths.into_iter().take(MOST_PATHS).map(str::to_owned).collect(),
                count,
                first_seen: today,
            });
        }
        self.entries.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        change
    }

    /// As it is written: the same bytes for the same entries.
    #[must_use]
    pub fn text(&self) -> String {
        let text = menagerie_report::json_text(self).expect("a baseline has string keys alone");
        text + "\n"
    }

    /// Which places of which findings it covers, by their numbers, and the fingerprints of entries that cover nothing.
    pub(super) fn covers(&self, findings: &[Finding], names: impl Fn(&Place) -> Vec<String>) -> (BTreeSet<At>, Vec<&Entry>) {
        let mut entries: BTreeMap<&str, &Entry> = BTreeMap::new();
        for entry in &self.entries {
            entries.insert(&entry.fingerprint, entry);
        }
        let mut units: BTreeMap<&str, Vec<Unit>> = BTreeMap::new();
        for (number, finding) in findings.iter().enumerate() {
            let mut of: BTreeMap<&str, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
            for (at, place) in finding.places.iter().enumerate() {
                let (counted, others) = of.entry(&place.fingerprint).or_default();
                if counts(place) { counted.push(at) } else { others.push(at) }
            }
            for (fingerprint, (counted, others)) in of {
                let Some(entry) = entries.get(fingerprint) else { continue };
                let units = units.entry(fingerprint).or_default();
                let known = |at: &usize| names(&finding.places[*at]).iter().any(|name| entry.paths.contains(name));
                if counted.is_empty() {
                    units.push(Unit { unknown: !others.iter().any(known), finding: number, places: others });
                    continue;
                }
                for (nth, at) in counted.into_iter().enumerate() {
                    let mut places = vec![at];
                    if nth == 0 {
                        places.extend(&others);
                    }
                    units.push(Unit { unknown: !known(&at), finding: number, places });
                }
            }
        }
        let mut covered = BTreeSet::new();
        for (fingerprint, mut units) in units {
            let entry = entries.remove(fingerprint).expect("units are of entries");
            // Places whose paths the entry names come first.
            units.sort();
            let keyed = fingerprint.starts_with("k1:");
            let limit = if keyed { usize::MAX } else { usize::try_from(entry.count).unwrap_or(usize::MAX) };
            for Unit { finding, places, .. } in units.into_iter().take(limit) {
                covered.extend(places.into_iter().map(|place| At { finding, place }));
            }
        }
        (covered, entries.into_values().collect())
    }
}
