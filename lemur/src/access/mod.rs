//! Who may come in, and what for: users, roles, API keys, tokens, second factors, and [`permit`], the only place where a right is decided.
//!
//! All of it is in the database (component `lemur-access`), so that replicas agree: users and the roles they are members of, API keys, the key
//! that tokens are signed with, and tries at signing in. A token is Lemur's: a JWT by HMAC with SHA-256 and by nothing else, whose `sub` is the
//! user and whose `aid` is the API key, if it is of one. Each request looks the user up again: who is deactivated, or has another password, is
//! out at once.

mod api_key;
mod attempts;
mod bootstrap;
mod directory;
mod error;
mod login;
mod outside;
mod password;
pub mod permit;
mod recent;
mod requester;
mod role;
mod schema;
mod session;
mod settled;
mod token;
mod totp;
mod user;
mod workload;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use menagerie_secret::{KeyId, KeyRing};
use menagerie_store::database::Transaction;
use menagerie_web::{Rate, Rates};
use serde_json::{Map, Value, json};

pub use api_key::{ApiKey, ApiKeyChange, ApiKeyId, Lifetime, NewApiKey};
pub use bootstrap::{Bootstrap, NewAdministrator};
pub use directory::Directory;
pub use error::{AccessError, Subject};
pub use login::{Login, LoginError, Session};
pub use outside::{Outside, OutsideError};
pub use password::{Password, PasswordError};
pub use requester::{Held, Person, Requester, Standing};
pub use role::{ADMIN, NewRole, OPERATOR, READ_ONLY, Role, RoleChange, RoleName, administers};
pub use schema::MIGRATIONS;
pub use token::TokenError;
pub use totp::Enrolment;
pub use user::{Email, NewUser, User, UserChange, Username};
pub(crate) use workload::holds;
pub use workload::{Actions, Admitted, Grant, Pass, Presented, Workload};

pub use crate::store::{RoleId, UserId};

use crate::audit::{self, Actor, Event};
use crate::engine::{Clock, Ring, RingError};
use crate::store::{Store, StoreError};

/// How many failed sign-ins the audit log is told of.
const FAILURES: Rate = Rate { times: 60, within: Duration::from_secs(60) };

/// What may be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a token lasts that a password was given for.
    pub token_lifetime: Duration,
    /// The name of the service in an authenticator.
    pub service: String,
    /// What workloads may, by their names.
    pub workloads: BTreeMap<String, Arc<Grant>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { token_lifetime: Duration::from_secs(24 * 60 * 60), service: "lemur".to_owned(), workloads: BTreeMap::new() }
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window<'a> {
    /// How many to leave out.
    pub skip: i64,
    /// How many at most.
    pub take: i64,
    /// By name and not by ID.
    pub by_name: bool,
    /// The last first.
    pub descending: bool,
    /// Only names that hold this text, in any case.
    pub named: Option<&'a str>,
}

impl Window<'_> {
    /// All of a list that is short by its nature.
    pub const ALL: Self = Self { skip: 0, take: i64::MAX, by_name: false, descending: false, named: None };

    fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for character in self.named.unwrap_or_default().to_lowercase().chars() {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('%');
        pattern
    }
}

/// A part of a list, and how long the whole is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The part.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: i64,
}

/// Users, roles, API keys and tokens of one database.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds keys")]
pub struct Access(Arc<Inner>);

struct Inner {
    store: Store,
    ring: Ring,
    clock: Clock,
    settings: Settings,
    keys: token::Keys,
    passwords: password::Hasher,
    recent: recent::Recent,
    /// How many failed sign-ins the audit log is told of, by a clock that nobody sets.
    failures: Rates<()>,
    began: Instant,
}

impl Access {
    /// Opens what a database holds of [`MIGRATIONS`]'s tables, and makes them, the service's roles, and the key that tokens are signed with,
    /// when there are none.
    ///
    /// # Errors
    /// [`AccessError`] if the database fails, or a key in it cannot be opened by `ring`.
    pub async fn open(store: Store, ring: Ring, clock: Clock, settings: Settings) -> Result<Self, AccessError> {
        store.database().migrate(&MIGRATIONS).await?;
        store.database().migrate(&outside::MIGRATIONS).await?;
        store.database().migrate(&session::MIGRATIONS).await?;
        role::ensure_built_in(&store).await?;
        let keys = token::Keys::open(&store, &ring, clock.now()).await?;
        let passwords = password::Hasher::new()?;
        Ok(Self(Arc::new(Inner {
            store,
            ring,
            clock,
            settings,
            keys,
            passwords,
            recent: recent::Recent::default(),
            failures: Rates::new(FAILURES, 1),
            began: Instant::now(),
        })))
    }

    fn now(&self) -> i64 {
        self.0.clock.now().as_second()
    }

    /// Commits a change with the audit log's line that tells of it.
    async fn commit(&self, transaction: Transaction, actor: &Actor, event: &'static str, fields: Value) -> Result<(), AccessError> {
        let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
        let entry = audit::entry(self.0.clock.now(), actor, &Event::Other { event, fields });
        let committed = self.0.store.commit(transaction, vec![entry]).await;
        // Also after a failure: it may not be known whether it was done.
        self.0.recent.forget();
        committed?;
        Ok(())
    }

    /// Seals all that is sealed here under the newest key of the ring.
    ///
    /// # Errors
    /// [`AccessError`] if the database fails or a value cannot be opened; then nothing was changed.
    pub async fn reseal(&self, actor: &Actor) -> Result<(), AccessError> {
        let mut transaction = self.0.store.write().await?;
        let keys = token::reseal(&mut transaction, &self.0.ring).await?;
        let factors = totp::reseal(&mut transaction, &self.0.ring).await?;
        self.commit(transaction, actor, "access_resealed", json!({"token_keys": keys, "second_factors": factors})).await
    }

    /// The keys of the ring under which something is sealed here: these must stay in it.
    ///
    /// # Errors
    /// [`AccessError`] if the database fails or something stored is no sealed value.
    pub async fn sealed_under(&self) -> Result<Vec<KeyId>, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let sql = "SELECT sealed FROM access_token_keys UNION ALL SELECT totp AS sealed FROM access_users WHERE totp IS NOT NULL";
        let mut ids = Vec::new();
        for row in transaction.all(sql, &[]).await? {
            ids.push(KeyRing::key_of(&row.bytes("sealed")?).map_err(RingError::from)?);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.0.store.database().writable()?;
        let mut transaction = self.0.store.read().await?;
        Ok(transaction.one("SELECT count(*) AS roles FROM access_roles", &[]).await.map(drop)?)
    }
}
