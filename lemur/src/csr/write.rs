//! Writing a certificate request: for an authority whose certificate another one issues, and for who takes a request elsewhere.

use menagerie_sign::{Algorithm, PublicKey, Signature};

use crate::asn1::{self, Malformed, Reader, Writer, context_constructed};
use crate::certificate::extensions::SUBJECT_ALT_NAME;
use crate::certificate::{CertificateError, SignatureMismatch, View, attach, extensions};
use crate::name::{San, Subject};
use x509_cert::spki::ObjectIdentifier;

const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// A CertificationRequestInfo, for the key that it is about to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTemplate {
    der: Vec<u8>,
    algorithm: Algorithm,
}

impl RequestTemplate {
    /// A request for a key and names.
    #[must_use]
    pub fn new(subject: &Subject, names: &[San], public_key: &PublicKey, algorithm: Algorithm) -> Self {
        let mut extension = Writer::with_capacity(256);
        extensions::alternative_names(&mut extension, names, subject.is_empty());
        Self { der: info(&subject.to_der(), &public_key.to_spki_der(), &extension.into_vec()), algorithm }
    }

    /// A request for what a certificate has: its key, its subject and its alternative names, as they stand in it.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`] if the names cannot be read.
    pub(crate) fn of_certificate(view: &View, algorithm: Algorithm) -> Result<Self, CertificateError> {
        let names = alternative_names(view).map_err(|_| CertificateError::Malformed { part: "extensions" })?;
        Ok(Self { der: info(view.subject().as_der(), view.spki(), names), algorithm })
    }

    /// The bytes to sign.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The DER-encoded request that they become with their signature.
    ///
    /// # Errors
    /// [`SignatureMismatch`] if the signature is by another algorithm.
    pub fn request(&self, signature: &Signature) -> Result<Vec<u8>, SignatureMismatch> {
        attach(&self.der, self.algorithm, signature, |_| {})
    }
}

/// The extension is empty where there is none.
fn info(subject: &[u8], public_key: &[u8], extension: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(512);
    writer.sequence(|writer| {
        writer.unsigned(0);
        writer.raw(subject);
        writer.raw(public_key);
        writer.nest(context_constructed(0), |writer| {
            if !extension.is_empty() {
                writer.sequence(|writer| {
                    writer.oid(&EXTENSION_REQUEST);
                    writer.nest(asn1::SET, |writer| writer.sequence(|writer| writer.raw(extension)));
                });
            }
        });
    });
    writer.into_vec()
}

/// The extension with a certificate's alternative names, whole; empty if it has none.
fn alternative_names(view: &View) -> Result<&[u8], Malformed> {
    let mut fields = Reader::sequence_of(view.to_be_signed())?;
    while !fields.is_finished() {
        let field = fields.element()?;
        if field.tag != context_constructed(3) {
            continue;
        }
        let mut listed = Reader::sequence_of(field.value)?;
        while !listed.is_finished() {
            let extension = listed.take(asn1::SEQUENCE)?;
            if extension.reader().oid()? == SUBJECT_ALT_NAME {
                return Ok(extension.whole);
            }
        }
    }
    Ok(&[])
}
