//! Reading a certificate request that somebody else made.

use menagerie_sign::x509::{self, X509SignatureError};
use menagerie_sign::{PublicKey, PublicKeyError, weak};

use crate::asn1::{self, Malformed, Reader, context_constructed, small_unsigned};
use crate::certificate::extensions::SUBJECT_ALT_NAME;
use crate::certificate::pem;
use crate::name::{DistinguishedName, San, SanError, Subject, SubjectError, SubjectField};

/// The largest request that is read, in bytes of DER; its text may be half as long again.
pub const MAX_CSR_BYTES: usize = 32 * 1024;
/// The most names that a request may ask for.
pub const MAX_CSR_NAMES: usize = 256;

const EXTENSION_REQUEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";

/// A request whose signature was checked.
#[derive(Debug, Clone)]
pub struct Csr {
    der: Vec<u8>,
    public_key: PublicKey,
    subject: DistinguishedName,
    names: Vec<San>,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Larger than any request.
    #[error("a certificate request of {len} bytes is not read: at most {MAX_CSR_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// Armour of something else or of several things, or damaged.
    #[error("the text is no certificate request, which stands alone and begins with -----BEGIN CERTIFICATE REQUEST-----")]
    Armour,
    /// Not the structure that a request is.
    #[error("the certificate request's {part} cannot be read")]
    Malformed {
        /// The part of it.
        part: &'static str,
    },
    /// A key that is not certified.
    #[error("the certificate request's key: {0}{lint}", lint = lint_of(.0))]
    PublicKey(#[from] PublicKeyError),
    /// A signature that is not the key's, or by an algorithm that is not accepted.
    #[error("the certificate request: {0}")]
    Signature(#[from] X509SignatureError),
    /// A name that is none.
    #[error("the certificate request asks for a name that cannot be certified: {0}")]
    Name(#[from] SanError),
    /// More names than are read.
    #[error("the certificate request asks for more than {MAX_CSR_NAMES} names")]
    TooManyNames,
}

/// The lint that a key would break, in brackets, if there is one.
fn lint_of(error: &PublicKeyError) -> String {
    match error {
        PublicKeyError::Weak(weak) => format!(" ({})", crate::lint::of_weak_rsa(weak)),
        _ => String::new(),
    }
}

fn at(part: &'static str) -> impl Fn(Malformed) -> CsrError {
    move |_| CsrError::Malformed { part }
}

impl Csr {
    /// Reads a request, in DER or as text.
    ///
    /// # Errors
    /// [`CsrError`] says why it is not taken.
    pub fn parse(bytes: &[u8]) -> Result<Self, CsrError> {
        if bytes.first() == Some(&asn1::SEQUENCE) { Self::from_der(bytes) } else { Self::from_pem(bytes) }
    }

    /// Reads a request as text: one armoured item, with any text around it.
    ///
    /// # Errors
    /// [`CsrError`] says why it is not taken.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, CsrError> {
        if bytes.len() > 2 * MAX_CSR_BYTES {
            return Err(CsrError::TooLarge { len: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| CsrError::Armour)?;
        let mut blocks = pem::blocks(text);
        let (Some(Ok(block)), None) = (blocks.next(), blocks.next()) else {
            return Err(CsrError::Armour);
        };
        let der = pem::decode(block, "CERTIFICATE REQUEST", MAX_CSR_BYTES)
            .or_else(|_| pem::decode(block, "NEW CERTIFICATE REQUEST", MAX_CSR_BYTES))
            .map_err(|_| CsrError::Armour)?;
        Self::from_der(&der)
    }

    /// Reads a request in DER.
    ///
    /// # Errors
    /// [`CsrError`] says why it is not taken.
    pub fn from_der(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > MAX_CSR_BYTES {
            return Err(CsrError::TooLarge { len: der.len() });
        }
        let outline = at("outline");
        let mut request = Reader::sequence_of(der).map_err(&outline)?;
        let signed = request.take(asn1::SEQUENCE).map_err(&outline)?;
        let algorithm = request.take(asn1::SEQUENCE).map_err(&outline)?;
        let signature = request.whole_bit_string().map_err(&outline)?;
        request.finish().map_err(&outline)?;

        let mut fields = signed.reader();
        if small_unsigned(fields.integer().map_err(at("version"))?) != Some(0) {
            return Err(CsrError::Malformed { part: "version" });
        }
        let subject = fields.take(asn1::SEQUENCE).and_then(|name| DistinguishedName::read(name.whole)).map_err(at("subject"))?;
        let spki = fields.take(asn1::SEQUENCE).map_err(at("public key"))?.whole;
        let attributes = fields.optional(context_constructed(0)).map_err(at("attributes"))?;
        fields.finish().map_err(at("attributes"))?;

        let names = attributes.map(|attributes| read_names(attributes.reader())).transpose()?.unwrap_or_default();
        let public_key = PublicKey::from_spki_der(spki)?;
        x509::verify(&public_key, algorithm.whole, signed.whole, signature)?;
        if let PublicKey::Rsa { n, e } = &public_key {
            weak::check_foreign_rsa(n, e).map_err(PublicKeyError::from)?;
        }
        Ok(Self { der: der.to_vec(), public_key, subject, names })
    }

    /// The request, in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The request, as text.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::armour("CERTIFICATE REQUEST", &self.der)
    }

    /// The key to certify; it signed the request.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The subject that it asks for, as it stands there.
    #[must_use]
    pub const fn asked_subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The subject's fields that lemur knows, each the first of its kind.
    ///
    /// # Errors
    /// [`SubjectError`] if one cannot stand in a certificate.
    pub fn subject(&self) -> Result<Subject, SubjectError> {
        let mut subject = Subject::new();
        for field in SubjectField::ALL {
            if let Some(text) = self.subject.field(field) {
                subject = subject.with(field, text)?;
            }
        }
        Ok(subject)
    }

    /// The common name that it asks for.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.subject.field(SubjectField::CommonName)
    }

    /// The subject alternative names that it asks for, in its order, each once.
    #[must_use]
    pub fn names(&self) -> &[San] {
        &self.names
    }

    /// All names that it asks for: the subject alternative names, and a common name that is a DNS name or an IP address and not among them,
    /// first, as ACME (RFC 8555, 7.4) wants it.
    #[must_use]
    pub fn all_names(&self) -> Vec<San> {
        let mut names = self.names.clone();
        if let Some(name @ (San::Dns(_) | San::Ip(_))) = self.common_name().and_then(|text| San::guess(text).ok())
            && !names.contains(&name)
        {
            names.insert(0, name);
        }
        names
    }
}

/// The subject alternative names of the request's attributes; the rest of them is passed over.
fn read_names(mut attributes: Reader<'_>) -> Result<Vec<San>, CsrError> {
    let malformed = at("attributes");
    let mut names: Option<Vec<San>> = None;
    while !attributes.is_finished() {
        let mut attribute = attributes.sequence().map_err(&malformed)?;
        let kind = attribute.take(asn1::OID).map_err(&malformed)?.value;
        let mut values = attribute.set().map_err(&malformed)?;
        attribute.finish().map_err(&malformed)?;
        if kind != EXTENSION_REQUEST {
            continue;
        }
        let mut extensions = values.sequence().map_err(&malformed)?;
        values.finish().map_err(&malformed)?;
        while !extensions.is_finished() {
            let mut extension = extensions.sequence().map_err(&malformed)?;
            let kind = extension.take(asn1::OID).map_err(&malformed)?.value;
            extension.default_false().map_err(&malformed)?;
            let value = extension.octet_string().map_err(&malformed)?;
            extension.finish().map_err(&malformed)?;
            if kind == SUBJECT_ALT_NAME.as_bytes() && names.replace(read_general_names(value)?).is_some() {
                return Err(CsrError::Malformed { part: "subject alternative name, which is there twice," });
            }
        }
    }
    Ok(names.unwrap_or_default())
}

fn read_general_names(value: &[u8]) -> Result<Vec<San>, CsrError> {
    let malformed = at("subject alternative name");
    let mut names = Vec::new();
    let mut list = Reader::sequence_of(value).map_err(&malformed)?;
    while !list.is_finished() {
        let name = San::read(list.element().map_err(&malformed)?)?;
        if names.contains(&name) {
            continue;
        }
        if names.len() == MAX_CSR_NAMES {
            return Err(CsrError::TooManyNames);
        }
        names.push(name);
    }
    Ok(names)
}
