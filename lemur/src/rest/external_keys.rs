//! `/acme/external_keys`: keys by which ACME clients make accounts. A key is shown when it is made, and never again.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use super::authorities::texts;
use super::fault::Fault;
use super::query::Asked;
use super::route::Route;
use super::shape::{Kind, Shape, optional, required};
use super::signed::Signed;
use super::{Api, Done};
use crate::access::permit::Action;
use crate::acme::{ExternalKey, ExternalKeyError, ExternalKeys, Grant, MIGRATIONS, NewExternalKey};
use crate::audit::shortened;
use crate::issue::IssueError;

const NEW: Shape = Shape {
    name: "NewExternalKey",
    fields: &[
        required("owner", Kind::Email, "Who owns what is issued to its accounts"),
        required(
            "names",
            Kind::Any,
            "What they may have: www.corp.example for one name, .corp.example for it and all below, . for every DNS name, 10.1.0.0/16 for addresses",
        ),
        optional("profiles", Kind::Any, "The profiles that they may ask for: all that are offered when they order"),
        optional("description", Kind::Text(4_096), "What it is for"),
        optional("days", Kind::Integer(1, 36_500), "For how many days it can be used: until it is revoked"),
        optional("accounts", Kind::Integer(1, 1_000_000), "How many accounts may be made with it: any number"),
    ],
};

/// A key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExternalKey)]
struct ExternalKeyOut {
    /// What clients call its ID: `kid`.
    id: String,
    description: String,
    owner: String,
    names: Vec<String>,
    /// The profiles that its accounts may ask for. Empty: all that are offered when they order.
    profiles: Vec<String>,
    /// How many accounts were made with it.
    accounts: u32,
    most_accounts: Option<u32>,
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
    /// The key as clients take it, base64url: only when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Some keys, in the order of their IDs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExternalKeys)]
struct Page {
    items: Vec<ExternalKeyOut>,
    /// What to ask for the next with, if there are more.
    after: Option<String>,
}

impl From<ExternalKey> for ExternalKeyOut {
    fn from(key: ExternalKey) -> Self {
        Self {
            id: key.id,
            description: key.description,
            owner: key.grant.owner,
            names: key.grant.names.iter().map(ToString::to_string).collect(),
            profiles: key.grant.profiles,
            accounts: key.accounts,
            most_accounts: key.most_accounts,
            created: key.created.to_string(),
            expires: key.expires.map(|at| at.to_string()),
            revoked: key.revoked.map(|at| at.to_string()),
            key: None,
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/acme/external_keys", list, "Keys by which ACME clients make accounts")
            .query(&[("count", "How many, at most 1000"), ("after", "Those after this ID")])
            .gives::<Page>(),
        Route::post("/acme/external_keys", create, "Make a key by which ACME clients make accounts").takes(&NEW).gives::<ExternalKeyOut>(),
        Route::delete("/acme/external_keys/{name}", revoke, "Let a key make no more accounts, and its accounts get no more certificates")
            .gives::<Done>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<Page>, Fault> {
    signed.may(&Action::ManageExternalKeys)?;
    let count = u32::try_from(asked.count).unwrap_or(u32::MAX);
    let keys = api.external_keys().await?.list(asked.parameter("after"), count).await?;
    let after = keys.last().filter(|_| keys.len() == count as usize).map(|key| key.id.clone());
    Ok(Json(Page { items: keys.into_iter().map(ExternalKeyOut::from).collect(), after }))
}

async fn create(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<ExternalKeyOut>, Fault> {
    signed.may(&Action::ManageExternalKeys)?;
    let fields = NEW.read(&body)?;
    let list = |name: &'static str| texts(&fields, name).map_err(|reason| Fault::field(name, reason));
    let names = list("names")?.iter().map(|name| name.parse()).collect::<Result<Vec<_>, crate::acme::NameRuleError>>();
    let names = names.map_err(|error| Fault::field("names", error.to_string()))?;
    if names.is_empty() {
        return Err(Fault::field("names", "At least one is wanted."));
    }
    let profiles = list("profiles")?;
    let offered = crate::serve::offered_profiles(&api.settings.acme_profiles, &api.engine).await?;
    // None stays none: all that are offered whenever something is ordered.
    if let Some(unknown) = profiles.iter().find(|profile| !offered.contains(profile)) {
        // Its accounts could order nothing.
        let reason = format!("ACME offers no profile {}: there are {}.", shortened(unknown), offered.join(", "));
        return Err(Fault::field("profiles", reason));
    }
    let days = fields.integer("days").map(|days| api.engine.now().checked_add(SignedDuration::from_hours(24 * days)));
    let new = NewExternalKey {
        description: fields.text("description").unwrap_or_default().to_owned(),
        grant: Grant { owner: fields.text("owner").unwrap_or_default().to_owned(), names, profiles },
        most_accounts: fields.integer("accounts").and_then(|count| u32::try_from(count).ok()),
        expires: days.transpose().map_err(|_| Fault::field("days", "Too many."))?,
    };
    let (key, secret) = api.external_keys().await?.create(new, &signed.actor).await?;
    Ok(Json(ExternalKeyOut { key: Some(secret.expose().clone()), ..key.into() }))
}

async fn revoke(State(api): State<Api>, signed: Signed, Path(id): Path<String>) -> Result<Json<Done>, Fault> {
    signed.may(&Action::ManageExternalKeys)?;
    let known = id.len() <= 128 && !id.contains('\0');
    if known && api.external_keys().await?.revoke(&id, &signed.actor).await? {
        Ok(Json(Done::result()))
    } else {
        Err(Fault::Missing("key that is not revoked already"))
    }
}

impl Api {
    async fn external_keys(&self) -> Result<ExternalKeys, Fault> {
        self.acme_tables.get_or_try_init(|| self.engine.store().database().migrate(&MIGRATIONS)).await?;
        Ok(ExternalKeys::new(self.engine.clone(), Arc::new(SystemRandom::new())))
    }
}

impl From<ExternalKeyError> for Fault {
    fn from(error: ExternalKeyError) -> Self {
        match error {
            ExternalKeyError::Empty => Self::field("names", error.to_string()),
            ExternalKeyError::Database(error) => error.into(),
            ExternalKeyError::Store(error) => error.into(),
            ExternalKeyError::Ring(error) => Self::from(&IssueError::Ring(error)),
            other => Self::Internal(other.to_string()),
        }
    }
}
