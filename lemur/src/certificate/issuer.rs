//! An authority as the issuer of certificates: what its own certificate says about those that it may sign.

use menagerie_sign::{PublicKey, PublicKeyError, Verifier, x509};

use super::key_id::{KeyId, key_bits};
use super::to_be_signed::ToBeSigned;
use super::usage::{ExtendedKeyUsage, KeyUsage};
use super::validity::Validity;
use super::view::{CertificateError, View};
use crate::name::{ConstraintError, DistinguishedName, NameConstraints};

/// An authority's certificate, read once and ready to issue under.
#[derive(Debug, Clone)]
pub struct Issuer {
    subject: DistinguishedName,
    spki: Vec<u8>,
    public_key: PublicKey,
    verifier: Verifier,
    key_id: KeyId,
    validity: Validity,
    path_length: Option<u32>,
    constraints: NameConstraints,
    extended_key_usages: Vec<ExtendedKeyUsage>,
    signs_crls: bool,
}

/// Why a certificate is no issuer's, or not one that this issuer signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Not an authority's certificate.
    #[error("the certificate is not an authority's: it lacks {what}")]
    NotAnAuthority {
        /// What an authority's certificate has.
        what: &'static str,
    },
    /// A public key that cannot be used.
    #[error("the authority's public key: {0}")]
    PublicKey(#[from] PublicKeyError),
    /// Name constraints that cannot be decided by.
    #[error("the authority's certificate: {0}")]
    Constraints(#[from] ConstraintError),
    /// Critical extensions that are not known here, so that nothing can be issued by them.
    #[error("the authority's certificate has the critical extension {oid}, which is not supported")]
    Critical {
        /// The extension.
        oid: String,
    },
    /// A signed certificate that cannot be read back.
    #[error("the signed certificate cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// A signed certificate of other bytes than those that were to be signed.
    #[error("the signed certificate is not the one that was to be signed")]
    OtherBytes,
    /// A signature that is not the issuer's.
    #[error("the certificate's signature is not its issuer's")]
    Signature,
}

impl Issuer {
    /// Takes an authority's certificate.
    ///
    /// # Errors
    /// [`IssuerError`] says why nothing can be issued under it.
    pub fn new(certificate: &View) -> Result<Self, IssuerError> {
        let lacks = |what| IssuerError::NotAnAuthority { what };
        if !certificate.is_authority() {
            return Err(lacks("basicConstraints with cA"));
        }
        let usages = certificate.key_usages().ok_or_else(|| lacks("the key usage keyCertSign"))?;
        if !usages.contains(KeyUsage::KeyCertSign) {
            return Err(lacks("the key usage keyCertSign"));
        }
        if certificate.subject().is_empty() {
            return Err(lacks("a subject"));
        }
        if let Some(oid) = certificate.unknown_critical().first() {
            return Err(IssuerError::Critical { oid: oid.to_string() });
        }
        let key_id = certificate.key_id().ok_or_else(|| lacks("a subject key identifier"))?.clone();
        let public_key = certificate.public_key()?;
        Ok(Self {
            subject: certificate.subject().clone(),
            spki: certificate.spki().to_vec(),
            verifier: Verifier::new(&public_key)?,
            public_key,
            key_id,
            validity: certificate.validity(),
            path_length: certificate.path_length(),
            constraints: certificate.name_constraints()?.unwrap_or_default(),
            extended_key_usages: certificate.extended_key_usages().to_vec(),
            signs_crls: usages.contains(KeyUsage::CrlSign),
        })
    }

    /// Its name, as it stands in what it issues.
    #[must_use]
    pub const fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Its key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The bits of its key, over which OCSP's identifiers hash.
    pub(crate) fn key_bits(&self) -> &[u8] {
        key_bits(&self.spki).expect("the key was read from it")
    }

    /// Its key as a DER-encoded SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Its key's identifier.
    #[must_use]
    pub const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// When it is valid itself.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// How many authorities may stand between it and a leaf; `None` for any number.
    #[must_use]
    pub const fn path_length(&self) -> Option<u32> {
        self.path_length
    }

    /// The names that it may certify.
    #[must_use]
    pub const fn constraints(&self) -> &NameConstraints {
        &self.constraints
    }

    /// Whether it may certify keys for a usage: it may, unless its certificate names others.
    #[must_use]
    pub fn may_certify_for(&self, usage: ExtendedKeyUsage) -> bool {
        let usages = &self.extended_key_usages;
        usages.is_empty() || usages.contains(&usage) || usages.contains(&ExtendedKeyUsage::ANY)
    }

    /// Whether its certificate lets it sign revocation lists.
    #[must_use]
    pub const fn may_sign_crls(&self) -> bool {
        self.signs_crls
    }

    /// Checks what came back from signing, independently of who made it: it reads, its signed bytes are those that were linted, and the
    /// signature is this issuer's.
    ///
    /// # Errors
    /// [`IssuerError`] says what is wrong; such a certificate must not leave the house.
    pub fn accept(&self, to_be_signed: &ToBeSigned, certificate: &[u8]) -> Result<View, IssuerError> {
        let view = View::parse(certificate)?;
        if view.to_be_signed() != to_be_signed.as_der() {
            return Err(IssuerError::OtherBytes);
        }
        self.check_signature(&view)?;
        Ok(view)
    }

    /// Checks that a certificate's signature is this issuer's.
    ///
    /// # Errors
    /// [`IssuerError::Signature`] if it is not.
    pub fn check_signature(&self, certificate: &View) -> Result<(), IssuerError> {
        let (algorithm, value) = certificate.signature();
        if self.signed(certificate.to_be_signed(), algorithm, value) { Ok(()) } else { Err(IssuerError::Signature) }
    }

    /// Whether a signature over a list is its.
    pub(crate) fn signed_list(&self, list: &[u8], signature: &menagerie_sign::Signature) -> bool {
        self.verifier.verify(list, signature).is_ok()
    }

    /// Whether the bits of a signature are its over a message.
    pub(crate) fn signed(&self, message: &[u8], algorithm: &[u8], value: &[u8]) -> bool {
        match x509::signature(&self.public_key, algorithm, value) {
            Some(signature) => self.verifier.verify(message, &signature).is_ok(),
            None => x509::verify(&self.public_key, algorithm, message, value).is_ok(),
        }
    }
}
