//! SARIF 2.1.0 (OASIS, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), as code scanning services read it: a result
//! for each place, so that each can be closed on its own; its fingerprint; the rule with its help.

use menagerie_finding::{Finding, Location, Severity};
use serde_json::{Value, json};

use crate::{Document, Reported, Rule, Suppression};

/// Where the schema is.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// How many other places of a finding a result names.
const RELATED: usize = 20;

/// A report as a SARIF log.
#[must_use]
pub fn sarif(document: &Document<'_>) -> Value {
    let tool = document.tool;
    let results: Vec<_> = document.findings.iter().flat_map(|reported| results(document, reported)).collect();
    let notifications: Vec<_> = document.failures().map(notification).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": tool.name,
                "version": tool.version,
                "semanticVersion": tool.version,
                "rules": document.rules.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "utf16CodeUnits",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    let mut value = json!({
        "id": rule.id,
        "name": pascal(&rule.id),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.description },
        "help": { "text": rule.help },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": ["security"], "security-severity": score(rule.severity) },
    });
    if let Some(uri) = &rule.help_uri {
        value["helpUri"] = json!(uri);
    }
    value
}

fn results(document: &Document<'_>, reported: &Reported) -> Vec<Value> {
    let finding = &reported.finding;
    let index = document.rules.iter().position(|rule| rule.id == finding.code);
    let one = |(number, place): (usize, &Location)| {
        let mut value = json!({
            "ruleId": finding.code,
            "level": level(finding.severity),
            "message": { "text": message(finding, place) },
            "locations": [location(place)],
            "partialFingerprints": { format!("{}/v1", document.tool.name): place.fingerprint },
            "rank": place.confidence,
            "properties": properties(finding, place),
        });
        if let Some(index) = index {
            value["ruleIndex"] = json!(index);
        }
        let others = finding.locations.iter().enumerate().filter(|(other, _)| *other != number).take(RELATED);
        let related: Vec<_> = others
            .zip(1..)
            .map(|((_, other), id)| {
                let mut related = location(other);
                related["id"] = json!(id);
                related["message"] = json!({ "text": "the same value stands here" });
                related
            })
            .collect();
        if !related.is_empty() {
            value["relatedLocations"] = json!(related);
        }
        // Where one result tells of suppressions, all do.
        if document.findings.iter().any(|other| other.suppressed.is_some()) {
            value["suppressions"] = reported.suppressed.iter().map(suppression).collect();
        }
        value
    };
    finding.locations.iter().enumerate().map(one).collect()
}

fn suppression(suppression: &Suppression) -> Value {
    let kind = if suppression.in_source { "inSource" } else { "external" };
    json!({ "kind": kind, "status": "accepted", "justification": suppression.justification })
}

fn message(finding: &Finding, place: &Location) -> String {
    let mut text = format!("{}: {} ({} % sure)", finding.title, place.excerpt.shown, place.confidence);
    for fact in &finding.facts {
        text.push_str(&format!("; {} {}", fact.label(), fact.value));
    }
    text
}

fn properties(finding: &Finding, place: &Location) -> Value {
    let facts: serde_json::Map<_, _> = finding.facts.iter().map(|fact| (fact.name.clone(), json!(fact.value))).collect();
    let mut value = json!({
        "severity": finding.severity.name(),
        "confidence": place.confidence,
        "reasons": finding.reasons,
        "findingFingerprint": finding.fingerprint,
        "facts": facts,
    });
    if let Some((first, last, in_head)) = &place.history {
        value["commit"] = json!(first.id);
        value["author"] = json!(first.author);
        value["lastCommit"] = json!(last.id);
        value["inHead"] = json!(in_head);
    }
    value
}

fn location(place: &Location) -> Value {
    // The column counts bytes; SARIF counts UTF-16 units, which only the whole line could tell. A region of whole lines is true.
    let mut artifact = json!({ "uri": uri(&place.asset.name) });
    if !place.asset.name.starts_with('/') {
        artifact["uriBaseId"] = json!("%SRCROOT%");
    }
    json!({
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": { "startLine": place.line.max(1), "endLine": place.end_line.max(place.line).max(1) },
        },
    })
}

/// A path as a URI reference (RFC 3986): what may not stand in one is percent-encoded; a relative path stays relative.
#[must_use]
pub fn uri(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    if path.starts_with('/') {
        text.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

/// On the scale of CVSS, as code scanning services group results.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "3.0",
        Severity::Medium => "5.5",
        Severity::High => "8.0",
        Severity::Critical => "9.5",
    }
}

fn pascal(id: &str) -> String {
    let word = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    id.split('-').map(word).collect()
}

fn notification((source, reason): (&str, &str)) -> Value {
    json!({ "level": "error", "message": { "text": format!("{source}: {reason}") } })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::tests::document;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("src/a b#c%.rs"), "src/a%20b%23c%25.rs");
        assert_eq!(uri("a:b/\u{e9}\n?"), "a%3Ab/%C3%A9%0A%3F");
        assert_eq!(uri("/etc/x"), "file:///etc/x");
    }

    #[test]
    fn each_place_is_a_result() {
        let mut document = document("x", 3);
        document.findings[0].suppressed = Some(Suppression { in_source: true, justification: "known".to_owned() });
        document.findings.push(Reported { suppressed: None, ..document.findings[0].clone() });
        let log = sarif(&document);
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 6);
        assert_eq!(results[1]["partialFingerprints"]["tool/v1"], "c1:1");
        assert_eq!(results[1]["relatedLocations"].as_array().unwrap().len(), 2);
        assert_eq!(results[0]["suppressions"][0]["kind"], "inSource");
        assert_eq!(results[3]["suppressions"], json!([]));
        assert_eq!(results[0]["ruleIndex"], 0);
        assert_eq!(results[0]["level"], "error");
        assert_eq!(run["tool"]["driver"]["rules"][0]["name"], "SomeKey");
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], "gone: not there");
    }
}
