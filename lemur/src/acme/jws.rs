//! Signed requests: JSON Web Signatures (RFC 7515) in the flattened form, as RFC 8555, 6.2 narrows them.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::jwk::{Jwk, JwkError};

/// How long a request may be, in bytes: a CSR for a hundred names with an RSA key has a tenth of it.
pub const MAX_REQUEST: usize = 128 * 1024;

/// How long a URL or a nonce in a header may be, in bytes.
const MAX_TEXT: usize = 1_024;

/// How an account signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// RSA PKCS #1.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl Alg {
    /// All of them, the one to prefer first.
    pub const ALL: [Self; 4] = [Self::Es256, Self::Es384, Self::EdDsa, Self::Rs256];

    /// Its name in JOSE.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why a request is no signed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not the JSON that it should be.
    #[error("the request is no JWS in flattened JSON: {0}")]
    Malformed(&'static str),
    /// An algorithm that is not taken.
    #[error("the algorithm {0:?} is not taken here")]
    Algorithm(String),
    /// No key that may be an account's.
    #[error("{0}")]
    Key(#[from] JwkError),
}

/// Whose signature it is meant to be.
#[derive(Debug, Clone)]
pub enum Signer {
    /// Of this key.
    Key(Box<Jwk>),
    /// Of the account, or the external account key, that is named so.
    Named(String),
}

/// A request whose signature is not checked yet. Only [`Jws::verified_by`] gives its payload out.
#[derive(Debug)]
pub struct Jws {
    algorithm: Algorithm,
    url: String,
    nonce: Option<String>,
    signer: Signer,
    /// What is signed: the protected header, a dot, the payload, as they came.
    signed: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Key(Alg),
    Mac(MacAlg),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MacAlg {
    Hs256,
    Hs384,
    Hs512,
}

#[derive(Deserialize)]
struct Flattened<'a> {
    #[serde(borrow)]
    protected: &'a str,
    #[serde(borrow)]
    payload: &'a str,
    #[serde(borrow)]
    signature: &'a str,
    header: Option<IgnoredAny>,
    signatures: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: String,
    url: Option<String>,
    nonce: Option<String>,
    kid: Option<String>,
    #[serde(borrow)]
    jwk: Option<&'a RawValue>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

/// What authenticates an external account binding.
pub(super) const MAC_ALGORITHMS: [&str; 3] = [MacAlg::Hs256.name(), MacAlg::Hs384.name(), MacAlg::Hs512.name()];

impl Jws {
    /// Reads a request that a key signs.
    ///
    /// # Errors
    /// [`JwsError`] says what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, JwsError> {
        let jws = Self::read(body)?;
        match jws.algorithm {
            Algorithm::Key(_) => Ok(jws),
            Algorithm::Mac(alg) => Err(JwsError::Algorithm(alg.name().to_owned())),
        }
    }

    /// Reads an external account binding (RFC 8555, 7.3.4), which a shared key authenticates.
    ///
    /// # Errors
    /// [`JwsError`] says what is wrong with it.
    pub fn parse_binding(body: &[u8]) -> Result<Self, JwsError> {
        let jws = Self::read(body)?;
        match (jws.algorithm, &jws.signer) {
            (Algorithm::Mac(_), Signer::Named(_)) if jws.nonce.is_none() => Ok(jws),
            (Algorithm::Mac(_), _) => Err(JwsError::Malformed("a binding has a key's name, and no nonce")),
            (Algorithm::Key(alg), _) => Err(JwsError::Algorithm(alg.name().to_owned())),
        }
    }

    fn read(body: &[u8]) -> Result<Self, JwsError> {
        if body.len() > MAX_REQUEST {
            return Err(JwsError::Malformed("it is too long"));
        }
        let jws: Flattened<'_> =
            serde_json::from_slice(body).map_err(|_| JwsError::Malformed("it has the members protected, payload and signature"))?;
        if jws.header.is_some() || jws.signatures.is_some() {
            return Err(JwsError::Malformed("it has one signature and no unprotected header"));
        }
        let header = decode(jws.protected, "the protected header is base64url")?;
        let header: Header<'_> =
            serde_json::from_slice(&header).map_err(|_| JwsError::Malformed("the protected header is JSON with alg and url"))?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(JwsError::Malformed("it has no critical extensions"));
        }
        let algorithm = algorithm(&header.alg).ok_or_else(|| JwsError::Algorithm(header.alg.chars().take(16).collect()))?;
        let texts = [&header.url, &header.nonce, &header.kid];
        if texts.iter().any(|text| text.as_ref().is_some_and(|text| text.len() > MAX_TEXT)) {
            return Err(JwsError::Malformed("a member of the protected header is too long"));
        }
        let signer = match (header.jwk, header.kid) {
            (Some(key), None) => Signer::Key(Box::new(Jwk::parse(key.get())?)),
            (None, Some(name)) => Signer::Named(name),
            _ => return Err(JwsError::Malformed("the protected header has either jwk or kid")),
        };
        Ok(Self {
            algorithm,
            url: header.url.ok_or(JwsError::Malformed("the protected header has a url"))?,
            nonce: header.nonce,
            signer,
            signed: [jws.protected, ".", jws.payload].concat(),
            payload: decode(jws.payload, "the payload is base64url")?,
            signature: decode(jws.signature, "the signature is base64url")?,
        })
    }

    /// Where it is meant to go. Not to be relied on before the signature is checked.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its nonce.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Whose signature it is meant to be.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The payload, if this key signed it.
    #[must_use]
    pub fn verified_by(&self, key: &Jwk) -> Option<&[u8]> {
        match self.algorithm {
            Algorithm::Key(alg) if key.has_signed(alg, self.signed.as_bytes(), &self.signature) => Some(&self.payload),
            _ => None,
        }
    }

    /// The payload, if it was authenticated with this shared key.
    #[must_use]
    pub fn authenticated_by(&self, key: &[u8]) -> Option<&[u8]> {
        let algorithm = match self.algorithm {
            Algorithm::Mac(MacAlg::Hs256) => hmac::HMAC_SHA256,
            Algorithm::Mac(MacAlg::Hs384) => hmac::HMAC_SHA384,
            Algorithm::Mac(MacAlg::Hs512) => hmac::HMAC_SHA512,
            Algorithm::Key(_) => return None,
        };
        let key = hmac::Key::new(algorithm, key);
        hmac::verify(&key, self.signed.as_bytes(), &self.signature).is_ok().then_some(&self.payload)
    }
}

impl MacAlg {
    const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    let key = Alg::ALL.into_iter().find(|alg| alg.name() == name).map(Algorithm::Key);
    let mac = || [MacAlg::Hs256, MacAlg::Hs384, MacAlg::Hs512].into_iter().find(|alg| alg.name() == name).map(Algorithm::Mac);
    key.or_else(mac)
}

fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| JwsError::Malformed(what))
}

#[cfg(test)]
mod tests;
