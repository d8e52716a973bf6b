//! Account keys as JSON Web Keys (RFC 7517, 7518, 8037) and their thumbprints (RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menagerie_sign::{Algorithm, PublicKey, PublicKeyError, Signature, Verifier};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::jws::Alg;

/// How long a key's JSON may be, in bytes: RSA of 4096 bits has 700.
const MAX_JWK: usize = 2_048;

/// The most bits of an RSA key: what a longer one would cost to verify with is not a stranger's to spend.
const MAX_RSA_BITS: usize = 4_096;

/// Why a JWK is no account's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not the JSON that it should be.
    #[error("the key is no JWK of type EC (P-256, P-384), OKP (Ed25519) or RSA")]
    Malformed,
    /// The private key is in it.
    #[error("the key holds its private part: it is not secret any more, so make another")]
    Private,
    /// An RSA key that is too long.
    #[error("the RSA key has {bits} bits: at most {MAX_RSA_BITS} are allowed")]
    TooLong {
        /// Its bits.
        bits: usize,
    },
    /// No key that may be used.
    #[error("{0}")]
    Key(#[from] PublicKeyError),
}

/// A public key that may be an account's.
#[derive(Debug, Clone)]
pub struct Jwk {
    key: PublicKey,
    canonical: String,
    thumbprint: String,
    verifier: Verifier,
}

#[derive(Deserialize)]
struct Members {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl Jwk {
    /// Reads a key, and checks that it is one.
    ///
    /// # Errors
    /// [`JwkError`] says what is wrong with it.
    pub fn parse(json: &str) -> Result<Self, JwkError> {
        if json.len() > MAX_JWK {
            return Err(JwkError::Malformed);
        }
        let members: Members = serde_json::from_str(json).map_err(|_| JwkError::Malformed)?;
        if members.d.is_some() || members.p.is_some() || members.q.is_some() || members.k.is_some() {
            return Err(JwkError::Private);
        }
        let (key, canonical) = members.key().ok_or(JwkError::Malformed)?;
        if let PublicKey::Rsa { .. } = key
            && key.bits() > MAX_RSA_BITS
        {
            return Err(JwkError::TooLong { bits: key.bits() });
        }
        let verifier = Verifier::new(&key)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Ok(Self { key, canonical, thumbprint, verifier })
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The members that RFC 7638 takes into a thumbprint, in its order, and nothing else.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The thumbprint, as text.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether this key signed the message by this algorithm.
    pub(super) fn has_signed(&self, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = match alg {
            Alg::Es256 => Algorithm::EcdsaP256Sha256,
            Alg::Es384 => Algorithm::EcdsaP384Sha384,
            Alg::Rs256 => Algorithm::RsaPkcs1Sha256,
            Alg::EdDsa => Algorithm::Ed25519,
        };
        let Ok(signature) = Signature::new(algorithm, signature.to_vec()) else { return false };
        self.verifier.verify(message, &signature).is_ok()
    }
}

impl Members {
    /// The key and the members that its thumbprint is of. Base64 has one form for each number, so the text can be taken as it is.
    fn key(&self) -> Option<(PublicKey, String)> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some(curve @ ("P-256" | "P-384"))) => {
                let (x, y) = (self.x.as_deref()?, self.y.as_deref()?);
                let width = if curve == "P-256" { 32 } else { 48 };
                let point = [vec![4], number(x, width)?, number(y, width)?].concat();
                let key = match width {
                    32 => PublicKey::EcdsaP256(point.try_into().ok()?),
                    _ => PublicKey::EcdsaP384(point.try_into().ok()?),
                };
                Some((key, format!(r#"{{"crv":"{curve}","kty":"EC","x":"{x}","y":"{y}"}}"#)))
            }
            ("OKP", Some("Ed25519")) => {
                let x = self.x.as_deref()?;
                let key = PublicKey::Ed25519(number(x, 32)?.try_into().ok()?);
                Some((key, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
            }
            ("RSA", None) => {
                let (n, e) = (self.n.as_deref()?, self.e.as_deref()?);
                let key = PublicKey::Rsa { n: positive(n)?, e: positive(e)? };
                Some((key, format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)))
            }
            _ => None,
        }
    }
}

/// A number of a set width (RFC 7518, 6.2.1.2).
fn number(text: &str, width: usize) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == width)
}

/// A number without leading zeros (RFC 7518, 2).
fn positive(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.first().is_some_and(|first| *first != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7638, 3.1.
    #[test]
    fn the_thumbprint_is_the_standards() {
        let jwk = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        assert_eq!(Jwk::parse(jwk).expect("a key").thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// The example of RFC 8037, A.3.
    #[test]
    fn the_thumbprint_of_an_edwards_key_is_the_standards() {
        let jwk = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#).expect("a key");
        assert_eq!(jwk.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn what_is_no_accounts_key_is_refused() {
        let good = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let changed = |from: &str, to: &str| Jwk::parse(&good.replace(from, to)).expect_err("no key");
        assert_eq!(changed("}", r#","d":"AA"}"#), JwkError::Private);
        assert_eq!(changed("OKP", "oct"), JwkError::Malformed);
        assert_eq!(changed("Ed25519", "Ed448"), JwkError::Malformed);
        assert_eq!(changed("HURo", "HURoAA"), JwkError::Malformed, "too long");
        assert_eq!(changed("HURo", "HURp"), JwkError::Malformed, "base64 with bits to spare");
        assert_eq!(changed("HURo", "HURo="), JwkError::Malformed, "padding");
        assert_eq!(changed("\"kty\"", "\"kty\":\"EC\",\"kty\""), JwkError::Malformed, "a member twice");
        assert_eq!(changed("\"}", &format!("\",\"a\":\"{}\"}}", "x".repeat(MAX_JWK))), JwkError::Malformed, "too long");
        let point = r#"{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
        assert!(matches!(Jwk::parse(point), Err(JwkError::Key(_))), "not on the curve");
        let n = URL_SAFE_NO_PAD.encode([0xc3; 640]);
        assert_eq!(Jwk::parse(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).expect_err("no key"), JwkError::TooLong { bits: 5120 });
        for e in ["Aw", "AA", "AQAA", ""] {
            let n = URL_SAFE_NO_PAD.encode([0xc3; 256]);
            assert!(Jwk::parse(&format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)).is_err(), "exponent {e}");
        }
    }
}
