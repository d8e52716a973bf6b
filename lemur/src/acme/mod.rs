//! The ACME server (RFC 8555): accounts with external bindings, orders, authorizations, challenges, certificates, revocation, renewal
//! information (RFC 9773), addresses (RFC 8738), profiles.
//!
//! [`router`] gives the routes below `/acme`; [`Acme`] is what they share, and keeps everything in the database, so that any replica answers
//! any request. A request comes in through [`request`], which checks its form, its URL, its nonce, its account and its signature, in that
//! order and nowhere else; what an account may have is its external account key's grant ([`external`]). Challenges are looked at apart from
//! requests ([`worker`]), by [`crate::validate`]; certificates are made by [`crate::issue`] alone.

mod account;
mod authorization;
mod directory;
mod external;
mod finalize;
mod id;
mod identifier;
mod jwk;
mod jws;
mod nonce;
mod offers;
mod order;
mod problem;
mod renewal;
mod request;
mod revoke;
mod settings;
mod state;
mod store;
mod turns;
mod worker;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use problem::{PROBLEM, Problem};

pub use external::{ExternalKey, ExternalKeyError, ExternalKeys, Grant, NameRule, NameRuleError, NewExternalKey};
pub use id::{Id, NoRandomness};
pub use identifier::Identifier;
pub use jwk::{Jwk, JwkError};
pub use jws::{Alg, Jws, JwsError, MAX_REQUEST, Signer};
pub use settings::{Offer, Offers, Settings, SettingsError};
pub use state::{Acme, Parts, StartError};
pub use store::MIGRATIONS;

const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");

/// The routes below the base of [`Settings`].
pub fn router(acme: Acme) -> Router {
    let not_allowed = || async { Problem::malformed("this URL does not take this method").with_status(StatusCode::METHOD_NOT_ALLOWED) };
    let not_found = || async { nowhere() };
    Router::new()
        .route("/directory", get(directory::show).post(directory::show_signed))
        .route("/new-nonce", get(directory::nonce).post(directory::nonce_signed))
        .route("/new-account", post(account::create))
        .route("/account/{id}", post(account::update))
        .route("/account/{id}/orders", post(account::orders))
        .route("/key-change", post(account::change_key))
        .route("/new-order", post(order::create))
        .route("/order/{id}", post(order::show))
        .route("/order/{id}/finalize", post(finalize::finalize))
        .route("/order/{id}/certificate", post(finalize::certificate))
        .route("/order/{id}/certificate/{chain}", post(finalize::alternate))
        .route("/authorization/{id}", post(authorization::show))
        .route("/challenge/{id}/{method}", post(authorization::challenge))
        .route("/revoke-certificate", post(revoke::revoke))
        .route("/renewal-info/{id}", get(renewal::show))
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .layer(map_response_with_state(acme.clone(), finish))
        .with_state(acme)
}

impl Acme {
    /// Looks at challenges that other replicas have left, and forgets what is old, until `end`.
    pub async fn run(&self, end: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = worker::run(self, end) => {}
            () = worker::keep_nonces(self) => {}
        }
    }
}

fn nowhere() -> Problem {
    Problem::malformed("there is nothing at this URL").with_status(StatusCode::NOT_FOUND)
}

/// What every answer has (RFC 8555, 6.5 and 7.1): a nonce for the next request, and where the directory is.
async fn finish(State(acme): State<Acme>, mut response: Response) -> Response {
    match acme.0.nonces.give(acme.now()) {
        Ok(nonce) => {
            if let Ok(nonce) = HeaderValue::from_str(&nonce) {
                response.headers_mut().insert(REPLAY_NONCE, nonce);
            }
        }
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "an answer has no nonce"),
    }
    // A URL whose parts no handler was given.
    if response.status() == StatusCode::BAD_REQUEST && response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != PROBLEM) {
        let nonce = response.headers_mut().remove(REPLAY_NONCE);
        response = nowhere().into_response();
        response.headers_mut().extend(nonce.map(|nonce| (REPLAY_NONCE, nonce)));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    link(&mut response, &acme.url("/directory"), "index");
    response
}

/// Adds a link to an answer.
fn link(response: &mut Response, url: &str, relation: &str) {
    header_link(response.headers_mut(), url, relation);
}

fn header_link(headers: &mut HeaderMap, url: &str, relation: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("<{url}>;rel=\"{relation}\"")) {
        headers.append(LINK, value);
    }
}
