//! Accounts: made, looked at, changed, given another key, ended (RFC 8555, 7.3), and the list of their orders (7.1.2.1).

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::external::{ExternalKey, ExternalKeyError};
use super::id::Id;
use super::jwk::Jwk;
use super::jws::{Jws, Signer};
use super::problem::{Kind, Problem};
use super::request::{KeySaid, Post, Said};
use super::state::Acme;
use super::store::{Account, AccountStatus, Known};
use super::{header_link, link};
use crate::name::EmailAddress;

/// How many contacts an account may have.
const CONTACTS: usize = 10;

/// How many orders a page of the list has.
const PAGE: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    contact: Option<Vec<String>>,
    #[serde(default)]
    terms_of_service_agreed: bool,
    #[serde(default)]
    only_return_existing: bool,
    external_account_binding: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Change {
    contact: Option<Vec<String>>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyChange {
    account: String,
    old_key: Box<RawValue>,
}

/// An account as it is shown. Without the binding that it was made with, which RFC 8555, 7.3.4, wants here: what Python's `acme` was shown
/// it sends back when it changes or ends the account, and a binding it cannot write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact: Vec<String>,
    terms_of_service_agreed: bool,
    orders: String,
    created_at: String,
}

/// Where a page of a list begins.
#[derive(Deserialize)]
pub(super) struct Page {
    cursor: Option<String>,
}

pub(super) async fn create(State(acme): State<Acme>, post: Post) -> Result<Response, Problem> {
    let mut said = post.by_key(&acme).await?;
    let asked: NewAccount = said.payload.read()?;
    let now = acme.now();
    if let Some(account) = acme.0.store.account_of(&said.key, now).await? {
        said.use_up(&acme).await?;
        return existing(&acme, &account);
    }
    if asked.only_return_existing {
        return Err(Problem::new(Kind::AccountDoesNotExist, "there is no account with this key"));
    }
    if acme.0.settings.terms_of_service.is_some() && !asked.terms_of_service_agreed {
        return Err(Problem::new(Kind::UserActionRequired, "an account agrees to the terms of service: the directory says where they are"));
    }
    let contacts = contacts(asked.contact.unwrap_or_default())?;
    let external = match asked.external_account_binding {
        Some(binding) => Some(bound(&acme, &binding, &said.key, &said.url).await?),
        None if acme.0.settings.binding_required => {
            let detail = "an account needs an external account binding: ask the administrators for a key";
            return Err(Problem::new(Kind::ExternalAccountRequired, detail));
        }
        None => None,
    };
    said.use_up(&acme).await?;
    let KeySaid { key, from, .. } = said;
    let account = Account {
        id: acme.fresh_id(now)?,
        status: AccountStatus::Valid,
        thumbprint: key.thumbprint().to_owned(),
        contacts,
        agreed: asked.terms_of_service_agreed,
        created: now,
        grant: external.as_ref().map(|external| external.grant.clone()),
        grant_in_force: true,
        external_key: external.as_ref().map(|external| external.id.clone()),
    };
    let id = external.as_ref().map(|external| external.id.as_str());
    match acme.0.store.insert_account(&account, &key, id, &acme.actor(&account.id, &from), now).await? {
        Known::New => {
            tracing::info!(account = %account.id, external_key = id, "an ACME account was made");
            Ok(located(StatusCode::CREATED, &acme, &account))
        }
        Known::Old(account) => existing(&acme, &account),
        Known::Spent => Err(Problem::new(Kind::Unauthorized, "the external account key has as many accounts as it may")),
    }
}

fn existing(acme: &Acme, account: &Account) -> Result<Response, Problem> {
    if account.status == AccountStatus::Valid {
        return Ok(located(StatusCode::OK, acme, account));
    }
    Err(Problem::new(Kind::Unauthorized, format!("the account of this key is {}", account.status.name())))
}

/// The external account key that a binding proves (RFC 8555, 7.3.4). Why it does not is told in one way only, so that nobody learns which
/// keys there are.
async fn bound(acme: &Acme, binding: &RawValue, key: &Jwk, url: &str) -> Result<ExternalKey, Problem> {
    let refused =
        || Problem::new(Kind::Unauthorized, "the external account binding is not of a key in force, over this account's key and this URL");
    let binding = Jws::parse_binding(binding.get().as_bytes()).map_err(Problem::of_binding)?;
    let Signer::Named(id) = binding.signer() else { return Err(refused()) };
    let found = acme.0.external.secret(id).await.map_err(|error| match error {
        ExternalKeyError::Database(error) => error.into(),
        ExternalKeyError::Store(error) => error.into(),
        ExternalKeyError::Ring(error) => Problem::of_issue(&error.into()),
        other => Problem::internal(&other),
    })?;
    let (external, secret) = found.ok_or_else(refused)?;
    let payload = binding.authenticated_by(&secret).ok_or_else(refused)?;
    let bound = str::from_utf8(payload).ok().and_then(|payload| Jwk::parse(payload).ok()).ok_or_else(refused)?;
    if binding.url() == url && bound.thumbprint() == key.thumbprint() { Ok(external) } else { Err(refused()) }
}

/// Mailboxes (RFC 8555, 7.3): one each, without header fields.
fn contacts(urls: Vec<String>) -> Result<Vec<String>, Problem> {
    if urls.len() > CONTACTS {
        return Err(Problem::new(Kind::InvalidContact, format!("an account has at most {CONTACTS} contacts")));
    }
    for url in &urls {
        let Some((_, address)) = url.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto")) else {
            return Err(Problem::new(Kind::UnsupportedContact, "contacts are mailto: URLs"));
        };
        if address.contains(['?', ',', '%']) || EmailAddress::parse(address).is_err() {
            return Err(Problem::new(Kind::InvalidContact, "a contact is mailto: and one mailbox"));
        }
    }
    Ok(urls)
}

pub(super) async fn update(State(acme): State<Acme>, Path(id): Path<String>, post: Post) -> Result<Response, Problem> {
    let Said { mut account, payload, from, .. } = own(&acme, &id, post).await?;
    if payload.is_empty() {
        return Ok(located(StatusCode::OK, &acme, &account));
    }
    let change: Change = payload.read()?;
    match change.status.as_deref() {
        None | Some("valid") => {}
        Some("deactivated") => {
            acme.0.store.end_account(&account.id, AccountStatus::Deactivated, &acme.actor(&account.id, &from)).await?;
            account.status = AccountStatus::Deactivated;
            tracing::info!(account = %account.id, "an ACME account was deactivated");
            return Ok(located(StatusCode::OK, &acme, &account));
        }
        Some(_) => return Err(Problem::malformed("an account's status is set to deactivated only")),
    }
    if let Some(urls) = change.contact {
        let before = std::mem::replace(&mut account.contacts, contacts(urls)?);
        acme.0.store.set_contacts(&account.id, &before, &account.contacts, &acme.actor(&account.id, &from)).await?;
    }
    Ok(located(StatusCode::OK, &acme, &account))
}

/// What the account says whose URL this is.
async fn own(acme: &Acme, id: &str, post: Post) -> Result<Said, Problem> {
    let said = post.by_account(acme).await?;
    if said.account.id.as_str() == id { Ok(said) } else { Err(Problem::new(Kind::Unauthorized, "this is another account's URL")) }
}

/// RFC 8555, 7.3.5: the account says, by its old key, that a new one is to be its key, and the new one says so as well.
pub(super) async fn change_key(State(acme): State<Acme>, post: Post) -> Result<Response, Problem> {
    let Said { account, key: old, payload, url, from } = post.by_account(&acme).await?;
    let inner = Jws::parse(payload.as_bytes())?;
    let Signer::Key(new) = inner.signer() else {
        return Err(Problem::malformed("the inner JWS is signed by the new key: its header has jwk"));
    };
    if inner.url() != url || inner.nonce().is_some() {
        return Err(Problem::malformed("the inner JWS has the url of the outer one and no nonce"));
    }
    let said = inner.verified_by(new).ok_or_else(|| Problem::malformed("the inner signature is not of the new key"))?;
    let said: KeyChange = serde_json::from_slice(said).map_err(|_| Problem::malformed("the inner payload has account and oldKey"))?;
    let named = Jwk::parse(said.old_key.get())?;
    if said.account != acme.account_url(&account.id) || named.thumbprint() != old.thumbprint() {
        return Err(Problem::malformed("the inner payload is of another account or another old key"));
    }
    let now = acme.now();
    let taken = |owner: &Account| {
        let problem = Problem::malformed("the new key is an account's already").with_status(StatusCode::CONFLICT);
        problem.with_location(acme.account_url(&owner.id))
    };
    if let Some(owner) = acme.0.store.account_of(new, now).await? {
        return Err(taken(&owner));
    }
    match acme.0.store.roll_key(&account.id, &old, new, &acme.actor(&account.id, &from)).await {
        Ok(true) => {
            tracing::info!(account = %account.id, "an ACME account has another key");
            Ok(located(StatusCode::OK, &acme, &account))
        }
        Ok(false) => Err(Problem::new(Kind::Unauthorized, "the account has another key already, or is not valid any more")),
        Err(error) if error.is_duplicate() => match acme.0.store.account_of(new, now).await? {
            Some(owner) => Err(taken(&owner)),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn orders(
    State(acme): State<Acme>,
    Path(id): Path<String>,
    Query(page): Query<Page>,
    post: Post,
) -> Result<Response, Problem> {
    let Said { account, payload, .. } = own(&acme, &id, post).await?;
    payload.none()?;
    let before = page.cursor.as_deref().map(cursor).transpose()?;
    let before = before.as_ref().map(|(created, id)| (*created, id));
    let orders = acme.0.store.orders_of(&account.id, before, acme.now(), PAGE).await?;
    let urls: Vec<String> = orders.iter().map(|(id, _)| acme.url(&format!("/order/{id}"))).collect();
    let mut headers = HeaderMap::new();
    if let Some((id, created)) = orders.last().filter(|_| orders.len() == usize::try_from(PAGE).unwrap_or(usize::MAX)) {
        let next = acme.url(&format!("/account/{}/orders?cursor={}.{id}", account.id, created.as_second()));
        header_link(&mut headers, &next, "next");
    }
    Ok((headers, Json(serde_json::json!({ "orders": urls }))).into_response())
}

fn cursor(text: &str) -> Result<(Timestamp, Id), Problem> {
    let parts = text.split_once('.').and_then(|(created, id)| {
        let created = Timestamp::from_second(created.parse().ok()?).ok()?;
        Some((created, Id::parse(id)?))
    });
    parts.ok_or_else(|| Problem::malformed("the cursor is none that was given out here"))
}

fn located(status: StatusCode, acme: &Acme, account: &Account) -> Response {
    let url = acme.account_url(&account.id);
    let shown = Shown {
        status: account.status.name(),
        contact: account.contacts.clone(),
        terms_of_service_agreed: account.agreed,
        orders: format!("{url}/orders"),
        created_at: account.created.to_string(),
    };
    let mut response = (status, Json(shown)).into_response();
    if let Ok(url) = HeaderValue::from_str(&url) {
        response.headers_mut().insert(LOCATION, url);
    }
    if let Some(terms) = &acme.0.settings.terms_of_service {
        link(&mut response, terms, "terms-of-service");
    }
    response
}
