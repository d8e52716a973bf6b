//! Revocation (RFC 8555, 7.6): by the account that ordered the certificate, by one that has proved control of all its names, or by whoever has
//! the certificate's key.
//!
//! A certificate is known by all its bytes: another with the same serial number, or a row that looks like it, is another certificate.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::identifier::Identifier;
use super::problem::{Kind, Problem};
use super::request::{Post, Said};
use super::state::Acme;
use super::store::Account;
use crate::certificate::View;
use crate::crl::Reason;
use crate::revoke::RevokeError;
use crate::store::certificates::Certificate;

/// The reasons that a certificate's holder may give.
const REASONS: [Reason; 6] = [
    Reason::Unspecified,
    Reason::KeyCompromise,
    Reason::AffiliationChanged,
    Reason::Superseded,
    Reason::CessationOfOperation,
    Reason::PrivilegeWithdrawn,
];

#[derive(Deserialize)]
struct Asked {
    certificate: String,
    reason: Option<u8>,
}

pub(super) async fn revoke(State(acme): State<Acme>, post: Post) -> Result<StatusCode, Problem> {
    let (asked, by) = if post.has_key() {
        let said = post.by_key(&acme).await?;
        (said.payload.read::<Asked>()?, Err(said))
    } else {
        let said = post.by_account(&acme).await?;
        (said.payload.read::<Asked>()?, Ok(said))
    };
    let der = URL_SAFE_NO_PAD.decode(&asked.certificate).map_err(|_| Problem::malformed("the certificate is no base64url"))?;
    let view = View::parse(&der).map_err(|error| Problem::malformed(error.to_string()))?;
    let unknown = || Problem::malformed("this certificate was not issued here").with_status(StatusCode::NOT_FOUND);
    let found = acme.0.engine.certificate_by_fingerprint(view.serial().as_unsigned(), &view.sha256()).await?;
    let certificate = found.filter(|certificate| certificate.der == der).ok_or_else(unknown)?;
    let refused = || Problem::new(Kind::Unauthorized, "neither the account nor the key may revoke this certificate");
    let actor = match by {
        Ok(Said { account, from, .. }) if may_revoke(&acme, &account, &certificate).await? => acme.actor(&account.id, &from),
        Err(mut said) if view.public_key().is_ok_and(|own| own == *said.key.key()) => {
            said.use_up(&acme).await?;
            said.from.actor("the holder of the certificate's key".to_owned())
        }
        _ => return Err(refused()),
    };
    let reason = asked.reason.map_or(Ok(Reason::Unspecified), Reason::from_code);
    let reason = reason.ok().filter(|reason| REASONS.contains(reason)).ok_or_else(|| {
        let codes: Vec<String> = REASONS.map(|reason| reason.code().to_string()).to_vec();
        Problem::new(Kind::BadRevocationReason, format!("a reason is one of {}", codes.join(", ")))
    })?;
    match acme.0.engine.revoke(certificate.id, reason, "", &actor).await {
        Ok(()) => Ok(StatusCode::OK),
        Err(RevokeError::Revoked { .. }) => Err(Problem::new(Kind::AlreadyRevoked, "the certificate is revoked already")),
        Err(error @ (RevokeError::NotOurs { .. } | RevokeError::Unknown { .. })) => Err(Problem::malformed(error.to_string())),
        Err(RevokeError::Issue(error)) => Err(Problem::of_issue(&error)),
        Err(RevokeError::Store(error)) => Err(Problem::of_issue(&error.into())),
        Err(error) => Err(Problem::internal(&error)),
    }
}

async fn may_revoke(acme: &Acme, account: &Account, certificate: &Certificate) -> Result<bool, Problem> {
    if acme.0.store.account_of_certificate(certificate.id).await?.as_ref() == Some(&account.id) {
        return Ok(true);
    }
    // Leave for every name, and there is one at least: of an empty list everything is true.
    let now = acme.now();
    for name in &certificate.names {
        let Ok(identifier) = Identifier::parse(&name.kind, &name.value) else { return Ok(false) };
        if !acme.0.store.is_authorized(&account.id, &identifier, now).await? {
            return Ok(false);
        }
    }
    Ok(!certificate.names.is_empty())
}
