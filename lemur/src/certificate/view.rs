//! A certificate that was read: what it says, for display, for checking what was signed, and for issuing under it. Certificates of
//! others may say things that lemur would not write; what cannot be read at all is refused.

use std::ops::Range;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use menagerie_sign::{PublicKey, PublicKeyError, x509};
use x509_cert::spki::ObjectIdentifier;

use super::extensions as known;
use super::key_id::KeyId;
use super::serial::{Serial, SerialError};
use super::usage::{ExtendedKeyUsage, KeyUsages};
use super::validity::Validity;
use crate::asn1::{self, Element, Malformed, Reader, context_constructed, small_unsigned};
use crate::name::{ConstraintError, DistinguishedName, GeneralName, NameConstraints, San, general_name};

/// The largest certificate that is read, in bytes.
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;
/// The most extensions that a certificate may have.
const MAX_EXTENSIONS: usize = 64;

/// Why bytes are no certificate that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Larger than any certificate.
    #[error("a certificate of {len} bytes is not read: at most {MAX_CERTIFICATE_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// Not the structure that a certificate is.
    #[error("the certificate's {part} cannot be read")]
    Malformed {
        /// The part of it.
        part: &'static str,
    },
    /// A serial number that X.509 has no place for.
    #[error("the certificate: {0}")]
    Serial(#[from] SerialError),
    /// An extension that stands there twice.
    #[error("the certificate has the extension {oid} twice")]
    Twice {
        /// The extension.
        oid: ObjectIdentifier,
    },
    /// More extensions than are read.
    #[error("the certificate has more than {MAX_EXTENSIONS} extensions")]
    TooManyExtensions,
    /// One algorithm in the signed part and another beside the signature.
    #[error("the certificate names two signature algorithms")]
    TwoAlgorithms,
}

/// What a certificate says. Its bytes are kept as they were.
#[derive(Debug, Clone)]
pub struct View {
    der: Vec<u8>,
    to_be_signed: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
    spki: Range<usize>,
    version: u32,
    serial: Serial,
    issuer: DistinguishedName,
    validity: Validity,
    subject: DistinguishedName,
    extensions: Extensions,
}

#[derive(Debug, Clone, Default)]
struct Extensions {
    authority: bool,
    path_length: Option<u32>,
    key_usages: Option<KeyUsages>,
    extended_key_usages: Vec<ExtendedKeyUsage>,
    key_id: Option<KeyId>,
    issuer_key_id: Option<KeyId>,
    names: Vec<San>,
    other_names: Vec<String>,
    policies: Vec<ObjectIdentifier>,
    constraints: Option<Vec<u8>>,
    ocsp_urls: Vec<String>,
    issuer_urls: Vec<String>,
    crl_urls: Vec<String>,
    no_rev_avail: bool,
    ocsp_no_check: bool,
    unknown_critical: Vec<ObjectIdentifier>,
}

fn at(part: &'static str) -> impl Fn(Malformed) -> CertificateError {
    move |_| CertificateError::Malformed { part }
}

impl View {
    /// Reads a DER-encoded certificate.
    ///
    /// # Errors
    /// [`CertificateError`] says what keeps it from being one.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge { len: der.len() });
        }
        let outline = at("outline");
        let mut certificate = Reader::sequence_of(der).map_err(&outline)?;
        let to_be_signed = certificate.take(asn1::SEQUENCE).map_err(&outline)?;
        let algorithm = certificate.take(asn1::SEQUENCE).map_err(&outline)?;
        let signature = certificate.whole_bit_string().map_err(&outline)?;
        certificate.finish().map_err(&outline)?;

        let mut fields = to_be_signed.reader();
        let version = read_version(&mut fields).map_err(at("version"))?;
        let serial = Serial::from_integer(fields.integer().map_err(at("serial number"))?)?;
        if fields.take(asn1::SEQUENCE).map_err(at("signature algorithm"))?.whole != algorithm.whole {
            return Err(CertificateError::TwoAlgorithms);
        }
        let issuer = read_name(&mut fields).map_err(at("issuer"))?;
        let validity = Validity::read(&mut fields).map_err(at("validity"))?;
        let subject = read_name(&mut fields).map_err(at("subject"))?;
        let spki = fields.take(asn1::SEQUENCE).map_err(at("public key"))?.whole;
        for unique_id in [asn1::context(1), asn1::context(2)] {
            fields.optional(unique_id).map_err(at("unique identifiers"))?;
        }
        let extensions = match fields.optional(context_constructed(3)).map_err(at("extensions"))? {
            Some(element) if version == 2 => Extensions::read(element.value)?,
            Some(_) => return Err(CertificateError::Malformed { part: "version" }),
            None => Extensions::default(),
        };
        fields.finish().map_err(at("extensions"))?;
        let range = |part: &[u8]| offset(der, part)..offset(der, part) + part.len();
        Ok(Self {
            to_be_signed: range(to_be_signed.whole),
            algorithm: range(algorithm.whole),
            signature: range(signature),
            spki: range(spki),
            der: der.to_vec(),
            version: version + 1,
            serial,
            issuer,
            validity,
            subject,
            extensions,
        })
    }

    /// The DER-encoded certificate.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.der[self.to_be_signed.clone()]
    }

    /// The signature's AlgorithmIdentifier, and the signature's bits.
    #[must_use]
    pub fn signature(&self) -> (&[u8], &[u8]) {
        (&self.der[self.algorithm.clone()], &self.der[self.signature.clone()])
    }

    /// What people call the algorithm that it is signed by.
    #[must_use]
    pub fn signature_algorithm(&self) -> String {
        x509::signature_algorithm_name(self.signature().0).unwrap_or_else(|_| "unknown".to_owned())
    }

    /// The version, 1 to 3.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The serial number.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// The issuer's name.
    #[must_use]
    pub const fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The subject's name.
    #[must_use]
    pub const fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// When it is valid.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The key as a DER-encoded SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.der[self.spki.clone()]
    }

    /// The key.
    ///
    /// # Errors
    /// [`PublicKeyError`] if it is of a kind that is not supported, or weak.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_spki_der(self.spki())
    }

    /// Whether the subject is the issuer by name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether it is an authority's (`cA`).
    #[must_use]
    pub const fn is_authority(&self) -> bool {
        self.extensions.authority
    }

    /// How many authorities may stand between it and a leaf.
    #[must_use]
    pub const fn path_length(&self) -> Option<u32> {
        self.extensions.path_length
    }

    /// The key usages, if the extension is there.
    #[must_use]
    pub const fn key_usages(&self) -> Option<KeyUsages> {
        self.extensions.key_usages
    }

    /// The extended key usages.
    #[must_use]
    pub fn extended_key_usages(&self) -> &[ExtendedKeyUsage] {
        &self.extensions.extended_key_usages
    }

    /// The subject key identifier.
    #[must_use]
    pub const fn key_id(&self) -> Option<&KeyId> {
        self.extensions.key_id.as_ref()
    }

    /// The authority key identifier.
    #[must_use]
    pub const fn issuer_key_id(&self) -> Option<&KeyId> {
        self.extensions.issuer_key_id.as_ref()
    }

    /// The subject alternative names of the kinds that lemur certifies.
    #[must_use]
    pub fn names(&self) -> &[San] {
        &self.extensions.names
    }

    /// The subject alternative names of other kinds, or that are malformed, as text for people.
    #[must_use]
    pub fn other_names(&self) -> &[String] {
        &self.extensions.other_names
    }

    /// The certificate policies.
    #[must_use]
    pub fn policies(&self) -> &[ObjectIdentifier] {
        &self.extensions.policies
    }

    /// The name constraints, if there are any.
    ///
    /// # Errors
    /// [`ConstraintError`] if they are malformed, or on names of a kind that nothing here decides by.
    pub fn name_constraints(&self) -> Result<Option<NameConstraints>, ConstraintError> {
        self.extensions.constraints.as_deref().map(NameConstraints::read).transpose()
    }

    /// Where OCSP is answered for it.
    #[must_use]
    pub fn ocsp_urls(&self) -> &[String] {
        &self.extensions.ocsp_urls
    }

    /// Where its issuer's certificate is.
    #[must_use]
    pub fn issuer_urls(&self) -> &[String] {
        &self.extensions.issuer_urls
    }

    /// Where the revocation list that covers it is.
    #[must_use]
    pub fn crl_urls(&self) -> &[String] {
        &self.extensions.crl_urls
    }

    /// Whether it says that nobody says whether it is revoked (RFC 9608).
    #[must_use]
    pub const fn has_no_rev_avail(&self) -> bool {
        self.extensions.no_rev_avail
    }

    /// Whether it is an OCSP responder's about whose revocation nobody asks (RFC 6960).
    #[must_use]
    pub const fn has_ocsp_no_check(&self) -> bool {
        self.extensions.ocsp_no_check
    }

    /// Critical extensions that are not known here: such a certificate must not be relied on.
    #[must_use]
    pub fn unknown_critical(&self) -> &[ObjectIdentifier] {
        &self.extensions.unknown_critical
    }

    /// The SHA-256 hash of the certificate.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        digest(&SHA256, &self.der).as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }

    /// The SHA-1 hash of the certificate, by which people still name certificates.
    #[must_use]
    pub fn sha1(&self) -> [u8; 20] {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der).as_ref().try_into().expect("SHA-1 gives 20 bytes")
    }
}

/// Where a part of some bytes begins in them.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

/// The version's number, which is one less than people say.
fn read_version(fields: &mut Reader<'_>) -> Result<u32, Malformed> {
    let Some(element) = fields.optional(context_constructed(0))? else {
        return Ok(0);
    };
    let mut inner = element.reader();
    let version = small_unsigned(inner.integer()?).filter(|version| (1..=2).contains(version)).ok_or(Malformed)?;
    inner.finish()?;
    Ok(version)
}

fn read_name(fields: &mut Reader<'_>) -> Result<DistinguishedName, Malformed> {
    DistinguishedName::read(fields.take(asn1::SEQUENCE)?.whole)
}

impl Extensions {
    fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let mut found = Self::default();
        let mut seen: Vec<ObjectIdentifier> = Vec::new();
        let mut list = Reader::sequence_of(der).map_err(at("extensions"))?;
        while !list.is_finished() {
            let mut extension = list.sequence().map_err(at("extensions"))?;
            let oid = extension.oid().map_err(at("extensions"))?;
            let critical = extension.default_false().map_err(at("extensions"))?;
            let value = extension.octet_string().map_err(at("extensions"))?;
            extension.finish().map_err(at("extensions"))?;
            if seen.contains(&oid) {
                return Err(CertificateError::Twice { oid });
            }
            if seen.len() == MAX_EXTENSIONS {
                return Err(CertificateError::TooManyExtensions);
            }
            seen.push(oid);
            found.take(oid, critical, value)?;
        }
        Ok(found)
    }

    fn take(&mut self, oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Result<(), CertificateError> {
        match oid {
            known::BASIC_CONSTRAINTS => self.take_basic_constraints(value).map_err(at("basic constraints")),
            known::KEY_USAGE => {
                self.key_usages = Some(KeyUsages::read(value).map_err(at("key usage"))?);
                Ok(())
            }
            known::EXTENDED_KEY_USAGE => self.take_extended_key_usages(value).map_err(at("extended key usage")),
            known::SUBJECT_KEY_ID => self.take_key_id(value).map_err(at("subject key identifier")),
            known::AUTHORITY_KEY_ID => self.take_issuer_key_id(value).map_err(at("authority key identifier")),
            known::SUBJECT_ALT_NAME => self.take_names(value).map_err(at("subject alternative name")),
            known::CERTIFICATE_POLICIES => self.take_policies(value).map_err(at("certificate policies")),
            known::NAME_CONSTRAINTS => {
                self.constraints = Some(value.to_vec());
                Ok(())
            }
            known::AUTHORITY_INFO_ACCESS => self.take_access(value).map_err(at("authority information access")),
            known::CRL_DISTRIBUTION_POINTS => self.take_crl(value).map_err(at("CRL distribution points")),
            known::NO_REV_AVAIL => {
                self.no_rev_avail = true;
                Ok(())
            }
            known::OCSP_NO_CHECK => {
                self.ocsp_no_check = true;
                Ok(())
            }
            _ => {
                if critical {
                    self.unknown_critical.push(oid);
                }
                Ok(())
            }
        }
    }

    fn take_basic_constraints(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut fields = Reader::sequence_of(value)?;
        self.authority = fields.default_false()?;
        if !fields.is_finished() {
            self.path_length = Some(small_unsigned(fields.integer()?).ok_or(Malformed)?);
        }
        fields.finish()?;
        // RFC 5280, 4.2.1.9: a path length is an authority's alone.
        if self.path_length.is_some() && !self.authority { Err(Malformed) } else { Ok(()) }
    }

    fn take_extended_key_usages(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut list = Reader::sequence_of(value)?;
        while !list.is_finished() {
            self.extended_key_usages.push(ExtendedKeyUsage::new(list.oid()?));
        }
        Ok(())
    }

    fn take_key_id(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut reader = Reader::new(value);
        self.key_id = Some(KeyId::new(reader.octet_string()?)?);
        reader.finish()
    }

    fn take_issuer_key_id(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut fields = Reader::sequence_of(value)?;
        if let Some(element) = fields.optional(asn1::context(0))? {
            self.issuer_key_id = Some(KeyId::new(element.value)?);
        }
        fields.optional(context_constructed(1))?;
        fields.optional(asn1::context(2))?;
        fields.finish()
    }

    fn take_names(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut list = Reader::sequence_of(value)?;
        while !list.is_finished() {
            let element = list.element()?;
            match San::read(element) {
                Ok(name) => self.names.push(name),
                Err(_) => self.other_names.push(describe(element)),
            }
        }
        Ok(())
    }

    fn take_policies(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut list = Reader::sequence_of(value)?;
        while !list.is_finished() {
            self.policies.push(list.sequence()?.oid()?);
        }
        Ok(())
    }

    fn take_access(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut list = Reader::sequence_of(value)?;
        while !list.is_finished() {
            let mut access = list.sequence()?;
            let method = access.oid()?;
            let place = access.element()?;
            access.finish()?;
            let urls = match method {
                known::ACCESS_OCSP => &mut self.ocsp_urls,
                known::ACCESS_ISSUERS => &mut self.issuer_urls,
                _ => continue,
            };
            if let Ok(GeneralName::Uri(url)) = general_name(place) {
                urls.push(url.to_owned());
            }
        }
        Ok(())
    }

    fn take_crl(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let mut points = Reader::sequence_of(value)?;
        while !points.is_finished() {
            let mut point = points.sequence()?;
            let Some(name) = point.optional(context_constructed(0))? else {
                continue;
            };
            let Some(full) = name.reader().optional(context_constructed(0))? else {
                continue;
            };
            let mut names = full.reader();
            while !names.is_finished() {
                if let Ok(GeneralName::Uri(url)) = general_name(names.element()?) {
                    self.crl_urls.push(url.to_owned());
                }
            }
        }
        Ok(())
    }
}

/// A name that is not one of lemur's kinds, for people to read.
fn describe(element: Element<'_>) -> String {
    match general_name(element) {
        Ok(GeneralName::Dns(text)) => format!("DNS:{text}"),
        Ok(GeneralName::Email(text)) => format!("email:{text}"),
        Ok(GeneralName::Uri(text)) => format!("URI:{text}"),
        Ok(GeneralName::Directory(name)) => match DistinguishedName::read(name) {
            Ok(name) => format!("dirName:{name}"),
            Err(_) => format!("dirName:#{}", hex::encode(name)),
        },
        Ok(GeneralName::Other(kind)) => format!("{kind}:#{}", hex::encode(element.whole)),
        Ok(GeneralName::Ip(_)) | Err(_) => format!("#{}", hex::encode(element.whole)),
    }
}
