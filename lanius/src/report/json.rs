//! For machines: one object (`lanius.scan/1`), or a line for each place.

use serde_json::{Value, json as object};

use super::told::{Told, tell};
use super::{Run, Shown, level};
use crate::policy::Applied;
use crate::scan::Engine;
use crate::triage::{Commit, Finding, Place};

const SCHEMA: &str = "lanius.scan/1";

/// The run as one object.
#[must_use]
pub fn json(run: &Run, engine: &Engine, shown: Shown) -> Value {
    let findings: Vec<_> = tell(run, engine, shown)
        .iter()
        .map(|told| {
            let (definition, confidence) = (&told.rule.definition, told.finding.confidence());
            let mut value = object!({
                "rule": definition.id,
                "name": definition.name,
                "service": definition.service,
                "severity": told.assessment.severity,
                "severity_reasons": told.assessment.reasons,
                "confidence": confidence,
                "level": level(confidence),
                "reasons": told.finding.best().reasons,
                "secret": told.secret,
                "facts": facts(told),
                "places": told.finding.places.iter().map(place).collect::<Vec<_>>(),
            });
            standing(told.finding, &mut value);
            value
        })
        .collect();
    object!({
        "schema": SCHEMA,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "findings": findings,
        "coverage": { "sources": run.ledger.scanned, "bytes": run.ledger.bytes, "skipped": run.ledger.skipped().count() },
        "suppressed": run.applied.suppressed,
        "suppression_asked": { "count": run.applied.asked.len(), "places": run.applied.asked },
        "unused_waivers": run.applied.unused,
        "expired_waivers": run.applied.expired,
        "errors": run.ledger.errors().map(|(entry, reason)| object!({ "source": entry.source, "reason": reason })).collect::<Vec<_>>(),
    })
}

/// What a state and a key say of a finding.
fn standing(finding: &Finding, value: &mut Value) {
    if let Some(known) = &finding.known {
        value["state"] = object!(known.state);
        value["reopened"] = object!(known.reopened);
        value["first_seen"] = object!(known.first_seen);
    }
    if let Some(verification) = &finding.verification {
        value["verification"] = object!(verification);
    }
    if let Some(hash) = &finding.value_hash {
        value["value_hash"] = object!(hash);
    }
}

fn facts(told: &Told<'_>) -> Value {
    told.assessment.facts.iter().map(|fact| (fact.name.clone(), object!(fact.value))).collect::<serde_json::Map<_, _>>().into()
}

fn place(place: &Place) -> Value {
    let mut value = object!({
        "path": place.path,
        "line": place.line,
        "end_line": place.end_line,
        "column": place.column,
        "confidence": place.confidence,
        "fingerprint": place.fingerprint,
    });
    if !place.encodings.is_empty() {
        value["encodings"] = object!(place.encodings);
    }
    if let Some(facts) = &place.column_facts {
        value["table"] = object!({ "name": facts.table, "column": facts.column, "rate": facts.rate, "values": facts.values });
    }
    if let Some(lineage) = &place.lineage {
        value["commit"] = object!(lineage.first.id);
        value["author"] = object!(lineage.first.author);
        value["email"] = object!(lineage.first.email);
        value["date"] = object!(date(&lineage.first));
        value["last_commit"] = object!(lineage.last.id);
        value["last_date"] = object!(date(&lineage.last));
        value["in_head"] = object!(lineage.in_head);
    }
    value
}

fn date(commit: &Commit) -> Option<String> {
    menagerie_report::date(commit.time)
}

/// The run as lines, one for each place.
#[must_use]
pub fn jsonl(run: &Run, engine: &Engine, shown: Shown) -> String {
    let mut text = String::new();
    for told in &tell(run, engine, shown) {
        for place in &told.finding.places {
            text.push_str(&written(&line(told, place)));
        }
    }
    let Applied { asked, unused, expired, .. } = &run.applied;
    let mut told = |kind: &str, mut value: Value| {
        value["type"] = object!(kind);
        text.push_str(&written(&value));
    };
    asked.iter().for_each(|place| told("suppression_asked", object!(place)));
    unused.iter().for_each(|waiver| told("unused_waiver", object!(waiver)));
    expired.iter().for_each(|waiver| told("expired_waiver", object!(waiver)));
    for (entry, reason) in run.ledger.errors() {
        text.push_str(&written(&object!({ "type": "error", "source": entry.source, "reason": reason })));
    }
    text
}

fn written(value: &Value) -> String {
    menagerie_report::json_line(value).expect("a value is JSON")
}

fn line(told: &Told<'_>, found: &Place) -> Value {
    let mut value = place(found);
    value["type"] = object!("finding");
    value["rule"] = object!(told.rule.definition.id);
    value["severity"] = object!(told.assessment.severity);
    value["severity_reasons"] = object!(told.assessment.reasons);
    value["level"] = object!(level(found.confidence));
    value["secret"] = object!(told.secret);
    value["facts"] = facts(told);
    value["reasons"] = object!(found.reasons);
    standing(told.finding, &mut value);
    value
}
