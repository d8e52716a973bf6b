//! A waiver: what is not to be reported, why, and until when. Ours and those read from other tools' files are of one form.

use std::collections::BTreeSet;

use globset::GlobSet;
use jiff::civil::Date;
use menagerie_secret::Secret;
use regex::bytes::{Regex, RegexSet};
use sha1::Sha1;
use sha2::Digest as _;

use crate::scan::Engine;
use crate::triage::{Finding, Place};

/// The shortest value that may be part of another to be taken for the same.
const SHORTEST_PART: usize = 8;

/// A place that is to be reported, as waivers see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) rule: &'a str,
    pub(super) finding: &'a Finding,
    pub(super) place: &'a Place,
    /// The path as it is shown, and from the top of what was scanned.
    pub(super) names: &'a [String],
    pub(super) engine: &'a Engine,
}

/// One thing that a waiver asks of a place.
pub enum Test {
    /// The path matches a glob.
    Globs(GlobSet),
    /// A regular expression stands in the path.
    Paths(RegexSet),
    /// The fingerprint is one of these.
    Fingerprints(BTreeSet<String>),
    /// The value's keyed hash is one of these.
    ValueHashes(BTreeSet<String>),
    /// A regular expression stands in the value.
    Values(RegexSet),
    /// A regular expression stands in all that the rule matched.
    Matches(RegexSet),
    /// A regular expression stands in the line, as far as it is kept.
    Lines(RegexSet),
    /// One of these words, in lower case, stands in the value.
    Words(Vec<String>),
    /// The first commit is one of these.
    Commits(BTreeSet<String>),
    /// It begins in this line of this path.
    At {
        /// The path.
        path: String,
        /// The line.
        line: u64,
    },
    /// The path is this one, and the value this one or a part of it.
    Known {
        /// The path.
        path: String,
        /// The value.
        value: Secret<Vec<u8>>,
    },
    /// The path is this one, and the value, or a part that detect-secrets would have taken, has this SHA-1.
    Sha1 {
        /// The path.
        path: String,
        /// The hash.
        hash: [u8; 20],
    },
}

impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Test")
    }
}

/// What is not to be reported.
#[derive(Debug, Default)]
pub struct Waiver {
    /// Where it stands: a file, and which of its entries.
    pub source: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub until: Option<Date>,
    /// The rules it is for; all if there is none.
    pub rules: Vec<String>,
    /// Whether all that it asks must hold; else one thing is enough.
    pub all: bool,
    /// What it asks.
    pub tests: Vec<Test>,
}

impl Waiver {
    /// Whether it still counts.
    #[must_use]
    pub fn is_active(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }

    /// Whether it is for this place, be it expired or not.
    pub(super) fn is_for(&self, case: &Case<'_>) -> bool {
        if !self.rules.is_empty() && !self.rules.iter().any(|rule| rule == case.rule) {
            return false;
        }
        let mut tests = self.tests.iter().map(|test| test.holds(case));
        match (self.tests.is_empty(), self.all) {
            (true, _) => !self.rules.is_empty(),
            (false, true) => tests.all(|holds| holds),
            (false, false) => tests.any(|holds| holds),
        }
    }
}

impl Test {
    fn holds(&self, case: &Case<'_>) -> bool {
        let value = case.finding.secret.expose().as_slice();
        let named = |path: &String| case.names.contains(path);
        match self {
            Self::Globs(globs) => case.names.iter().any(|name| globs.is_match(name)),
            Self::Paths(patterns) => case.names.iter().any(|name| patterns.is_match(name.as_bytes())),
            Self::Fingerprints(known) => known.contains(&case.place.fingerprint),
            Self::ValueHashes(known) => case.finding.value_hash.as_ref().is_some_and(|hash| known.contains(hash)),
            Self::Values(patterns) => patterns.is_match(value),
            Self::Matches(patterns) => patterns.is_match(&matched(case)),
            Self::Lines(patterns) => patterns.is_match(&line(case)),
            Self::Words(words) => {
                let value = String::from_utf8_lossy(value).to_lowercase();
                words.iter().any(|word| value.contains(word))
            }
            Self::Commits(commits) => {
                let first = case.place.lineage.as_ref().map(|lineage| &lineage.first.id);
                first.is_some_and(|first| commits.iter().any(|commit| first.starts_with(commit.as_str())))
            }
            Self::At { path, line } => case.place.line == *line && named(path),
            Self::Known { path, value: known } => named(path) && same(known.expose(), value),
            Self::Sha1 { path, hash } => named(path) && parts(value).iter().any(|part| <[u8; 20]>::from(Sha1::digest(part)) == *hash),
        }
    }
}

/// Whether two tools that take more or less of a line would call these the same value.
fn same(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short == long || (short.len() >= SHORTEST_PART && long.windows(short.len()).any(|window| window == short))
}

/// What detect-secrets takes of a value: of a private key its first line's words, of credentials in an address the password, else all.
fn parts(value: &[u8]) -> Vec<&[u8]> {
    let mut parts = vec![value];
    let text = std::str::from_utf8(value).unwrap_or_default();
    if let Some((header, _)) = text.strip_prefix("-----").and_then(|rest| rest.split_once("-----")) {
        parts.push(header.as_bytes());
    }
    if let Some((user, _)) = text.rsplit_once('@') {
        parts.extend(user.rsplit_once(':').map(|(_, password)| password.as_bytes()));
    }
    parts.extend(text.split_once(':').map(|(_, password)| password.as_bytes()));
    parts
}

/// The line round the value, as far as it is kept.
fn line(case: &Case<'_>) -> Vec<u8> {
    [case.place.before.as_bytes(), case.finding.secret.expose(), case.place.after.as_bytes()].concat()
}

/// All that the rule's pattern matches round the value.
fn matched(case: &Case<'_>) -> Vec<u8> {
    let (line, begin) = (line(case), case.place.before.len());
    let end = begin + case.finding.secret.expose().len();
    let covers = |pattern: &Regex, at: usize| {
        pattern.find(&line[at..]).map(|found| at + found.start()..at + found.end()).filter(|found| found.start <= begin && found.end >= end)
    };
    let range = case.finding.rule(case.engine).pattern().and_then(|pattern| (0..=begin).find_map(|at| covers(pattern, at)));
    range.map_or_else(|| case.finding.secret.expose().clone(), |range| line[range].to_vec())
}
