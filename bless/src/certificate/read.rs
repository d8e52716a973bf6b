//! Reading a certificate that anybody may have made: strict, bounded, and written apart from the writer so that a
//! mistake in one is not a mistake in the other. Layout: OpenSSH's `PROTOCOL.certkeys`, `PROTOCOL.u2f`, RFC 4253.
//!
//! Reading judges form only. Every length must fit exactly, options must be sorted and unique, and the values of the
//! options that OpenSSH knows must have their form; unknown options are kept. What the content may be is judged by
//! [`super::check`].

mod cursor;
mod error;
mod key;
mod text;

use std::cmp::Ordering;

pub use error::{Field, Problem, ReadError};
pub use key::{Curve, PublicKey};
pub use text::blob_of;

use super::{Kind, MAX_CERTIFICATE};
use cursor::Cursor;

/// A certificate's fields, borrowed from its binary form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The certificate's type, `ssh-ed25519-cert-v01@openssh.com` and the like.
    pub type_name: &'static str,
    /// What the authority put in against chosen content.
    pub nonce: &'a [u8],
    /// The key that is certified.
    pub subject: PublicKey<'a>,
    /// The authority's number for this certificate.
    pub serial: u64,
    /// User or host.
    pub kind: Kind,
    /// What servers log of this certificate.
    pub key_id: &'a [u8],
    /// Account or host names.
    pub principals: Vec<&'a [u8]>,
    /// The first second of validity, since 1970 UTC.
    pub valid_after: u64,
    /// The first second after validity, since 1970 UTC; `u64::MAX` for ever.
    pub valid_before: u64,
    /// What a server must understand and enforce.
    pub critical_options: Vec<CertificateOption<'a>>,
    /// What a server may grant.
    pub extensions: Vec<CertificateOption<'a>>,
    /// A field that has no meaning yet.
    pub reserved: &'a [u8],
    /// The authority's public key.
    pub ca: PublicKey<'a>,
    /// The authority's public key in binary form.
    pub ca_blob: &'a [u8],
    /// The authority's signature.
    pub signature: Signature<'a>,
    /// The bytes that the signature is over.
    pub signed: &'a [u8],
    /// The subject key's fields as they stand, without a type name.
    subject_fields: &'a [u8],
}

/// A critical option or an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateOption<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The data as it stands: empty for a flag, otherwise by custom a string inside.
    pub data: &'a [u8],
}

/// A signature as it stands in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The algorithm's name, `ssh-ed25519` or `rsa-sha2-512`.
    pub algorithm: &'a str,
    /// The algorithm's own signature bytes.
    pub raw: &'a [u8],
    /// A security key's flags and counter.
    pub security_key: Option<(u8, u32)>,
}

/// Reads a certificate's binary form. For the text form, see [`blob_of`].
///
/// # Errors
/// The first byte at which the input is not a certificate, and what is wrong there.
pub fn read(blob: &[u8]) -> Result<Certificate<'_>, ReadError> {
    if blob.len() > MAX_CERTIFICATE {
        return Err(ReadError { position: MAX_CERTIFICATE, problem: Problem::TooLarge });
    }
    let mut cursor = Cursor::new(blob);
    let name = cursor.string(Field::TypeName)?;
    let shape = key::Shape::of_certificate(name).ok_or(ReadError { position: 4, problem: Problem::UnknownType })?;
    let nonce = cursor.string(Field::Nonce)?;
    let subject_start = cursor.position();
    let subject = shape.read(&mut cursor, Field::Subject)?;
    let subject_fields = &blob[subject_start..cursor.position()];
    let serial = cursor.u64(Field::Serial)?;
    let kind = kind(&mut cursor)?;
    let key_id = text_field(&mut cursor, Field::KeyId)?;
    let principals = principals(cursor.nested(Field::Principals)?)?;
    let valid_after = cursor.u64(Field::ValidAfter)?;
    let valid_before = cursor.u64(Field::ValidBefore)?;
    let critical_options = options(cursor.nested(Field::CriticalOptions)?, Field::CriticalOptions)?;
    let extensions = options(cursor.nested(Field::Extensions)?, Field::Extensions)?;
    let reserved = cursor.string(Field::Reserved)?;
    let ca_cursor = cursor.nested(Field::Authority)?;
    let ca_blob = ca_cursor.rest();
    let ca = key::read_blob(ca_cursor)?;
    let signed = &blob[..cursor.position()];
    let signature = signature(cursor.nested(Field::Signature)?)?;
    cursor.end(Field::Certificate)?;
    Ok(Certificate {
        type_name: shape.certificate_name(),
        nonce,
        subject,
        serial,
        kind,
        key_id,
        principals,
        valid_after,
        valid_before,
        critical_options,
        extensions,
        reserved,
        ca,
        ca_blob,
        signature,
        signed,
        subject_fields,
    })
}

impl<'a> Certificate<'a> {
    /// The certified key as a plain key's binary form.
    #[must_use]
    pub fn subject_blob(&self) -> Vec<u8> {
        let name = self.subject.name().as_bytes();
        // A plain name is shorter than the certificate's name in front of these fields: the length fits.
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes();
        [length.as_slice(), name, self.subject_fields].concat()
    }

    /// Whether the certified key is this plain key.
    pub(super) fn subject_is(&self, blob: &[u8]) -> bool {
        let name = self.subject.name().as_bytes();
        blob.strip_suffix(self.subject_fields)
            .and_then(|front| front.strip_suffix(name))
            .is_some_and(|length| length == [0, 0, 0, u8::try_from(name.len()).unwrap_or(0)])
    }
}

impl<'a> CertificateOption<'a> {
    /// The string inside the data, where the data is exactly one string.
    #[must_use]
    pub fn text(&self) -> Option<&'a [u8]> {
        let (length, text) = self.data.split_first_chunk::<4>()?;
        (usize::try_from(u32::from_be_bytes(*length)).ok()? == text.len()).then_some(text)
    }
}

fn kind(cursor: &mut Cursor<'_>) -> Result<Kind, ReadError> {
    let position = cursor.position();
    match cursor.u32(Field::Kind)? {
        1 => Ok(Kind::User),
        2 => Ok(Kind::Host),
        number => Err(ReadError { position, problem: Problem::UnknownKind { number } }),
    }
}

/// A string that other programs handle as C text.
fn text_field<'a>(cursor: &mut Cursor<'a>, field: Field) -> Result<&'a [u8], ReadError> {
    let bytes = cursor.string(field)?;
    match bytes.iter().position(|byte| *byte == 0) {
        None => Ok(bytes),
        Some(at) => Err(ReadError { position: cursor.position() - bytes.len() + at, problem: Problem::ZeroByte { field } }),
    }
}

fn principals(mut cursor: Cursor<'_>) -> Result<Vec<&[u8]>, ReadError> {
    let mut names = Vec::new();
    while !cursor.is_empty() {
        names.push(text_field(&mut cursor, Field::Principals)?);
    }
    Ok(names)
}

fn options(mut cursor: Cursor<'_>, field: Field) -> Result<Vec<CertificateOption<'_>>, ReadError> {
    let mut list: Vec<CertificateOption<'_>> = Vec::new();
    while !cursor.is_empty() {
        let position = cursor.position();
        let name = text_field(&mut cursor, field)?;
        match list.last().map_or(Ordering::Less, |last| last.name.cmp(name)) {
            Ordering::Less => {}
            Ordering::Equal => return Err(ReadError { position, problem: Problem::DuplicateOption { field } }),
            Ordering::Greater => return Err(ReadError { position, problem: Problem::UnsortedOptions { field } }),
        }
        let data = cursor.nested(field)?;
        list.push(CertificateOption { name, data: data.rest() });
        known_value(name, data, field)?;
    }
    Ok(list)
}

/// Holds the options that OpenSSH knows to the form of their values.
fn known_value(name: &[u8], mut data: Cursor<'_>, field: Field) -> Result<(), ReadError> {
    match (field, name) {
        (Field::CriticalOptions, b"force-command" | b"source-address") => {
            text_field(&mut data, field)?;
            data.end(field)
        }
        (Field::CriticalOptions, b"verify-required") => data.end(field),
        (
            Field::Extensions,
            b"no-touch-required"
            | b"permit-X11-forwarding"
            | b"permit-agent-forwarding"
            | b"permit-port-forwarding"
            | b"permit-pty"
            | b"permit-user-rc",
        ) => data.end(field),
        _ => Ok(()),
    }
}

fn signature(mut cursor: Cursor<'_>) -> Result<Signature<'_>, ReadError> {
    let name = cursor.string(Field::Signature)?;
    let position = cursor.position() - name.len();
    let algorithm = match std::str::from_utf8(name) {
        Ok(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => text,
        _ => return Err(ReadError { position, problem: Problem::AlgorithmName }),
    };
    let raw = cursor.string(Field::Signature)?;
    let security_key = match algorithm.starts_with("sk-") {
        true => Some((cursor.u8(Field::Signature)?, cursor.u32(Field::Signature)?)),
        false => None,
    };
    cursor.end(Field::Signature)?;
    Ok(Signature { algorithm, raw, security_key })
}
