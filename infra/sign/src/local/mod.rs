//! Keys that this process holds.

mod export;
mod pkcs8_export;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, PqdsaKeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
};
use pkcs8::PrivateKeyInfo;
use pkcs8::der::Decode;
use zeroize::Zeroizing;

pub use export::ExportError;

use crate::ml_dsa::MlDsa;
use crate::public_key::{KeyType, PublicKey, PublicKeyError};
use crate::signature::{Algorithm, RsaHash, Signature};
use crate::signer::{SignError, Signer, Signing};

/// The crypto library could not make a key; it does not say why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the crypto library could not make a key")]
pub struct GenerateError;

/// A key that the crypto library holds in this process.
pub struct LocalSigner {
    key: Key,
    public_key: PublicKey,
    algorithm: Algorithm,
    key_derivation: Duration,
}

enum Key {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    MlDsa(MlDsa, PqdsaKeyPair),
    Rsa {
        pair: RsaKeyPair,
        /// RSAPrivateKey (RFC 8017, A.1.2), for [`LocalSigner::to_openssh`].
        pkcs1: Zeroizing<Vec<u8>>,
    },
}

/// Why numbers are no private key.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// The library does not take them: they do not belong together, or it cannot read them.
    Library,
    /// A public key that may not be used.
    Public(PublicKeyError),
}

impl LocalSigner {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// [`GenerateError`] if the crypto library, or its source of randomness, fails.
    pub fn generate(key_type: KeyType) -> Result<Self, GenerateError> {
        let made = match key_type {
            KeyType::Ed25519 => Self::from_ed25519(Ed25519KeyPair::generate().map_err(|_| GenerateError)?),
            KeyType::EcdsaP256 => Self::from_ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| GenerateError)?),
            KeyType::EcdsaP384 => Self::from_ecdsa(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|_| GenerateError)?),
            KeyType::Rsa2048 => Self::generate_rsa(KeySize::Rsa2048)?,
            KeyType::Rsa3072 => Self::generate_rsa(KeySize::Rsa3072)?,
            KeyType::Rsa4096 => Self::generate_rsa(KeySize::Rsa4096)?,
            KeyType::MlDsa(set) => Self::from_ml_dsa(set, PqdsaKeyPair::generate(set.signing()).map_err(|_| GenerateError)?),
        };
        made.map_err(|_| GenerateError)
    }

    fn generate_rsa(size: KeySize) -> Result<Result<Self, Rejected>, GenerateError> {
        let pair = RsaKeyPair::generate(size).map_err(|_| GenerateError)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| GenerateError)?;
        let info = PrivateKeyInfo::try_from(pkcs8.as_ref()).map_err(|_| GenerateError)?;
        Ok(Self::from_pkcs1(info.private_key))
    }

    /// Signs over another hash than SHA-512, if this is an RSA key; other keys have no choice and stay as they are.
    #[must_use]
    pub fn with_rsa_hash(mut self, hash: RsaHash) -> Self {
        if matches!(self.key, Key::Rsa { .. }) {
            self.algorithm = hash.algorithm();
        }
        self
    }

    /// How long turning the passphrase into a key, and decrypting, took; zero for a key that was not encrypted.
    #[must_use]
    pub const fn key_derivation(&self) -> Duration {
        self.key_derivation
    }

    pub(crate) const fn with_key_derivation(mut self, took: Duration) -> Self {
        self.key_derivation = took;
        self
    }

    /// Signs at once: no key in this process needs to be waited for.
    ///
    /// # Errors
    /// [`SignError::Library`] if the crypto library fails.
    pub fn sign_now(&self, message: &[u8]) -> Result<Signature, SignError> {
        let algorithm = self.algorithm;
        let failed = |_| SignError::Library { algorithm };
        let bytes = match &self.key {
            Key::Ed25519(pair) => pair.try_sign(message).map_err(failed)?.as_ref().to_vec(),
            Key::Ecdsa(pair) => pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec(),
            Key::MlDsa(set, pair) => {
                let mut bytes = vec![0; set.signature_len()];
                pair.sign(message, &mut bytes).map_err(failed)?;
                bytes
            }
            Key::Rsa { pair, .. } => {
                let padding = if algorithm == Algorithm::RsaPkcs1Sha256 { &RSA_PKCS1_SHA256 } else { &RSA_PKCS1_SHA512 };
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut bytes).map_err(failed)?;
                bytes
            }
        };
        Signature::new(algorithm, bytes).map_err(|_| SignError::Library { algorithm })
    }

    pub(crate) fn from_ed25519(pair: Ed25519KeyPair) -> Result<Self, Rejected> {
        let point = pair.public_key().as_ref().try_into().map_err(|_| Rejected::Library)?;
        Self::checked(Key::Ed25519(pair), PublicKey::Ed25519(point), Algorithm::Ed25519)
    }

    pub(crate) fn from_ecdsa(pair: EcdsaKeyPair) -> Result<Self, Rejected> {
        let point = pair.public_key().as_ref();
        let (public_key, algorithm) = if let Ok(point) = point.try_into() {
            (PublicKey::EcdsaP256(point), Algorithm::EcdsaP256Sha256)
        } else if let Ok(point) = point.try_into() {
            (PublicKey::EcdsaP384(point), Algorithm::EcdsaP384Sha384)
        } else {
            return Err(Rejected::Library);
        };
        Self::checked(Key::Ecdsa(pair), public_key, algorithm)
    }

    pub(crate) fn from_ml_dsa(set: MlDsa, pair: PqdsaKeyPair) -> Result<Self, Rejected> {
        let public_key = PublicKey::MlDsa(set, pair.public_key().as_ref().to_vec());
        Self::checked(Key::MlDsa(set, pair), public_key, Algorithm::MlDsa(set))
    }

    /// Takes an RSAPrivateKey (RFC 8017, A.1.2).
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Rejected> {
        let numbers = pkcs1::RsaPrivateKey::from_der(der).map_err(|_| Rejected::Library)?;
        let public_key = PublicKey::Rsa { n: numbers.modulus.as_bytes().to_vec(), e: numbers.public_exponent.as_bytes().to_vec() };
        public_key.validate().map_err(Rejected::Public)?;
        let pair = RsaKeyPair::from_der(der).map_err(|_| Rejected::Library)?;
        let key = Key::Rsa { pair, pkcs1: Zeroizing::new(der.to_vec()) };
        Ok(Self { key, public_key, algorithm: RsaHash::default().algorithm(), key_derivation: Duration::ZERO })
    }

    fn checked(key: Key, public_key: PublicKey, algorithm: Algorithm) -> Result<Self, Rejected> {
        public_key.validate().map_err(Rejected::Public)?;
        Ok(Self { key, public_key, algorithm, key_derivation: Duration::ZERO })
    }
}

impl Signer for LocalSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(std::future::ready(self.sign_now(message)))
    }
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSigner").field("public_key", &self.public_key).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
