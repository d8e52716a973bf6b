//! Public keys as numbers and points, free of any wire format.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;

use crate::der;
use crate::ml_dsa::MlDsa;
use crate::weak::{self, WeakRsa};

/// The kinds of key that can be made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// RSA of 2048 bits with 65537.
    Rsa2048,
    /// RSA of 3072 bits with 65537.
    Rsa3072,
    /// RSA of 4096 bits with 65537.
    Rsa4096,
    /// ML-DSA, which is young: whoever offers it says that it is experimental.
    MlDsa(MlDsa),
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa3072 => "RSA 3072",
            Self::Rsa4096 => "RSA 4096",
            Self::MlDsa(set) => set.name(),
        })
    }
}

/// A public key. Its fields may hold anything of the right shape: [`PublicKey::validate`] says whether they are a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// A point in RFC 8032's encoding.
    Ed25519([u8; 32]),
    /// A point in SEC 1's uncompressed encoding.
    EcdsaP256([u8; 65]),
    /// A point in SEC 1's uncompressed encoding.
    EcdsaP384([u8; 97]),
    /// Unsigned big-endian numbers without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
    },
    /// A key of ML-DSA as FIPS 204 encodes it.
    MlDsa(MlDsa, Vec<u8>),
}

/// Why something is no public key that may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not the structure it should be.
    #[error("malformed {what}")]
    Malformed {
        /// The structure.
        what: &'static str,
    },
    /// A kind of key that has no use here.
    #[error("keys of type {name} are not supported")]
    Unsupported {
        /// The kind's name, or its object identifier.
        name: String,
    },
    /// Bytes that encode no point of the curve, or not in the one allowed way.
    #[error("the key is no point on {curve}")]
    NotOnCurve {
        /// The curve.
        curve: &'static str,
    },
    /// A point for which anyone can make signatures.
    #[error("the Ed25519 key is a point of small order")]
    SmallOrder,
    /// An RSA key that is not safe.
    #[error(transparent)]
    Weak(#[from] WeakRsa),
}

impl PublicKey {
    /// Reads a DER-encoded SubjectPublicKeyInfo (RFC 5280, 4.1) and checks that it is a key.
    ///
    /// # Errors
    /// As [`PublicKey::validate`], and [`PublicKeyError::Malformed`] or [`PublicKeyError::Unsupported`].
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, PublicKeyError> {
        let key = der::public_key(spki)?;
        key.validate()?;
        Ok(key)
    }

    /// Checks that points are on their curve and of no small order, and that an RSA key is not weak ([`weak::check_rsa`]).
    ///
    /// # Errors
    /// [`PublicKeyError`] names what is wrong.
    pub fn validate(&self) -> Result<(), PublicKeyError> {
        match self {
            Self::Ed25519(bytes) => check_ed25519(bytes),
            Self::EcdsaP256(point) => match ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point) {
                Ok(_) if point[0] == 4 => Ok(()),
                _ => Err(PublicKeyError::NotOnCurve { curve: "P-256" }),
            },
            Self::EcdsaP384(point) => match ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point) {
                Ok(_) if point[0] == 4 => Ok(()),
                _ => Err(PublicKeyError::NotOnCurve { curve: "P-384" }),
            },
            Self::Rsa { n, e } => Ok(weak::check_rsa(n, e)?),
            Self::MlDsa(set, bytes) => match ParsedPublicKey::new(set.verification(), bytes) {
                Ok(_) if bytes.len() == set.public_key_len() => Ok(()),
                _ => Err(PublicKeyError::Malformed { what: "ML-DSA key" }),
            },
        }
    }

    /// The kind of key that this is, if it is one that could be made here: an RSA key may have another size.
    #[must_use]
    pub fn key_type(&self) -> Option<KeyType> {
        match self {
            Self::Ed25519(_) => Some(KeyType::Ed25519),
            Self::EcdsaP256(_) => Some(KeyType::EcdsaP256),
            Self::EcdsaP384(_) => Some(KeyType::EcdsaP384),
            Self::Rsa { .. } => match self.bits() {
                2048 => Some(KeyType::Rsa2048),
                3072 => Some(KeyType::Rsa3072),
                4096 => Some(KeyType::Rsa4096),
                _ => None,
            },
            Self::MlDsa(set, _) => Some(KeyType::MlDsa(*set)),
        }
    }

    /// The size that people name a key by: 256, 384, the bits of an RSA modulus, or those of an ML-DSA key as it is encoded.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self {
            Self::Ed25519(_) | Self::EcdsaP256(_) => 256,
            Self::EcdsaP384(_) => 384,
            Self::Rsa { n, .. } => weak::bits(n),
            Self::MlDsa(_, bytes) => 8 * bytes.len(),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519(_) => f.write_str("Ed25519"),
            Self::EcdsaP256(_) => f.write_str("ECDSA P-256"),
            Self::EcdsaP384(_) => f.write_str("ECDSA P-384"),
            Self::Rsa { .. } => write!(f, "RSA {}", self.bits()),
            Self::MlDsa(set, _) => set.fmt(f),
        }
    }
}

/// A canonical encoding of a point whose order is not a divisor of eight.
fn check_ed25519(bytes: &[u8; 32]) -> Result<(), PublicKeyError> {
    let encoded = CompressedEdwardsY(*bytes);
    let point = encoded.decompress().ok_or(PublicKeyError::NotOnCurve { curve: "Ed25519" })?;
    if point.compress() != encoded {
        return Err(PublicKeyError::NotOnCurve { curve: "Ed25519" });
    }
    if point.is_small_order() {
        return Err(PublicKeyError::SmallOrder);
    }
    Ok(())
}
