//! The linter that stands before the signer: what is about to be signed keeps RFC 5280 and, where it is claimed, the CA/Browser Forum's
//! Baseline Requirements of that day, or nothing is signed.
//!
//! [`check`] takes the exact bytes, a TBSCertificate before there is a signature or a whole certificate, and what is claimed of them. It
//! is pure: no clock, no files, no network. It reads the bytes with its own parser ([`tlv`]), since it must understand what a strict
//! decoder would only refuse. Each rule is a [`Lint`] of a table in [`rules`]; [`lints`] lists them all.

mod certificate;
mod context;
mod definition;
mod encoding;
mod extensions;
mod general_name;
mod key;
mod moment;
mod name;
mod oid;
mod policies;
mod registries;
mod rules;
mod summary;
mod syntax;
mod table;
mod tlv;

pub(crate) use rules::of_weak_rsa;

pub use context::Claims;
pub use definition::{Family, Finding, Kind, Lint, Severity, Source};
pub use summary::{Summary, summary};
pub use table::{LintRow, markdown, rows};

use certificate::Certificate;
use context::{Context, Issuer};
use encoding::Faults;
use extensions::Extensions;
use jiff::Timestamp;
use jiff::tz::Offset;
use menagerie_sign::weak::WeakRsa;

/// The largest certificate that is looked at, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The most findings of one lint that are told.
const MAX_TOLD: usize = 16;
/// The most characters of one finding's detail.
const MAX_DETAIL: usize = 300;

/// Checks a TBSCertificate or a certificate in DER. The findings are in the order of the table of lints; none means that it keeps them
/// all. What cannot be read at all has findings too: nothing is ever passed because it was not understood.
#[must_use]
pub fn check(der: &[u8], claims: &Claims<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if der.len() > MAX_BYTES {
        tell(&mut findings, rules::TOO_LARGE, format!("it has {} bytes, and {MAX_BYTES} are read", der.len()));
        return findings;
    }
    let certificate = match Certificate::parse(der) {
        Ok(certificate) => certificate,
        Err(broken) => {
            rules::encoding(&Faults::find(der, None), &mut |lint, detail| tell(&mut findings, lint, detail));
            tell(&mut findings, rules::MALFORMED, broken.to_string());
            return findings;
        }
    };
    rules::encoding(&Faults::find(der, Some(&certificate)), &mut |lint, detail| tell(&mut findings, lint, detail));
    let extensions = Extensions::parse(certificate.extensions.as_deref().unwrap_or_default());
    let issuer = claims.issuer.map(Certificate::parse);
    let issuer_extensions = match &issuer {
        Some(Ok(issuer)) => Extensions::parse(issuer.extensions.as_deref().unwrap_or_default()),
        _ => Extensions::default(),
    };
    let context = Context {
        issuer: match &issuer {
            None => Issuer::Unknown,
            Some(Err(_)) => Issuer::Unreadable,
            Some(Ok(issuer)) => Issuer::Read(issuer, &issuer_extensions),
        },
        kind: kind(&certificate, &extensions),
        day: Offset::UTC.to_datetime(claims.as_of.or(certificate.not_before.at).unwrap_or(Timestamp::MAX)).date(),
        certificate: &certificate,
        extensions: &extensions,
        claims,
        weak_rsa: weak_rsa(&certificate, claims),
    };
    for lint in lints() {
        if lint.applies_to(context.kind) && (lint.family == Family::Pkix || claims.baseline) && lint.holds_on(context.day) {
            (lint.check)(&context, &mut |detail| tell(&mut findings, lint, detail));
        }
    }
    findings
}

/// All lints, in the order in which findings come.
pub fn lints() -> impl Iterator<Item = &'static Lint> {
    rules::tables().flatten()
}

/// Why the certificate's key is weak, where it is one of RSA that can be read.
fn weak_rsa(certificate: &Certificate<'_>, claims: &Claims<'_>) -> Option<WeakRsa> {
    if certificate.key.algorithm.oid != oid::RSA {
        return None;
    }
    key::weakness(&key::rsa(&certificate.key).ok()?, claims.foreign_key)
}

/// What a certificate is for. A self-issued certificate that is no CA is no root.
fn kind(certificate: &Certificate<'_>, extensions: &Extensions<'_>) -> Kind {
    match extensions.is_ca() {
        true if certificate.is_self_issued() => Kind::Root,
        true => Kind::Intermediate,
        false if extensions.is_for(oid::OCSP_SIGNING) => Kind::OcspResponder,
        false => Kind::Leaf,
    }
}

/// Adds a finding, unless its lint has been told often enough.
fn tell(findings: &mut Vec<Finding>, lint: &'static Lint, detail: String) {
    let told = findings.iter().rev().take_while(|finding| std::ptr::eq(finding.lint, lint)).count();
    if told < MAX_TOLD {
        findings.push(Finding { lint, detail: shortened(&detail) });
    }
}

/// A text with its control characters written out, and cut where it is too long.
fn shortened(text: &str) -> String {
    let shown = menagerie_report::shown(text);
    match shown.char_indices().nth(MAX_DETAIL) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}
