//! Keys that AWS KMS holds and never gives out.
//!
//! The rules are those of the AWS KMS API Reference, Sign and GetPublicKey. KMS hashes messages of up to 4096 bytes itself; of longer
//! ones it takes the hash, except for Ed25519, which signs the whole message or nothing.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use menagerie_aws::CallError;
use menagerie_aws_kms::{Kms, Message, PublicKeyAnswer, SigningAlgorithm};

use crate::public_key::{PublicKey, PublicKeyError};
use crate::signature::{Algorithm, RsaHash, Signature};
use crate::signer::{SignError, Signer, Signing};

/// The longest message that KMS takes whole, in bytes.
pub const MAX_KMS_MESSAGE: usize = 4096;

const HOLDER: &str = "AWS KMS";

/// Why a key of AWS KMS cannot be used to sign.
#[derive(Debug, thiserror::Error)]
pub enum KmsSignerError {
    /// KMS did not answer, or refused.
    #[error("the public key of {key_id} cannot be fetched: {source}")]
    Call {
        /// The key as configured.
        key_id: String,
        /// What KMS said.
        source: CallError,
    },
    /// A key that is for something else.
    #[error("the key {key_id} is for {usage}: one for SIGN_VERIFY is wanted")]
    Usage {
        /// The key as configured.
        key_id: String,
        /// Its key usage.
        usage: String,
    },
    /// A key of a kind that signs nothing here.
    #[error(
        "the key {key_id} is of the spec {spec}: ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_EDWARDS25519, RSA_2048, RSA_3072 or RSA_4096 is wanted"
    )]
    Spec {
        /// The key as configured.
        key_id: String,
        /// Its key spec.
        spec: String,
    },
    /// A key that does not sign the way that is asked for.
    #[error("the key {key_id} does not sign by {algorithm}")]
    Algorithm {
        /// The key as configured.
        key_id: String,
        /// What is asked for.
        algorithm: &'static str,
    },
    /// A public key that cannot be used, or is not of its spec.
    #[error("the public key of {key_id} cannot be used: {source}")]
    PublicKey {
        /// The key as configured.
        key_id: String,
        /// What is wrong with it.
        source: PublicKeyError,
    },
}

/// A signing key in AWS KMS.
pub struct KmsSigner {
    kms: Kms,
    key_arn: String,
    public_key: PublicKey,
    algorithm: Algorithm,
}

impl KmsSigner {
    /// Fetches the public key of `key_id`, an ID, ARN, alias name or alias ARN, and checks that it can sign. What is signed later is
    /// signed by the key that the name meant now. An RSA key signs over SHA-512 ([`KmsSigner::with_rsa_hash`]).
    ///
    /// # Errors
    /// [`KmsSignerError`] says why the key cannot be used.
    pub async fn load(kms: Kms, key_id: &str) -> Result<Self, KmsSignerError> {
        let key_id = key_id.to_owned();
        match kms.public_key(&key_id).await {
            Ok(answer) => Self::from_answer(kms, key_id, answer),
            Err(source) => Err(KmsSignerError::Call { key_id, source }),
        }
    }

    fn from_answer(kms: Kms, key_id: String, answer: PublicKeyAnswer) -> Result<Self, KmsSignerError> {
        if answer.key_usage != "SIGN_VERIFY" {
            return Err(KmsSignerError::Usage { key_id, usage: answer.key_usage });
        }
        let Some(algorithm) = algorithm_of(&answer.key_spec) else {
            return Err(KmsSignerError::Spec { key_id, spec: answer.key_spec });
        };
        let name = kms_algorithm(algorithm).as_str();
        if !answer.signing_algorithms.iter().any(|offered| offered == name) {
            return Err(KmsSignerError::Algorithm { key_id, algorithm: name });
        }
        let public_key = match PublicKey::from_spki_der(&answer.spki_der) {
            Ok(key) if has_spec(&key, &answer.key_spec) => key,
            Ok(_) => {
                let source = PublicKeyError::Malformed { what: "public key, which is not of the key's spec" };
                return Err(KmsSignerError::PublicKey { key_id, source });
            }
            Err(source) => return Err(KmsSignerError::PublicKey { key_id, source }),
        };
        Ok(Self { kms, key_arn: answer.key_arn, public_key, algorithm })
    }

    /// Signs over another hash than SHA-512, if this is an RSA key; other keys have no choice and stay as they are.
    #[must_use]
    pub fn with_rsa_hash(mut self, hash: RsaHash) -> Self {
        if matches!(self.public_key, PublicKey::Rsa { .. }) {
            self.algorithm = hash.algorithm();
        }
        self
    }

    /// The key's ARN.
    #[must_use]
    pub fn key_arn(&self) -> &str {
        &self.key_arn
    }

    async fn ask(&self, message: &[u8]) -> Result<Signature, SignError> {
        let algorithm = self.algorithm;
        let hash;
        let message = if message.len() <= MAX_KMS_MESSAGE {
            Message::Raw(message)
        } else {
            let function = match algorithm {
                Algorithm::Ed25519 => {
                    return Err(SignError::TooLong { holder: HOLDER, algorithm, len: message.len(), limit: MAX_KMS_MESSAGE });
                }
                Algorithm::EcdsaP256Sha256 | Algorithm::RsaPkcs1Sha256 => &SHA256,
                Algorithm::EcdsaP384Sha384 => &SHA384,
                Algorithm::RsaPkcs1Sha512 => &SHA512,
                Algorithm::MlDsa(_) => return Err(SignError::Library { algorithm }),
            };
            hash = digest::digest(function, message);
            Message::Digest(hash.as_ref())
        };
        let asked = kms_algorithm(algorithm).ok_or(SignError::Library { algorithm })?;
        let answer = self.kms.sign(&self.key_arn, message, asked).await;
        let bytes = answer.map_err(|error| SignError::Remote { holder: HOLDER, source: Box::new(error) })?;
        let signature = match algorithm {
            Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => Signature::from_ecdsa_der(algorithm, &bytes),
            Algorithm::Ed25519 | Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 | Algorithm::MlDsa(_) => {
                Signature::new(algorithm, bytes)
            }
        };
        signature.map_err(|source| SignError::Answer { holder: HOLDER, source })
    }
}

impl Signer for KmsSigner {
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

impl fmt::Debug for KmsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsSigner").field("key_arn", &self.key_arn).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn algorithm_of(spec: &str) -> Option<Algorithm> {
    match spec {
        "ECC_NIST_EDWARDS25519" => Some(Algorithm::Ed25519),
        "ECC_NIST_P256" => Some(Algorithm::EcdsaP256Sha256),
        "ECC_NIST_P384" => Some(Algorithm::EcdsaP384Sha384),
        "RSA_2048" | "RSA_3072" | "RSA_4096" => Some(RsaHash::default().algorithm()),
        _ => None,
    }
}

fn has_spec(key: &PublicKey, spec: &str) -> bool {
    match key {
        PublicKey::Ed25519(_) => spec == "ECC_NIST_EDWARDS25519",
        PublicKey::EcdsaP256(_) => spec == "ECC_NIST_P256",
        PublicKey::EcdsaP384(_) => spec == "ECC_NIST_P384",
        PublicKey::Rsa { .. } => spec.strip_prefix("RSA_") == Some(key.bits().to_string().as_str()),
        // Its keys of ML-DSA are not used: they take 4,096 bytes unless the caller hashes as FIPS 204 has it, which aws-lc does not offer.
        PublicKey::MlDsa(..) => false,
    }
}

const fn kms_algorithm(algorithm: Algorithm) -> Option<SigningAlgorithm> {
    Some(match algorithm {
        Algorithm::Ed25519 => SigningAlgorithm::Ed25519Sha512,
        Algorithm::EcdsaP256Sha256 => SigningAlgorithm::EcdsaSha256,
        Algorithm::EcdsaP384Sha384 => SigningAlgorithm::EcdsaSha384,
        Algorithm::RsaPkcs1Sha256 => SigningAlgorithm::RsaPkcs1Sha256,
        Algorithm::RsaPkcs1Sha512 => SigningAlgorithm::RsaPkcs1Sha512,
        Algorithm::MlDsa(_) => return None,
    })
}
