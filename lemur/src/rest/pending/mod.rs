//! `/pending_certificates`: certificates that an authority elsewhere has yet to issue. As in Lemur the list has those for which something is still
//! done, unless it is asked for the resolved ones.

mod view;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;

pub(super) use view::PendingOut;

use super::certificates::{CertificateOut, KeyOut, NEW, refusal};
use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::route::Route;
use super::shape::{Kind, Shape, optional, required};
use super::signed::Signed;
use super::to_the_end::to_the_end;
use super::{Api, List};
use crate::access::permit::{Action, CertificateFacts};
use crate::issue::Order;
use crate::store::{CertificateId, PendingId};
use crate::upstream::{OrderError, Pending, PendingChange, PendingError, PendingFilter, PendingUpload};

/// The longest text that holds certificates.
const TEXT: usize = 512 * 1024;

const CHANGE: Shape = Shape {
    name: "PendingCertificateChange",
    fields: &[
        optional("owner", Kind::Email, "Who answers for it"),
        optional("description", Kind::Text(4_096), "What people say about it"),
        optional("notify", Kind::Flag, "Whether its owner is told of its end"),
        optional("active", Kind::Flag, "The same as notify"),
        optional("rotation", Kind::Flag, "Whether it is to be replaced before its end"),
        optional("rotationPolicy", Kind::Any, "By which policy, {name}"),
        optional("roles", Kind::Associations, "All roles that may use it from now on"),
        optional("replaces", Kind::Associations, "All certificates whose place it takes"),
        optional("replacements", Kind::Associations, "The same"),
        optional("destinations", Kind::Any, "Comes later: empty"),
        optional("notifications", Kind::Any, "Comes later: empty"),
    ],
};

const UPLOAD: Shape = Shape {
    name: "PendingCertificateUpload",
    fields: &[
        required("body", Kind::Text(TEXT), "The certificate, PEM"),
        optional("chain", Kind::Text(TEXT), "The certificates above it, PEM"),
        optional("externalId", Kind::Text(254), "What another system calls it"),
    ],
};

const CANCEL: Shape =
    Shape { name: "PendingCertificateCancellation", fields: &[optional("note", Kind::Text(4_096), "Why, for the audit log")] };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/pending_certificates", list, "Certificates that another authority has yet to issue").paged().lists::<PendingOut>(),
        Route::post("/pending_certificates", create, "Order a certificate of an authority elsewhere").takes(&NEW).gives::<PendingOut>(),
        Route::get("/pending_certificates/{id}", read, "A pending certificate").gives::<PendingOut>(),
        Route::put("/pending_certificates/{id}", update, "Change what is kept with a pending certificate")
            .takes(&CHANGE)
            .gives::<PendingOut>(),
        Route::delete("/pending_certificates/{id}", cancel, "Give a pending certificate up").takes(&CANCEL).status(204),
        Route::post("/pending_certificates/{id}/upload", upload, "Bring the certificate of a pending one")
            .takes(&UPLOAD)
            .gives::<CertificateOut>(),
        Route::get("/pending_certificates/{id}/key", key, "The private key of a pending certificate").gives::<KeyOut>(),
    ]
}

/// What a right to a pending certificate depends on: the same as to the certificate that it becomes.
fn facts(pending: &Pending) -> CertificateFacts<'_> {
    CertificateFacts {
        id: CertificateId(0),
        names: &[],
        owner: &pending.record.owner,
        creator: pending.creator,
        roles: &pending.record.roles,
    }
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<PendingOut>>, Fault> {
    signed.may(&Action::Look)?;
    let mut filter = PendingFilter::default();
    match &asked.filter {
        None => {}
        Some((key, value)) => match key.as_str() {
            "resolved" => {
                filter.resolved =
                    super::query::flag(value).ok_or_else(|| Fault::field("filter", "resolved;true or resolved;false is wanted."))?;
            }
            "name" | "cn" | "owner" => filter.text = Some(value.clone()),
            "authority" | "issuer" => match api.engine.authority_by_name(value).await? {
                Some(authority) => filter.authority = Some(authority.id),
                None => return Ok(List::of(Vec::<PendingOut>::new(), 0)),
            },
            _ => return Err(Fault::field("filter", "One of name, cn, owner, authority and resolved is wanted.")),
        },
    }
    match asked.sort_by.as_deref() {
        None => {}
        Some("id" | "dateCreated" | "date_created") => filter.ascending = !asked.descending,
        Some(_) => return Err(Fault::field("sortBy", "One of id and date_created is wanted.")),
    }
    let (items, total) = api.upstreams.list(&filter, asked.skip(), asked.count).await?;
    Ok(List::of(api.describe_pending(items).await?, total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<PendingOut>, Fault> {
    signed.may(&Action::Look)?;
    let pending = api.pending(id).await?;
    api.described_pending(pending).await.map(Json)
}

async fn create(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<PendingOut>, Fault> {
    let reason = "This authority issues at once: POST /certificates.";
    let order = api.asked(&signed, &body, Some(reason)).await?;
    api.pend(order).await.map(Json)
}

async fn update(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<PendingOut>, Fault> {
    let pending = api.pending(id).await?;
    signed.may(&Action::UpdateCertificate(facts(&pending)))?;
    let fields = CHANGE.read(&body)?;
    super::certificates::refuse_later(&fields)?;
    let change = PendingChange {
        owner: fields.text("owner").map(str::to_owned),
        description: fields.text("description").map(str::to_owned),
        notify: super::certificates::notify_of(&fields, pending.record.notify),
        rotation: fields.flag("rotation"),
        rotation_policy: super::certificates::rotation_policy(&fields, &pending.record.rotation_policy)?,
        roles: api.wanted_roles(&fields).await?,
        replaces: api.replaced(&signed, &fields, None).await?,
    };
    if change != PendingChange::default() {
        api.upstreams.change(pending.id, &change, &signed.actor).await.map_err(fault)?;
    }
    let changed = api.pending(id).await?;
    api.described_pending(changed).await.map(Json)
}

async fn cancel(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<StatusCode, Fault> {
    let pending = api.pending(id).await?;
    signed.may(&Action::DeleteCertificate(facts(&pending)))?;
    let fields = CANCEL.read(&body)?;
    let note = fields.text("note").unwrap_or_default().to_owned();
    to_the_end(async move { api.upstreams.cancel(pending.id, &note, &signed.actor).await.map_err(fault) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn upload(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<CertificateOut>, Fault> {
    let pending = api.pending(id).await?;
    signed.may(&Action::UpdateCertificate(facts(&pending)))?;
    if !api.upstreams.knows_roots(&pending).await? {
        signed.may(&Action::VouchForPending)?;
    }
    let fields = UPLOAD.read(&body)?;
    let bundle = format!("{}\n{}", fields.text("body").unwrap_or_default(), fields.text("chain").unwrap_or_default());
    let external_id = fields.filled("externalId").map(str::to_owned);
    let brought = PendingUpload { bundle: bundle.into_bytes(), external_id };
    let upstreams = api.upstreams.clone();
    let stored = to_the_end(async move { upstreams.bring(pending.id, brought, &signed.actor).await.map_err(fault) }).await?;
    let certificate = api.certificate(stored.0).await?;
    api.described(certificate).await.map(Json)
}

async fn key(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<KeyOut>, Fault> {
    let pending = api.pending(id).await?;
    signed.may(&Action::ViewKey(facts(&pending)))?;
    let key = api.upstreams.private_key(pending.id, &signed.actor).await.map_err(fault)?;
    KeyOut::of(&key).map(Json)
}

fn fault(error: PendingError) -> Fault {
    let text = error.to_string();
    match error {
        PendingError::Unknown { .. } => Fault::Missing("pending certificate"),
        PendingError::Resolved { .. } => Fault::Bad(format!("{text}.")),
        PendingError::NoKey { .. } => Fault::Missing("private key"),
        PendingError::Certificate(_) | PendingError::Forged { .. } => Fault::field("body", text),
        PendingError::Duplicate => Fault::Conflict(text),
        PendingError::Ring(_) => Fault::Internal(text),
        PendingError::Store(error) => error.into(),
    }
}

impl Api {
    async fn pending(&self, id: i64) -> Result<Pending, Fault> {
        self.upstreams.pending(PendingId(id)).await?.ok_or(Fault::Missing("pending certificate"))
    }

    async fn described_pending(&self, pending: Pending) -> Result<PendingOut, Fault> {
        self.describe_pending(vec![pending]).await?.pop().ok_or(Fault::Missing("pending certificate"))
    }

    /// Orders what was asked for.
    pub(super) async fn pend(&self, order: Order) -> Result<PendingOut, Fault> {
        let pending = self.upstreams.order(order).await.map_err(|error| {
            let text = error.to_string();
            match error {
                OrderError::NotElsewhere { .. } | OrderError::NotConfigured { .. } => Fault::field("authority", text),
                OrderError::Name { .. } => Fault::field("extensions.subAltNames", text),
                OrderError::CompromisedKey { .. } => Fault::field("lint.key-compromised", text),
                OrderError::OtherNames | OrderError::NoRequest => Fault::field("csr", text),
                OrderError::Issue(error) => refusal(error),
            }
        })?;
        self.described_pending(pending).await
    }
}
