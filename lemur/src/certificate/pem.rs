//! Certificates as text (RFC 7468): bundles, read with a bound on their size, and written. Text between certificates is skipped, as it is
//! in bundles that `openssl` writes; anything else that is armoured, a private key above all, is refused.

use der::pem::{self, LineEnding};

use super::view::{CertificateError, MAX_CERTIFICATE_BYTES, View};

/// The longest bundle that is read, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 1024 * 1024;
/// The most certificates of a bundle.
pub const MAX_BUNDLE_CERTIFICATES: usize = 512;

const LABEL: &str = "CERTIFICATE";
const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Why a text is no bundle of certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// Longer than is read.
    #[error("a bundle of {len} bytes is not read: at most {MAX_BUNDLE_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// More certificates than are read.
    #[error("a bundle has at most {MAX_BUNDLE_CERTIFICATES} certificates")]
    TooMany,
    /// No certificate at all.
    #[error("there is no certificate: it begins with -----BEGIN CERTIFICATE-----")]
    None,
    /// Something armoured that is no certificate.
    #[error("item {number} is a {label}, and not a certificate")]
    Label {
        /// Which of the armoured items, from 1.
        number: usize,
        /// What it says it is.
        label: &'static str,
    },
    /// Armour that is damaged.
    #[error("the text of item {number} is damaged")]
    Armour {
        /// Which of the armoured items, from 1.
        number: usize,
    },
    /// A certificate that cannot be read.
    #[error("item {number}: {source}")]
    Certificate {
        /// Which of the armoured items, from 1.
        number: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
}

/// Reads a bundle of certificates, in their order: text, or one certificate in DER.
///
/// # Errors
/// [`PemError`] says why it is none.
pub fn read_bundle(bytes: &[u8]) -> Result<Vec<View>, PemError> {
    if bytes.len() > MAX_BUNDLE_BYTES {
        return Err(PemError::TooLarge { len: bytes.len() });
    }
    if bytes.first() == Some(&crate::asn1::SEQUENCE) {
        return View::parse(bytes).map(|view| vec![view]).map_err(|source| PemError::Certificate { number: 1, source });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| PemError::None)?;
    let mut views = Vec::new();
    for (block, number) in blocks(text).zip(1..) {
        let der = decode(block?, LABEL, MAX_CERTIFICATE_BYTES).map_err(|wrong| match wrong {
            Wrong::Label(label) => PemError::Label { number, label },
            Wrong::Armour => PemError::Armour { number },
            Wrong::TooLarge(len) => PemError::Certificate { number, source: CertificateError::TooLarge { len } },
        })?;
        if views.len() == MAX_BUNDLE_CERTIFICATES {
            return Err(PemError::TooMany);
        }
        views.push(View::parse(&der).map_err(|source| PemError::Certificate { number, source })?);
    }
    if views.is_empty() { Err(PemError::None) } else { Ok(views) }
}

/// What is wrong with one armoured item.
pub(crate) enum Wrong {
    Label(&'static str),
    Armour,
    TooLarge(usize),
}

/// The armoured items of a text, each with its armour; an item that does not end is an error and the last.
pub(crate) fn blocks(text: &str) -> impl Iterator<Item = Result<&str, PemError>> {
    let mut rest = text;
    let mut number = 0;
    std::iter::from_fn(move || {
        let start = rest.find(BEGIN)?;
        number += 1;
        let body = &rest[start..];
        let end = body.find("-----END ").and_then(|end| {
            let label = end + "-----END ".len();
            body[label..].find(DASHES).map(|close| label + close + DASHES.len())
        });
        let Some(end) = end else {
            rest = "";
            return Some(Err(PemError::Armour { number }));
        };
        rest = &body[end..];
        Some(Ok(&body[..end]))
    })
}

/// The DER of one armoured item that has this label. Lines may be of any length, and end in either way.
pub(crate) fn decode(block: &str, label: &str, max: usize) -> Result<Vec<u8>, Wrong> {
    use base64::Engine;
    let (head, rest) = block.strip_prefix(BEGIN).and_then(|rest| rest.split_once(DASHES)).ok_or(Wrong::Armour)?;
    let (body, tail) = rest.split_once(DASHES).ok_or(Wrong::Armour)?;
    if head != label {
        return Err(Wrong::Label(name(head)));
    }
    if tail.strip_prefix("END ").and_then(|tail| tail.strip_suffix(DASHES)) != Some(head) {
        return Err(Wrong::Armour);
    }
    let digits: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.len() / 4 * 3 > max + 3 {
        return Err(Wrong::TooLarge(digits.len() / 4 * 3));
    }
    base64::engine::general_purpose::STANDARD.decode(digits).map_err(|_| Wrong::Armour)
}

/// What an armoured item is, without repeating a text of others.
fn name(label: &str) -> &'static str {
    match label {
        label if label.ends_with("PRIVATE KEY") => "private key",
        label if label.ends_with("PUBLIC KEY") => "public key",
        label if label.ends_with("CERTIFICATE REQUEST") => "certificate request",
        "CERTIFICATE" => "certificate",
        "X509 CRL" => "revocation list",
        "PKCS7" | "CMS" => "PKCS #7 bundle",
        _ => "thing of another kind",
    }
}

/// A certificate as text.
#[must_use]
pub fn write_certificate(der: &[u8]) -> String {
    armour(LABEL, der)
}

/// Certificates as text, one after the other.
#[must_use]
pub fn write_bundle<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> String {
    certificates.into_iter().map(write_certificate).collect()
}

/// RFC 7468's text.
pub(crate) fn armour(label: &str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).expect("the label is one of RFC 7468's, and what is written is far from any limit")
}
