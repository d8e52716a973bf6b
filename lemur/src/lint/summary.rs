//! What a certificate is about, for reports.

use jiff::Timestamp;
use serde::Serialize;

use super::certificate::Certificate;
use super::definition::Kind;
use super::extensions::Extensions;

/// The facts that tell one certificate from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The subject's name: `C=DE, O=Example, CN=example.org`; empty where it has none.
    pub subject: String,
    /// The issuer's name.
    pub issuer: String,
    /// The serial number's bytes, in hexadecimal.
    pub serial: String,
    /// The start of its validity, where that can be read.
    pub not_before: Option<Timestamp>,
    /// The end of its validity, where that can be read.
    pub not_after: Option<Timestamp>,
    /// What it is for.
    pub kind: Kind,
}

/// Says what a TBSCertificate or a certificate is about; nothing where it cannot be read.
#[must_use]
pub fn summary(der: &[u8]) -> Option<Summary> {
    if der.len() > super::MAX_BYTES {
        return None;
    }
    let certificate = Certificate::parse(der).ok()?;
    let extensions = Extensions::parse(certificate.extensions.as_deref().unwrap_or_default());
    Some(Summary {
        subject: super::shortened(&certificate.subject.shown()),
        issuer: super::shortened(&certificate.issuer.shown()),
        serial: hex::encode(&certificate.serial[..certificate.serial.len().min(64)]),
        not_before: certificate.not_before.at,
        not_after: certificate.not_after.at,
        kind: super::kind(&certificate, &extensions),
    })
}
