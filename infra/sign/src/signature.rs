//! Signature algorithms, and signatures that know theirs.

use std::fmt;

use crate::der;
use crate::ml_dsa::MlDsa;

/// How a message is hashed and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Pure Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256 over SHA-256 (FIPS 186-5).
    EcdsaP256Sha256,
    /// ECDSA on P-384 over SHA-384 (FIPS 186-5).
    EcdsaP384Sha384,
    /// RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017).
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 over SHA-512 (RFC 8017).
    RsaPkcs1Sha512,
    /// Pure ML-DSA with an empty context (FIPS 204).
    MlDsa(MlDsa),
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::EcdsaP256Sha256 => "ECDSA P-256 with SHA-256",
            Self::EcdsaP384Sha384 => "ECDSA P-384 with SHA-384",
            Self::RsaPkcs1Sha256 => "RSA PKCS #1 with SHA-256",
            Self::RsaPkcs1Sha512 => "RSA PKCS #1 with SHA-512",
            Self::MlDsa(set) => set.name(),
        })
    }
}

/// The hash that an RSA key signs over. SHA-1 is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RsaHash {
    /// SHA-256.
    Sha256,
    /// SHA-512, what OpenSSH prefers.
    #[default]
    Sha512,
}

impl RsaHash {
    /// The algorithm of an RSA key that signs over this hash.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha256 => Algorithm::RsaPkcs1Sha256,
            Self::Sha512 => Algorithm::RsaPkcs1Sha512,
        }
    }
}

/// Why bytes are no signature of an algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not as long as the algorithm's signatures are.
    #[error("{len} bytes are no signature by {algorithm}")]
    Length {
        /// The algorithm that was named.
        algorithm: Algorithm,
        /// The length that was found, in bytes.
        len: usize,
    },
    /// An ECDSA signature that is no ECDSA-Sig-Value, or whose numbers do not fit the curve.
    #[error("the bytes are no DER-encoded signature by {algorithm}")]
    Der {
        /// The algorithm that was named.
        algorithm: Algorithm,
    },
}

/// A signature and its algorithm.
///
/// The bytes are: Ed25519, 64; ECDSA, r and s big-endian at the curve's width, 64 or 96 in all; RSA, as long as the modulus;
/// ML-DSA, as FIPS 204 encodes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl Signature {
    /// Takes bytes of the shape above.
    ///
    /// # Errors
    /// [`SignatureError::Length`] if no signature of `algorithm` has that many bytes.
    pub fn new(algorithm: Algorithm, bytes: Vec<u8>) -> Result<Self, SignatureError> {
        let fits = match algorithm {
            Algorithm::Ed25519 | Algorithm::EcdsaP256Sha256 => bytes.len() == 64,
            Algorithm::EcdsaP384Sha384 => bytes.len() == 96,
            Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => (256..=1024).contains(&bytes.len()),
            Algorithm::MlDsa(set) => bytes.len() == set.signature_len(),
        };
        if fits { Ok(Self { algorithm, bytes }) } else { Err(SignatureError::Length { algorithm, len: bytes.len() }) }
    }

    /// Takes an ECDSA-Sig-Value (RFC 3279, 2.2.3).
    ///
    /// # Errors
    /// [`SignatureError::Der`] if it is none, or `algorithm` is not ECDSA.
    pub fn from_ecdsa_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, SignatureError> {
        let width = match algorithm {
            Algorithm::EcdsaP256Sha256 => 32,
            Algorithm::EcdsaP384Sha384 => 48,
            _ => return Err(SignatureError::Der { algorithm }),
        };
        let bytes = der::ecdsa_fixed(der, width).ok_or(SignatureError::Der { algorithm })?;
        Ok(Self { algorithm, bytes })
    }

    /// How it was made.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes, in the shape above.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}
