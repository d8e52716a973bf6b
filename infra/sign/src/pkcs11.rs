//! Keys that a token holds and never gives out, by PKCS#11.
//!
//! Hashing happens here: a token signs a hash by ECDSA and, where it can, a DigestInfo by RSA, so that a message of any length costs it the
//! same. Ed25519 signs whole messages, which the token has to take.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use menagerie_pkcs11::{KeyUri, Pkcs11Error, PublicHalf, SigningKey, ToSign, Token};

use crate::public_key::{PublicKey, PublicKeyError};
use crate::signature::{Algorithm, RsaHash, Signature, SignatureError};
use crate::signer::{SignError, Signer, Signing};

const HOLDER: &str = "the PKCS#11 token";

/// The object identifiers of P-256, P-384 and Ed25519, DER, and Ed25519's name as PKCS #11 3.0 has it.
const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
const ED25519: [&[u8]; 2] = [b"\x06\x03\x2b\x65\x70", b"\x13\x0cedwards25519"];

/// What stands before a SHA-256 and a SHA-512 in a DigestInfo (RFC 8017, 9.2).
const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA512_INFO: &[u8] = b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// Why a key in a token cannot be used to sign.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs11SignerError {
    /// The token does not give it.
    #[error(transparent)]
    Token(#[from] Pkcs11Error),
    /// A public key that cannot be used.
    #[error("the public key of {key} cannot be used: {source}")]
    PublicKey {
        /// The key.
        key: Box<KeyUri>,
        /// What is wrong with it.
        source: PublicKeyError,
    },
    /// A token that does not sign the way that is asked for.
    #[error("the token of {key} does not sign by {algorithm}")]
    Algorithm {
        /// The key.
        key: Box<KeyUri>,
        /// What is asked for.
        algorithm: Algorithm,
    },
}

/// A signing key in a token.
pub struct Pkcs11Signer {
    key: SigningKey,
    public_key: PublicKey,
    algorithm: Algorithm,
}

impl Pkcs11Signer {
    /// Finds the key and reads its public half. An RSA key signs over `rsa_hash`; other keys have no choice.
    ///
    /// # Errors
    /// [`Pkcs11SignerError`] says why the key cannot be used.
    pub async fn load(token: Token, uri: KeyUri, rsa_hash: RsaHash) -> Result<Self, Pkcs11SignerError> {
        let key = SigningKey::open(token, uri).await?;
        let public_key = public_key(key.public()).and_then(|found| found.validate().map(|()| found));
        let public_key = public_key.map_err(|source| Pkcs11SignerError::PublicKey { key: Box::new(key.uri().clone()), source })?;
        let algorithm = match public_key {
            PublicKey::Ed25519(_) => Algorithm::Ed25519,
            PublicKey::EcdsaP256(_) => Algorithm::EcdsaP256Sha256,
            PublicKey::EcdsaP384(_) => Algorithm::EcdsaP384Sha384,
            PublicKey::Rsa { .. } => rsa_hash.algorithm(),
            PublicKey::MlDsa(set, _) => Algorithm::MlDsa(set),
        };
        if algorithm == Algorithm::RsaPkcs1Sha512 && !key.signs_digest_info() {
            return Err(Pkcs11SignerError::Algorithm { key: Box::new(key.uri().clone()), algorithm });
        }
        Ok(Self { key, public_key, algorithm })
    }

    async fn ask(&self, message: &[u8]) -> Result<Signature, SignError> {
        let hash = |function| digest::digest(function, message);
        let what = match self.algorithm {
            Algorithm::Ed25519 => ToSign::Eddsa(message.to_vec()),
            // No token gives such a public key.
            Algorithm::MlDsa(_) => return Err(SignError::Library { algorithm: self.algorithm }),
            Algorithm::EcdsaP256Sha256 => ToSign::EcdsaHash(hash(&SHA256).as_ref().to_vec()),
            Algorithm::EcdsaP384Sha384 => ToSign::EcdsaHash(hash(&SHA384).as_ref().to_vec()),
            Algorithm::RsaPkcs1Sha256 if !self.key.signs_digest_info() => ToSign::RsaSha256(message.to_vec()),
            Algorithm::RsaPkcs1Sha256 => ToSign::RsaDigestInfo([SHA256_INFO, hash(&SHA256).as_ref()].concat()),
            Algorithm::RsaPkcs1Sha512 => ToSign::RsaDigestInfo([SHA512_INFO, hash(&SHA512).as_ref()].concat()),
        };
        let signed = self.key.sign(what).await.map_err(|error| SignError::Remote { holder: HOLDER, source: Box::new(error) })?;
        let usable = |source: SignatureError| SignError::Answer { holder: HOLDER, source };
        Signature::new(self.algorithm, signed).map_err(usable)
    }
}

impl Signer for Pkcs11Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(self.ask(message))
    }
}

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Signer").field("key", self.key.uri()).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn public_key(half: &PublicHalf) -> Result<PublicKey, PublicKeyError> {
    let malformed = |_| PublicKeyError::Malformed { what: "point" };
    match half {
        PublicHalf::Rsa { n, e } => Ok(PublicKey::Rsa { n: n.clone(), e: e.clone() }),
        PublicHalf::Ec { curve, point } if curve == P256 => point.as_slice().try_into().map(PublicKey::EcdsaP256).map_err(malformed),
        PublicHalf::Ec { curve, point } if curve == P384 => point.as_slice().try_into().map(PublicKey::EcdsaP384).map_err(malformed),
        PublicHalf::Edwards { curve, point } if ED25519.contains(&curve.as_slice()) => {
            point.as_slice().try_into().map(PublicKey::Ed25519).map_err(malformed)
        }
        PublicHalf::Ec { .. } | PublicHalf::Edwards { .. } => {
            Err(PublicKeyError::Unsupported { name: "another curve than P-256, P-384 and Ed25519".to_owned() })
        }
    }
}
