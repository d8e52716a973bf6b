//! For machines: one object (`lanius.scan/1`), or a line for each place.

use serde_json::{Value, json as object};

use super::{Run, Shown, level, secret};
use crate::scan::Engine;
use crate::triage::{Commit, Finding, Place};

const SCHEMA: &str = "lanius.scan/1";

/// The run as one object.
#[must_use]
pub fn json(run: &Run, engine: &Engine, shown: Shown) -> Value {
    let findings: Vec<_> = run
        .findings
        .iter()
        .map(|finding| {
            let definition = &finding.rule(engine).definition;
            object!({
                "rule": definition.id,
                "name": definition.name,
                "service": definition.service,
                "severity": definition.severity,
                "confidence": finding.confidence(),
                "level": level(finding.confidence()),
                "reasons": finding.best().reasons,
                "secret": secret(finding, engine, shown),
                "places": finding.places.iter().map(place).collect::<Vec<_>>(),
                "verification": finding.verification,
            })
        })
        .collect();
    object!({
        "schema": SCHEMA,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "findings": findings,
        "coverage": { "sources": run.ledger.scanned, "bytes": run.ledger.bytes, "skipped": run.ledger.skipped().count() },
        "errors": run.ledger.errors().map(|(entry, reason)| object!({ "source": entry.source, "reason": reason })).collect::<Vec<_>>(),
    })
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
        value["in_head"] = object!(lineage.in_head);
    }
    value
}

/// RFC 3339, or nothing where a commit's time is no time.
fn date(commit: &Commit) -> Option<String> {
    jiff::Timestamp::from_second(commit.time).ok().map(|time| time.to_string())
}

/// The run as lines, one for each place.
#[must_use]
pub fn jsonl(run: &Run, engine: &Engine, shown: Shown) -> String {
    let mut text = String::new();
    for finding in &run.findings {
        for place in &finding.places {
            text.push_str(&line(finding, place, engine, shown).to_string());
            text.push('\n');
        }
    }
    for (entry, reason) in run.ledger.errors() {
        text.push_str(&object!({ "type": "error", "source": entry.source, "reason": reason }).to_string());
        text.push('\n');
    }
    text
}

fn line(finding: &Finding, found: &Place, engine: &Engine, shown: Shown) -> Value {
    let definition = &finding.rule(engine).definition;
    let mut value = place(found);
    value["type"] = object!("finding");
    value["rule"] = object!(definition.id);
    value["severity"] = object!(definition.severity);
    value["level"] = object!(level(found.confidence));
    value["secret"] = object!(secret(finding, engine, shown));
    value["reasons"] = object!(found.reasons);
    value
}
