//! Checking signatures, with the key parsed once.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents,
};

use crate::public_key::{PublicKey, PublicKeyError};
use crate::signature::{Algorithm, Signature};

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A signature by an algorithm that the key has no part in.
    #[error("a signature by {algorithm} cannot be of this key")]
    Algorithm {
        /// The signature's algorithm.
        algorithm: Algorithm,
    },
    /// Another key, another message or a changed signature.
    #[error("the signature is not of this key over this message")]
    Mismatch,
}

/// A public key ready to verify; cheap to share, since verifying changes nothing.
#[derive(Debug, Clone)]
pub struct Verifier {
    key: Parsed,
}

#[derive(Debug, Clone)]
enum Parsed {
    One { algorithm: Algorithm, key: ParsedPublicKey },
    Rsa { sha256: ParsedPublicKey, sha512: ParsedPublicKey },
}

impl Verifier {
    /// Parses and validates a key.
    ///
    /// # Errors
    /// As [`PublicKey::validate`].
    pub fn new(key: &PublicKey) -> Result<Self, PublicKeyError> {
        key.validate()?;
        let one = |algorithm, parsed: Result<ParsedPublicKey, _>| match parsed {
            Ok(key) => Ok(Parsed::One { algorithm, key }),
            Err(_) => Err(PublicKeyError::Malformed { what: "public key" }),
        };
        let key = match key {
            PublicKey::Ed25519(point) => one(Algorithm::Ed25519, ParsedPublicKey::new(&ED25519, point))?,
            PublicKey::EcdsaP256(point) => one(Algorithm::EcdsaP256Sha256, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point))?,
            PublicKey::EcdsaP384(point) => one(Algorithm::EcdsaP384Sha384, ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point))?,
            PublicKey::MlDsa(set, bytes) => one(Algorithm::MlDsa(*set), ParsedPublicKey::new(set.verification(), bytes))?,
            PublicKey::Rsa { n, e } => {
                let numbers = RsaPublicKeyComponents { n, e };
                let parse =
                    |parameters| numbers.to_parsed_public_key(parameters).map_err(|_| PublicKeyError::Malformed { what: "RSA key" });
                Parsed::Rsa { sha256: parse(&RSA_PKCS1_2048_8192_SHA256)?, sha512: parse(&RSA_PKCS1_2048_8192_SHA512)? }
            }
        };
        Ok(Self { key })
    }

    /// Checks that `signature` is this key's over `message`.
    ///
    /// # Errors
    /// [`VerifyError`] if it is not.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        let key = match (&self.key, signature.algorithm()) {
            (Parsed::One { algorithm, key }, asked) if *algorithm == asked => key,
            (Parsed::Rsa { sha256, .. }, Algorithm::RsaPkcs1Sha256) => sha256,
            (Parsed::Rsa { sha512, .. }, Algorithm::RsaPkcs1Sha512) => sha512,
            (_, algorithm) => return Err(VerifyError::Algorithm { algorithm }),
        };
        key.verify_sig(message, signature.as_bytes()).map_err(|_| VerifyError::Mismatch)
    }
}
