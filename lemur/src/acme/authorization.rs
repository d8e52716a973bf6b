//! Authorizations and their challenges (RFC 8555, 7.5).

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::Id;
use super::link;
use super::problem::{Document, Problem};
use super::request::{Post, Said};
use super::state::Acme;
use super::store::{Authorization, AuthorizationStatus};
use super::worker;
use crate::validate::Method;

/// How long an answer to a challenge waits for what comes of it: a client that hears it at once need not ask again.
const AT_ONCE: Duration = Duration::from_millis(250);

/// When to ask again, in seconds.
pub(super) const AGAIN: u32 = 1;

#[derive(Deserialize)]
struct Change {
    status: String,
}

#[derive(Serialize)]
struct Shown {
    status: &'static str,
    expires: String,
    identifier: ShownIdentifier,
    challenges: Vec<ShownChallenge>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    wildcard: bool,
}

#[derive(Serialize)]
struct ShownIdentifier {
    r#type: &'static str,
    value: String,
}

#[derive(Serialize)]
struct ShownChallenge {
    r#type: &'static str,
    url: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Document>,
    /// The records of dns-persist-01 name one of these, and the account.
    #[serde(rename = "issuer-domain-names", skip_serializing_if = "Option::is_none")]
    issuers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accounturi: Option<String>,
}

pub(super) async fn show(State(acme): State<Acme>, Path(id): Path<String>, post: Post) -> Result<Response, Problem> {
    let Said { account, payload, from, .. } = post.by_account(&acme).await?;
    let mut authorization = find(&acme, &id, &account.id).await?;
    if !payload.is_empty() {
        let change: Change = payload.read()?;
        if change.status != "deactivated" {
            return Err(Problem::malformed("an authorization's status is set to deactivated only"));
        }
        if !acme.0.store.deactivate(&authorization, &acme.actor(&account.id, &from)).await? {
            return Err(Problem::malformed("the authorization is neither pending nor valid"));
        }
        authorization = find(&acme, &id, &account.id).await?;
    }
    Ok(shown(&acme, &authorization))
}

/// A client says that it is ready, or asks how a challenge stands.
pub(super) async fn challenge(
    State(acme): State<Acme>,
    Path((id, method)): Path<(String, String)>,
    post: Post,
) -> Result<Response, Problem> {
    let Said { account, payload, .. } = post.by_account(&acme).await?;
    let mut authorization = find(&acme, &id, &account.id).await?;
    let method = Method::named(&method).filter(|method| methods(&acme, &authorization).contains(method)).ok_or_else(Problem::not_found)?;
    if !payload.is_empty() {
        let _: serde_json::Map<String, serde_json::Value> = payload.read()?;
        if authorization.status == AuthorizationStatus::Pending && authorization.attempted.is_none() {
            let looking = worker::begin(&acme, &authorization, method, &account).await?;
            let attempt = match looking {
                Some(looking) => tokio::time::timeout(AT_ONCE, looking).await.ok().and_then(Result::ok).flatten(),
                None => None,
            };
            match attempt {
                Some(attempt) => authorization.settle(method, attempt, acme.now()),
                // It goes on, or is another's: the database says how it stands.
                None => authorization = find(&acme, &id, &account.id).await?,
            }
        }
    }
    let now = acme.now();
    let one = challenge_of(&acme, &authorization, method, now);
    let waits = one.status == "processing";
    let mut response = Json(one).into_response();
    link(&mut response, &acme.url(&format!("/authorization/{}", authorization.id)), "up");
    if waits {
        response.headers_mut().insert(RETRY_AFTER, AGAIN.into());
    }
    Ok(response)
}

async fn find(acme: &Acme, id: &str, account: &Id) -> Result<Authorization, Problem> {
    let id = Id::parse(id).ok_or_else(Problem::not_found)?;
    acme.0.store.authorization(&id, account).await?.ok_or_else(Problem::not_found)
}

/// The methods by which an identifier can be proved here.
fn methods(acme: &Acme, authorization: &Authorization) -> Vec<Method> {
    let (host, wildcard) = (authorization.identifier.host(), authorization.identifier.is_wildcard());
    let named = !acme.0.settings.caa_identities.is_empty();
    Method::ALL.into_iter().filter(|method| method.proves(&host, wildcard) && (*method != Method::DnsPersist01 || named)).collect()
}

fn shown(acme: &Acme, authorization: &Authorization) -> Response {
    let now = acme.now();
    let status = status(authorization, now);
    let settled = status != "pending";
    let methods = methods(acme, authorization);
    let of_interest = methods.into_iter().filter(|method| !settled || authorization.attempted.is_none_or(|attempted| attempted == *method));
    let challenges: Vec<ShownChallenge> = of_interest.map(|method| challenge_of(acme, authorization, method, now)).collect();
    let waits = challenges.iter().any(|challenge| challenge.status == "processing");
    let identifier = ShownIdentifier { r#type: authorization.identifier.kind(), value: authorization.identifier.base() };
    let expires = authorization.expires.to_string();
    let mut response =
        Json(Shown { status, expires, identifier, challenges, wildcard: authorization.identifier.is_wildcard() }).into_response();
    if waits {
        response.headers_mut().insert(RETRY_AFTER, AGAIN.into());
    }
    response
}

/// How an authorization stands now (RFC 8555, 7.1.6).
fn status(authorization: &Authorization, now: Timestamp) -> &'static str {
    match authorization.status {
        AuthorizationStatus::Valid if authorization.expires <= now => "expired",
        AuthorizationStatus::Pending if authorization.expires <= now => "invalid",
        other => other.name(),
    }
}

fn challenge_of(acme: &Acme, authorization: &Authorization, method: Method, now: Timestamp) -> ShownChallenge {
    let attempted = authorization.attempted == Some(method);
    let status = match authorization.status {
        AuthorizationStatus::Pending if authorization.expires <= now => "invalid",
        AuthorizationStatus::Pending if attempted => "processing",
        AuthorizationStatus::Valid if attempted => "valid",
        AuthorizationStatus::Invalid if attempted => "invalid",
        AuthorizationStatus::Deactivated if attempted && authorization.validated.is_some() => "valid",
        _ => "pending",
    };
    let persists = method == Method::DnsPersist01;
    ShownChallenge {
        r#type: method.name(),
        url: acme.url(&format!("/challenge/{}/{}", authorization.id, method.name())),
        status,
        token: (!persists).then(|| authorization.token.clone()),
        validated: authorization.validated.filter(|_| attempted).map(|validated| validated.to_string()),
        error: authorization.error.clone().filter(|_| attempted),
        issuers: persists.then(|| acme.0.settings.caa_identities.clone()),
        accounturi: persists.then(|| acme.account_url(&authorization.account)),
    }
}
