//! Orders (RFC 8555, 7.4), up to where they are finalized.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::authorization::AGAIN;
use super::external::Grant;
use super::finalize::san;
use super::id::{Id, token};
use super::identifier::{Identifier, IdentifierError};
use super::offers::{Listing, Standing, names_of};
use super::problem::{Document, Kind, Problem, Subproblem};
use super::request::{Post, Said};
use super::state::{Acme, after};
use super::store::{Authorization, AuthorizationStatus, Kept, NewOrder, Order, OrderState};
use crate::name::San;
use crate::profile::{Period, ProfileRefusal};

/// How long a proof must still hold for an order to use it: the time to finalize.
pub(super) const MARGIN: std::time::Duration = std::time::Duration::from_secs(3_600);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    identifiers: Vec<AskedIdentifier>,
    not_before: Option<String>,
    not_after: Option<String>,
    profile: Option<String>,
    replaces: Option<String>,
}

#[derive(Deserialize)]
struct AskedIdentifier {
    r#type: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    status: &'static str,
    expires: String,
    identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Document>,
    authorizations: Vec<String>,
    finalize: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

/// How an order stands (RFC 8555, 7.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Ready,
    Processing,
    Valid,
    Invalid,
}

impl Status {
    /// Of an order and its authorizations.
    pub(super) fn of(order: &Order, authorizations: &[Authorization], now: Timestamp) -> Self {
        match order.state {
            OrderState::Processing => Self::Processing,
            OrderState::Valid { .. } => Self::Valid,
            OrderState::Invalid { .. } => Self::Invalid,
            OrderState::Open if order.expires <= now || authorizations.len() != order.identifiers.len() => Self::Invalid,
            OrderState::Open if authorizations.iter().all(|one| one.is_in_force(now)) => Self::Ready,
            OrderState::Open => {
                let may_come =
                    |one: &Authorization| one.is_in_force(now) || one.status == AuthorizationStatus::Pending && now < one.expires;
                if authorizations.iter().all(may_come) { Self::Pending } else { Self::Invalid }
            }
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Processing => "processing",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }
}

pub(super) async fn create(State(acme): State<Acme>, post: Post) -> Result<Response, Problem> {
    let Said { account, payload, .. } = post.by_account(&acme).await?;
    let asked: Asked = payload.read()?;
    let now = acme.now();
    let (name, standing) = offer_of(&acme, asked.profile.as_deref(), account.grant.as_ref()).await?;
    let offer = &standing.offer;
    let identifiers = identifiers(&acme, &asked.identifiers)?;
    permitted(&acme, &identifiers, account.grant.as_ref(), &standing).await?;
    let (not_before, not_after) = (time(asked.not_before.as_deref())?, time(asked.not_after.as_deref())?);
    if not_before.is_some() && not_after.is_none() {
        return Err(Problem::malformed("an order with notBefore has notAfter as well: say both, notAfter alone, or none"));
    }
    if not_after.is_some_and(|not_after| not_after <= not_before.unwrap_or(now)) {
        return Err(Problem::malformed("notAfter is after notBefore and after now"));
    }
    let refused = acme.0.engine.refused_period(standing.authority, &offer.profile, period(not_before, not_after)).await;
    if let Some(refusal) = refused.map_err(|error| Problem::of_issue(&error))? {
        return Err(Problem::malformed(format!("notBefore and notAfter: {refusal}")));
    }
    if let Some(replaced) = &asked.replaces {
        super::renewal::check_replaced(&acme, replaced, &account.id, &identifiers).await?;
    }
    acme.count_order(&account)?;
    let mut expires = after(now, acme.0.settings.order_life);
    let mut known = acme.0.store.reusable(&account.id, &identifiers, &name, after(now, MARGIN)).await?;
    let mut authorizations = Vec::with_capacity(identifiers.len());
    let mut fresh = Vec::new();
    for identifier in &identifiers {
        let old = known.remove(identifier).filter(|old| offer.may_reuse(old.validated, now));
        if let Some(old) = old {
            expires = expires.min(old.expires);
            authorizations.push(old);
        } else {
            let new = Authorization {
                id: acme.fresh_id(now)?,
                account: account.id.clone(),
                identifier: identifier.clone(),
                status: AuthorizationStatus::Pending,
                expires: after(now, acme.0.settings.order_life),
                token: token(acme.0.random.as_ref())?,
                offer: name.clone(),
                attempted: None,
                validated: None,
                caa: None,
                error: None,
            };
            fresh.push(new.clone());
            authorizations.push(new);
        }
    }
    let order = Order {
        id: acme.fresh_id(now)?,
        account: account.id,
        state: OrderState::Open,
        offer: name,
        named_offer: asked.profile.is_some(),
        identifiers,
        not_before,
        not_after,
        created: now,
        expires,
        replaces: asked.replaces,
    };
    let ids: Vec<Id> = authorizations.iter().map(|one| one.id.clone()).collect();
    let pending = acme.0.settings.pending_authorizations;
    let spent_after = after(now, acme.0.settings.order_life).as_second().saturating_sub(3_600);
    match acme.0.store.insert_order(&NewOrder { order: &order, fresh: &fresh, authorizations: &ids, pending, spent_after }).await? {
        Kept::Yes => {}
        Kept::TooMany => {
            let detail =
                format!("the account has {pending} authorizations that are pending, or failed within the hour: finish some, or wait");
            return Err(Problem::new(Kind::RateLimited, detail).with_retry_after(3_600));
        }
        Kept::Replaced => return Err(Problem::new(Kind::AlreadyReplaced, "another order replaces this certificate already")),
    }
    let mut response = (StatusCode::CREATED, shown(&acme, &order, &authorizations)).into_response();
    if let Ok(url) = HeaderValue::from_str(&acme.url(&format!("/order/{}", order.id))) {
        response.headers_mut().insert(LOCATION, url);
    }
    Ok(response)
}

/// What is asked for: what is named, or what is meant where nothing is.
async fn offer_of(acme: &Acme, named: Option<&str>, grant: Option<&Grant>) -> Result<(String, Arc<Standing>), Problem> {
    let name = match named {
        Some(name) => name.to_owned(),
        None => {
            let listing = acme.offers().await?;
            if let Ok(name) = meant(&listing, grant) {
                name
            } else {
                // Another process may have made its authority a moment ago.
                let listing = acme.look_up_offers().await?;
                meant(&listing, grant)?
            }
        }
    };
    let standing = acme.offer(&name).await?;
    if grant.is_some_and(|grant| !grant.has_profile(&name)) {
        return Err(Problem::new(Kind::InvalidProfile, "the account's external key does not have this profile"));
    }
    Ok((name, standing))
}

/// What an account means that names nothing: the default, or else the one that is offered of those that its key names.
fn meant(listing: &Listing, grant: Option<&Grant>) -> Result<String, Problem> {
    if let Some(default) = listing.default.as_ref().filter(|default| grant.is_none_or(|grant| grant.has_profile(default))) {
        return Ok(default.clone());
    }
    let its: Vec<&String> = listing.by_name.keys().filter(|name| grant.is_none_or(|grant| grant.has_profile(name))).collect();
    let chosen = grant.is_some_and(|grant| !grant.profiles.is_empty());
    let detail = match its.as_slice() {
        [only] if chosen => return Ok((*only).clone()),
        [] if chosen => format!("none of the profiles of the account's external key is offered: {}", listing.names()),
        [] => "nothing is offered".to_owned(),
        _ => format!("name a profile, none is meant by itself: the account may have {}", names_of(its)),
    };
    Err(Problem::new(Kind::InvalidProfile, detail))
}

/// The identifiers, each once.
fn identifiers(acme: &Acme, asked: &[AskedIdentifier]) -> Result<Vec<Identifier>, Problem> {
    let most = acme.0.settings.identifiers;
    if asked.is_empty() || asked.len() > most {
        return Err(Problem::malformed(format!("an order has 1 to {most} identifiers")));
    }
    let mut known = BTreeSet::new();
    let mut identifiers = Vec::new();
    for AskedIdentifier { r#type, value } in asked {
        let identifier = Identifier::parse(r#type, value).map_err(|error| {
            let kind = if error == IdentifierError::Type { Kind::UnsupportedIdentifier } else { Kind::RejectedIdentifier };
            let value: String = value.chars().take(300).collect();
            Problem::new(kind, format!("{value:?}: {error}"))
        })?;
        if known.insert(identifier.clone()) {
            identifiers.push(identifier);
        }
    }
    Ok(identifiers)
}

/// What the account may not have, what cannot be validated, and what the authority would not certify, is refused before anybody begins to.
async fn permitted(acme: &Acme, identifiers: &[Identifier], grant: Option<&Grant>, standing: &Standing) -> Result<(), Problem> {
    let offer = &standing.offer;
    let names: Vec<San> = identifiers.iter().map(san).collect();
    let not_certified = acme.0.engine.refused_names(standing.authority, &offer.profile, &names).await;
    let not_certified = not_certified.map_err(|error| match error.is_the_requests_fault() {
        true => Problem::new(Kind::InvalidProfile, error.to_string()),
        false => Problem::of_issue(&error),
    })?;
    let refused = |(identifier, reason): (&Identifier, Option<ProfileRefusal>)| {
        let detail = match (identifier, reason) {
            (Identifier::Ip(address), _) if offer.reach.check(*address).is_err() => {
                format!("it is {}", offer.reach.check(*address).err()?)
            }
            _ if grant.is_some_and(|grant| !grant.permits(identifier)) => "the account's external key does not have this name".to_owned(),
            (_, Some(reason)) => reason.to_string(),
            (_, None) => return None,
        };
        Some(Subproblem { kind: Kind::RejectedIdentifier, detail, identifier: identifier.clone() })
    };
    let refused: Vec<Subproblem> = identifiers.iter().zip(not_certified).filter_map(refused).collect();
    if refused.is_empty() { Ok(()) } else { Err(Problem::of_identifiers(refused)) }
}

/// A time, in whole seconds as certificates have it.
fn time(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let time = |text: &str| Timestamp::from_second(text.parse::<Timestamp>().ok()?.as_second()).ok();
    let wrong = || Problem::malformed("notBefore and notAfter are times as RFC 3339 has them");
    text.map(|text| time(text).ok_or_else(wrong)).transpose()
}

/// When the certificate is to be valid.
pub(super) const fn period(not_before: Option<Timestamp>, not_after: Option<Timestamp>) -> Period {
    match (not_before, not_after) {
        (_, None) => Period::Default,
        (None, Some(not_after)) => Period::Until(not_after),
        (Some(not_before), Some(not_after)) => Period::Between(not_before, not_after),
    }
}

pub(super) async fn show(State(acme): State<Acme>, Path(id): Path<String>, post: Post) -> Result<Response, Problem> {
    let Said { account, payload, .. } = post.by_account(&acme).await?;
    payload.none()?;
    let (order, authorizations) = find(&acme, &id, &account.id).await?;
    Ok(shown(&acme, &order, &authorizations))
}

pub(super) async fn find(acme: &Acme, id: &str, account: &Id) -> Result<(Order, Vec<Authorization>), Problem> {
    let id = Id::parse(id).ok_or_else(Problem::not_found)?;
    acme.0.store.order(&id, account).await?.ok_or_else(Problem::not_found)
}

/// What came of the authorizations of an order that is invalid for nothing else (RFC 8555, 7.1.3).
fn why_invalid(order: &Order, authorizations: &[Authorization], now: Timestamp) -> Option<Document> {
    let lost = |detail: &str| Problem::new(Kind::Unauthorized, detail).document();
    let wrong = |one: &Authorization| {
        let document = match one.status {
            AuthorizationStatus::Invalid => one.error.clone().unwrap_or_else(|| lost("it was not proved")),
            AuthorizationStatus::Deactivated => lost("its authorization was given up"),
            AuthorizationStatus::Pending | AuthorizationStatus::Valid if one.expires <= now => lost("its authorization has expired"),
            AuthorizationStatus::Pending | AuthorizationStatus::Valid => return None,
        };
        Some((one.identifier.clone(), document))
    };
    let of_names = Document::of_order(authorizations.iter().filter_map(wrong).collect());
    of_names.or_else(|| (order.expires <= now).then(|| lost("the order has expired: order again")))
}

pub(super) fn shown(acme: &Acme, order: &Order, authorizations: &[Authorization]) -> Response {
    let now = acme.now();
    let status = Status::of(order, authorizations, now);
    let url = acme.url(&format!("/order/{}", order.id));
    let error = match &order.state {
        OrderState::Invalid { error: Some(error) } => Some(error.clone()),
        _ if status == Status::Invalid => why_invalid(order, authorizations, now),
        _ => None,
    };
    let shown = Shown {
        status: status.name(),
        expires: order.expires.to_string(),
        identifiers: order.identifiers.clone(),
        not_before: order.not_before.map(|time| time.to_string()),
        not_after: order.not_after.map(|time| time.to_string()),
        profile: order.named_offer.then(|| order.offer.clone()),
        replaces: order.replaces.clone(),
        error,
        authorizations: authorizations.iter().map(|one| acme.url(&format!("/authorization/{}", one.id))).collect(),
        finalize: format!("{url}/finalize"),
        certificate: matches!(order.state, OrderState::Valid { .. }).then(|| format!("{url}/certificate")),
    };
    let mut response = Json(shown).into_response();
    if status == Status::Processing {
        response.headers_mut().insert(RETRY_AFTER, AGAIN.into());
    }
    response
}
