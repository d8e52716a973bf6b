//! What every request needs: the settings, the engine, the database, the nonces, the keys, the validator.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SecureRandom;
use jiff::{SignedDuration, Timestamp};
use menagerie_store::database::{DatabaseError, Kind};
use menagerie_web::{Rate, Rates};
use quick_cache::sync::Cache;

use super::external::ExternalKeys;
use super::id::{Id, NoRandomness};
use super::jwk::Jwk;
use super::nonce::Nonces;
use super::offers::Known;
use super::problem::Problem;
use super::request::Origin;
use super::settings::{Offers, Settings};
use super::store::{Account, BOUNDS, MIGRATIONS, Order, Store};
use super::turns::Turns;
use crate::audit::Actor;
use crate::engine::Engine;
use crate::store::AuthorityId;
use crate::validate::Validator;

/// How many account keys are kept ready to verify with.
const KEYS: usize = 10_000;

/// How many authorities are known by their keys.
const AUTHORITIES: usize = 1_000;

/// How many certificates are kept ready for those who ordered them.
const ISSUED: usize = 1_000;

const HOUR: Duration = Duration::from_secs(3_600);

/// How many parties are known by how much they ordered.
const PARTIES: usize = 100_000;

/// What the ACME server is made of.
pub struct Parts {
    /// How it speaks.
    pub settings: Settings,
    /// Who issues and revokes. Its database has the tables of ACME as well, which are made if they are not there; its ring seals the external
    /// account keys, and its clock is the time.
    pub engine: Engine,
    /// Who looks at challenges.
    pub validator: Validator,
    /// Where randomness comes from.
    pub random: Arc<dyn SecureRandom + Send + Sync>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why there is no ACME server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// An offer of a profile that there is not.
    #[error("ACME's profile {offer:?} is of the profile {profile:?}, which there is not")]
    Profile {
        /// What it is offered as.
        offer: String,
        /// The profile.
        profile: String,
    },
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The ACME server's state. Clones share it.
#[derive(Clone)]
pub struct Acme(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) nonces: Nonces,
    pub(super) external: ExternalKeys,
    pub(super) validator: Validator,
    /// Whose challenge is looked at next.
    pub(super) turns: Turns,
    /// How much each party ordered.
    orders: Rates<String>,
    began: Instant,
    pub(super) random: Arc<dyn SecureRandom + Send + Sync>,
    /// What is offered, as of the last look.
    pub(super) offers: Known,
    /// Numbers of authorities by the identifiers of their keys, in a generation of what is known of authorities.
    authority_keys: Cache<(u64, Vec<u8>), Arc<[AuthorityId]>>,
    /// Certificates that were issued here a moment ago: their clients come for them at once.
    issued: Cache<Id, (Id, Arc<[u8]>, AuthorityId)>,
    /// Account keys by their thumbprints, which cannot come to mean another key.
    keys: Cache<String, Arc<Jwk>>,
    /// The keys that accounts had when they last asked here. Whether they still have them the database says.
    keys_of: Cache<Id, Arc<Jwk>>,
    /// The name under which this process leases work.
    pub(super) replica: String,
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Acme {
    /// Brings the tables up to date and makes ready.
    ///
    /// # Errors
    /// [`StartError`] if the database fails or there is no randomness.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { settings, engine, validator, random } = parts;
        let profiles: Vec<(&str, &str)> = match settings.offers() {
            Offers::Named { offers, .. } => offers.iter().map(|(name, offer)| (name.as_str(), offer.profile.as_str())).collect(),
            Offers::Authorities { profile, .. } => vec![("", profile)],
        };
        if let Some((offer, profile)) = profiles.into_iter().find(|(_, profile)| engine.settings().profiles.get(profile).is_none()) {
            return Err(StartError::Profile { offer: offer.to_owned(), profile: profile.to_owned() });
        }
        let database = engine.store().database().clone();
        database.migrate(&MIGRATIONS).await?;
        database.migrate(&BOUNDS).await?;
        let nonces = match database.kind() {
            Kind::Sqlite => Nonces::of_process(random.as_ref())?,
            Kind::Postgres => Nonces::shared(&database, Arc::clone(&random)).await?,
        };
        let external = ExternalKeys::new(engine.clone(), Arc::clone(&random));
        let replica = Id::fresh(engine.now(), random.as_ref())?.as_str().to_owned();
        let rate = Rate { times: settings.orders_per_hour, within: HOUR };
        let orders = Rates::new(rate, PARTIES);
        Ok(Self(Arc::new(Inner {
            settings,
            store: Store { database, engine: engine.clone() },
            engine,
            nonces,
            external,
            validator,
            turns: Turns::default(),
            orders,
            began: Instant::now(),
            random,
            offers: Known::default(),
            authority_keys: Cache::new(AUTHORITIES),
            issued: Cache::new(ISSUED),
            keys: Cache::new(KEYS),
            keys_of: Cache::new(KEYS),
            replica,
        })))
    }

    /// The external account keys, for those who may administer them.
    #[must_use]
    pub fn external_keys(&self) -> &ExternalKeys {
        &self.0.external
    }

    /// The time, in whole seconds as the database keeps it: what is answered first is what is read later.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.0.engine.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    pub(super) fn fresh_id(&self, now: Timestamp) -> Result<Id, NoRandomness> {
        Id::fresh(now, self.0.random.as_ref())
    }

    pub(super) fn url(&self, path: &str) -> String {
        self.0.settings.url(path)
    }

    pub(super) fn account_url(&self, id: &Id) -> String {
        self.url(&format!("/account/{id}"))
    }

    /// Who an account is in the audit log.
    pub(super) fn actor(&self, account: &Id, from: &Origin) -> Actor {
        from.actor(format!("ACME account {account}"))
    }

    /// Counts an order; refuses one too many.
    pub(super) fn count_order(&self, account: &Account) -> Result<(), Problem> {
        let most = self.0.settings.orders_per_hour;
        self.0.orders.take(account.party().to_owned(), self.0.began.elapsed()).map_err(|wait| {
            let wait = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1);
            Problem::new(super::problem::Kind::RateLimited, format!("there are at most {most} orders an hour")).with_retry_after(wait)
        })
    }

    /// The authorities that sign with the key of an identifier.
    pub(super) async fn authorities_of_key(&self, key: &[u8]) -> Result<Arc<[AuthorityId]>, Problem> {
        let place = (self.0.engine.generation(), key.to_vec());
        if let Some(known) = self.0.authority_keys.get(&place) {
            return Ok(known);
        }
        // By what is in memory: anybody may ask for a key that there is not.
        let mut with_key = Vec::new();
        for id in self.0.engine.known_authorities() {
            let loaded = self.0.engine.load(id).await;
            if loaded.is_ok_and(|loaded| loaded.view.key_id().is_some_and(|id| id.as_bytes() == key)) {
                with_key.push(id);
            }
        }
        let found: Arc<[AuthorityId]> = with_key.into();
        if !found.is_empty() {
            self.0.authority_keys.insert(place, Arc::clone(&found));
        }
        Ok(found)
    }

    /// Keeps a certificate that was just issued for the account that will come for it.
    pub(super) fn remember(&self, order: &Order, der: Vec<u8>, authority: AuthorityId) {
        self.0.issued.insert(order.id.clone(), (order.account.clone(), der.into(), authority));
    }

    pub(super) fn remembered(&self, order: &Id, account: &Id) -> Option<(Vec<u8>, AuthorityId)> {
        self.0.issued.get(order).filter(|(owner, _, _)| owner == account).map(|(_, der, authority)| (der.to_vec(), authority))
    }

    /// The key that an account had when it last asked here.
    pub(super) fn key_of(&self, account: &Id) -> Option<Arc<Jwk>> {
        self.0.keys_of.get(account)
    }

    pub(super) fn remember_key(&self, account: &Id, key: &Arc<Jwk>) {
        self.0.keys_of.insert(account.clone(), Arc::clone(key));
    }

    /// An account's key, ready to verify with.
    pub(super) fn key(&self, thumbprint: &str, json: &str) -> Result<Arc<Jwk>, Problem> {
        if let Some(key) = self.0.keys.get(thumbprint) {
            return Ok(key);
        }
        let key = Arc::new(Jwk::parse(json).map_err(|error| Problem::internal(&error))?);
        self.0.keys.insert(thumbprint.to_owned(), Arc::clone(&key));
        Ok(key)
    }
}

/// The time after a span, or the last time that there is.
pub(super) fn after(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| now.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}
