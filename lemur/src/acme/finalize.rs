//! Finalizing an order (RFC 8555, 7.4) and fetching its certificate (7.4.2).
//!
//! What was proved and what the account may have is looked at once more, since both may have changed since the order was made; CAA records
//! too, where the profile claims the baseline and the last look is eight hours old (BR 4.2.2.1), for every name. Then [`Engine::issue`]
//! decides the rest. An order is `processing` while that runs: when the process dies in between, another finds out whether the
//! certificate was stored, by the request that is kept with both ([`super::worker`]).

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::header_link;
use super::id::Id;
use super::identifier::Identifier;
use super::offers::Standing;
use super::order::{Status, find, period, shown};
use super::problem::{Kind, Problem, Subproblem};
use super::request::{Origin, Post, Said};
use super::settings::Offer;
use super::state::{Acme, after};
use super::store::{Account, Authorization, Order, OrderState};
use super::worker::check_caa;
use crate::audit::Proof;
use crate::certificate::{View, write_bundle};
use crate::csr::Csr;
use crate::issue::{IssueError, Key, Order as Asked, Record};
use crate::name::{San, Subject};
use crate::profile::ProfileRefusal;
use crate::store::AuthorityId;

/// How long a look at CAA records is good for.
const CAA_LIFE: SignedDuration = SignedDuration::from_hours(8);

/// How long making a certificate may take before another process finds out what became of it.
const LEASE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Finalize {
    csr: String,
}

pub(super) async fn finalize(State(acme): State<Acme>, Path(id): Path<String>, post: Post) -> Result<Response, Problem> {
    let Said { account, key, payload, from, .. } = post.by_account(&acme).await?;
    let (mut order, authorizations) = find(&acme, &id, &account.id).await?;
    let now = acme.now();
    let status = Status::of(&order, &authorizations, now);
    if status != Status::Ready {
        return Err(Problem::new(Kind::OrderNotReady, format!("the order is {}", status.name())));
    }
    let standing = acme.offer(&order.offer).await?;
    let offer = &standing.offer;
    let csr = request(&payload.read::<Finalize>()?, &order)?;
    if csr.public_key() == key.key() {
        return Err(Problem::new(Kind::BadCsr, "the request's key is the account's: a certificate has a key of its own"));
    }
    still_permitted(&order, &account, &authorizations, offer, now)?;
    still_certifiable(&acme, offer, &authorizations, now).await?;
    let asked = asked(&acme, &order, &account, &standing, &csr, &from).await?;
    if !acme.0.store.begin(&order.id, csr.as_der(), after(now, LEASE), now).await? {
        return Err(Problem::new(Kind::OrderNotReady, "the order is being finalized already"));
    }
    let authority = asked.authority;
    let issued = match acme.0.engine.issue_proved(asked, proofs(&authorizations)).await {
        Ok(issued) => issued,
        Err(error) => return Err(failed(&acme, &order, error).await?),
    };
    acme.0.store.fulfil(&order.id, issued.id, issued.validity.not_after()).await?;
    order.state = OrderState::Valid { certificate: issued.id };
    acme.remember(&order, issued.der, authority);
    let mut response = shown(&acme, &order, &authorizations);
    if let Ok(url) = HeaderValue::from_str(&acme.url(&format!("/order/{}", order.id))) {
        response.headers_mut().insert(LOCATION, url);
    }
    Ok(response)
}

/// The request, for exactly what was ordered.
fn request(payload: &Finalize, order: &Order) -> Result<Csr, Problem> {
    let bad = |detail: String| Problem::new(Kind::BadCsr, detail);
    let der = URL_SAFE_NO_PAD.decode(&payload.csr).map_err(|_| bad("the request is no base64url".to_owned()))?;
    let csr = Csr::from_der(&der).map_err(|error| bad(error.to_string()))?;
    let ordered: BTreeSet<San> = order.identifiers.iter().map(san).collect();
    let asked: BTreeSet<San> = csr.all_names().into_iter().collect();
    let odd_name = csr.common_name().is_some_and(|name| !San::guess(name).is_ok_and(|name| ordered.contains(&name)));
    if asked != ordered || odd_name {
        return Err(bad("the request's names are not the order's identifiers, all of them and no other".to_owned()));
    }
    Ok(csr)
}

/// The name that a certificate has for an identifier.
pub(super) fn san(identifier: &Identifier) -> San {
    match identifier {
        Identifier::Dns(name) => San::Dns(name.clone()),
        Identifier::Ip(address) => San::Ip(*address),
    }
}

/// The external key may have been changed or its profile withdrawn, and the baseline's dates may have passed.
fn still_permitted(
    order: &Order,
    account: &Account,
    authorizations: &[Authorization],
    offer: &Offer,
    now: Timestamp,
) -> Result<(), Problem> {
    let grant = account.grant.as_ref();
    if grant.is_some_and(|grant| !grant.has_profile(&order.offer)) {
        return Err(Problem::new(Kind::InvalidProfile, "the account's external key does not have this profile any more"));
    }
    let refused = |one: &Authorization| {
        let identifier = one.identifier.clone();
        if grant.is_some_and(|grant| !grant.permits(&identifier)) {
            let detail = "the account's external key does not have this name any more".to_owned();
            return Some(Subproblem { kind: Kind::RejectedIdentifier, detail, identifier });
        }
        let detail = "the proof of control is too old: order again".to_owned();
        (!offer.may_reuse(one.validated, now)).then_some(Subproblem { kind: Kind::Unauthorized, detail, identifier })
    };
    let refused: Vec<Subproblem> = authorizations.iter().filter_map(refused).collect();
    if refused.is_empty() { Ok(()) } else { Err(Problem::of_identifiers(refused)) }
}

/// Looks at the CAA records of every name whose last look is too old.
async fn still_certifiable(acme: &Acme, offer: &Offer, authorizations: &[Authorization], now: Timestamp) -> Result<(), Problem> {
    let is_old = |one: &&Authorization| one.caa.is_none_or(|caa| now.duration_since(caa) >= CAA_LIFE);
    let looks = authorizations.iter().filter(|_| offer.baseline).filter(is_old).map(async |one| {
        let method = one.attempted.ok_or_else(Problem::not_found)?;
        match check_caa(acme, offer, one, method).await {
            Ok(asked) => {
                if asked {
                    acme.0.store.set_caa(&one.id, now).await?;
                }
                Ok(None)
            }
            Err(failure) => {
                let identifier = one.identifier.clone();
                Ok::<_, Problem>(Some(Subproblem { kind: Kind::from(&failure), detail: failure.to_string(), identifier }))
            }
        }
    });
    let refused: Vec<Subproblem> = futures_util::future::try_join_all(looks).await?.into_iter().flatten().collect();
    if refused.is_empty() { Ok(()) } else { Err(Problem::of_identifiers(refused)) }
}

async fn asked(acme: &Acme, order: &Order, account: &Account, standing: &Standing, csr: &Csr, from: &Origin) -> Result<Asked, Problem> {
    let subject = match csr.common_name() {
        Some(name) => Subject::of_common_name(name).map_err(|error| Problem::new(Kind::BadCsr, error.to_string()))?,
        None => Subject::new(),
    };
    let owner = account.grant.as_ref().map_or(acme.0.settings.unbound_owner.as_str(), |grant| grant.owner.as_str());
    let mut record = Record::of_owner(owner);
    if let Some(replaced) = &order.replaces {
        record.replaces.extend(super::renewal::find(acme, replaced).await?.map(|certificate| certificate.id));
    }
    Ok(Asked {
        authority: standing.authority,
        profile: standing.offer.profile.clone(),
        key: Key::Theirs(csr.public_key().clone()),
        subject,
        names: order.identifiers.iter().map(san).collect(),
        period: period(order.not_before, order.not_after),
        csr: Some(csr.as_der().to_vec()),
        record,
        actor: acme.actor(&account.id, from),
    })
}

/// Why the names are certified, for the audit log.
fn proofs(authorizations: &[Authorization]) -> Vec<Proof> {
    let proof = |one: &Authorization| {
        Some(Proof {
            name: one.identifier.to_string(),
            method: one.attempted?.name(),
            at: one.validated?,
            authorization: one.id.to_string(),
        })
    };
    authorizations.iter().filter_map(proof).collect()
}

/// What is told of a failure. The order is ready again, unless it is not known whether there is a certificate.
async fn failed(acme: &Acme, order: &Order, error: IssueError) -> Result<Problem, Problem> {
    if !matches!(error, IssueError::Store(_)) {
        acme.0.store.release(&order.id).await?;
    }
    if !error.is_the_requests_fault() {
        return Ok(Problem::of_issue(&error));
    }
    let kind = match &error {
        IssueError::Refused(ProfileRefusal::KeyType { .. } | ProfileRefusal::IssuersKey) | IssueError::PublicKey(_) => Kind::BadPublicKey,
        IssueError::Lint { findings } if findings.iter().any(|finding| finding.lint.id.starts_with("key-")) => {
            let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
            return Ok(Problem::new(Kind::BadPublicKey, format!("the request's key is refused: {}", said.join("; "))));
        }
        IssueError::Refused(
            ProfileRefusal::NotPermitted(_)
            | ProfileRefusal::NameKind { .. }
            | ProfileRefusal::NameForm { .. }
            | ProfileRefusal::TooManyNames { .. },
        ) => Kind::RejectedIdentifier,
        IssueError::UnknownAuthority { .. }
        | IssueError::NotIssuing { .. }
        | IssueError::NotYet { .. }
        | IssueError::Ended { .. }
        | IssueError::UnknownProfile { .. }
        | IssueError::ProfileNotAllowed { .. } => Kind::InvalidProfile,
        _ => Kind::BadCsr,
    };
    Ok(Problem::new(kind, error.to_string()))
}

pub(super) async fn certificate(State(acme): State<Acme>, Path(id): Path<String>, post: Post) -> Result<Response, Problem> {
    fetch(&acme, &id, 0, post).await
}

pub(super) async fn alternate(State(acme): State<Acme>, Path((id, chain)): Path<(String, usize)>, post: Post) -> Result<Response, Problem> {
    fetch(&acme, &id, chain, post).await
}

/// A certificate with one of the chains that lead from its issuer, and links to the others.
async fn fetch(acme: &Acme, id: &str, chain: usize, post: Post) -> Result<Response, Problem> {
    let Said { account, payload, .. } = post.by_account(acme).await?;
    payload.none()?;
    let (texts, url) = (chains(acme, id, &account).await?, acme.url(&format!("/order/{id}/certificate")));
    let text = texts.get(chain).ok_or_else(Problem::not_found)?.clone();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/pem-certificate-chain"));
    for other in (0..texts.len()).filter(|other| *other != chain) {
        let place = if other == 0 { url.clone() } else { format!("{url}/{other}") };
        header_link(&mut headers, &place, "alternate");
    }
    Ok((headers, text).into_response())
}

/// The certificate of an order with each of its chains, the issuer's own first.
async fn chains(acme: &Acme, id: &str, account: &Account) -> Result<Vec<String>, Problem> {
    let id = Id::parse(id).ok_or_else(Problem::not_found)?;
    let (der, authority) = match acme.remembered(&id, &account.id) {
        Some(known) => known,
        None => stored(acme, &id, account).await?,
    };
    let chains = acme.0.engine.chains(authority).await.map_err(|error| Problem::internal(&error))?;
    Ok(chains.iter().map(|chain| bundle(&der, chain)).collect())
}

async fn stored(acme: &Acme, id: &Id, account: &Account) -> Result<(Vec<u8>, AuthorityId), Problem> {
    let (order, _) = acme.0.store.order(id, &account.id).await?.ok_or_else(Problem::not_found)?;
    let OrderState::Valid { certificate } = order.state else { return Err(Problem::not_found()) };
    let certificate = acme.0.engine.certificate(certificate).await?.ok_or_else(Problem::not_found)?;
    Ok((certificate.der, certificate.authority.ok_or_else(Problem::not_found)?))
}

/// The certificate and those above it but the root, which whoever trusts it has.
fn bundle(leaf: &[u8], chain: &[Vec<u8>]) -> String {
    let above = chain.iter().filter(|der| !View::parse(der).is_ok_and(|view| view.is_self_issued()));
    write_bundle(std::iter::once(leaf).chain(above.map(Vec::as_slice)))
}
