//! The parts of a profile, and the form that it has in TOML.

use std::fmt;

use menagerie_sign::{KeyType, MlDsa, PublicKey};
use serde::{Deserialize, Serialize};

use super::lifetime::Lifetime;
use super::{Profile, ProfileError};
use crate::asn1::object_identifier;
use crate::certificate::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use crate::name::{SanKind, Subject, SubjectField};

/// A kind of key, as configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[serde(rename = "ecdsa-p256")]
    EcdsaP256,
    /// ECDSA on P-384.
    #[serde(rename = "ecdsa-p384")]
    EcdsaP384,
    /// Ed25519.
    #[serde(rename = "ed25519")]
    Ed25519,
    /// RSA of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// ML-DSA-44, experimental.
    #[serde(rename = "ml-dsa-44")]
    MlDsa44,
    /// ML-DSA-65, experimental.
    #[serde(rename = "ml-dsa-65")]
    MlDsa65,
    /// ML-DSA-87, experimental.
    #[serde(rename = "ml-dsa-87")]
    MlDsa87,
}

impl KeyKind {
    /// Every kind, in the order that they are offered in.
    pub const ALL: [Self; 9] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::Ed25519,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// Whether it is certified only where the configuration says that it is wanted.
    #[must_use]
    pub const fn is_experimental(self) -> bool {
        matches!(self, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87)
    }

    /// The kind of a key: `None` for RSA of another size.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        key.key_type().map(|key_type| match key_type {
            KeyType::EcdsaP256 => Self::EcdsaP256,
            KeyType::EcdsaP384 => Self::EcdsaP384,
            KeyType::Ed25519 => Self::Ed25519,
            KeyType::Rsa2048 => Self::Rsa2048,
            KeyType::Rsa3072 => Self::Rsa3072,
            KeyType::Rsa4096 => Self::Rsa4096,
            KeyType::MlDsa(MlDsa::MlDsa44) => Self::MlDsa44,
            KeyType::MlDsa(MlDsa::MlDsa65) => Self::MlDsa65,
            KeyType::MlDsa(MlDsa::MlDsa87) => Self::MlDsa87,
        })
    }

    /// What makes such a key.
    #[must_use]
    pub const fn key_type(self) -> KeyType {
        match self {
            Self::EcdsaP256 => KeyType::EcdsaP256,
            Self::EcdsaP384 => KeyType::EcdsaP384,
            Self::Ed25519 => KeyType::Ed25519,
            Self::Rsa2048 => KeyType::Rsa2048,
            Self::Rsa3072 => KeyType::Rsa3072,
            Self::Rsa4096 => KeyType::Rsa4096,
            Self::MlDsa44 => KeyType::MlDsa(MlDsa::MlDsa44),
            Self::MlDsa65 => KeyType::MlDsa(MlDsa::MlDsa65),
            Self::MlDsa87 => KeyType::MlDsa(MlDsa::MlDsa87),
        }
    }

    /// The name in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::MlDsa44 => "ml-dsa-44",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What names a profile certifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamePolicy {
    /// The kinds of names.
    pub kinds: Vec<SanKind>,
    /// Whether there must be one.
    #[serde(default = "yes")]
    pub required: bool,
    /// The most names.
    #[serde(default = "hundred")]
    pub max: usize,
    /// Whether a DNS name may begin with `*.`.
    #[serde(default)]
    pub wildcards: bool,
    /// Whether a DNS name may be a single label.
    #[serde(default)]
    pub single_labels: bool,
    /// The schemes that a URI may have; any if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uri_schemes: Vec<String>,
}

const fn yes() -> bool {
    true
}

const fn hundred() -> usize {
    100
}

/// What becomes of the common name that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommonName {
    /// It is a name to certify as any other, and is not written into the subject.
    Omit,
    /// It is a name to certify as any other, and is written into the subject too.
    #[default]
    FromNames,
    /// It is any text.
    Free,
}

/// What subjects a profile writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubjectPolicy {
    /// What becomes of the common name.
    pub common_name: CommonName,
    /// The other fields that a request may set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<SubjectField>,
    /// What is written whatever is asked.
    #[serde(skip_serializing_if = "Subject::is_empty")]
    pub fixed: Subject,
}

/// Whether the certificates of a profile can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revocation {
    /// By revocation list and OCSP.
    #[default]
    Published,
    /// Not at all: they are short-lived and say so (RFC 9608).
    None,
}

/// A profile's form in TOML.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    key_usages: Vec<KeyUsage>,
    extended_key_usages: Vec<ExtendedKeyUsage>,
    key_types: Vec<KeyKind>,
    names: NamePolicy,
    #[serde(default)]
    subject: SubjectPolicy,
    default_lifetime: Lifetime,
    max_lifetime: Lifetime,
    #[serde(default = "five_minutes")]
    backdate: Lifetime,
    #[serde(default = "a_day")]
    start_within: Lifetime,
    #[serde(default)]
    revocation: Revocation,
    #[serde(default)]
    baseline: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
}

const fn five_minutes() -> Lifetime {
    Lifetime::minutes(5)
}

const fn a_day() -> Lifetime {
    Lifetime::days(1)
}

impl TryFrom<Text> for Profile {
    type Error = ProfileError;

    fn try_from(text: Text) -> Result<Self, Self::Error> {
        let policy = |text: String| object_identifier(&text).ok_or(ProfileError::Policy { text });
        Self {
            description: text.description,
            key_usages: KeyUsages::from(text.key_usages),
            extended_key_usages: text.extended_key_usages,
            key_kinds: text.key_types,
            names: text.names,
            subject: text.subject,
            default_lifetime: text.default_lifetime,
            max_lifetime: text.max_lifetime,
            backdate: text.backdate,
            start_within: text.start_within,
            revocation: text.revocation,
            baseline: text.baseline,
            policies: text.policies.into_iter().map(policy).collect::<Result<_, _>>()?,
        }
        .checked()
    }
}

impl From<Profile> for Text {
    fn from(profile: Profile) -> Self {
        Self {
            description: profile.description,
            key_usages: profile.key_usages.into(),
            extended_key_usages: profile.extended_key_usages,
            key_types: profile.key_kinds,
            names: profile.names,
            subject: profile.subject,
            default_lifetime: profile.default_lifetime,
            max_lifetime: profile.max_lifetime,
            backdate: profile.backdate,
            start_within: profile.start_within,
            revocation: profile.revocation,
            baseline: profile.baseline,
            policies: profile.policies.iter().map(ToString::to_string).collect(),
        }
    }
}
