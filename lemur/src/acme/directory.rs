//! The directory (RFC 8555, 7.1.1) and nonces for those who have none yet (7.2).

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::request::Post;
use super::state::Acme;

pub(super) async fn show(State(acme): State<Acme>) -> Result<Json<Value>, Problem> {
    let settings = &acme.0.settings;
    let mut meta = Map::new();
    meta.insert("externalAccountRequired".to_owned(), settings.binding_required.into());
    let offers = acme.offers().await?;
    let profiles: Map<String, Value> =
        offers.by_name.iter().map(|(name, standing)| (name.clone(), standing.offer.description.clone().into())).collect();
    meta.insert("profiles".to_owned(), profiles.into());
    if let Some(terms) = &settings.terms_of_service {
        meta.insert("termsOfService".to_owned(), terms.clone().into());
    }
    if !settings.caa_identities.is_empty() {
        meta.insert("caaIdentities".to_owned(), settings.caa_identities.clone().into());
    }
    Ok(Json(json!({
        "newNonce": acme.url("/new-nonce"),
        "newAccount": acme.url("/new-account"),
        "newOrder": acme.url("/new-order"),
        "revokeCert": acme.url("/revoke-certificate"),
        "keyChange": acme.url("/key-change"),
        "renewalInfo": acme.url("/renewal-info"),
        "meta": meta,
    })))
}

/// The same by POST-as-GET (RFC 8555, 6.3).
pub(super) async fn show_signed(State(acme): State<Acme>, post: Post) -> Result<Json<Value>, Problem> {
    post.by_account(&acme).await?.payload.none()?;
    show(State(acme)).await
}

/// As [`show_signed`].
pub(super) async fn nonce_signed(State(acme): State<Acme>, post: Post) -> Result<StatusCode, Problem> {
    post.by_account(&acme).await?.payload.none()?;
    Ok(StatusCode::NO_CONTENT)
}

/// The nonce itself is in the header that every answer has. `HEAD` comes here as well, and has the status 200.
pub(super) async fn nonce(method: Method) -> StatusCode {
    if method == Method::HEAD { StatusCode::OK } else { StatusCode::NO_CONTENT }
}
