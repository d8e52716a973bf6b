//! The gate before a certificate leaves: it is read again, compared with what was meant, verified, and held to every
//! limit that OpenSSH enforces, so that no dead or dangerous certificate is handed out.
//!
//! Limits: OpenSSH's `sshkey.c` (256 principals, text without zero bytes), `auth-options.c` and `addrmatch.c`
//! (known options, `source-address`), `PROTOCOL.certkeys`, and the `CASignatureAlgorithms` defaults since 8.2 (no
//! SHA-1). On top of them: no principal that a shell, a list or a pattern could read as something else.

mod content;
mod error;

pub use error::{CheckError, Stated};

use super::read::{Certificate, Curve, PublicKey, read};
use super::write::Template;
use crate::subject_key::SubjectKey;

/// What a certificate must say.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// What was meant.
    pub template: &'a Template<'a>,
    /// The authority's public key as an SSH key blob.
    pub ca_public_key: &'a [u8],
}

/// What the configuration allows beyond the strictest rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether a host certificate may have `*` and `?` in its names. A user certificate never may.
    pub host_wildcards: bool,
    /// Whether the certificate may expire before it begins (BLESS's `test_user`).
    pub expired: bool,
    /// The longest key ID, in bytes.
    pub max_key_id: usize,
    /// The shortest IPv4 prefix in `source-address`: 0 allows every address.
    pub min_prefix_v4: u8,
    /// The shortest IPv6 prefix in `source-address`: 0 allows every address.
    pub min_prefix_v6: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self { host_wildcards: false, expired: false, max_key_id: 1024, min_prefix_v4: 8, min_prefix_v6: 16 }
    }
}

/// Checks a finished certificate. `verify` gets the signed bytes, the signature algorithm's SSH name and the raw
/// signature (the string inside the signature blob), and answers whether our key made it.
///
/// # Errors
/// The first thing that is wrong; see [`CheckError`].
pub fn check(
    blob: &[u8],
    expectations: &Expectations<'_>,
    policy: &Policy,
    verify: impl FnOnce(&[u8], &str, &[u8]) -> bool,
) -> Result<(), CheckError> {
    let certificate = read(blob)?;
    check_authority(&certificate, expectations)?;
    check_as_meant(&certificate, expectations.template)?;
    content::check(&certificate, policy)?;
    if !verify(certificate.signed, certificate.signature.algorithm, certificate.signature.raw) {
        return Err(CheckError::Signature);
    }
    Ok(())
}

/// The limits on content alone, for certificates that no template can mean.
#[cfg(test)]
pub(super) fn judge_content(blob: &[u8]) -> Result<(), CheckError> {
    content::check(&read(blob)?, &Policy::default())
}

/// The authority's key is ours, is not the certified one, and signs with an algorithm that OpenSSH takes.
fn check_authority(certificate: &Certificate<'_>, expectations: &Expectations<'_>) -> Result<(), CheckError> {
    if certificate.ca_blob != expectations.ca_public_key {
        return Err(CheckError::OtherAuthority);
    }
    let subject: &SubjectKey = expectations.template.subject;
    if subject.is_same_key(certificate.ca_blob) {
        return Err(CheckError::CertifiesAuthority);
    }
    let algorithm = certificate.signature.algorithm;
    let suits = match certificate.ca {
        PublicKey::Ed25519 { .. } => algorithm == "ssh-ed25519",
        PublicKey::Ecdsa { curve: Curve::P256, .. } => algorithm == "ecdsa-sha2-nistp256",
        PublicKey::Ecdsa { curve: Curve::P384, .. } => algorithm == "ecdsa-sha2-nistp384",
        PublicKey::Ecdsa { curve: Curve::P521, .. } => algorithm == "ecdsa-sha2-nistp521",
        PublicKey::Rsa { .. } => matches!(algorithm, "rsa-sha2-256" | "rsa-sha2-512"),
        // Not offered: an authority's key in a security key would need its owner's touch for every certificate.
        PublicKey::SkEd25519 { .. } | PublicKey::SkEcdsa { .. } => false,
    };
    if suits { Ok(()) } else { Err(CheckError::Algorithm { algorithm: algorithm.chars().take(64).collect() }) }
}

/// Every field says what was meant.
fn check_as_meant(certificate: &Certificate<'_>, meant: &Template<'_>) -> Result<(), CheckError> {
    let same = |same: bool, stated: Stated| if same { Ok(()) } else { Err(CheckError::NotAsMeant { stated }) };
    same(certificate.nonce == meant.nonce, Stated::Nonce)?;
    same(certificate.subject_is(meant.subject.blob()), Stated::Subject)?;
    same(certificate.serial == meant.serial, Stated::Serial)?;
    same(certificate.kind == meant.kind, Stated::Kind)?;
    same(certificate.key_id == meant.key_id.as_bytes(), Stated::KeyId)?;
    same(certificate.principals.iter().copied().eq(meant.principals.iter().map(String::as_bytes)), Stated::Principals)?;
    same(certificate.valid_after == meant.valid_after, Stated::ValidAfter)?;
    same(certificate.valid_before == meant.valid_before, Stated::ValidBefore)?;
    let text = |option: &super::CertificateOption<'_>, value: Option<&str>| match value {
        Some(value) => option.text() == Some(value.as_bytes()),
        None => option.data.is_empty(),
    };
    let critical = meant.critical_options.entries();
    let critical = certificate.critical_options.len() == critical.count()
        && certificate
            .critical_options
            .iter()
            .zip(meant.critical_options.entries())
            .all(|(option, (name, value))| option.name == name.as_bytes() && text(option, value));
    same(critical, Stated::CriticalOptions)?;
    let extensions = certificate.extensions.len() == meant.extensions.iter().count()
        && certificate
            .extensions
            .iter()
            .zip(meant.extensions.iter())
            .all(|(option, extension)| option.name == extension.name().as_bytes() && text(option, extension.value()));
    same(extensions, Stated::Extensions)?;
    same(certificate.reserved.is_empty(), Stated::Reserved)
}
