//! What a leaf certificate will say, admitted by a profile for one issuer. Only [`crate::profile::Profile::admit`] makes one.

use menagerie_sign::{Algorithm, PublicKey};
use x509_cert::spki::ObjectIdentifier;

use super::extensions;
use super::issuer::Issuer;
use super::key_id::KeyId;
use super::places::Places;
use super::serial::Serial;
use super::to_be_signed::{Content, ToBeSigned};
use super::usage::{ExtendedKeyUsage, KeyUsages};
use super::validity::Validity;
use crate::name::{San, Subject};

/// A leaf's contents, all but its serial number and where its revocation is said.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) subject: Subject,
    pub(crate) names: Vec<San>,
    pub(crate) spki: Vec<u8>,
    pub(crate) key_id: KeyId,
    pub(crate) validity: Validity,
    pub(crate) key_usages: KeyUsages,
    pub(crate) extended_key_usages: Vec<ExtendedKeyUsage>,
    pub(crate) policies: Vec<ObjectIdentifier>,
    /// Whether its revocation is said anywhere; if not, it says so (RFC 9608).
    pub(crate) revocable: bool,
}

/// Why there is nothing to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A validity that is not within the issuer's.
    #[error("the certificate would be valid from {asked}, and its issuer is from {issuer}")]
    OutlivesIssuer {
        /// What was asked for.
        asked: Validity,
        /// The issuer's.
        issuer: Validity,
    },
    /// An authority under one that has none under it, or with more below it than the issuer may have.
    #[error("the issuer's path length leaves no room for such an authority")]
    PathLength,
    /// An authority without a name.
    #[error("an authority's subject is not empty")]
    EmptySubject,
    /// An algorithm that the issuer's key does not sign by.
    #[error("the issuer's key does not sign by {algorithm}")]
    Algorithm {
        /// The algorithm that was named.
        algorithm: Algorithm,
    },
    /// A certificate for the key that would sign it, which is not a root's own.
    #[error("the key to be certified is the issuer's own")]
    IssuersKey,
    /// An extended key usage that the issuer's certificate does not allow.
    #[error("the issuer may not certify keys for {usage}")]
    ExtendedKeyUsage {
        /// The usage.
        usage: ExtendedKeyUsage,
    },
}

impl Template<'_> {
    /// The subject.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subject alternative names, in the order that they will stand in.
    #[must_use]
    pub fn names(&self) -> &[San] {
        &self.names
    }

    /// When it will be valid.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The identifier of the key that is certified.
    #[must_use]
    pub const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Whether its revocation will be said: if not, it needs no shard of a revocation list and no OCSP response.
    #[must_use]
    pub const fn is_revocable(&self) -> bool {
        self.revocable
    }

    /// The bytes for the issuer to sign.
    ///
    /// # Errors
    /// [`TemplateError::Algorithm`] if the issuer's key does not sign by `algorithm`.
    pub fn to_be_signed(&self, serial: &Serial, places: &Places, algorithm: Algorithm) -> Result<ToBeSigned, TemplateError> {
        check_algorithm(self.issuer.public_key(), algorithm)?;
        let subject = self.subject.to_der();
        let content = Content {
            serial,
            algorithm,
            issuer: self.issuer.subject().as_der(),
            validity: self.validity,
            subject: &subject,
            spki: &self.spki,
        };
        Ok(ToBeSigned::new(&content, |writer| {
            extensions::key_usages(writer, self.key_usages);
            extensions::extended_key_usages(writer, &self.extended_key_usages);
            extensions::no_authority(writer);
            extensions::subject_key_id(writer, &self.key_id);
            extensions::authority_key_id(writer, self.issuer.key_id());
            extensions::alternative_names(writer, &self.names, self.subject.is_empty());
            extensions::policies(writer, &self.policies);
            extensions::places(writer, places, self.revocable);
            if !self.revocable {
                extensions::no_rev_avail(writer);
            }
        }))
    }
}

/// Refuses an algorithm that a key has no part in.
pub(crate) fn check_algorithm(key: &PublicKey, algorithm: Algorithm) -> Result<(), TemplateError> {
    let fits = match algorithm {
        Algorithm::Ed25519 => matches!(key, PublicKey::Ed25519(_)),
        Algorithm::EcdsaP256Sha256 => matches!(key, PublicKey::EcdsaP256(_)),
        Algorithm::EcdsaP384Sha384 => matches!(key, PublicKey::EcdsaP384(_)),
        Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => matches!(key, PublicKey::Rsa { .. }),
        Algorithm::MlDsa(set) => matches!(key, PublicKey::MlDsa(of, _) if *of == set),
    };
    if fits { Ok(()) } else { Err(TemplateError::Algorithm { algorithm }) }
}
