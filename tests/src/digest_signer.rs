//! CloudTrail's part in the integrity of its logs: a key of a Region, which signs digests and is told as `ListPublicKeys` tells it. Made from
//! AWS's description (*Custom implementations of CloudTrail log file integrity validation*), apart from what reads it.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One who signs digests.
#[derive(Debug)]
pub struct DigestSigner {
    key: RsaKeyPair,
    fingerprint: String,
}

/// A digest as it is delivered.
#[derive(Debug, Clone)]
pub struct SignedDigest {
    /// Its key.
    pub object: String,
    /// What it holds.
    pub text: String,
    /// Its signature, in hexadecimal digits.
    pub signature: String,
}

impl DigestSigner {
    /// A new key, by this fingerprint.
    ///
    /// # Panics
    ///
    /// When there is no randomness.
    #[must_use]
    pub fn new(fingerprint: &str) -> Self {
        Self { key: RsaKeyPair::generate(KeySize::Rsa2048).expect("there is randomness"), fingerprint: fingerprint.to_owned() }
    }

    /// The answer of `ListPublicKeys`, if the key was in use in this time.
    #[must_use]
    pub fn answer(&self, from: &str, to: &str) -> Value {
        let value = STANDARD.encode(self.key.public_key().as_ref());
        json!({"PublicKeyList": [{"Value": value, "ValidityStartTime": from, "ValidityEndTime": to, "Fingerprint": self.fingerprint}]})
    }

    /// Adds to a digest what CloudTrail writes for the check of the one before it, and signs it.
    ///
    /// # Panics
    ///
    /// When the digest lacks its time, bucket or key.
    #[must_use]
    pub fn sign(&self, mut unsigned: Value, before: Option<&SignedDigest>) -> SignedDigest {
        let told = |name: &str| unsigned[name].as_str().expect("a text").to_owned();
        let (end, bucket, object) = (told("digestEndTime"), told("digestS3Bucket"), told("digestS3Object"));
        unsigned["digestPublicKeyFingerprint"] = json!(self.fingerprint);
        unsigned["digestSignatureAlgorithm"] = json!("SHA256withRSA");
        unsigned["previousDigestS3Bucket"] = json!(before.map(|_| &bucket));
        unsigned["previousDigestS3Object"] = json!(before.map(|one| &one.object));
        unsigned["previousDigestHashValue"] = json!(before.map(|one| hex(digest(&SHA256, one.text.as_bytes()).as_ref())));
        unsigned["previousDigestHashAlgorithm"] = json!(before.map(|_| "SHA-256"));
        unsigned["previousDigestSignature"] = json!(before.map(|one| &one.signature));
        let text = unsigned.to_string();
        let hash = hex(digest(&SHA256, text.as_bytes()).as_ref());
        let previous = before.map_or("null", |one| one.signature.as_str());
        let signed = format!("{end}\n{bucket}/{object}\n{hash}\n{previous}");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("the key signs");
        SignedDigest { object, text, signature: hex(&signature) }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
