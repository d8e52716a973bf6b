//! When to renew (RFC 9773): a window for each certificate, and orders that say which certificate they replace.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::id::Id;
use super::identifier::Identifier;
use super::problem::{Kind, Problem};
use super::state::Acme;
use crate::certificate::Serial;
use crate::store::certificates::Certificate;

/// The longest that a client waits before it asks again.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3_600);

/// The shortest.
const SHORTEST_WAIT: Duration = Duration::from_secs(60);

pub(super) async fn show(State(acme): State<Acme>, Path(id): Path<String>) -> Result<Response, Problem> {
    let unknown = || Problem::malformed("this certificate was not issued here").with_status(StatusCode::NOT_FOUND);
    let certificate = find(&acme, &id).await?.ok_or_else(unknown)?;
    let (start, end) = window(&certificate);
    let body = Json(json!({ "suggestedWindow": { "start": start.to_string(), "end": end.to_string() } }));
    Ok(([(RETRY_AFTER, wait(&certificate).as_secs().to_string())], body).into_response())
}

/// The last third of a certificate's time begins the window, which is a twentieth of it long: clients choose a moment in it at random, so
/// that those who began together do not renew together. For one that is revoked it is over.
fn window(certificate: &Certificate) -> (Timestamp, Timestamp) {
    if let Some(revoked) = &certificate.revoked {
        return (revoked.at - SignedDuration::from_hours(1), revoked.at);
    }
    let life = certificate.not_after.duration_since(certificate.not_before);
    let start = certificate.not_after - life / 3;
    (start, start + life / 20)
}

/// A twentieth of the certificate's time, within bounds: nobody misses the window.
fn wait(certificate: &Certificate) -> Duration {
    let life = certificate.not_after.duration_since(certificate.not_before).unsigned_abs();
    (life / 20).clamp(SHORTEST_WAIT, LONGEST_WAIT)
}

/// The certificate of an identifier (RFC 9773, 4.1): the issuer's key and the serial number, base64url with a dot between.
pub(super) async fn find(acme: &Acme, id: &str) -> Result<Option<Certificate>, Problem> {
    let malformed =
        || Problem::malformed("a certificate's identifier is base64url of its authority key identifier, a dot, and of its serial number");
    let (key, serial) = id.split_once('.').ok_or_else(malformed)?;
    let (key, serial) = (URL_SAFE_NO_PAD.decode(key), URL_SAFE_NO_PAD.decode(serial));
    let (Ok(key), Ok(serial)) = (key, serial) else { return Err(malformed()) };
    // The serial number is as it stands in the certificate: with a zero in front where the number would be negative, and nowhere else, so
    // that a certificate has one identifier.
    if !matches!(serial[..], [0x01..=0x7f, ..] | [0, 0x80..=0xff, ..]) {
        return Err(malformed());
    }
    let serial = Serial::from_unsigned(&serial).map_err(|_| malformed())?;
    for authority in acme.authorities_of_key(&key).await?.iter() {
        if let Some(certificate) = acme.0.engine.certificate_by_serial(*authority, serial.as_unsigned()).await? {
            return Ok(Some(certificate));
        }
    }
    Ok(None)
}

/// That an order may say that it replaces this certificate: it is the account's and has one of the order's names. That no other order has
/// said so is seen when it is kept.
pub(super) async fn check_replaced(acme: &Acme, replaced: &str, account: &Id, identifiers: &[Identifier]) -> Result<(), Problem> {
    let refused = |detail: &str| Problem::malformed(detail).with_status(StatusCode::NOT_FOUND);
    let certificate = find(acme, replaced).await?.ok_or_else(|| refused("the certificate that is to be replaced was not issued here"))?;
    if acme.0.store.account_of_certificate(certificate.id).await?.as_ref() != Some(account) {
        return Err(Problem::new(Kind::Unauthorized, "the certificate that is to be replaced is another account's"));
    }
    let has = |identifier: &Identifier| {
        certificate.names.iter().any(|name| name.kind == identifier.kind() && name.value == identifier.to_string())
    };
    if !identifiers.iter().any(has) {
        return Err(Problem::malformed("the certificate that is to be replaced has none of the order's identifiers"));
    }
    Ok(())
}
