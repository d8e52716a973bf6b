//! What a client of ACME signs (RFC 8555, 6.2; RFC 7515): requests by the account's key, and the account's key by the key of an external account.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menagerie_secret::Secret;
use menagerie_sign::{KeyFileError, LocalSigner, PublicKey, SignError, Signer as _};
use serde_json::{Value, json};

/// An account's key, always ECDSA on P-256: what every upstream takes.
pub(super) struct AccountKey {
    signer: LocalSigner,
    jwk: Value,
    thumbprint: String,
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountKey").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

/// Why a stored account's key is not used.
#[derive(Debug, thiserror::Error)]
pub enum AccountKeyError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] KeyFileError),
    /// It is of another kind.
    #[error("the account's key is not ECDSA on P-256")]
    Kind,
}

impl AccountKey {
    /// Reads a key, PKCS #8.
    pub(super) fn read(pkcs8: &[u8]) -> Result<Self, AccountKeyError> {
        let signer = LocalSigner::from_pkcs8_der(pkcs8)?;
        let PublicKey::EcdsaP256(point) = signer.public_key() else { return Err(AccountKeyError::Kind) };
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        // RFC 7638: these members, in this order, and no spaces.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        let jwk = json!({"crv": "P-256", "kty": "EC", "x": x, "y": y});
        Ok(Self { signer, jwk, thumbprint })
    }

    /// What is served for a challenge's token.
    pub(super) fn authorization(&self, token: &str) -> String {
        format!("{token}.{}", self.thumbprint)
    }

    /// What stands in the record of a challenge's token.
    pub(super) fn record(&self, token: &str) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.authorization(token).as_bytes()))
    }

    /// A request, signed. Without the account's URL it brings the key itself; without a payload it only asks.
    pub(super) async fn sign(&self, account: Option<&str>, nonce: &str, url: &str, payload: Option<&Value>) -> Result<Vec<u8>, SignError> {
        let mut header = json!({"alg": "ES256", "nonce": nonce, "url": url});
        match account {
            Some(account) => header["kid"] = json!(account),
            None => header["jwk"] = self.jwk.clone(),
        }
        let input = input(&header, payload);
        let signature = self.signer.sign(input.as_bytes()).await?;
        Ok(flattened(&input, signature.as_bytes()).to_string().into_bytes())
    }

    /// That the holder of an external account's key has this key too (RFC 8555, 7.3.4).
    pub(super) fn bound(&self, key_id: &str, key: &Secret<Vec<u8>>, url: &str) -> Value {
        let input = input(&json!({"alg": "HS256", "kid": key_id, "url": url}), Some(&self.jwk));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), input.as_bytes());
        flattened(&input, tag.as_ref())
    }
}

fn input(header: &Value, payload: Option<&Value>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), payload.map(encode).unwrap_or_default())
}

fn flattened(input: &str, signature: &[u8]) -> Value {
    let (protected, payload) = input.split_once('.').expect("it was put together with a dot");
    json!({"protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(signature)})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use menagerie_sign::KeyType;

    use super::*;
    use crate::acme::Jwk;

    /// Our server's own reading of a key gives the same thumbprint, and verifies what it signed.
    #[tokio::test]
    async fn what_is_signed_is_what_the_server_reads() {
        let made = LocalSigner::generate(KeyType::EcdsaP256).unwrap();
        let key = AccountKey::read(made.to_pkcs8_der().unwrap().expose()).unwrap();
        let read = Jwk::parse(&key.jwk.to_string()).unwrap();
        assert_eq!(read.thumbprint(), key.thumbprint);
        assert_eq!(key.authorization("t"), format!("t.{}", read.thumbprint()));
        let body: Value = serde_json::from_slice(&key.sign(None, "n", "https://a.example/x", None).await.unwrap()).unwrap();
        assert_eq!(body["payload"], "");
        let header = URL_SAFE_NO_PAD.decode(body["protected"].as_str().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!((header["jwk"].clone(), header["kid"].is_null(), &header["nonce"]), (key.jwk.clone(), true, &json!("n")));
        let signature = URL_SAFE_NO_PAD.decode(body["signature"].as_str().unwrap()).unwrap();
        let signature = menagerie_sign::Signature::new(menagerie_sign::Algorithm::EcdsaP256Sha256, signature).unwrap();
        let verifier = menagerie_sign::Verifier::new(made.public_key()).unwrap();
        let message = format!("{}.", body["protected"].as_str().unwrap());
        assert!(verifier.verify(message.as_bytes(), &signature).is_ok());
    }

    #[test]
    fn other_kinds_of_keys_are_refused() {
        let other = LocalSigner::generate(KeyType::Ed25519).unwrap();
        assert!(matches!(AccountKey::read(other.to_pkcs8_der().unwrap().expose()), Err(AccountKeyError::Kind)));
        assert!(AccountKey::read(b"x").is_err());
    }
}
