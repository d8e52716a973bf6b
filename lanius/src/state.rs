//! What became of findings, from run to run: open, rotated, closed; and what of each history was scanned. One JSON file holds it, keyed
//! by fingerprints; no value is in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scan::Engine;
use crate::source::history::Memory;
use crate::triage::Finding;

const SCHEMA: &str = "lanius.state/1";
/// The shortest beginning of a fingerprint that is taken for it, its kind included.
const SHORTEST: usize = 8;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is to be dealt with.
    Open,
    /// The secret is void: it may stand where it stands, and fails no run.
    Rotated,
    /// It is gone; if it comes again, it is open again.
    Closed,
}

/// Why a state cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not of this form.
    #[error("{name} holds no states that this version reads: {reason}")]
    File {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// No finding has this fingerprint.
    #[error("no finding has the fingerprint {0}; `lanius state list` shows them")]
    Unknown(String),
    /// Several have it.
    #[error("{count} findings have fingerprints that begin with {beginning}; give more of it")]
    Ambiguous {
        /// What was given.
        beginning: String,
        /// How many.
        count: usize,
    },
}

/// What is known of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The rule.
    pub rule: String,
    /// What became of it.
    pub state: Standing,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When it was last found.
    pub last_seen: Timestamp,
    /// What a person said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// A path of it.
    pub path: String,
    /// The line there.
    pub line: u64,
    /// How many findings had this fingerprint: one, unless it is of a context that says little.
    pub findings: u64,
}

/// What is remembered of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct History {
    rules: String,
    memory: Memory,
}

/// All states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct States {
    schema: String,
    /// By fingerprint.
    pub findings: BTreeMap<String, Record>,
    #[serde(default)]
    repositories: BTreeMap<String, History>,
}

impl Default for States {
    fn default() -> Self {
        Self { schema: SCHEMA.to_owned(), findings: BTreeMap::new(), repositories: BTreeMap::new() }
    }
}

/// What the states say of a finding of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What became of it.
    pub state: Standing,
    /// Whether it was closed, or rotated with fewer finds of its kind, and is open again.
    pub reopened: bool,
    /// When it was first found.
    pub first_seen: Timestamp,
}

impl States {
    /// Reads the file's text.
    ///
    /// # Errors
    /// If it is not of this form.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::File { name: name.to_owned(), reason };
        let states: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if states.schema == SCHEMA { Ok(states) } else { Err(wrong(format!("its schema is {:?}", states.schema))) }
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> String {
        menagerie_report::json_text(self).expect("states have string keys alone")
    }

    /// Takes in what a run found, and tells each finding what is known of it.
    pub fn see(&mut self, findings: &mut [Finding], engine: &Engine, now: Timestamp) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for finding in findings.iter() {
            for fingerprint in fingerprints(finding) {
                *counts.entry(fingerprint.to_owned()).or_default() += 1;
            }
        }
        let mut opened = BTreeMap::new();
        for (fingerprint, count) in &counts {
            let Some(record) = self.findings.get_mut(fingerprint) else { continue };
            let again = match record.state {
                Standing::Open => false,
                Standing::Rotated => *count > record.findings,
                Standing::Closed => true,
            };
            if again {
                record.state = Standing::Open;
            }
            record.findings = *count;
            record.last_seen = now;
            opened.insert(fingerprint.clone(), again);
        }
        for finding in findings.iter_mut() {
            let rule = finding.rule(engine).definition.id.clone();
            let (mut state, mut reopened, mut first_seen) = (Standing::Closed, false, now);
            for place in &finding.places {
                let record = self.findings.entry(place.fingerprint.clone()).or_insert_with(|| Record {
                    rule: rule.clone(),
                    state: Standing::Open,
                    first_seen: now,
                    last_seen: now,
                    note: String::new(),
                    path: place.path.clone(),
                    line: place.line,
                    findings: counts[&place.fingerprint],
                });
                (record.path, record.line) = (place.path.clone(), place.line);
                state = state.min(record.state);
                first_seen = first_seen.min(record.first_seen);
                reopened |= opened.get(&place.fingerprint).copied().unwrap_or_default();
            }
            finding.known = Some(Known { state, reopened, first_seen });
        }
    }

    /// Says what became of a finding; the fingerprint may be cut short. Gives the whole of it.
    ///
    /// # Errors
    /// If none has it, or several do.
    pub fn set(&mut self, beginning: &str, state: Standing, note: Option<String>) -> Result<String, Error> {
        let long = self.findings.contains_key(beginning) || beginning.len() >= SHORTEST;
        let found: Vec<String> =
            self.findings.keys().filter(|known| long && known.starts_with(beginning) || *known == beginning).cloned().collect();
        let [fingerprint] = found.as_slice() else {
            let beginning = beginning.to_owned();
            return Err(if found.is_empty() { Error::Unknown(beginning) } else { Error::Ambiguous { beginning, count: found.len() } });
        };
        let record = self.findings.get_mut(fingerprint).expect("it was found");
        record.state = state;
        record.note = note.unwrap_or_else(|| std::mem::take(&mut record.note));
        Ok(fingerprint.clone())
    }

    /// What is remembered of a repository, if these rules made it.
    #[must_use]
    pub fn memory(&self, repository: &str, rules: &str) -> Option<&Memory> {
        self.repositories.get(repository).filter(|history| history.rules == rules).map(|history| &history.memory)
    }

    /// Remembers a repository.
    pub fn remember(&mut self, repository: String, rules: String, memory: Memory) {
        self.repositories.insert(repository, History { rules, memory });
    }
}

fn fingerprints(finding: &Finding) -> std::collections::BTreeSet<&str> {
    finding.places.iter().map(|place| place.fingerprint.as_str()).collect()
}
