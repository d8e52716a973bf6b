//! Reading an OCSP request (RFC 6960, 4.1), by POST or in the path of a GET.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_cert::spki::ObjectIdentifier;

use super::id::CertId;
use super::response::Refusal;
use crate::asn1::{self, Malformed, Reader, context_constructed, small_unsigned};

/// The largest request that is read, in bytes; one about a certificate has about a hundred.
pub const MAX_REQUEST_BYTES: usize = 4096;

const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
/// The longest nonce (RFC 9654, 2.1).
const MAX_NONCE: usize = 128;

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Larger than any request.
    #[error("an OCSP request has at most {MAX_REQUEST_BYTES} bytes")]
    TooLarge,
    /// Not the structure that a request is.
    #[error("the OCSP request cannot be read")]
    Malformed,
    /// About none or several certificates.
    #[error("an OCSP request is about one certificate")]
    NotOne,
    /// An issuer named by a hash that none here is named by.
    #[error("the OCSP request names the issuer by a hash other than SHA-1 and SHA-256")]
    Hash,
    /// A critical extension.
    #[error("the OCSP request has a critical extension that is not supported")]
    Critical,
}

impl From<Malformed> for RequestError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl RequestError {
    /// What is answered.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Hash => Refusal::Unauthorized,
            _ => Refusal::MalformedRequest,
        }
    }
}

/// Reads a request, and gives the certificate that it is about.
///
/// # Errors
/// [`RequestError`] says why it is not answered.
pub fn parse_request(der: &[u8]) -> Result<CertId, RequestError> {
    if der.len() > MAX_REQUEST_BYTES {
        return Err(RequestError::TooLarge);
    }
    let mut request = Reader::sequence_of(der)?;
    let mut fields = request.sequence()?;
    // Who signs a request gains nothing: answers are the same for all.
    request.optional(context_constructed(0))?;
    request.finish()?;

    if let Some(version) = fields.optional(context_constructed(0))? {
        let mut version = version.reader();
        if small_unsigned(version.integer()?) != Some(0) || !version.is_finished() {
            return Err(RequestError::Malformed);
        }
    }
    fields.optional(context_constructed(1))?;
    let mut list = fields.sequence()?;
    if list.is_finished() {
        return Err(RequestError::NotOne);
    }
    let mut one = list.sequence()?;
    if !list.is_finished() {
        return Err(RequestError::NotOne);
    }
    let id = CertId::read(&mut one)?;
    for extensions in [one.optional(context_constructed(0))?, fields.optional(context_constructed(2))?].into_iter().flatten() {
        check_extensions(extensions.value)?;
    }
    one.finish()?;
    fields.finish()?;
    id.ok_or(RequestError::Hash)
}

/// Reads a request from what follows the responder's path in a GET (RFC 6960, A.1): base64, percent-encoded or not.
///
/// # Errors
/// [`RequestError`] says why it is not answered.
pub fn parse_request_path(path: &str) -> Result<CertId, RequestError> {
    if path.len() > 4 * MAX_REQUEST_BYTES {
        return Err(RequestError::TooLarge);
    }
    let digits: Vec<u8> = percent_encoding::percent_decode_str(path.strip_prefix('/').unwrap_or(path)).collect();
    parse_request(&STANDARD.decode(digits).map_err(|_| RequestError::Malformed)?)
}

fn check_extensions(der: &[u8]) -> Result<(), RequestError> {
    let mut list = Reader::sequence_of(der)?;
    while !list.is_finished() {
        let mut extension = list.sequence()?;
        let oid = extension.oid()?;
        let critical = extension.default_false()?;
        let value = extension.octet_string()?;
        extension.finish()?;
        if oid == NONCE {
            // Its value is an OCTET STRING; clients that predate RFC 8954 send the bytes themselves.
            let len = Reader::new(value).take(asn1::OCTET_STRING).map_or(value.len(), |nonce| nonce.value.len());
            if !(1..=MAX_NONCE).contains(&len) {
                return Err(RequestError::Malformed);
            }
        } else if critical {
            return Err(RequestError::Critical);
        }
    }
    Ok(())
}
