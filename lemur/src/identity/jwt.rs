//! Verifying what an issuer signed (RFC 7519, RFC 8725). The algorithm is one of those that fit the key and that both the issuer and this
//! program allow, never what the token says alone: nothing symmetric, and no `none`. Times are compared by the clock that was handed in.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::{Map, Value};

/// The longest token that is looked at.
pub(super) const LONGEST: usize = 16 * 1024;
/// The most keys that an issuer may publish.
const MOST_KEYS: usize = 64;
/// How far an issuer's clock may be ahead, in seconds.
const AHEAD: i64 = 60;
/// The longest life of a token, in seconds: what lives longer is a secret like any other.
const LONGEST_LIFE: i64 = 24 * 60 * 60;

/// What is allowed.
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why a token is not accepted. No text here holds anything of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// No token, or one that is too long.
    #[error("it is no signed JWT of at most {LONGEST} bytes")]
    Malformed,
    /// An algorithm that is not taken.
    #[error("its algorithm is none that is taken from this issuer")]
    Algorithm,
    /// A token for something else, or with extensions that are not understood.
    #[error("its header says that it is for something else")]
    Header,
    /// None of the issuer's keys has its `kid`.
    #[error("its key is none that the issuer publishes")]
    UnknownKey,
    /// Another signed it.
    #[error("its signature is wrong")]
    Signature,
    /// A claim is missing or is of no use.
    #[error("its claim {0} is missing or wrong")]
    Claim(&'static str),
    /// Its time is over.
    #[error("it has expired")]
    Expired,
}

/// A key of an issuer, and what it may have signed by.
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The keys that an issuer publishes.
pub(super) struct Keys(Vec<Key>);

/// Why there are no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// The document is no JWK set.
    #[error("it is no JWK set")]
    Malformed,
    /// There are more than anyone has.
    #[error("there are more than {MOST_KEYS} keys in it")]
    TooMany,
    /// Nothing in it can be used.
    #[error("there is no key in it that can be used: RSA, P-256, P-384 and Ed25519 can")]
    None,
}

impl Keys {
    /// Reads a JWK set (RFC 7517). Keys of kinds that are not used are passed over.
    pub(super) fn read(document: &Value) -> Result<Self, KeysError> {
        let all = document.get("keys").and_then(Value::as_array).ok_or(KeysError::Malformed)?;
        if all.len() > MOST_KEYS {
            return Err(KeysError::TooMany);
        }
        let jwk = |key: &Value| serde_json::from_value::<Jwk>(key.clone()).ok();
        let keys: Vec<_> = all.iter().filter_map(|key| Key::read(&jwk(key)?)).collect();
        if keys.is_empty() { Err(KeysError::None) } else { Ok(Self(keys)) }
    }

    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// The key that a token names, if it may have signed by the token's algorithm.
    fn find(&self, header: &Header) -> Result<&Key, JwtError> {
        let fits = |key: &&Key| key.algorithms.contains(&header.alg);
        match &header.kid {
            Some(id) => {
                let mut named = self.0.iter().filter(|key| key.id.as_ref() == Some(id)).peekable();
                named.peek().ok_or(JwtError::UnknownKey)?;
                named.find(fits).ok_or(JwtError::Algorithm)
            }
            None => {
                let mut fitting = self.0.iter().filter(fits);
                let only = fitting.next().ok_or(JwtError::UnknownKey)?;
                // Which of several is meant has to be said.
                if fitting.next().is_none() { Ok(only) } else { Err(JwtError::UnknownKey) }
            }
        }
    }
}

impl Key {
    fn read(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let signs = !matches!(&common.public_key_use, Some(other) if *other != PublicKeyUse::Signature);
        let verifies = common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !signs || !verifies {
            return None;
        }
        let family: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &ALGORITHMS[..6],
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            _ => return None,
        };
        let algorithms: Vec<_> = family.iter().copied().filter(|algorithm| said(common.key_algorithm.as_ref(), *algorithm)).collect();
        if algorithms.is_empty() {
            return None;
        }
        Some(Self { id: common.key_id.clone(), algorithms, key: DecodingKey::from_jwk(jwk).ok()? })
    }
}

/// Whether a key that says its algorithm says this one.
fn said(algorithm: Option<&KeyAlgorithm>, this: Algorithm) -> bool {
    algorithm.is_none_or(|said| *said == KeyAlgorithm::from(this))
}

/// What a token has to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    /// The algorithms that the issuer says it signs by.
    pub(super) algorithms: &'a [Algorithm],
    /// In seconds since 1970.
    pub(super) now: i64,
}

/// The claims of a token, once its signature and all that [`Expected`] says were found right.
pub(super) fn verify(token: &str, keys: &Keys, expected: Expected<'_>) -> Result<Map<String, Value>, JwtError> {
    if token.len() > LONGEST {
        return Err(JwtError::Malformed);
    }
    // An algorithm that the library does not know, `none` among them, makes no header.
    let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::Json(_) => JwtError::Algorithm,
        _ => JwtError::Malformed,
    })?;
    if !ALGORITHMS.contains(&header.alg) || !expected.algorithms.contains(&header.alg) {
        return Err(JwtError::Algorithm);
    }
    let is_plain = header.typ.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    if !is_plain || header.crit.is_some() || header.enc.is_some() || header.zip.is_some() {
        return Err(JwtError::Header);
    }
    let key = keys.find(&header)?;
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let token = jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &validation).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => JwtError::Signature,
        _ => JwtError::Malformed,
    })?;
    check(&token.claims, expected)?;
    Ok(token.claims)
}

fn check(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<(), JwtError> {
    if text(claims, "iss") != Some(expected.issuer) {
        return Err(JwtError::Claim("iss"));
    }
    let ours = match claims.get("aud") {
        Some(Value::String(audience)) => audience == expected.audience,
        Some(Value::Array(all)) => all.iter().any(|audience| audience.as_str() == Some(expected.audience)),
        _ => false,
    };
    if !ours {
        return Err(JwtError::Claim("aud"));
    }
    if text(claims, "sub").is_none_or(|subject| subject.is_empty() || subject.len() > 1_024) {
        return Err(JwtError::Claim("sub"));
    }
    let (issued, expires) = (moment(claims, "iat")?, moment(claims, "exp")?);
    let (issued, expires) = (issued.ok_or(JwtError::Claim("iat"))?, expires.ok_or(JwtError::Claim("exp"))?);
    if expires <= expected.now {
        return Err(JwtError::Expired);
    }
    let latest = expected.now.saturating_add(AHEAD);
    if issued > latest || issued < 0 {
        return Err(JwtError::Claim("iat"));
    }
    if expires.saturating_sub(issued) > LONGEST_LIFE {
        return Err(JwtError::Claim("exp"));
    }
    if moment(claims, "nbf")?.is_some_and(|from| from > latest) {
        return Err(JwtError::Claim("nbf"));
    }
    Ok(())
}

/// A claim that is a text.
pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

/// A NumericDate: a number of seconds, which may have a fraction.
fn moment(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, JwtError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let whole = value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| (0.0..1e12).contains(seconds))?;
        #[expect(clippy::cast_possible_truncation, reason = "it is between 0 and 10^12")]
        Some(seconds as i64)
    });
    whole.map(Some).ok_or(JwtError::Claim(name))
}

/// For the fuzzer: a token of anybody against a key of nobody.
#[doc(hidden)]
pub fn fuzz(token: &str, document: &str) {
    if let Some(keys) = serde_json::from_str(document).ok().and_then(|document| Keys::read(&document).ok()) {
        let expected = Expected { issuer: "https://issuer.example", audience: "lemur", algorithms: &ALGORITHMS, now: 1_800_000_000 };
        assert!(verify(token, &keys, expected).is_err(), "a token that nobody signed");
    }
}
