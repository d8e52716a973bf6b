//! External account keys (RFC 8555, 7.3.4): an administrator makes one, a client proves with it who it is, and its account may then have
//! certified what the key's grant says, for the owner that it says.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipnet::IpNet;
use jiff::Timestamp;
use menagerie_secret::{KeyRing, SealError, Secret};
use menagerie_store::database::DatabaseError;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::id::{Id, NoRandomness, token};
use super::identifier::Identifier;
use super::store::Store;
use crate::audit::Actor;
use crate::engine::{Engine, RingError};
use crate::name::DnsName;
use crate::store::StoreError;

/// Which identifiers may be certified, as one line of a grant says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum NameRule {
    /// This name alone, which may be a wildcard: `www.example.org`, `*.example.org`.
    Exactly(DnsName),
    /// A name and all that is below it, wildcards too: `.example.org`.
    Below(DnsName),
    /// Every name: `.`.
    EveryName,
    /// Addresses: `10.1.0.0/16`, `2001:db8::1`.
    Network(IpNet),
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} says no names: write www.example.org for one name, .example.org for all below it, . for every name, 10.1.0.0/16 for addresses"
)]
pub struct NameRuleError {
    text: String,
}

impl NameRule {
    /// Whether this rule lets an identifier be certified.
    #[must_use]
    pub fn permits(&self, identifier: &Identifier) -> bool {
        match (self, identifier) {
            (Self::Exactly(rule), Identifier::Dns(name)) => rule == name,
            (Self::Below(rule), Identifier::Dns(name)) => name.is_within(rule.as_str()),
            (Self::EveryName, Identifier::Dns(_)) => true,
            (Self::Network(network), Identifier::Ip(address)) => network.contains(address),
            _ => false,
        }
    }
}

impl FromStr for NameRule {
    type Err = NameRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NameRuleError { text: text.chars().take(300).collect() };
        if text == "." {
            return Ok(Self::EveryName);
        }
        if let Some(below) = text.strip_prefix('.') {
            return DnsName::parse(below).ok().filter(|name| !name.is_wildcard()).map(Self::Below).ok_or_else(wrong);
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        DnsName::parse(text).map(Self::Exactly).map_err(|_| wrong())
    }
}

impl fmt::Display for NameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(name) => name.fmt(f),
            Self::Below(name) => write!(f, ".{name}"),
            Self::EveryName => f.write_str("."),
            Self::Network(network) => network.fmt(f),
        }
    }
}

impl TryFrom<String> for NameRule {
    type Error = NameRuleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<NameRule> for String {
    fn from(rule: NameRule) -> Self {
        rule.to_string()
    }
}

/// What the accounts of a key may have certified, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who owns the certificates.
    pub owner: String,
    /// Which identifiers they may be for.
    pub names: Vec<NameRule>,
    /// Which offers they may be of, by name. None: all that are offered when something is ordered, and when it is finalised.
    pub profiles: Vec<String>,
}

impl Grant {
    /// Whether an identifier may be certified.
    #[must_use]
    pub fn permits(&self, identifier: &Identifier) -> bool {
        self.names.iter().any(|rule| rule.permits(identifier))
    }

    /// Whether certificates may be of an offer.
    #[must_use]
    pub fn has_profile(&self, name: &str) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|profile| profile == name)
    }
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalKey {
    /// Its name: `kid` in the binding.
    pub id: String,
    /// What it is for, in words.
    pub description: String,
    /// What its accounts may do.
    pub grant: Grant,
    /// How many accounts may be made with it. No number: any.
    pub most_accounts: Option<u32>,
    /// How many have been made.
    pub accounts: u32,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is of no use, to its accounts neither.
    pub expires: Option<Timestamp>,
    /// Since when it is of no use, to its accounts neither.
    pub revoked: Option<Timestamp>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewExternalKey {
    /// What it is for, in words.
    pub description: String,
    /// What its accounts may do.
    pub grant: Grant,
    /// How many accounts may be made with it.
    pub most_accounts: Option<u32>,
    /// From when on it is of no use.
    pub expires: Option<Timestamp>,
}

/// Why something was not done with external account keys.
#[derive(Debug, thiserror::Error)]
pub enum ExternalKeyError {
    /// A grant that grants nothing.
    #[error("an external account key needs an owner and names")]
    Empty,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database failed, or the audit log in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The key could not be opened.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The keys that administrators make. Who may, is decided by the caller.
#[derive(Clone)]
pub struct ExternalKeys {
    store: Store,
    engine: Engine,
    random: Arc<dyn SecureRandom + Send + Sync>,
}

impl fmt::Debug for ExternalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalKeys")
    }
}

impl ExternalKeys {
    /// Those in the engine's database, sealed under its ring. The tables are those of [`super::MIGRATIONS`].
    #[must_use]
    pub fn new(engine: Engine, random: Arc<dyn SecureRandom + Send + Sync>) -> Self {
        let database = engine.store().database().clone();
        Self { store: Store { database, engine: engine.clone() }, engine, random }
    }

    /// Makes a key. Its secret, as clients take it (base64url), is shown this once.
    ///
    /// # Errors
    /// [`ExternalKeyError`] if the grant is empty or the key cannot be kept.
    pub async fn create(&self, new: NewExternalKey, actor: &Actor) -> Result<(ExternalKey, Secret<String>), ExternalKeyError> {
        if new.grant.owner.is_empty() || new.grant.names.is_empty() {
            return Err(ExternalKeyError::Empty);
        }
        let now = self.engine.now();
        let id = Id::fresh(now, self.random.as_ref())?.as_str().to_owned();
        let secret = Secret::new(token(self.random.as_ref())?);
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret.expose()).expect("it was encoded just now"));
        let key = ExternalKey {
            id,
            description: new.description,
            grant: new.grant,
            most_accounts: new.most_accounts,
            accounts: 0,
            created: now,
            expires: new.expires,
            revoked: None,
        };
        let sealed = self.engine.ring().seal(&bytes, &place(&key.id))?;
        self.store.insert_external_key(&key, &sealed, &ring_key(&sealed), actor).await?;
        Ok((key, secret))
    }

    /// A page of keys, in the order of their IDs, those after one.
    ///
    /// # Errors
    /// [`ExternalKeyError::Database`] if the database fails.
    pub async fn list(&self, after: Option<&str>, count: u32) -> Result<Vec<ExternalKey>, ExternalKeyError> {
        Ok(self.store.external_keys(after.unwrap_or_default(), count).await?)
    }

    /// Revokes a key: its accounts can do nothing any more. Whether it was in force.
    ///
    /// # Errors
    /// [`ExternalKeyError::Database`] if the database fails.
    pub async fn revoke(&self, id: &str, actor: &Actor) -> Result<bool, ExternalKeyError> {
        Ok(self.store.revoke_external_key(id, self.engine.now(), actor).await?)
    }

    /// Seals some of those keys anew that are not sealed under the ring's newest key; how many they were. None are left when it gives 0.
    ///
    /// # Errors
    /// [`ExternalKeyError`] if one does not open, or the database fails.
    pub async fn reseal(&self) -> Result<usize, ExternalKeyError> {
        let newest = self.engine.ring().keys().newest().to_string();
        let others = self.store.sealed_otherwise(&newest, 100).await?;
        for (id, sealed) in &others {
            let secret = self.engine.ring().open_sealed(sealed, &place(id))?;
            let again = self.engine.ring().seal(&secret, &place(id))?;
            self.store.reseal(id, sealed, &again, &ring_key(&again)).await?;
        }
        Ok(others.len())
    }

    /// A key and its secret, if it is in force.
    pub(super) async fn secret(&self, id: &str) -> Result<Option<(ExternalKey, Zeroizing<Vec<u8>>)>, ExternalKeyError> {
        let Some((key, sealed)) = self.store.external_key(id).await? else { return Ok(None) };
        let now = self.engine.now();
        if key.revoked.is_some() || key.expires.is_some_and(|expires| expires <= now) {
            return Ok(None);
        }
        Ok(Some((key, self.engine.ring().open_sealed(&sealed, &place(id))?)))
    }
}

/// What a sealed secret belongs to.
fn place(id: &str) -> String {
    format!("lemur-acme external key {id}")
}

fn ring_key(sealed: &[u8]) -> String {
    KeyRing::key_of(sealed).map(|key| key.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    #[test]
    fn rules_permit_what_they_say() {
        let permits =
            |rule: &str, kind: &str, value: &str| rule.parse::<NameRule>().unwrap().permits(&Identifier::parse(kind, value).unwrap());
        for (rule, value) in [
            ("www.example.org", "www.example.org"),
            ("*.example.org", "*.example.org"),
            (".example.org", "example.org"),
            (".example.org", "*.example.org"),
            (".example.org", "a.b.example.org"),
            (".", "anything.example"),
            (".", "*.b.example"),
        ] {
            assert!(permits(rule, "dns", value), "{rule} {value}");
        }
        for (rule, value) in [
            ("www.example.org", "*.example.org"),
            ("example.org", "www.example.org"),
            ("*.example.org", "www.example.org"),
            (".example.org", "badexample.org"),
            (".example.org", "example.org.evil.example"),
            ("10.0.0.0/8", "a.example"),
        ] {
            assert!(!permits(rule, "dns", value), "{rule} {value}");
        }
        assert!(permits("10.1.0.0/16", "ip", "10.1.2.3") && permits("2001:db8::1", "ip", "2001:db8::1"));
        assert!(!permits("10.1.0.0/16", "ip", "10.2.0.1") && !permits(".", "ip", "10.1.2.3"));
        for text in ["", "..", ".*.example.org", "a b", "*", "*.", "10.0.0.0/33", "-a.example"] {
            assert!(text.parse::<NameRule>().is_err(), "{text}");
        }
        for text in ["www.example.org", "*.example.org", ".example.org", ".", "10.1.0.0/16"] {
            assert_eq!(text.parse::<NameRule>().unwrap().to_string(), text);
        }
    }
}
