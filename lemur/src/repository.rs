//! What anybody may read, by plain HTTP as well: revocation lists, OCSP answers and authorities' certificates (the repository of RFC 5280).
//!
//! Nothing here signs: lists and answers stand in the database, signed before anybody asked. `/crl/AUTHORITY/SHARD.crl` (RFC 2585),
//! `/ca/AUTHORITY.cer`, and `/ocsp` by POST and by GET with the caching of RFC 5019, 6.2.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;

use crate::engine::Engine;
use crate::ocsp::{self, CertId, Refusal, RequestError};
use crate::revoke::ListError;
use crate::store::{AuthorityId, StoreError};

/// For how long a list may be cached at most, in seconds: a revocation is seen after so long.
const LIST_AGE: i64 = 300;

/// For how long an authority's certificate may be cached, in seconds.
const CERTIFICATE_AGE: i64 = 3600;

const OCSP_RESPONSE: &str = "application/ocsp-response";

/// Its resources.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/crl/{authority}/{file}", get(crl))
        .route("/ca/{file}", get(certificate))
        .route("/ocsp", post(ocsp_by_post).layer(DefaultBodyLimit::max(ocsp::MAX_REQUEST_BYTES)))
        .route("/ocsp/", post(ocsp_by_post).layer(DefaultBodyLimit::max(ocsp::MAX_REQUEST_BYTES)))
        .route("/ocsp/{*request}", get(ocsp_by_get))
        .with_state(engine)
}

/// What stands in a path, if that is text.
type Named<T> = Result<Path<T>, PathRejection>;

async fn crl(State(engine): State<Engine>, path: Named<(String, String)>, headers: HeaderMap) -> Response {
    let place = path
        .ok()
        .and_then(|Path((authority, file))| Some((authority.parse::<i64>().ok()?, file.strip_suffix(".crl")?.parse::<i64>().ok()?)));
    let Some((authority, shard)) = place else { return StatusCode::NOT_FOUND.into_response() };
    match find_crl(&engine, AuthorityId(authority), shard, &headers).await {
        Ok(response) => response,
        Err(ListError::Store(error)) => failed(&error),
        Err(ListError::Busy) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn find_crl(engine: &Engine, authority: AuthorityId, shard: i64, headers: &HeaderMap) -> Result<Response, ListError> {
    let Some(etag) = engine.crl_etag(authority, shard).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    if is_known(headers, &etag) {
        return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), &etag, LIST_AGE));
    }
    let Some(list) = engine.shared_crl(authority, shard, &etag).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let age = LIST_AGE.min(list.next_update - engine.now().as_second()).max(0);
    let mut response = ([(CONTENT_TYPE, "application/pkix-crl")], list.der).into_response();
    set(&mut response, LAST_MODIFIED, date(list.this_update));
    Ok(tagged(response, &list.etag, age))
}

async fn certificate(State(engine): State<Engine>, path: Named<String>, headers: HeaderMap) -> Response {
    let Some(id) = path.ok().and_then(|Path(file)| file.strip_suffix(".cer")?.parse().ok()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let der = match engine.authority(AuthorityId(id)).await {
        Ok(authority) => authority.and_then(|authority| authority.der),
        Err(error) => return failed(&error),
    };
    let Some(der) = der else { return StatusCode::NOT_FOUND.into_response() };
    let etag = tag_of(&der);
    if is_known(&headers, &etag) {
        return tagged(StatusCode::NOT_MODIFIED.into_response(), &etag, CERTIFICATE_AGE);
    }
    tagged(([(CONTENT_TYPE, "application/pkix-cert")], der).into_response(), &etag, CERTIFICATE_AGE)
}

async fn ocsp_by_post(State(engine): State<Engine>, body: Bytes) -> Response {
    answer(&engine, ocsp::parse_request(&body), None).await
}

async fn ocsp_by_get(State(engine): State<Engine>, path: Named<String>, headers: HeaderMap) -> Response {
    let request = path.map_err(|_| RequestError::Malformed).and_then(|Path(request)| ocsp::parse_request_path(&request));
    answer(&engine, request, Some(&headers)).await
}

/// Answers a request; what was asked by GET may be cached.
async fn answer(engine: &Engine, request: Result<CertId, RequestError>, cached: Option<&HeaderMap>) -> Response {
    let refused = |refusal: Refusal| ([(CONTENT_TYPE, OCSP_RESPONSE), (CACHE_CONTROL, "no-store")], refusal.as_der()).into_response();
    let found = match request {
        Ok(id) => engine.ocsp_answer(&id).await,
        Err(error) => return refused(error.refusal()),
    };
    let standing = match found {
        Ok(Ok(standing)) => standing,
        Ok(Err(refusal)) => return refused(refusal),
        Err(error) => return failed(&error),
    };
    let Some(headers) = cached else {
        return ([(CONTENT_TYPE, OCSP_RESPONSE), (CACHE_CONTROL, "no-store")], standing.der).into_response();
    };
    let etag = tag_of(&standing.der);
    // A revocation puts another answer here at any time: no cache keeps this one for longer than a list.
    let age = LIST_AGE.min(standing.next_update - engine.now().as_second()).max(0);
    if is_known(headers, &etag) {
        return tagged(StatusCode::NOT_MODIFIED.into_response(), &etag, age);
    }
    let mut response = ([(CONTENT_TYPE, OCSP_RESPONSE)], standing.der).into_response();
    set(&mut response, EXPIRES, date(engine.now().as_second() + age));
    tagged(response, &etag, age)
}

/// RFC 9110, 13.1.2, by weak comparison.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = |text: &str| text.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == etag);
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(known)
}

fn tag_of(bytes: &[u8]) -> String {
    hex::encode(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref()[..16])
}

fn tagged(mut response: Response, etag: &str, age: i64) -> Response {
    set(&mut response, ETAG, Some(format!("\"{etag}\"")));
    set(&mut response, CACHE_CONTROL, Some(format!("public, max-age={age}, must-revalidate")));
    response
}

fn set(response: &mut Response, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        response.headers_mut().insert(name, value);
    }
}

/// A date as HTTP has it (RFC 9110, 5.6.7).
fn date(seconds: i64) -> Option<String> {
    Some(Timestamp::from_second(seconds).ok()?.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

fn failed(error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "what is published cannot be read");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_every_form() {
        let with = |text: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(text))]);
        for text in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(is_known(&with(text), "abc"), "{text}");
        }
        for text in ["\"ab\"", "", "\"abcd\""] {
            assert!(!is_known(&with(text), "abc"), "{text}");
        }
        assert!(!is_known(&HeaderMap::new(), "abc"));
    }

    #[test]
    fn a_date_is_https() {
        assert_eq!(date(784_111_777).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
