//! The exact bytes that an issuer signs (RFC 5280, 4.1.2), and the certificate that they become.

use menagerie_sign::{Algorithm, Signature, x509};

use super::serial::Serial;
use super::validity::Validity;
use crate::asn1::{self, Writer, context_constructed};
use crate::authority::sha256;

/// A TBSCertificate: complete, unsigned, and never changed after it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToBeSigned {
    der: Vec<u8>,
    serial: Serial,
    algorithm: Algorithm,
    spki_sha256: [u8; 32],
}

/// A signature by another algorithm than the one that the signed bytes name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is by {found}, and what it signs says {wanted}")]
pub struct SignatureMismatch {
    /// What the bytes say.
    pub wanted: Algorithm,
    /// What the signature is by.
    pub found: Algorithm,
}

/// What every certificate has.
pub(super) struct Content<'a> {
    pub(super) serial: &'a Serial,
    pub(super) algorithm: Algorithm,
    /// The issuer's Name.
    pub(super) issuer: &'a [u8],
    pub(super) validity: Validity,
    /// The subject's Name.
    pub(super) subject: &'a [u8],
    pub(super) spki: &'a [u8],
}

impl ToBeSigned {
    pub(super) fn new(content: &Content<'_>, extensions: impl FnOnce(&mut Writer)) -> Self {
        let mut writer = Writer::with_capacity(1024);
        writer.sequence(|writer| {
            writer.nest(context_constructed(0), |writer| writer.unsigned(2));
            writer.primitive(asn1::INTEGER, content.serial.as_integer());
            writer.raw(x509::algorithm_identifier(content.algorithm));
            writer.raw(content.issuer);
            content.validity.write(writer);
            writer.raw(content.subject);
            writer.raw(content.spki);
            writer.nest(context_constructed(3), |writer| writer.sequence(extensions));
        });
        let spki_sha256 = sha256(content.spki);
        Self { der: writer.into_vec(), serial: *content.serial, algorithm: content.algorithm, spki_sha256 }
    }

    /// The bytes to lint and to sign.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number in them.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// The SHA-256 of the key in them.
    pub(crate) const fn spki_sha256(&self) -> [u8; 32] {
        self.spki_sha256
    }

    /// The algorithm that they say they are signed by.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The DER-encoded certificate that they become with their signature.
    ///
    /// # Errors
    /// [`SignatureMismatch`] if the signature is by another algorithm. Whether it is one over these bytes, [`super::Issuer::accept`] says.
    pub fn certificate(&self, signature: &Signature) -> Result<Vec<u8>, SignatureMismatch> {
        attach(&self.der, self.algorithm, signature, |_| {})
    }
}

/// Puts a signature, and what comes after it, to what it signs.
pub(crate) fn attach(
    to_be_signed: &[u8],
    algorithm: Algorithm,
    signature: &Signature,
    rest: impl FnOnce(&mut Writer),
) -> Result<Vec<u8>, SignatureMismatch> {
    if signature.algorithm() != algorithm {
        return Err(SignatureMismatch { wanted: algorithm, found: signature.algorithm() });
    }
    Ok(asn1::signed(to_be_signed, x509::algorithm_identifier(algorithm), &x509::signature_value(signature), rest))
}
