//! Policy: what is found and yet not to be reported, why and until when.
//!
//! A [`Policy`] is made of what the caller gives and of what stands in the scanned source. The latter counts only where the source is
//! trusted, as in a developer's own scan; else it is told what it asked for. Waivers that match nothing and waivers that expired are
//! told too, so that allow-lists do not rot.

pub mod baseline;
mod config;
mod inline;
mod peers;
mod waiver;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::scan::Engine;
use crate::triage::{Finding, Place};

pub use baseline::Baseline;
pub use config::{Config, Defaults, parse as parse_config};
pub use inline::{Inline, inline_beside};
pub use peers::{detect_secrets, gitleaks_ignore, gitleaks_report};
pub use waiver::{Test, Waiver};

pub(crate) use config::{globs, patterns};
use waiver::Case;

/// Why a file of policy cannot be used. A misread one would hide or show what it should not, so none is used in part.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not of its form.
    #[error("{name}: {reason}")]
    File {
        /// The file, and where in it.
        name: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// What one folder or caller says.
#[derive(Debug, Default)]
pub struct Layer {
    /// Allow-lists.
    pub waivers: Vec<Waiver>,
    /// Baselines of ours, with their names.
    pub baselines: Vec<(String, Baseline)>,
}

impl Layer {
    /// Takes over what another says.
    pub fn merge(&mut self, other: Self) {
        self.waivers.extend(other.waivers);
        self.baselines.extend(other.baselines);
    }
}

/// All that is not to be reported.
#[derive(Debug, Default)]
pub struct Policy {
    /// What counts.
    pub counts: Layer,
    /// What an untrusted source asks for.
    pub asks: Layer,
    /// Whether comments in the source count.
    pub inline: bool,
    /// What paths are called from the top of what was scanned.
    pub tops: Vec<Top>,
}

/// How a path as it is shown becomes one from the top of its repository or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top {
    /// What was named on the command line, as paths show it.
    pub shown: String,
    /// What that is from the top: empty if it is the top.
    pub within: String,
}

impl Top {
    /// The path from the top, if it is under what was named.
    #[must_use]
    pub fn name(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(self.shown.as_str())?;
        // `a` is no folder of `ab/c`.
        if !self.shown.is_empty() && !self.shown.ends_with('/') && !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let rest = rest.trim_start_matches('/');
        Some(match (self.within.is_empty(), rest.is_empty()) {
            (true, _) => rest.to_owned(),
            (false, true) => self.within.clone(),
            (false, false) => format!("{}/{rest}", self.within),
        })
    }
}

/// A place that is not reported, or that a source asked not to report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// The rule.
    pub rule: String,
    /// The path.
    pub path: String,
    /// The line.
    pub line: u64,
    /// The fingerprint.
    pub fingerprint: String,
    /// What asks for it: a file and the entry, or the words of a comment.
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A waiver that does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// The file and the entry.
    pub waiver: String,
    /// What is the matter with it.
    pub why: &'static str,
    /// The last day on which it counted, if it is past.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// What a policy did to findings.
#[derive(Debug, Default)]
pub struct Applied {
    /// What is not reported.
    pub suppressed: Vec<Suppressed>,
    /// What an untrusted source asked not to report, and is reported all the same.
    pub asked: Vec<Suppressed>,
    /// Waivers that matched nothing.
    pub unused: Vec<Idle>,
    /// Waivers that matched and no longer count.
    pub expired: Vec<Idle>,
}

/// A place by the numbers of its finding and of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    finding: usize,
    place: usize,
}

/// What covers a place, and why.
struct Cover {
    by: String,
    reason: String,
}

/// What a layer says of each place.
struct Said {
    covered: BTreeMap<At, Cover>,
    unused: Vec<Idle>,
    expired: Vec<Idle>,
}

impl Policy {
    /// Takes out of `findings` what is not to be reported.
    pub fn apply(&self, findings: &mut Vec<Finding>, engine: &Engine, today: Date) -> Applied {
        let mut said = self.said(&self.counts, findings, engine, today);
        let asks = self.said(&self.asks, findings, engine, today);
        let (mut inline, late) = comments(findings, engine, today);
        let mut asked = asks.covered;
        if self.inline {
            said.expired.extend(late);
            inline.retain(|at, _| !said.covered.contains_key(at));
            said.covered.extend(inline);
        } else {
            asked.extend(inline);
        }
        let tell = |(at, cover): (&At, &Cover)| {
            let (finding, place) = (&findings[at.finding], &findings[at.finding].places[at.place]);
            Suppressed {
                rule: finding.rule(engine).definition.id.clone(),
                path: place.path.clone(),
                line: place.line,
                fingerprint: place.fingerprint.clone(),
                by: cover.by.clone(),
                reason: cover.reason.clone(),
            }
        };
        let applied = Applied {
            suppressed: said.covered.iter().map(tell).collect(),
            asked: asked.iter().filter(|(at, _)| !said.covered.contains_key(at)).map(tell).collect(),
            unused: said.unused,
            expired: said.expired,
        };
        for (number, finding) in findings.iter_mut().enumerate() {
            let mut at = 0;
            finding.places.retain(|_| {
                at += 1;
                !said.covered.contains_key(&At { finding: number, place: at - 1 })
            });
        }
        findings.retain(|finding| !finding.places.is_empty());
        applied
    }

    fn said(&self, layer: &Layer, findings: &[Finding], engine: &Engine, today: Date) -> Said {
        let mut said = Said { covered: BTreeMap::new(), unused: Vec::new(), expired: Vec::new() };
        if layer.waivers.is_empty() && layer.baselines.is_empty() {
            return said;
        }
        let (mut used, mut late) = (BTreeSet::new(), BTreeSet::new());
        for (number, finding) in findings.iter().enumerate() {
            for (at, place) in finding.places.iter().enumerate() {
                let names = self.names(place);
                let rule = finding.rule(engine).definition.id.as_str();
                let case = Case { rule, finding, place, names: &names, engine };
                // Each that matches was of use, also behind another.
                for (index, waiver) in layer.waivers.iter().enumerate().filter(|(_, waiver)| waiver.is_for(&case)) {
                    if waiver.is_active(today) {
                        used.insert(index);
                        let cover = || Cover { by: waiver.source.clone(), reason: waiver.reason.clone() };
                        said.covered.entry(At { finding: number, place: at }).or_insert_with(cover);
                    } else {
                        late.insert(index);
                    }
                }
            }
        }
        for (index, waiver) in layer.waivers.iter().enumerate() {
            let idle = |why| Idle { waiver: waiver.source.clone(), why, until: waiver.until };
            if late.contains(&index) {
                said.expired.push(idle("it has expired, and what it allowed is reported"));
            } else if !waiver.is_active(today) {
                said.expired.push(idle("it has expired, and matches nothing"));
            } else if !used.contains(&index) {
                said.unused.push(Idle { until: None, ..idle("it matches nothing") });
            }
        }
        for (name, baseline) in &layer.baselines {
            let (covered, unused) = baseline.covers(findings, |place| self.names(place));
            for at in covered {
                said.covered.entry(at).or_insert_with(|| Cover { by: name.clone(), reason: String::new() });
            }
            said.unused.extend(unused.into_iter().map(|entry| Idle {
                waiver: format!("{name}, {} ({} in {})", entry.fingerprint, entry.rule, entry.paths.join(", ")),
                why: "it matches nothing; `lanius baseline --prune` drops it",
                until: None,
            }));
        }
        said
    }

    /// A place's path as it is shown, and from the tops of what was scanned.
    fn names(&self, place: &Place) -> Vec<String> {
        let mut names = vec![place.path.clone()];
        if place.lineage.is_none() {
            names.extend(self.tops.iter().filter_map(|top| top.name(&place.path)));
        }
        names
    }
}

/// What comments ask for, and those that no longer count.
fn comments(findings: &[Finding], engine: &Engine, today: Date) -> (BTreeMap<At, Cover>, Vec<Idle>) {
    let (mut asked, mut late) = (BTreeMap::new(), Vec::new());
    for (number, finding) in findings.iter().enumerate() {
        let rule = &finding.rule(engine).definition.id;
        for (at, place) in finding.places.iter().enumerate() {
            let Some(inline) = &place.inline else { continue };
            let waiver = || format!("{} at {}:{}", inline.mark, place.path, place.line);
            let idle = |why| Idle { waiver: waiver(), why, until: inline.until };
            if !inline.rules.is_empty() && !inline.rules.contains(rule) {
                late.push(idle("it names other rules than the one that found this"));
            } else if inline.broken {
                late.push(idle("its date cannot be read: write until=2027-01-31"));
            } else if inline.until.is_some_and(|until| today > until) {
                late.push(idle("it has expired, and what it allowed is reported"));
            } else {
                let cover = Cover { by: format!("comment {}", inline.mark), reason: String::new() };
                asked.insert(At { finding: number, place: at }, cover);
            }
        }
    }
    (asked, late)
}
