//! Changing what is kept with a certificate, revoking it, and removing it. The certificate itself never changes.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::fault::Fault;
use super::super::id::Id;
use super::super::route::Route;
use super::super::shape::{Fields, Kind, Shape, optional, required};
use super::super::signed::Signed;
use super::refuse_later;
use super::view::CertificateOut;
use crate::access::permit::Action;
use crate::crl::Reason;
use crate::revoke::RevokeError;
use crate::store::certificates::{Certificate, CertificateChange};

const CHANGE: Shape = Shape {
    name: "CertificateChange",
    fields: &[
        optional("owner", Kind::Email, "Who answers for it"),
        optional("description", Kind::Text(4_096), "What people say about it"),
        optional("notify", Kind::Flag, "Whether its owner is told of its end"),
        optional("active", Kind::Flag, "The same as notify"),
        optional("rotation", Kind::Flag, "Whether it is to be replaced before its end"),
        optional("rotationPolicy", Kind::Any, "By which policy, {name}"),
        optional("roles", Kind::Associations, "All roles that may use it from now on"),
        optional("replaces", Kind::Associations, "Certificates whose place it takes, besides those that it does"),
        optional("replacements", Kind::Associations, "The same"),
        optional("destinations", Kind::Any, "Comes later: empty"),
        optional("notifications", Kind::Any, "Comes later: empty"),
        optional("sources", Kind::Any, "Comes later: empty"),
    ],
};

const SWITCHES: Shape = Shape {
    name: "CertificateSwitches",
    fields: &[
        optional("notify", Kind::Flag, "Whether its owner is told of its end"),
        optional("rotation", Kind::Flag, "Whether it is to be replaced before its end"),
    ],
};

const OWNER: Shape = Shape {
    name: "CertificateOwner",
    fields: &[
        required("owner", Kind::Email, "Who answers for it"),
        optional("roles", Kind::Associations, "All roles that may use it from now on"),
        optional("notifications", Kind::Any, "Comes later: empty"),
    ],
};

const DESCRIPTION: Shape =
    Shape { name: "CertificateDescription", fields: &[required("description", Kind::Text(4_096), "What people say about it")] };

const REVOKE: Shape = Shape {
    name: "Revocation",
    fields: &[
        optional("crlReason", Kind::Text(64), "A reason of RFC 5280: unspecified"),
        optional("reason", Kind::Text(4_096), "The same, or a comment"),
        optional("comments", Kind::Text(4_096), "What is said about it in the audit log"),
    ],
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CertificateNumber)]
struct Number {
    id: i64,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::put("/certificates/{id}", update, "Change what is kept with a certificate").takes(&CHANGE).gives::<CertificateOut>(),
        Route::post("/certificates/{id}", update, "Change what is kept with a certificate").takes(&CHANGE).gives::<CertificateOut>(),
        Route::delete("/certificates/{id}", remove, "Remove a certificate from what is stored").status(204),
        Route::post("/certificates/{id}/update/switches", switches, "Change a certificate's switches")
            .takes(&SWITCHES)
            .gives::<CertificateOut>(),
        Route::put("/certificates/{id}/update/owner", owner, "Change a certificate's owner").takes(&OWNER).gives::<CertificateOut>(),
        Route::post("/certificates/{id}/update/owner", owner, "Change a certificate's owner").takes(&OWNER).gives::<CertificateOut>(),
        Route::put("/certificates/{id}/description", description, "Change a certificate's description")
            .takes(&DESCRIPTION)
            .gives::<CertificateOut>(),
        Route::put("/certificates/{id}/revoke", revoke, "Revoke a certificate").takes(&REVOKE).gives::<Number>(),
        Route::put("/certificates/{id}/deactivate", deactivate, "Put a certificate on hold").gives::<Number>(),
        Route::put("/certificates/{id}/release", release, "Take a certificate off hold").gives::<Number>(),
    ]
}

async fn update(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<CertificateOut>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::UpdateCertificate).await?;
    let fields = CHANGE.read(&body)?;
    api.change(&signed, certificate, &fields).await
}

async fn switches(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<CertificateOut>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::UpdateCertificate).await?;
    api.change(&signed, certificate, &SWITCHES.read(&body)?).await
}

async fn owner(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<CertificateOut>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::UpdateCertificate).await?;
    api.change(&signed, certificate, &OWNER.read(&body)?).await
}

async fn description(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<CertificateOut>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::UpdateCertificate).await?;
    api.change(&signed, certificate, &DESCRIPTION.read(&body)?).await
}

/// Removes a row that is of no use any more. What holds, and what our authorities answer for, is not removed: revoke it first. What was brought is
/// removed by whoever answers for it, so that nobody keeps a name, or another's certificate, by having brought it.
async fn remove(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<StatusCode, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::DeleteCertificate).await?;
    if certificate.is_an_authoritys() {
        return Err(Fault::Conflict("An authority's certificate stays as long as the authority.".to_owned()));
    }
    if certificate.authority.is_some() && !api.settings.delete_certificates {
        return Err(Fault::NotAllowed("Certificates are not removed here."));
    }
    let holds = certificate.revoked.is_none() && certificate.not_after >= api.engine.now();
    if certificate.authority.is_some() && holds {
        return Err(Fault::Conflict("The certificate holds: revoke it first.".to_owned()));
    }
    if api.engine.delete_certificate(certificate.id, &signed.actor).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Fault::Missing("certificate"))
    }
}

async fn revoke(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<Number>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::RevokeCertificate).await?;
    let fields = REVOKE.read(&body)?;
    let named = |text: &str| Reason::ALL.into_iter().find(|reason| reason.name().eq_ignore_ascii_case(text));
    let reason = match (fields.filled("crlReason"), fields.filled("reason").and_then(named)) {
        (Some(text), _) => named(text).ok_or_else(|| Fault::field("crlReason", "Not a reason of RFC 5280."))?,
        (None, Some(reason)) => reason,
        (None, None) => Reason::Unspecified,
    };
    let comments = fields.filled("comments").or_else(|| fields.filled("reason")).unwrap_or_default();
    api.revoke(&signed, &certificate, reason, comments).await
}

async fn deactivate(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Number>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::RevokeCertificate).await?;
    api.revoke(&signed, &certificate, Reason::CertificateHold, "deactivated").await
}

async fn release(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Number>, Fault> {
    let certificate = api.certificate(id).await?;
    if certificate.is_an_authoritys() {
        api.may(&signed, &certificate, Action::RevokeCertificate).await?;
    } else {
        let issuer = match certificate.authority {
            Some(issuer) => api.engine.authority(issuer).await?,
            None => None,
        };
        signed.may(&match &issuer {
            Some(issuer) => Action::ReleaseCertificate(super::super::authorities::facts(issuer)),
            None => Action::ReleaseForeignCertificate,
        })?;
    }
    ended(api.engine.release(certificate.id, &signed.actor).await, certificate.id)
}

/// What a change of a certificate's state answers.
fn ended(done: Result<(), RevokeError>, id: crate::store::CertificateId) -> Result<Json<Number>, Fault> {
    match done {
        Ok(()) => Ok(Json(Number { id: id.0 })),
        Err(RevokeError::Unknown { .. }) => Err(Fault::Missing("certificate")),
        Err(error) if error.is_the_requests_fault() => Err(Fault::Bad(format!("{error}."))),
        Err(RevokeError::Issue(error)) => Err(Fault::from(&error)),
        Err(RevokeError::Store(error)) => Err(error.into()),
        Err(error) => Err(Fault::Internal(error.to_string())),
    }
}

impl Api {
    async fn revoke(&self, signed: &Signed, certificate: &Certificate, reason: Reason, comments: &str) -> Result<Json<Number>, Fault> {
        ended(self.upstreams.revoke(certificate.id, reason, comments, &signed.actor).await, certificate.id)
    }

    async fn change(&self, signed: &Signed, certificate: Certificate, fields: &Fields) -> Result<Json<CertificateOut>, Fault> {
        refuse_later(fields)?;
        let policy = fields.text_in("rotationPolicy", "name");
        let change = CertificateChange {
            owner: fields.text("owner").map(str::to_owned),
            description: fields.text("description").map(str::to_owned),
            notify: fields.flag("notify").or_else(|| fields.flag("active")),
            rotation: fields.flag("rotation"),
            rotation_policy: policy.map(str::to_owned),
            roles: self.wanted_roles(fields).await?,
            replaces: self.replaced(signed, fields, Some(certificate.id)).await?,
        };
        if certificate.is_an_authoritys() && change.roles.as_ref().is_some_and(|roles| !roles.is_empty()) {
            return Err(Fault::field("roles", "An authority's certificate has none: give them to the authority."));
        }
        if change != CertificateChange::default() && !self.engine.change_certificate(certificate.id, &change, &signed.actor).await? {
            return Err(Fault::Missing("certificate"));
        }
        let changed = self.certificate(certificate.id.0).await?;
        self.described(changed).await.map(Json)
    }
}
