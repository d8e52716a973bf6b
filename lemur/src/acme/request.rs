//! Signed requests, from the bytes to the account: the checks of RFC 8555, 6.2 to 6.5, in one place and one order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, StatusCode};
use menagerie_web::RequestId;
use serde::de::DeserializeOwned;

use super::id::Id;
use super::jwk::{Jwk, JwkError};
use super::jws::{Jws, JwsError, MAX_REQUEST, Signer};
use super::nonce::{self, Genuine, UseUp};
use super::problem::{Kind, Problem};
use super::state::Acme;
use super::store::{Account, AccountStatus};
use crate::audit::{Actor, Via};

/// A signed request whose form and whose URL are right. Its signature is still to be checked, by asking for what signed it.
#[derive(Debug)]
pub(super) struct Post {
    jws: Jws,
    url: String,
    from: Origin,
}

/// Where a request came from, for the audit log.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    address: Option<IpAddr>,
    request: Option<String>,
}

impl Origin {
    fn of(extensions: &Extensions) -> Self {
        Self {
            address: extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical()),
            request: extensions.get::<RequestId>().map(|id| id.as_str().to_owned()),
        }
    }

    /// Somebody of that name who asked from there.
    pub(super) fn actor(&self, name: String) -> Actor {
        Actor { name, user: None, via: Via::Acme, address: self.address, request: self.request.clone() }
    }
}

/// What an account said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) account: Account,
    pub(super) key: Arc<Jwk>,
    pub(super) payload: Payload,
    pub(super) url: String,
    pub(super) from: Origin,
}

/// What a key said that need not have an account. Its nonce is not used up in the database before it is known that the server does what it
/// says ([`KeySaid::use_up`]): whoever makes a key for each request leaves nothing behind.
#[derive(Debug)]
pub(super) struct KeySaid {
    pub(super) key: Jwk,
    pub(super) payload: Payload,
    pub(super) url: String,
    pub(super) from: Origin,
    nonce: Option<UseUp>,
}

impl KeySaid {
    /// Uses the nonce up. Asked for before anything is done or told that not everybody may know.
    pub(super) async fn use_up(&mut self, acme: &Acme) -> Result<(), Problem> {
        if acme.0.store.use_up(self.nonce.take(), acme.now()).await? { Ok(()) } else { Err(stale(acme).await) }
    }
}

/// The bytes that were signed.
#[derive(Debug)]
pub(super) struct Payload(Vec<u8>);

impl FromRequest<Acme> for Post {
    type Rejection = Problem;

    async fn from_request(request: Request, acme: &Acme) -> Result<Self, Problem> {
        let is_jose = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_jose);
        if !is_jose {
            let problem = Problem::malformed("the request's Content-Type is application/jose+json");
            return Err(problem.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let url = acme.url(path);
        let too_long =
            |_| Problem::malformed(format!("the request is longer than {MAX_REQUEST} bytes")).with_status(StatusCode::PAYLOAD_TOO_LARGE);
        let from = Origin::of(request.extensions());
        let body = to_bytes(request.into_body(), MAX_REQUEST).await.map_err(too_long)?;
        let jws = Jws::parse(&body)?;
        if jws.url() != url {
            let problem = Problem::new(Kind::Unauthorized, "the request was signed for another URL than it was sent to");
            return Err(problem.with_status(StatusCode::UNAUTHORIZED));
        }
        Ok(Self { jws, url, from })
    }
}

/// Media types are the same in any case, and with parameters that say nothing here (RFC 9110, 8.3.1).
fn is_jose(kind: &str) -> bool {
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/jose+json"))
}

impl Post {
    /// What an account in good standing says, by `kid`.
    pub(super) async fn by_account(self, acme: &Acme) -> Result<Said, Problem> {
        let Signer::Named(name) = self.jws.signer() else {
            return Err(Problem::malformed("this request is signed by an account: its header has kid"));
        };
        let unknown = || Problem::new(Kind::AccountDoesNotExist, "there is no such account here");
        let id = name.strip_prefix(&acme.url("/account/")).and_then(Id::parse).ok_or_else(unknown)?;
        let now = acme.now();
        // The signature first: a nonce that is used up is a row, and only who has an account makes rows.
        let genuine = self.genuine(acme)?;
        let signed_by = match acme.key_of(&id).filter(|key| self.jws.verified_by(key).is_some()) {
            Some(key) => key,
            None => {
                let (account, json) = acme.0.store.named(&id, now).await?.ok_or_else(unknown)?;
                let key = acme.key(&account.thumbprint, &json)?;
                self.jws.verified_by(&key).ok_or_else(unverified)?;
                acme.remember_key(&id, &key);
                key
            }
        };
        let known = acme.0.store.authenticate(&id, acme.0.nonces.use_up(genuine)?, now).await?;
        if !known.nonce_is_fresh {
            return Err(stale(acme).await);
        }
        let (account, json) = known.account.ok_or_else(unknown)?;
        // Another key may be the account's since.
        let key = acme.key(&account.thumbprint, &json)?;
        if key.thumbprint() != signed_by.thumbprint() {
            return Err(unverified());
        }
        let payload = self.jws.verified_by(&key).ok_or_else(unverified)?.to_vec();
        if account.status != AccountStatus::Valid {
            return Err(Problem::new(Kind::Unauthorized, format!("the account is {}", account.status.name())));
        }
        if account.grant.is_some() && !account.grant_in_force {
            return Err(Problem::new(
                Kind::Unauthorized,
                "the external account key that the account was made with is not in force any more",
            ));
        }
        Ok(Said { account, key, payload: Payload(payload), url: self.url, from: self.from })
    }

    /// What a key says that may be nobody's yet, by `jwk`.
    pub(super) async fn by_key(self, acme: &Acme) -> Result<KeySaid, Problem> {
        let genuine = self.genuine(acme)?;
        let Signer::Key(key) = self.jws.signer().clone() else {
            return Err(Problem::malformed("this request is signed by a key: its header has jwk"));
        };
        let payload = self.jws.verified_by(&key).ok_or_else(unverified)?.to_vec();
        let nonce = acme.0.nonces.use_up(genuine)?;
        Ok(KeySaid { key: *key, payload: Payload(payload), url: self.url, from: self.from, nonce })
    }

    /// Whether it is signed by a key and not by an account.
    pub(super) fn has_key(&self) -> bool {
        matches!(self.jws.signer(), Signer::Key(_))
    }

    /// The nonce, which was given out here and may have been used.
    fn genuine(&self, acme: &Acme) -> Result<Genuine, Problem> {
        let text = self.jws.nonce().ok_or_else(|| Problem::new(Kind::BadNonce, "the request has no nonce: the answer holds one"))?;
        acme.0.nonces.genuine(text, acme.now()).ok_or_else(nonce::bad)
    }
}

impl Payload {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads it as a request.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0)
            .map_err(|error| Problem::malformed(format!("the payload is not what is asked for here: {}", shown(&error))))
    }

    /// Whether the request only asks (RFC 8555, 6.3).
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That the request only asks.
    pub(super) fn none(&self) -> Result<(), Problem> {
        if self.is_empty() { Ok(()) } else { Err(Problem::malformed("this is read by a request with an empty payload (POST-as-GET)")) }
    }
}

/// Where the JSON is wrong, without what stands there.
fn shown(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "a member is missing or of another type" } else { "it is no JSON" };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

fn unverified() -> Problem {
    Problem::malformed("the signature is not of this key over this request")
}

/// A nonce was used before, or the database has lost the key that it was made with: then there is a new one.
async fn stale(acme: &Acme) -> Problem {
    match acme.0.nonces.refresh(&acme.0.store.database).await {
        Ok(()) => nonce::bad(),
        Err(error) => error.into(),
    }
}

impl From<JwsError> for Problem {
    fn from(error: JwsError) -> Self {
        let kind = match &error {
            JwsError::Malformed(_) => Kind::Malformed,
            JwsError::Algorithm(_) => Kind::BadSignatureAlgorithm,
            JwsError::Key(_) => Kind::BadPublicKey,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<JwkError> for Problem {
    fn from(error: JwkError) -> Self {
        Self::new(Kind::BadPublicKey, error.to_string())
    }
}
