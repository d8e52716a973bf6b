//! The keys of the loopback KMS. Rules from AWS's KMS reference: a message is at most 4,096 bytes; `ED25519_SHA_512` signs RAW
//! messages only; a DIGEST has the length of the algorithm's hash; ECDSA signatures are DER; public keys are DER SPKI.

use super::{Refusal, bytes, refuse};
use crate::moto::ACCOUNT;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LONGEST_MESSAGE: usize = 4096;
const VALIDATION: &str = "ValidationException";

/// A kind of key that signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SigningKey {
    /// `ECC_NIST_EDWARDS25519`
    Ed25519,
    /// `ECC_NIST_P256`
    P256,
    /// `ECC_NIST_P384`
    P384,
    /// `RSA_2048`
    Rsa2048,
    /// `RSA_4096`
    Rsa4096,
}

pub(super) enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

pub(super) enum Key {
    Symmetric(RandomizedNonceKey),
    Signing { kind: SigningKey, pair: Pair, other: Pair },
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.spec())
    }
}

fn generate(kind: SigningKey) -> Pair {
    let made = match kind {
        SigningKey::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        SigningKey::P256 => EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_ASN1_SIGNING).map(Pair::Ecdsa),
        SigningKey::P384 => EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_ASN1_SIGNING).map(Pair::Ecdsa),
        SigningKey::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
        SigningKey::Rsa4096 => RsaKeyPair::generate(KeySize::Rsa4096).map(Pair::Rsa),
    };
    made.expect("aws-lc can make a key")
}

impl Key {
    pub(super) fn signing(kind: SigningKey) -> Self {
        // A second RSA-4096 key takes a second to find, and is needed by the few tests that ask for another's signature.
        let other = if kind == SigningKey::Rsa4096 { generate(SigningKey::Rsa2048) } else { generate(kind) };
        Self::Signing { kind, pair: generate(kind), other }
    }

    pub(super) fn symmetric() -> Self {
        let mut secret = [0; 32];
        rand::fill(&mut secret).expect("the system has randomness");
        Self::Symmetric(RandomizedNonceKey::new(&AES_256_GCM, &secret).expect("32 bytes are an AES-256 key"))
    }

    fn spec(&self) -> &'static str {
        match self {
            Self::Symmetric(_) => "SYMMETRIC_DEFAULT",
            Self::Signing { kind: SigningKey::Ed25519, .. } => "ECC_NIST_EDWARDS25519",
            Self::Signing { kind: SigningKey::P256, .. } => "ECC_NIST_P256",
            Self::Signing { kind: SigningKey::P384, .. } => "ECC_NIST_P384",
            Self::Signing { kind: SigningKey::Rsa2048, .. } => "RSA_2048",
            Self::Signing { kind: SigningKey::Rsa4096, .. } => "RSA_4096",
        }
    }

    fn algorithms(&self) -> &'static [&'static str] {
        match self {
            Self::Symmetric(_) => &[],
            Self::Signing { kind: SigningKey::Ed25519, .. } => &["ED25519_SHA_512"],
            Self::Signing { kind: SigningKey::P256, .. } => &["ECDSA_SHA_256"],
            Self::Signing { kind: SigningKey::P384, .. } => &["ECDSA_SHA_384"],
            Self::Signing { .. } => &["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512"],
        }
    }

    pub(super) fn describe(&self, arn: &str) -> Value {
        let (usage, field) = match self {
            Self::Symmetric(_) => ("ENCRYPT_DECRYPT", "EncryptionAlgorithms"),
            Self::Signing { .. } => ("SIGN_VERIFY", "SigningAlgorithms"),
        };
        let algorithms = if usage == "SIGN_VERIFY" { json!(self.algorithms()) } else { json!([self.spec()]) };
        let id = arn.rsplit_once('/').map_or(arn, |(_, id)| id);
        json!({
            "AWSAccountId": ACCOUNT, "Arn": arn, "KeyId": id, "CreationDate": 1_767_225_600.0, "Description": "", "Enabled": true,
            "KeyManager": "CUSTOMER", "KeyState": "Enabled", "KeyUsage": usage, "MultiRegion": false, "Origin": "AWS_KMS",
            "KeySpec": self.spec(), "CustomerMasterKeySpec": self.spec(), field: algorithms,
        })
    }

    pub(super) fn public(&self, arn: &str) -> Result<Value, Refusal> {
        let Self::Signing { pair, .. } = self else {
            return refuse("UnsupportedOperationException", "");
        };
        let spec = self.spec();
        Ok(json!({
            "KeyId": arn, "PublicKey": BASE64_STANDARD.encode(public_der(pair)), "KeySpec": spec, "CustomerMasterKeySpec": spec,
            "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": self.algorithms(),
        }))
    }

    pub(super) fn sign(&self, arn: &str, body: &Value, other_signature: bool) -> Result<Value, Refusal> {
        let Self::Signing { pair, other, .. } = self else {
            return refuse("InvalidKeyUsageException", format!("{arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign."));
        };
        let algorithm = body["SigningAlgorithm"].as_str().unwrap_or_default();
        if !self.algorithms().contains(&algorithm) {
            let message = format!("Algorithm {algorithm} is incompatible with key spec {}.", self.spec());
            return refuse("InvalidKeyUsageException", message);
        }
        let message = bytes(body, "Message")?;
        if message.is_empty() || message.len() > LONGEST_MESSAGE {
            let text =
                "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length between 1 and 4096";
            return refuse(VALIDATION, text);
        }
        let digest = match body["MessageType"].as_str().unwrap_or("RAW") {
            "RAW" => false,
            "DIGEST" => true,
            other => return refuse(VALIDATION, format!("1 validation error detected: Value '{other}' at 'messageType'")),
        };
        let signature = sign_with(if other_signature { other } else { pair }, algorithm, &message, digest)?;
        Ok(json!({"KeyId": arn, "Signature": BASE64_STANDARD.encode(signature), "SigningAlgorithm": algorithm}))
    }

    /// `nonce || ciphertext || tag`, bound to the key's ARN and the encryption context.
    pub(super) fn encrypt(&self, arn: &str, plaintext: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
        let Self::Symmetric(key) = self else { panic!("{arn} does not encrypt") };
        let mut sealed = plaintext.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(bound(arn, context)), &mut sealed).expect("a short text can be sealed");
        [nonce.as_ref().as_slice(), &sealed].concat()
    }

    pub(super) fn decrypt(&self, arn: &str, blob: &[u8], context: &BTreeMap<String, String>) -> Option<Vec<u8>> {
        let Self::Symmetric(key) = self else { return None };
        let (nonce, sealed) = blob.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let plaintext = key.open_in_place(nonce, Aad::from(bound(arn, context)), &mut sealed).ok()?;
        Some(plaintext.to_vec())
    }
}

fn bound(arn: &str, context: &BTreeMap<String, String>) -> Vec<u8> {
    json!([arn, context]).to_string().into_bytes()
}

fn public_der(pair: &Pair) -> Vec<u8> {
    let der = match pair {
        Pair::Ed25519(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()),
        Pair::Ecdsa(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()),
        Pair::Rsa(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()),
    };
    der.expect("a public key can be encoded").as_ref().to_vec()
}

fn sign_with(pair: &Pair, algorithm: &str, message: &[u8], digest: bool) -> Result<Vec<u8>, Refusal> {
    let hash = match algorithm.rsplit_once("SHA_") {
        Some((_, "256")) => &digest::SHA256,
        Some((_, "384")) => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let digest = match (pair, digest) {
        (Pair::Ed25519(_), true) => return refuse(VALIDATION, "ED25519_SHA_512 takes a MessageType of RAW only."),
        (Pair::Ed25519(pair), false) => return Ok(pair.sign(message).as_ref().to_vec()),
        (_, false) => digest::digest(hash, message),
        (_, true) => match Digest::import_less_safe(message, hash) {
            Ok(digest) => digest,
            Err(_) => return refuse(VALIDATION, "Digest is invalid length for algorithm."),
        },
    };
    let signature = match pair {
        Pair::Ed25519(_) => unreachable!("signed above"),
        Pair::Ecdsa(pair) => pair.sign_digest(&digest).expect("the digest is of the key's own hash").as_ref().to_vec(),
        Pair::Rsa(pair) => sign_rsa(pair, algorithm, &digest),
    };
    Ok(signature)
}

fn sign_rsa(pair: &RsaKeyPair, algorithm: &str, digest: &Digest) -> Vec<u8> {
    let padding: &'static dyn RsaEncoding = match algorithm {
        "RSASSA_PKCS1_V1_5_SHA_256" => &signature::RSA_PKCS1_SHA256,
        "RSASSA_PKCS1_V1_5_SHA_384" => &signature::RSA_PKCS1_SHA384,
        _ => &signature::RSA_PKCS1_SHA512,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign_digest(padding, digest, &mut signature).expect("the digest is of the padding's own hash");
    signature
}
