//! Kinds of key as they are typed.

use clap::ValueEnum;
use menagerie_sign::{KeyType, MlDsa};

/// A kind of key that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum KeyChoice {
    /// ECDSA on P-256: small, quick, and read by everything
    #[value(name = "ecdsa-p256")]
    EcdsaP256,
    /// ECDSA on P-384
    #[value(name = "ecdsa-p384")]
    EcdsaP384,
    /// RSA of 2048 bits
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// RSA of 4096 bits
    #[value(name = "rsa-4096")]
    Rsa4096,
    /// Ed25519; few browsers take it
    #[value(name = "ed25519")]
    Ed25519,
    /// ML-DSA-44, experimental
    #[value(name = "ml-dsa-44")]
    MlDsa44,
    /// ML-DSA-65, experimental
    #[value(name = "ml-dsa-65")]
    MlDsa65,
    /// ML-DSA-87, experimental
    #[value(name = "ml-dsa-87")]
    MlDsa87,
}

impl KeyChoice {
    /// As the REST interface calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ECCPRIME256V1",
            Self::EcdsaP384 => "ECCSECP384R1",
            Self::Rsa2048 => "RSA2048",
            Self::Rsa3072 => "RSA3072",
            Self::Rsa4096 => "RSA4096",
            Self::Ed25519 => "ED25519",
            Self::MlDsa44 => "MLDSA44",
            Self::MlDsa65 => "MLDSA65",
            Self::MlDsa87 => "MLDSA87",
        }
    }
}

impl From<KeyChoice> for KeyType {
    fn from(choice: KeyChoice) -> Self {
        match choice {
            KeyChoice::EcdsaP256 => Self::EcdsaP256,
            KeyChoice::EcdsaP384 => Self::EcdsaP384,
            KeyChoice::Rsa2048 => Self::Rsa2048,
            KeyChoice::Rsa3072 => Self::Rsa3072,
            KeyChoice::Rsa4096 => Self::Rsa4096,
            KeyChoice::Ed25519 => Self::Ed25519,
            KeyChoice::MlDsa44 => Self::MlDsa(MlDsa::MlDsa44),
            KeyChoice::MlDsa65 => Self::MlDsa(MlDsa::MlDsa65),
            KeyChoice::MlDsa87 => Self::MlDsa(MlDsa::MlDsa87),
        }
    }
}
