//! How OCSP names a certificate (RFC 6960, 4.1.1): by hashes of its issuer's name and key, and its serial number.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use menagerie_sign::PublicKey;
use x509_cert::spki::ObjectIdentifier;

use crate::asn1::{INTEGER, Malformed, NULL, Reader, Writer};
use crate::certificate::{Issuer, Serial};

const SHA1_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The hashes that issuers are named by. SHA-1, which most clients send, only names here: nothing rests on its strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashKind {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl HashKind {
    /// Both, the one that most clients send first.
    pub const ALL: [Self; 2] = [Self::Sha1, Self::Sha256];

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => SHA1_OID,
            Self::Sha256 => SHA256_OID,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
        }
    }

    fn len(self) -> usize {
        self.algorithm().output_len()
    }
}

/// The name of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CertId {
    hash: HashKind,
    issuer_name_hash: Vec<u8>,
    issuer_key_hash: Vec<u8>,
    serial: Serial,
}

impl CertId {
    /// The hash that the issuer is named by.
    #[must_use]
    pub const fn hash(&self) -> HashKind {
        self.hash
    }

    /// The hash of the issuer's name.
    #[must_use]
    pub fn issuer_name_hash(&self) -> &[u8] {
        &self.issuer_name_hash
    }

    /// The hash of the issuer's key.
    #[must_use]
    pub fn issuer_key_hash(&self) -> &[u8] {
        &self.issuer_key_hash
    }

    /// The certificate's serial number.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// Reads a CertID: `None` if it names its issuer by another hash.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        let mut fields = reader.sequence()?;
        let mut algorithm = fields.sequence()?;
        let oid = algorithm.oid()?;
        let hash = HashKind::ALL.into_iter().find(|hash| hash.oid() == oid);
        if hash.is_some() {
            if let Some(parameters) = algorithm.optional(NULL)?
                && !parameters.value.is_empty()
            {
                return Err(Malformed);
            }
            algorithm.finish()?;
        }
        let issuer_name_hash = fields.octet_string()?.to_vec();
        let issuer_key_hash = fields.octet_string()?.to_vec();
        let serial = Serial::from_integer(fields.integer()?).map_err(|_| Malformed)?;
        fields.finish()?;
        let Some(hash) = hash else {
            return Ok(None);
        };
        if issuer_name_hash.len() != hash.len() || issuer_key_hash.len() != hash.len() {
            return Err(Malformed);
        }
        Ok(Some(Self { hash, issuer_name_hash, issuer_key_hash, serial }))
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.sequence(|writer| {
            writer.sequence(|writer| {
                writer.oid(&self.hash.oid());
                writer.primitive(NULL, &[]);
            });
            writer.octet_string(&self.issuer_name_hash);
            writer.octet_string(&self.issuer_key_hash);
            writer.primitive(INTEGER, self.serial.as_integer());
        });
    }
}

/// An issuer as OCSP names it, by each hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerIds {
    hashes: [(HashKind, Vec<u8>, Vec<u8>); 2],
}

impl IssuerIds {
    /// The names of an issuer.
    #[must_use]
    pub fn new(issuer: &Issuer) -> Self {
        let hashes = HashKind::ALL.map(|hash| {
            let of = |bytes| digest(hash.algorithm(), bytes).as_ref().to_vec();
            (hash, of(issuer.subject().as_der()), of(issuer.key_bits()))
        });
        Self { hashes }
    }

    /// The hash of the issuer's key, by which an issuer is looked up.
    ///
    /// # Panics
    /// Never: there is one for each hash.
    #[must_use]
    pub fn key_hash(&self, hash: HashKind) -> &[u8] {
        &self.hashes.iter().find(|(found, ..)| *found == hash).expect("there is one for each hash").2
    }

    /// Whether a certificate is named as this issuer's.
    #[must_use]
    pub fn is_issuer_of(&self, id: &CertId) -> bool {
        self.hashes.iter().any(|(hash, name, key)| *hash == id.hash && *name == id.issuer_name_hash && *key == id.issuer_key_hash)
    }

    /// How a certificate of this issuer is named by one hash.
    #[must_use]
    pub fn id(&self, hash: HashKind, serial: Serial) -> CertId {
        let (_, name, key) = self.hashes.iter().find(|(found, ..)| *found == hash).expect("there is one for each hash");
        CertId { hash, issuer_name_hash: name.clone(), issuer_key_hash: key.clone(), serial }
    }
}

/// The responder's name in an answer: the SHA-1 hash of its key's bits (RFC 6960, 4.2.1).
pub(super) fn key_hash(key: &PublicKey) -> Vec<u8> {
    let spki = key.to_spki_der();
    let bits = crate::certificate::key_bits(&spki).expect("a SubjectPublicKeyInfo that was just written");
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec()
}
