//! Certificates of authorities, and of those that answer OCSP for them. An authority is planned first, then signed by itself as a root,
//! or under an issuer as an intermediate; a certificate that stands can be planned again for another issuer, which is cross-signing.

use menagerie_sign::{Algorithm, PublicKey};
use x509_cert::spki::ObjectIdentifier;

use super::extensions;
use super::issuer::Issuer;
use super::key_id::KeyId;
use super::places::Places;
use super::serial::Serial;
use super::template::{TemplateError, check_algorithm};
use super::to_be_signed::{Content, ToBeSigned};
use super::usage::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use super::validity::Validity;
use super::view::View;
use crate::asn1::Writer;
use crate::name::{ConstraintError, DistinguishedName, NameConstraints, Subject};

/// Every policy (RFC 5280, 4.2.1.4).
pub const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");

/// What an authority's certificate will say.
#[derive(Debug, Clone)]
pub struct AuthorityTemplate {
    subject: DistinguishedName,
    public_key: PublicKey,
    key_id: KeyId,
    validity: Validity,
    path_length: Option<u8>,
    constraints: NameConstraints,
    extended_key_usages: Vec<ExtendedKeyUsage>,
    policies: Vec<ObjectIdentifier>,
}

impl AuthorityTemplate {
    /// An authority with any number of others under it, for any names and usages.
    ///
    /// # Errors
    /// [`TemplateError::EmptySubject`] if the subject is empty.
    pub fn new(subject: &Subject, public_key: &PublicKey, validity: Validity) -> Result<Self, TemplateError> {
        if subject.is_empty() {
            return Err(TemplateError::EmptySubject);
        }
        let key_id = KeyId::of_spki(&public_key.to_spki_der()).expect("a SubjectPublicKeyInfo that was just written");
        Ok(Self {
            subject: subject.into(),
            public_key: public_key.clone(),
            key_id,
            validity,
            path_length: None,
            constraints: NameConstraints::default(),
            extended_key_usages: Vec::new(),
            policies: Vec::new(),
        })
    }

    /// An authority that stands, to be certified by another issuer: its name, byte for byte, its key and that key's identifier, and what
    /// its certificate limits it to.
    ///
    /// # Errors
    /// [`super::IssuerError`] if the certificate is no authority's.
    pub fn cross(certificate: &View, validity: Validity) -> Result<Self, super::IssuerError> {
        let issuer = Issuer::new(certificate)?;
        let path_length = certificate.path_length().map(u8::try_from).transpose();
        Ok(Self {
            subject: issuer.subject().clone(),
            public_key: issuer.public_key().clone(),
            key_id: issuer.key_id().clone(),
            validity,
            path_length: path_length.map_err(|_| ConstraintError::Malformed)?,
            constraints: issuer.constraints().clone(),
            extended_key_usages: certificate.extended_key_usages().to_vec(),
            policies: certificate.policies().to_vec(),
        })
    }

    /// At most so many authorities between it and a leaf.
    #[must_use]
    pub const fn with_path_length(mut self, length: u8) -> Self {
        self.path_length = Some(length);
        self
    }

    /// For these names alone.
    #[must_use]
    pub fn with_constraints(mut self, constraints: NameConstraints) -> Self {
        self.constraints = constraints;
        self
    }

    /// For these usages alone. A root's certificate has none: verifiers disagree on what they would mean there.
    #[must_use]
    pub fn with_extended_key_usages(mut self, usages: Vec<ExtendedKeyUsage>) -> Self {
        self.extended_key_usages = usages;
        self
    }

    /// Under these policies.
    #[must_use]
    pub fn with_policies(mut self, policies: Vec<ObjectIdentifier>) -> Self {
        self.policies = policies;
        self
    }

    /// The identifier that its key will have.
    #[must_use]
    pub const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The bytes of a root, for its own key to sign.
    ///
    /// # Errors
    /// [`TemplateError::Algorithm`] if its key does not sign by `algorithm`.
    pub fn root(&self, serial: &Serial, algorithm: Algorithm) -> Result<ToBeSigned, TemplateError> {
        check_algorithm(&self.public_key, algorithm)?;
        let spki = self.public_key.to_spki_der();
        let content = Content {
            serial,
            algorithm,
            issuer: self.subject.as_der(),
            validity: self.validity,
            subject: self.subject.as_der(),
            spki: &spki,
        };
        Ok(ToBeSigned::new(&content, |writer| self.write_extensions(writer, &self.key_id, self.path_length, &[], &Places::NONE)))
    }

    /// The bytes of an intermediate, for its issuer to sign. Where the issuer's path length limits it and it was given none, it gets the
    /// longest possible.
    ///
    /// # Errors
    /// [`TemplateError`] if the issuer's own certificate does not allow it.
    pub fn under(&self, issuer: &Issuer, serial: &Serial, places: &Places, algorithm: Algorithm) -> Result<ToBeSigned, TemplateError> {
        check_algorithm(issuer.public_key(), algorithm)?;
        if issuer.public_key() == &self.public_key {
            return Err(TemplateError::IssuersKey);
        }
        if !issuer.validity().covers(self.validity) {
            return Err(TemplateError::OutlivesIssuer { asked: self.validity, issuer: issuer.validity() });
        }
        if let Some(usage) = self.extended_key_usages.iter().find(|usage| !issuer.may_certify_for(**usage)) {
            return Err(TemplateError::ExtendedKeyUsage { usage: *usage });
        }
        let path_length = match (issuer.path_length(), self.path_length) {
            (None, own) => own,
            (Some(0), _) => return Err(TemplateError::PathLength),
            (Some(above), Some(own)) if u32::from(own) >= above => return Err(TemplateError::PathLength),
            (Some(_), Some(own)) => Some(own),
            (Some(above), None) => Some(u8::try_from(above - 1).unwrap_or(u8::MAX)),
        };
        let spki = self.public_key.to_spki_der();
        let content = Content {
            serial,
            algorithm,
            issuer: issuer.subject().as_der(),
            validity: self.validity,
            subject: self.subject.as_der(),
            spki: &spki,
        };
        Ok(ToBeSigned::new(&content, |writer| {
            self.write_extensions(writer, issuer.key_id(), path_length, &self.extended_key_usages, places);
        }))
    }

    fn write_extensions(&self, writer: &mut Writer, issuer: &KeyId, path_length: Option<u8>, usages: &[ExtendedKeyUsage], places: &Places) {
        extensions::authority(writer, path_length);
        extensions::key_usages(writer, [KeyUsage::KeyCertSign, KeyUsage::CrlSign].into_iter().collect());
        extensions::extended_key_usages(writer, usages);
        extensions::subject_key_id(writer, &self.key_id);
        extensions::authority_key_id(writer, issuer);
        extensions::policies(writer, &self.policies);
        extensions::name_constraints(writer, &self.constraints);
        extensions::places(writer, places, true);
    }
}

/// What the certificate of an authority's OCSP responder will say (RFC 6960, 4.2.2.2): that it may sign the authority's answers, and that
/// nobody asks whether it is revoked itself. An authority that is limited to other extended key usages may have one all the same, as the
/// Baseline Requirements expect (7.1.2.10.6 keeps OCSPSigning out of such an authority's own).
#[derive(Debug, Clone)]
pub struct ResponderTemplate {
    subject: Subject,
    public_key: PublicKey,
    validity: Validity,
}

impl ResponderTemplate {
    /// A responder for a time, which should be short.
    #[must_use]
    pub const fn new(subject: Subject, public_key: PublicKey, validity: Validity) -> Self {
        Self { subject, public_key, validity }
    }

    /// The bytes for the authority to sign.
    ///
    /// # Errors
    /// [`TemplateError`] if the authority's own certificate does not allow it.
    pub fn under(&self, issuer: &Issuer, serial: &Serial, algorithm: Algorithm) -> Result<ToBeSigned, TemplateError> {
        check_algorithm(issuer.public_key(), algorithm)?;
        if self.subject.is_empty() {
            return Err(TemplateError::EmptySubject);
        }
        if issuer.public_key() == &self.public_key {
            return Err(TemplateError::IssuersKey);
        }
        if !issuer.validity().covers(self.validity) {
            return Err(TemplateError::OutlivesIssuer { asked: self.validity, issuer: issuer.validity() });
        }
        let spki = self.public_key.to_spki_der();
        let key_id = KeyId::of_spki(&spki).expect("a SubjectPublicKeyInfo that was just written");
        let subject = self.subject.to_der();
        let content =
            Content { serial, algorithm, issuer: issuer.subject().as_der(), validity: self.validity, subject: &subject, spki: &spki };
        Ok(ToBeSigned::new(&content, |writer| {
            extensions::key_usages(writer, [KeyUsage::DigitalSignature].into_iter().collect::<KeyUsages>());
            extensions::extended_key_usages(writer, &[ExtendedKeyUsage::OCSP_SIGNING]);
            extensions::no_authority(writer);
            extensions::subject_key_id(writer, &key_id);
            extensions::authority_key_id(writer, issuer.key_id());
            extensions::ocsp_no_check(writer);
        }))
    }
}
