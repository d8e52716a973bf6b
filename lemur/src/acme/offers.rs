//! What is offered now. The configuration names offers, or offers every authority that issues; which of them can be kept is looked up when it
//! is asked, since authorities are made and disabled while the server serves. The answer is kept until an authority has changed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::problem::{Kind, Problem};
use super::settings::{Offer, Offers};
use super::state::Acme;
use crate::engine::Engine;
use crate::store::authorities::{Authority, AuthorityState};
use crate::store::{AuthorityId, StoreError};

/// An offer that can be kept, and by which authority.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) offer: Offer,
    pub(super) authority: AuthorityId,
}

/// The offers that could be kept when they were looked up.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) by_name: BTreeMap<String, Arc<Standing>>,
    /// What is meant where nothing is named.
    pub(super) default: Option<String>,
    generation: u64,
}

/// The most offers that a refusal names.
const MOST_NAMED: usize = 20;

impl Listing {
    /// What is offered, in words.
    pub(super) fn names(&self) -> String {
        if self.by_name.is_empty() { "nothing is".to_owned() } else { format!("what is offered is {}", names_of(self.by_name.keys())) }
    }
}

/// The first of some names, as refusals say them.
pub(super) fn names_of<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    let more = if names.len() > MOST_NAMED { ", and others" } else { "" };
    format!("{}{more}", names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", "))
}

/// The listing of the last look.
#[derive(Debug, Default)]
pub(super) struct Known(RwLock<Option<Arc<Listing>>>);

impl Acme {
    /// What is offered.
    pub(super) async fn offers(&self) -> Result<Arc<Listing>, StoreError> {
        let known = self.0.offers.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) if known.generation == self.0.engine.generation() => Ok(known),
            _ => self.look_up_offers().await,
        }
    }

    /// What something is, or was, asked for with, if it is still offered.
    pub(super) async fn offer(&self, name: &str) -> Result<Arc<Standing>, Problem> {
        if let Some(known) = self.offers().await?.by_name.get(name) {
            return Ok(Arc::clone(known));
        }
        // Another process may have made its authority a moment ago.
        let listing = self.look_up_offers().await?;
        listing.by_name.get(name).cloned().ok_or_else(|| {
            let name: String = name.chars().take(100).collect();
            Problem::new(Kind::InvalidProfile, format!("the profile {name:?} is not offered: {}", listing.names()))
        })
    }

    /// What is offered, whatever was known of it.
    pub(super) async fn look_up_offers(&self) -> Result<Arc<Listing>, StoreError> {
        // What changes while the database is read makes another look necessary.
        let generation = self.0.engine.generation();
        let (by_name, default) = look_up(&self.0.engine, self.0.settings.offers()).await?;
        let listing = Arc::new(Listing { by_name, default, generation });
        *self.0.offers.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&listing));
        Ok(listing)
    }
}

type Found = (BTreeMap<String, Arc<Standing>>, Option<String>);

async fn look_up(engine: &Engine, offers: &Offers) -> Result<Found, StoreError> {
    let baseline = |profile: &str| engine.settings().profiles.get(profile).is_some_and(crate::profile::Profile::is_baseline);
    match offers {
        Offers::Named { offers, default } => {
            let all = engine.authorities().await?;
            let by_name: BTreeMap<_, _> = offers
                .iter()
                .filter_map(|(name, offer)| {
                    let authority = all.iter().find(|authority| authority.name == offer.authority && issues(authority, &offer.profile))?;
                    let offer = Offer { baseline: baseline(&offer.profile), ..offer.clone() };
                    Some((name.clone(), Arc::new(Standing { offer, authority: authority.id })))
                })
                .collect();
            let default = Some(default.clone()).filter(|default| by_name.contains_key(default));
            Ok((by_name, default))
        }
        Offers::Authorities { profile, first, reach } => {
            let issuing = engine.issuing(profile).await?;
            let default = issuing.iter().find(|authority| authority.name == *first).or(issuing.first()).map(|one| one.name.clone());
            let standing = |authority: Authority| {
                let description = format!("Servers, from {}", authority.name);
                let offer = Offer::new(description, &authority.name, profile, reach.clone());
                let offer = Offer { baseline: baseline(profile), ..offer };
                (authority.name, Arc::new(Standing { offer, authority: authority.id }))
            };
            Ok((issuing.into_iter().map(standing).collect(), default))
        }
    }
}

/// Whether an authority issues by a profile.
fn issues(authority: &Authority, profile: &str) -> bool {
    authority.state == AuthorityState::Active && authority.der.is_some() && authority.may_use(profile)
}
