//! Findings in the order and with the words in which every form tells them: assessed, masked, worst first.

use std::cmp::Reverse;

use menagerie_finding::{Asset, Commit, Excerpt, Finding as Common, Location, Outcome};
use menagerie_report::{Document, Reported, Rule as RuleText, Tool, size};

use super::{Run, Shown, advice, secret};
use crate::rules::Rule;
use crate::scan::Engine;
use crate::triage::facts::{Assessment, assess};
use crate::triage::{self, Finding, Place};

/// A finding as it is told.
#[derive(Debug)]
pub struct Told<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its rule.
    pub rule: &'a Rule,
    /// What is known of it.
    pub assessment: Assessment,
    /// The secret as it is shown.
    pub secret: String,
}

/// The findings of a run in their own order.
#[must_use]
pub fn tell<'a>(run: &'a Run, engine: &'a Engine, shown: Shown) -> Vec<Told<'a>> {
    let told = |finding: &'a Finding| {
        let rule = finding.rule(engine);
        Told { finding, rule, assessment: assess(finding, rule, shown.now), secret: secret(finding, engine, shown) }
    };
    run.findings.iter().map(told).collect()
}

/// The worst and surest first.
#[must_use]
pub fn worst_first(mut told: Vec<Told<'_>>) -> Vec<Told<'_>> {
    told.sort_by_key(|told| Reverse((told.assessment.severity, told.finding.confidence())));
    told
}

/// A run as a report of `subject`.
#[must_use]
pub fn document(run: &Run, engine: &Engine, shown: Shown, subject: &str) -> Document<'static> {
    let told = worst_first(tell(run, engine, shown));
    let mut rules: Vec<&Rule> = told.iter().map(|told| told.rule).collect();
    rules.sort_by(|a, b| a.definition.id.cmp(&b.definition.id));
    rules.dedup_by(|a, b| a.definition.id == b.definition.id);
    let source = |name: &str| Asset { kind: "source".to_owned(), name: name.to_owned() };
    let failed = run.ledger.errors().map(|(entry, reason)| Outcome::Failed { asset: source(&entry.source), reason: reason.to_owned() });
    let skipped = run.ledger.skipped().map(|(entry, reason)| Outcome::Skipped { asset: source(&entry.source), reason: reason.to_owned() });
    let mut totals = vec![("sources", run.ledger.scanned.to_string()), ("scanned", size(run.ledger.bytes))];
    if run.below > 0 {
        totals.push(("below the level", run.below.to_string()));
    }
    Document {
        tool: Tool { name: "lanius", version: env!("CARGO_PKG_VERSION") },
        subject: subject.to_owned(),
        made: shown.now,
        rules: rules.into_iter().map(rule).collect(),
        findings: told.iter().map(|told| Reported { finding: common(told), suppressed: None }).collect(),
        outcomes: failed.chain(skipped).collect(),
        totals,
    }
}

fn rule(rule: &Rule) -> RuleText {
    let definition = &rule.definition;
    let service = if definition.service.is_empty() { String::new() } else { format!(" of {}", definition.service) };
    RuleText {
        id: definition.id.clone(),
        title: definition.name.clone(),
        description: format!("{}: a credential{service} that whoever reads this can use.", definition.name),
        help: advice::help(definition),
        help_uri: definition.source.starts_with("https://").then(|| definition.source.clone()),
        severity: definition.severity,
    }
}

fn common(told: &Told<'_>) -> Common {
    let reasons = told.finding.best().reasons.iter().map(ToString::to_string);
    Common {
        code: told.rule.definition.id.clone(),
        title: told.rule.definition.name.clone(),
        severity: told.assessment.severity,
        confidence: told.finding.confidence(),
        fingerprint: told.finding.places[0].fingerprint.clone(),
        reasons: reasons.chain(told.assessment.reasons.iter().cloned()).collect(),
        facts: told.assessment.facts.clone(),
        locations: told.finding.places.iter().map(|place| location(told, place)).collect(),
    }
}

fn location(told: &Told<'_>, place: &Place) -> Location {
    Location {
        asset: Asset { kind: "file".to_owned(), name: place.path.clone() },
        line: place.line,
        end_line: place.end_line,
        column: place.column,
        confidence: place.confidence,
        fingerprint: place.fingerprint.clone(),
        excerpt: Excerpt { before: place.before.clone(), shown: told.secret.clone(), after: place.after.clone() },
        history: place.lineage.as_ref().map(|lineage| (commit(&lineage.first), commit(&lineage.last), lineage.in_head)),
    }
}

fn commit(commit: &triage::Commit) -> Commit {
    let author = if commit.email.is_empty() { commit.author.clone() } else { format!("{} <{}>", commit.author, commit.email) };
    Commit { id: commit.id.clone(), author, time: commit.time }
}
