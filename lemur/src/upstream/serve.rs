//! What upstreams ask us by http-01: any process answers for any order, since what it says is in the database.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::store::challenges;
use crate::engine::Engine;

/// Its one resource.
pub fn router(engine: Engine) -> Router {
    Router::new().route("/.well-known/acme-challenge/{token}", get(challenge)).with_state(engine)
}

async fn challenge(State(engine): State<Engine>, path: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(token)) = path else { return StatusCode::NOT_FOUND.into_response() };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if token.len() > 256 || !token.bytes().all(letter) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let found = async { Ok::<_, crate::store::StoreError>(challenges::answer(&mut engine.store().read().await?, &token).await?) };
    match found.await {
        Ok(Some(value)) => ([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")], value).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a challenge could not be looked up");
            let status = if error.is_outage() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
            status.into_response()
        }
    }
}
