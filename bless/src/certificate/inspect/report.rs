//! The JSON form, `bless.inspect/1`. Within version 1 it only grows.

use serde::Serialize;

use super::super::read::{Certificate, CertificateOption, PublicKey};
use super::super::visible::{is_hazard, visible};
use super::time;
use crate::subject_key::fingerprint_sha256;

/// What one run of `bless inspect` saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `bless.inspect/1`
    pub schema: &'static str,
    /// The version of the program.
    pub tool_version: &'static str,
    /// The certificates, in the order given.
    pub certificates: Vec<CertificateReport>,
    /// The inputs that are not certificates.
    pub errors: Vec<SourceError>,
}

/// An input that is not a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceError {
    /// Where it came from.
    pub source: String,
    /// Why it is not.
    pub reason: String,
}

/// One certificate. Bytes that are not UTF-8 are written as backslash octal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// Where it came from.
    pub source: String,
    /// The certificate's type.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// `user` or `host`.
    pub kind: String,
    /// The certified key.
    pub public_key: KeyReport,
    /// The authority's key.
    pub signing_ca: KeyReport,
    /// How the authority signed.
    pub signature_algorithm: String,
    /// The key ID.
    pub key_id: String,
    /// The serial number in decimal; a string, since JSON readers round large numbers.
    pub serial: String,
    /// The beginning of validity in RFC 3339; null for none, or after the year 9999.
    pub valid_after: Option<String>,
    /// The end of validity in RFC 3339; null for none, or after the year 9999.
    pub valid_before: Option<String>,
    /// The beginning of validity in seconds since 1970; null for none.
    pub valid_after_seconds: Option<u64>,
    /// The end of validity in seconds since 1970; null for none.
    pub valid_before_seconds: Option<u64>,
    /// The principals.
    pub principals: Vec<String>,
    /// The critical options.
    pub critical_options: Vec<OptionReport>,
    /// The extensions.
    pub extensions: Vec<OptionReport>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// The plain key's type name.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// `SHA256:` and base64.
    pub fingerprint: String,
}

/// A critical option or an extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionReport {
    /// The name.
    pub name: String,
    /// The text inside; null for a flag, or where the data is not text.
    pub value: Option<String>,
    /// The data in hex, where it is neither empty nor text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl Report {
    /// An empty report of this version of the program.
    #[must_use]
    pub fn new() -> Self {
        Self { schema: "bless.inspect/1", tool_version: env!("CARGO_PKG_VERSION"), certificates: Vec::new(), errors: Vec::new() }
    }

    /// The report as one line of JSON in which nothing can drive a terminal: what could is written as `\uXXXX`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let plain = serde_json::to_string(self).expect("text, numbers and lists have a JSON form");
        let mut out = String::with_capacity(plain.len());
        for c in plain.chars() {
            if is_hazard(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                out.push(c);
            }
        }
        out
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl CertificateReport {
    /// A certificate and where it came from.
    #[must_use]
    pub fn new(source: &str, certificate: &Certificate<'_>) -> Self {
        let (after, before) = (certificate.valid_after, certificate.valid_before);
        let after = (after != 0).then_some(after);
        let before = (before != u64::MAX).then_some(before);
        Self {
            source: source.to_owned(),
            type_name: certificate.type_name,
            kind: certificate.kind.to_string(),
            public_key: key(&certificate.subject, &certificate.subject_blob()),
            signing_ca: key(&certificate.ca, certificate.ca_blob),
            signature_algorithm: certificate.signature.algorithm.to_owned(),
            key_id: exact(certificate.key_id),
            serial: certificate.serial.to_string(),
            valid_after: after.and_then(time::rfc3339),
            valid_before: before.and_then(time::rfc3339),
            valid_after_seconds: after,
            valid_before_seconds: before,
            principals: certificate.principals.iter().map(|name| exact(name)).collect(),
            critical_options: certificate.critical_options.iter().map(option).collect(),
            extensions: certificate.extensions.iter().map(option).collect(),
        }
    }
}

fn key(key: &PublicKey<'_>, blob: &[u8]) -> KeyReport {
    KeyReport { type_name: key.name(), fingerprint: fingerprint_sha256(blob) }
}

fn option(option: &CertificateOption<'_>) -> OptionReport {
    let value = option.text().and_then(|text| std::str::from_utf8(text).ok()).map(str::to_owned);
    let data = (value.is_none() && !option.data.is_empty()).then(|| hex::encode(option.data));
    OptionReport { name: exact(option.name), value, data }
}

/// Text as it is; [`Report::to_json`] escapes what must be.
fn exact(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| visible(bytes).into_owned(), str::to_owned)
}
