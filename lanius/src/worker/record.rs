//! What a worker writes: one record for each object, and one for each place in it, as JSON lines or as Parquet. Both have the same fields.

use jiff::civil::Date;
use serde::Serialize;

use super::columns;
use crate::bucket::{Object, Scanned};
use crate::coverage::State;
use crate::policy::{Applied, Policy};
use crate::report::{least, level};
use crate::rules::Level;
use crate::scan::Engine;
use crate::triage::{Fingerprints, group, masked};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON object a line.
    Jsonl,
    /// A Parquet file.
    Parquet,
}

impl Form {
    /// How keys of such results end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// A record. What does not belong to its type is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    /// `object`; `finding`; `suppressed`: a place that the caller's policy waives; `suppression_asked`: a finding that a comment in the
    /// object asks to waive, in vain; or `gap`: a member of an archive that was not scanned.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The version of rules and settings.
    pub rules: String,
    /// The object, as `s3://bucket/key`, or a member of an archive in it.
    pub path: String,
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The ETag of the bytes that were scanned.
    pub etag: String,
    /// Of an object: how many bytes it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Of an object: at how many places something was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<u64>,
    /// The rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The rule's severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The level of the confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How sure we are, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u64>,
    /// The line that the secret begins in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The line that it ends in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u64>,
    /// The column that it begins in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// The secret as it is shown: never in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What identifies the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Why it was found, with commas between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<String>,
    /// Of a gap: why. Of what is waived: by what, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What hid it, outermost first, with commas between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encodings: Option<String>,
}

/// What decides which places are written.
#[derive(Debug)]
pub struct Reporting {
    /// The version of rules and settings.
    pub version: String,
    /// The least level.
    pub level: Level,
    /// How places are identified.
    pub fingerprints: Fingerprints,
    /// What is not to be reported.
    pub policy: Policy,
    /// What day it is, for what ends.
    pub today: fn() -> Date,
}

impl Reporting {
    /// The records of an object, itself first, then its places in their order.
    #[must_use]
    pub fn records(&self, object: &Object, etag: &str, scanned: Scanned, engine: &Engine) -> Vec<Record> {
        let base = Record {
            kind: "finding",
            rules: self.version.clone(),
            path: object.path(),
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version: object.version.clone(),
            etag: etag.to_owned(),
            ..Record::default()
        };
        let mut records = Vec::new();
        let mut findings = group(scanned.sightings, engine, &self.fingerprints);
        findings.retain_mut(|finding| {
            finding.places.retain(|place| place.confidence >= least(self.level));
            !finding.places.is_empty()
        });
        let Applied { suppressed, asked, .. } = self.policy.apply(&mut findings, engine, (self.today)());
        for finding in findings {
            let rule = finding.rule(engine);
            for place in &finding.places {
                records.push(Record {
                    path: place.path.clone(),
                    rule: Some(rule.definition.id.clone()),
                    severity: Some(rule.definition.severity.to_string()),
                    level: Some(word(level(place.confidence))),
                    confidence: Some(u64::from(place.confidence)),
                    line: Some(place.line),
                    end_line: Some(place.end_line),
                    column: Some(place.column),
                    secret: Some(masked(rule, finding.secret.expose())),
                    fingerprint: Some(place.fingerprint.clone()),
                    reasons: Some(place.reasons.join(", ")),
                    encodings: (!place.encodings.is_empty()).then(|| place.encodings.join(", ")),
                    ..base.clone()
                });
            }
        }
        records.sort_by(|a, b| (&a.path, a.line, a.column, &a.rule).cmp(&(&b.path, b.line, b.column, &b.rule)));
        let (bytes, places) = (Some(scanned.bytes), Some(records.len() as u64));
        for (kind, waived) in [("suppressed", suppressed), ("suppression_asked", asked)] {
            records.extend(waived.into_iter().map(|place| Record {
                kind,
                path: place.path,
                rule: Some(place.rule),
                line: Some(place.line),
                fingerprint: Some(place.fingerprint),
                reason: Some(if place.reason.is_empty() { place.by } else { format!("{}: {}", place.by, place.reason) }),
                ..base.clone()
            }));
        }
        for (path, state) in scanned.gaps {
            if let State::Skipped { reason } | State::Error { reason } = state {
                records.push(Record { kind: "gap", path, reason: Some(reason), ..base.clone() });
            }
        }
        records.insert(0, Record { kind: "object", bytes, places, ..base });
        records
    }
}

/// Records as bytes.
#[must_use]
pub fn encode(records: &[Record], form: Form) -> Vec<u8> {
    match form {
        Form::Jsonl => {
            let mut bytes = Vec::new();
            for record in records {
                bytes.extend(menagerie_report::json_line(record).expect("a record is JSON").into_bytes());
            }
            bytes
        }
        Form::Parquet => columns::encode(records).expect("records fit the schema, and memory takes what is written"),
    }
}

/// The word that a level or a severity has in JSON.
fn word(value: impl std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}
