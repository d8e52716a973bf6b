//! An issuer of tokens: where its keys are, and which they are at this moment.
//!
//! Keys come from a file, from a URL, or from where the issuer's discovery document says. They are read when they are first needed, again
//! after [`FRESH`], and at a `kid` that is not known, but then at most once in [`AGAIN`]: a flood of such tokens makes no flood of calls. While
//! an issuer does not answer, its keys serve on for [`KEPT`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::jwt::{self, ALGORITHMS, Expected, JwtError, Keys, KeysError};
use super::web::{Call, Web, WebError, check_address};

/// How long keys are taken for what the issuer publishes, in seconds.
const FRESH: i64 = 600;
/// How often a key that is not known makes them be fetched, in seconds.
const AGAIN: i64 = 60;
/// How long after a failure it is tried again, in seconds.
const AFTER_FAILURE: i64 = 10;
/// How long they serve while they cannot be fetched, in seconds.
const KEPT: i64 = 24 * 60 * 60;

/// Why an issuer's keys cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// A call failed.
    #[error("{what} of {issuer} cannot be had: {source}")]
    Web {
        /// The issuer.
        issuer: String,
        /// What was asked for.
        what: &'static str,
        /// Why.
        source: WebError,
    },
    /// The keys are none.
    #[error("the keys of {issuer} cannot be used: {source}")]
    Keys {
        /// The issuer.
        issuer: String,
        /// What is wrong.
        source: KeysError,
    },
    /// The discovery document is not what it should be.
    #[error("the discovery document of {issuer} cannot be used: {reason}")]
    Document {
        /// The issuer.
        issuer: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Why a token was not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The token.
    #[error("the token is not accepted: {0}")]
    Token(#[from] JwtError),
    /// The issuer.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
}

/// What an issuer's discovery document says (OpenID Connect Discovery 1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    keys: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    /// Whether the client's secret may go into the header; the body is the other way.
    pub(super) secret_in_header: bool,
    /// Whether it says in its answers who it is (RFC 9207).
    pub(super) names_itself: bool,
}

/// Where keys come from.
pub(super) enum Source {
    /// They are in this file, which may be exchanged while the service serves.
    File(PathBuf),
    /// They are at this address.
    At(String),
    /// They are where the issuer says.
    Discovery,
}

/// An issuer.
pub(super) struct Issuer {
    name: String,
    web: Web,
    source: Source,
    held: RwLock<Held>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Held {
    found: Option<Arc<Found>>,
    fetched: i64,
    tried: i64,
    failure: Option<IssuerError>,
}

pub(super) struct Found {
    keys: Keys,
    /// None where the keys' place is configured.
    pub(super) metadata: Option<Metadata>,
}

impl Issuer {
    pub(super) fn new(name: &str, web: Web, source: Source) -> Self {
        Self { name: name.to_owned(), web, source, held: RwLock::default(), fetching: tokio::sync::Mutex::default() }
    }

    pub(super) fn web(&self) -> &Web {
        &self.web
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The claims of a token that this issuer signed for an audience.
    pub(super) async fn verify(&self, token: &str, audience: &str, now: i64) -> Result<Map<String, Value>, VerifyError> {
        let found = self.found(now).await?;
        match self.verified(token, &found, audience, now) {
            Err(JwtError::UnknownKey) => {
                let again = self.fetched_again(now).await?;
                Ok(self.verified(token, &again, audience, now)?)
            }
            other => Ok(other?),
        }
    }

    fn verified(&self, token: &str, found: &Found, audience: &str, now: i64) -> Result<Map<String, Value>, JwtError> {
        let algorithms = found.metadata.as_ref().map_or(&ALGORITHMS[..], |metadata| &metadata.algorithms);
        jwt::verify(token, &found.keys, self.expected(audience, algorithms, now))
    }

    fn expected<'a>(&'a self, audience: &'a str, algorithms: &'a [Algorithm], now: i64) -> Expected<'a> {
        Expected { issuer: &self.name, audience, algorithms, now }
    }

    /// What the issuer publishes.
    pub(super) async fn found(&self, now: i64) -> Result<Arc<Found>, IssuerError> {
        self.ask(now, FRESH).await
    }

    /// What the issuer publishes, perhaps more than before.
    async fn fetched_again(&self, now: i64) -> Result<Arc<Found>, IssuerError> {
        self.ask(now, AGAIN).await
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self, now: i64, lasts: i64) -> Result<Arc<Found>, IssuerError> {
        if let Some(answer) = settled(&self.held(), now, lasts) {
            return answer;
        }
        // One call at a time: whoever waited for another's has its answer.
        let _fetching = self.fetching.lock().await;
        if let Some(answer) = settled(&self.held(), now, lasts) {
            return answer;
        }
        let answer = self.fetch().await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tried = now;
        match answer {
            Ok(found) => {
                let found = Arc::new(found);
                *held = Held { found: Some(Arc::clone(&found)), fetched: now, tried: now, failure: None };
                Ok(found)
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "an issuer of tokens cannot be asked");
                held.failure = Some(error.clone());
                held.usable(now).ok_or(error)
            }
        }
    }

    async fn fetch(&self) -> Result<Found, IssuerError> {
        let failed = |what| move |source| IssuerError::Web { issuer: self.name.clone(), what, source };
        let metadata = match &self.source {
            Source::Discovery => {
                let url = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
                let document = self.web.json(Call::get(&url)).await.map_err(failed("the discovery document"))?;
                let wrong = |reason| IssuerError::Document { issuer: self.name.clone(), reason };
                Some(Metadata::read(&document, &self.name).map_err(wrong)?)
            }
            Source::File(_) | Source::At(_) => None,
        };
        let document = match (&self.source, &metadata) {
            (Source::File(path), _) => from_file(path).map_err(failed("the keys"))?,
            (Source::At(url), _) => self.web.json(Call::get(url)).await.map_err(failed("the keys"))?,
            (Source::Discovery, Some(metadata)) => self.web.json(Call::get(&metadata.keys)).await.map_err(failed("the keys"))?,
            (Source::Discovery, None) => return Err(IssuerError::Document { issuer: self.name.clone(), reason: "there is none" }),
        };
        let keys = Keys::read(&document).map_err(|source| IssuerError::Keys { issuer: self.name.clone(), source })?;
        Ok(Found { keys, metadata })
    }
}

/// A document in a file: a small one, read in one go.
pub(super) fn from_file(path: &Path) -> Result<Value, WebError> {
    let text = menagerie_config::read(path).map_err(|_| WebError::Failed("its file cannot be read"))?;
    serde_json::from_str(&text).map_err(|_| WebError::Content("its file is not JSON"))
}

impl Held {
    /// What was found, if it is not too old to be gone by.
    fn usable(&self, now: i64) -> Option<Arc<Found>> {
        self.found.clone().filter(|_| now.saturating_sub(self.fetched) < KEPT)
    }
}

/// What is answered without a call: what is fresh, or that a call was tried just now.
fn settled(held: &Held, now: i64, lasts: i64) -> Option<Result<Arc<Found>, IssuerError>> {
    if let Some(found) = &held.found
        && (0..lasts).contains(&now.saturating_sub(held.fetched))
    {
        return Some(Ok(Arc::clone(found)));
    }
    let failure = held.failure.as_ref().filter(|_| (0..AFTER_FAILURE).contains(&now.saturating_sub(held.tried)))?;
    Some(held.usable(now).ok_or_else(|| failure.clone()))
}

impl Metadata {
    /// Reads a document. Whoever it says that it is of has to be whom it was asked of.
    fn read(document: &Value, issuer: &str) -> Result<Self, &'static str> {
        if document["issuer"].as_str() != Some(issuer) {
            return Err("it is of another issuer");
        }
        let url = |name: &str| match document[name].as_str() {
            None => Ok(None),
            Some(url) if url.len() <= 2_048 && check_address(url).is_ok() => Ok(Some(url.to_owned())),
            Some(_) => Err("an address in it is not one to be called: https is wanted"),
        };
        let list = |name: &str| document[name].as_array().map(|items| items.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        if list("code_challenge_methods_supported").is_some_and(|methods| !methods.contains(&"S256")) {
            return Err("it does not take PKCE by S256");
        }
        let published = list("id_token_signing_alg_values_supported");
        let algorithms: Vec<_> = match published {
            // What is meant where nothing is said.
            None => vec![Algorithm::RS256],
            Some(names) => ALGORITHMS.into_iter().filter(|known| names.iter().any(|name| name.parse() == Ok(*known))).collect(),
        };
        if algorithms.is_empty() {
            return Err("it signs by no algorithm that is taken");
        }
        Ok(Self {
            keys: url("jwks_uri")?.ok_or("it does not say where its keys are")?,
            authorization_endpoint: url("authorization_endpoint")?,
            token_endpoint: url("token_endpoint")?,
            userinfo_endpoint: url("userinfo_endpoint")?,
            algorithms,
            secret_in_header: list("token_endpoint_auth_methods_supported").is_none_or(|methods| methods.contains(&"client_secret_basic")),
            names_itself: document["authorization_response_iss_parameter_supported"].as_bool() == Some(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://idp.example";

    fn document() -> Value {
        json!({"issuer": ISSUER, "jwks_uri": "https://idp.example/keys", "token_endpoint": "https://idp.example/token",
            "id_token_signing_alg_values_supported": ["HS256", "none", "RS256", "ES512"]})
    }

    #[test]
    fn a_document_of_another_is_refused() {
        let metadata = Metadata::read(&document(), ISSUER).expect("metadata");
        assert_eq!((metadata.algorithms.as_slice(), metadata.secret_in_header), (&[Algorithm::RS256][..], true));
        for (name, value) in [
            ("issuer", json!("https://idp.example/")),
            ("issuer", json!("https://evil.example")),
            ("jwks_uri", json!("http://idp.example/keys")),
            ("jwks_uri", json!("http://169.254.169.254/")),
            ("jwks_uri", Value::Null),
            ("token_endpoint", json!("ftp://idp.example")),
            ("id_token_signing_alg_values_supported", json!(["HS256", "none"])),
            ("code_challenge_methods_supported", json!(["plain"])),
        ] {
            let mut other = document();
            other[name] = value;
            assert!(Metadata::read(&other, ISSUER).is_err(), "{other}");
        }
    }

    #[test]
    fn what_failed_just_now_is_not_tried_again() {
        let failure = || Some(IssuerError::Document { issuer: ISSUER.to_owned(), reason: "x" });
        let found = || Some(Arc::new(Found { keys: Keys::none(), metadata: None }));
        let held = |found, fetched, tried, failure| Held { found, fetched, tried, failure };
        let is = |held: &Held, now, lasts| settled(held, now, lasts).map(|answer| answer.is_ok());
        assert_eq!(is(&Held::default(), 1_000, FRESH), None);
        assert_eq!(is(&held(found(), 1_000, 1_000, None), 1_599, FRESH), Some(true));
        assert_eq!(is(&held(found(), 1_000, 1_000, None), 1_600, FRESH), None);
        assert_eq!(is(&held(found(), 1_000, 1_000, None), 1_059, AGAIN), Some(true), "a flood of unknown keys");
        assert_eq!(is(&held(found(), 1_000, 1_000, None), 1_060, AGAIN), None);
        assert_eq!(is(&held(None, 0, 1_000, failure()), 1_009, FRESH), Some(false));
        assert_eq!(is(&held(None, 0, 1_000, failure()), 1_010, FRESH), None);
        assert_eq!(is(&held(found(), 1_000, 2_000, failure()), 2_005, FRESH), Some(true), "old keys serve on");
        assert_eq!(is(&held(found(), 1_000, 90_000, failure()), 90_005, FRESH), Some(false), "but not for ever");
        assert_eq!(is(&held(found(), 1_000, 1_000, None), 500, FRESH), None, "a clock that went back");
    }
}
