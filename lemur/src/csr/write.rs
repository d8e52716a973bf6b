//! Writing a certificate request: for an authority whose certificate another one issues, and for who takes a request elsewhere.

use menagerie_sign::{Algorithm, PublicKey, Signature};

use crate::asn1::{Writer, context_constructed};
use crate::certificate::{SignatureMismatch, attach, extensions};
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
        let mut writer = Writer::with_capacity(512);
        writer.sequence(|writer| {
            writer.unsigned(0);
            writer.raw(&subject.to_der());
            writer.raw(&public_key.to_spki_der());
            writer.nest(context_constructed(0), |writer| {
                if !names.is_empty() {
                    writer.sequence(|writer| {
                        writer.oid(&EXTENSION_REQUEST);
                        writer.nest(crate::asn1::SET, |writer| {
                            writer.sequence(|writer| extensions::alternative_names(writer, names, subject.is_empty()));
                        });
                    });
                }
            });
        });
        Self { der: writer.into_vec(), algorithm }
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
