//! What a certified key may be used for: key usages (RFC 5280, 4.2.1.3) and extended key usages (4.2.1.12).

use std::fmt;
use std::str::FromStr;

use menagerie_sign::PublicKey;
use serde::{Deserialize, Serialize};
use x509_cert::spki::ObjectIdentifier;

use crate::asn1::{BIT_STRING, Malformed, Reader, Writer, object_identifier};

/// One key usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum KeyUsage {
    /// Signatures, as TLS 1.3 has them.
    DigitalSignature = 0x8000,
    /// Signatures that their maker shall not deny (`nonRepudiation`).
    ContentCommitment = 0x4000,
    /// Encrypting keys, as RSA key exchange in TLS 1.2 did.
    KeyEncipherment = 0x2000,
    /// Encrypting data itself.
    DataEncipherment = 0x1000,
    /// Agreeing on keys.
    KeyAgreement = 0x0800,
    /// Signing certificates.
    KeyCertSign = 0x0400,
    /// Signing revocation lists.
    CrlSign = 0x0200,
    /// Key agreement for encrypting alone.
    EncipherOnly = 0x0100,
    /// Key agreement for decrypting alone.
    DecipherOnly = 0x0080,
}

impl KeyUsage {
    /// Every usage, in the order of its bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::ContentCommitment,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// RFC 5280's name of its bit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::ContentCommitment => "nonRepudiation",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
            Self::EncipherOnly => "encipherOnly",
            Self::DecipherOnly => "decipherOnly",
        }
    }
}

/// A set of key usages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<KeyUsage>", into = "Vec<KeyUsage>")]
pub struct KeyUsages(u16);

impl KeyUsages {
    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one is among them.
    #[must_use]
    pub const fn contains(self, usage: KeyUsage) -> bool {
        self.0 & usage as u16 != 0
    }

    /// Those of them that a kind of key has a use for: an RSA key agrees on nothing, and no other key encrypts (RFC 8813, 3; RFC 8410, 5;
    /// RFC 9881, 5).
    #[must_use]
    pub const fn of_key(self, key: &PublicKey) -> Self {
        let encipher = KeyUsage::KeyEncipherment as u16 | KeyUsage::DataEncipherment as u16;
        let agree = KeyUsage::KeyAgreement as u16 | KeyUsage::EncipherOnly as u16 | KeyUsage::DecipherOnly as u16;
        Self(match key {
            PublicKey::Rsa { .. } => self.0 & !agree,
            PublicKey::EcdsaP256(_) | PublicKey::EcdsaP384(_) => self.0 & !encipher,
            PublicKey::Ed25519(_) | PublicKey::MlDsa(..) => self.0 & !encipher & !agree,
        })
    }

    /// The usages, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = KeyUsage> {
        KeyUsage::ALL.into_iter().filter(move |usage| self.contains(*usage))
    }

    pub(crate) fn write(self, writer: &mut Writer) {
        writer.named_bits(BIT_STRING, self.0);
    }

    /// Reads the extension's value.
    pub(crate) fn read(der: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(der);
        let value = reader.take(BIT_STRING)?.value;
        reader.finish()?;
        match value {
            [unused, bytes @ ..] if *unused < 8 && bytes.len() <= 2 => {
                let high = bytes.first().copied().unwrap_or(0);
                let low = bytes.get(1).copied().unwrap_or(0);
                let last = bytes.last().copied().unwrap_or(0);
                let is_clean = last.trailing_zeros() >= u32::from(*unused) && (*unused == 0 || !bytes.is_empty());
                if is_clean { Ok(Self(u16::from_be_bytes([high, low]))) } else { Err(Malformed) }
            }
            _ => Err(Malformed),
        }
    }
}

impl FromIterator<KeyUsage> for KeyUsages {
    fn from_iter<I: IntoIterator<Item = KeyUsage>>(usages: I) -> Self {
        Self(usages.into_iter().fold(0, |bits, usage| bits | usage as u16))
    }
}

impl From<Vec<KeyUsage>> for KeyUsages {
    fn from(usages: Vec<KeyUsage>) -> Self {
        usages.into_iter().collect()
    }
}

impl From<KeyUsages> for Vec<KeyUsage> {
    fn from(usages: KeyUsages) -> Self {
        usages.iter().collect()
    }
}

impl fmt::Display for KeyUsages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, usage) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(usage.name())?;
        }
        Ok(())
    }
}

/// An extended key usage: one of RFC 5280's by its name, or any other by its object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExtendedKeyUsage(ObjectIdentifier);

/// A text that names no extended key usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no extended key usage: give server_auth, client_auth, code_signing, email_protection, time_stamping, ocsp_signing or an object identifier"
)]
pub struct ExtendedKeyUsageError {
    text: String,
}

/// Each with its name here and RFC 5280's.
const NAMED: [(ExtendedKeyUsage, &str, &str); 7] = [
    (ExtendedKeyUsage::SERVER_AUTH, "server_auth", "serverAuth"),
    (ExtendedKeyUsage::CLIENT_AUTH, "client_auth", "clientAuth"),
    (ExtendedKeyUsage::CODE_SIGNING, "code_signing", "codeSigning"),
    (ExtendedKeyUsage::EMAIL_PROTECTION, "email_protection", "emailProtection"),
    (ExtendedKeyUsage::TIME_STAMPING, "time_stamping", "timeStamping"),
    (ExtendedKeyUsage::OCSP_SIGNING, "ocsp_signing", "OCSPSigning"),
    (ExtendedKeyUsage::ANY, "any", "anyExtendedKeyUsage"),
];

impl ExtendedKeyUsage {
    /// TLS servers.
    pub const SERVER_AUTH: Self = Self(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1"));
    /// TLS clients.
    pub const CLIENT_AUTH: Self = Self(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2"));
    /// Signed code.
    pub const CODE_SIGNING: Self = Self(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3"));
    /// Signed and encrypted mail.
    pub const EMAIL_PROTECTION: Self = Self(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4"));
    /// Time stamps.
    pub const TIME_STAMPING: Self = Self(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8"));
    /// OCSP responses.
    pub const OCSP_SIGNING: Self = Self(ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9"));
    /// Whatever there is.
    pub const ANY: Self = Self(ObjectIdentifier::new_unwrap("2.5.29.37.0"));

    pub(crate) const fn new(oid: ObjectIdentifier) -> Self {
        Self(oid)
    }

    /// The usage's object identifier.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        self.0
    }

    /// RFC 5280's name, or the object identifier.
    #[must_use]
    pub fn name(self) -> String {
        match NAMED.iter().find(|(usage, ..)| *usage == self) {
            Some((_, _, name)) => (*name).to_owned(),
            None => self.0.to_string(),
        }
    }
}

/// The name used in profiles, or the object identifier.
impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(usage, ..)| usage == self) {
            Some((_, name, _)) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

impl FromStr for ExtendedKeyUsage {
    type Err = ExtendedKeyUsageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match NAMED.iter().find(|(_, name, _)| *name == text) {
            Some((usage, ..)) => Ok(*usage),
            None => object_identifier(text).map(Self).ok_or_else(|| ExtendedKeyUsageError { text: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for ExtendedKeyUsage {
    type Error = ExtendedKeyUsageError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ExtendedKeyUsage> for String {
    fn from(usage: ExtendedKeyUsage) -> Self {
        usage.to_string()
    }
}
