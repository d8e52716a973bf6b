//! AWS KMS: decrypting small secrets, and signing with keys that never leave it.
//!
//! The only crate that uses `aws-sdk-kms`. The rules are those of the AWS KMS API Reference (2014-11-01).

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use menagerie_aws::{CallError, Session};
use menagerie_secret::Secret;

const SERVICE: &str = "KMS";

/// A client of AWS KMS in one account and Region; cheap to clone.
#[derive(Debug, Clone)]
pub struct Kms {
    client: Client,
}

/// What Decrypt answers.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Decrypted {
    /// The plaintext.
    pub plaintext: Secret<Vec<u8>>,
    /// The ARN of the key that the ciphertext is under, as KMS says. Check it: the ciphertext chose it.
    pub key_arn: String,
}

/// What GetPublicKey answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyAnswer {
    /// The key's ARN (its ID, from emulators that give no ARN here).
    pub key_arn: String,
    /// A DER-encoded SubjectPublicKeyInfo (RFC 5280).
    pub spki_der: Vec<u8>,
    /// The key's kind, such as `ECC_NIST_P256`.
    pub key_spec: String,
    /// What the key may be used for, such as `SIGN_VERIFY`.
    pub key_usage: String,
    /// How it may sign, such as `ECDSA_SHA_256`.
    pub signing_algorithms: Vec<String>,
}

/// How KMS is to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// `ED25519_SHA_512`: pure Ed25519.
    Ed25519Sha512,
    /// `ECDSA_SHA_256`.
    EcdsaSha256,
    /// `ECDSA_SHA_384`.
    EcdsaSha384,
    /// `RSASSA_PKCS1_V1_5_SHA_256`.
    RsaPkcs1Sha256,
    /// `RSASSA_PKCS1_V1_5_SHA_512`.
    RsaPkcs1Sha512,
}

impl SigningAlgorithm {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519Sha512 => "ED25519_SHA_512",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::EcdsaSha384 => "ECDSA_SHA_384",
            Self::RsaPkcs1Sha256 => "RSASSA_PKCS1_V1_5_SHA_256",
            Self::RsaPkcs1Sha512 => "RSASSA_PKCS1_V1_5_SHA_512",
        }
    }
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A whole message of at most 4096 bytes, which KMS hashes.
    Raw(&'a [u8]),
    /// The message's hash by the algorithm's function. Not for Ed25519.
    Digest(&'a [u8]),
}

impl Kms {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// Decrypts what a symmetric key encrypted under the same encryption context.
    ///
    /// # Errors
    /// [`CallError`] with KMS's code and message, or that KMS could not be reached.
    pub async fn decrypt(&self, ciphertext: &[u8], context: &[(String, String)]) -> Result<Decrypted, CallError> {
        let mut call = self.client.decrypt().ciphertext_blob(Blob::new(ciphertext));
        for (name, value) in context {
            call = call.encryption_context(name, value);
        }
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "Decrypt", &error))?;
        match (answer.plaintext, answer.key_id) {
            (Some(plaintext), Some(key_arn)) => Ok(Decrypted { plaintext: Secret::new(plaintext.into_inner()), key_arn }),
            _ => Err(CallError::malformed(SERVICE, "Decrypt", "no plaintext or no key ID")),
        }
    }

    /// The ARN of a key given by its ID, ARN or alias.
    ///
    /// # Errors
    /// [`CallError`] as KMS answered.
    pub async fn key_arn(&self, key_id: &str) -> Result<String, CallError> {
        let call = self.client.describe_key().key_id(key_id);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "DescribeKey", &error))?;
        let arn = answer.key_metadata.and_then(|metadata| metadata.arn);
        arn.ok_or_else(|| CallError::malformed(SERVICE, "DescribeKey", "no ARN"))
    }

    /// Encrypts at most 4096 bytes with a symmetric key, under an encryption context that Decrypt must name again.
    ///
    /// # Errors
    /// [`CallError`] with KMS's code and message, or that KMS could not be reached.
    pub async fn encrypt(&self, key_id: &str, plaintext: &Secret<Vec<u8>>, context: &[(String, String)]) -> Result<Vec<u8>, CallError> {
        let mut call = self.client.encrypt().key_id(key_id).plaintext(Blob::new(plaintext.expose().clone()));
        for (name, value) in context {
            call = call.encryption_context(name, value);
        }
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "Encrypt", &error))?;
        let ciphertext = answer.ciphertext_blob.ok_or_else(|| CallError::malformed(SERVICE, "Encrypt", "no ciphertext"))?;
        Ok(ciphertext.into_inner())
    }

    /// Signs with an asymmetric key. ECDSA signatures are DER-encoded ECDSA-Sig-Values (RFC 3279).
    ///
    /// # Errors
    /// [`CallError`] with KMS's code and message, or that KMS could not be reached.
    pub async fn sign(&self, key_id: &str, message: Message<'_>, algorithm: SigningAlgorithm) -> Result<Vec<u8>, CallError> {
        let (kind, bytes) = match message {
            Message::Raw(bytes) => (MessageType::Raw, bytes),
            Message::Digest(bytes) => (MessageType::Digest, bytes),
        };
        let call = self
            .client
            .sign()
            .key_id(key_id)
            .message(Blob::new(bytes))
            .message_type(kind)
            .signing_algorithm(SigningAlgorithmSpec::from(algorithm.as_str()));
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "Sign", &error))?;
        let signature = answer.signature.ok_or_else(|| CallError::malformed(SERVICE, "Sign", "no signature"))?;
        Ok(signature.into_inner())
    }

    /// Asks for an asymmetric key's public half.
    ///
    /// # Errors
    /// [`CallError`] with KMS's code and message, or that KMS could not be reached.
    pub async fn public_key(&self, key_id: &str) -> Result<PublicKeyAnswer, CallError> {
        let call = self.client.get_public_key().key_id(key_id);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "GetPublicKey", &error))?;
        let signing_algorithms = answer.signing_algorithms().iter().map(|algorithm| algorithm.as_str().to_owned()).collect();
        // KMS gives the spec under its old name too, and moto under that alone.
        #[expect(deprecated, reason = "the old name is what is meant")]
        let old_spec = answer.customer_master_key_spec.map(|spec| spec.as_str().to_owned());
        let spec = answer.key_spec.map(|spec| spec.as_str().to_owned()).or(old_spec);
        match (answer.key_id, answer.public_key, spec, answer.key_usage) {
            (Some(key_arn), Some(spki), Some(key_spec), Some(usage)) => Ok(PublicKeyAnswer {
                key_arn,
                spki_der: spki.into_inner(),
                key_spec,
                key_usage: usage.as_str().to_owned(),
                signing_algorithms,
            }),
            _ => Err(CallError::malformed(SERVICE, "GetPublicKey", "no key ID, public key, key spec or key usage")),
        }
    }
}
