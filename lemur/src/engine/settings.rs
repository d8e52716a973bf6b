//! What the engine is told when it starts.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use crate::authority::Signers;
use crate::name::{Uri, UriError};
use crate::profile::Profiles;

/// What the engine is told when it starts.
#[derive(Clone)]
pub struct Settings {
    /// What tells the time.
    pub clock: Clock,
    /// Where revocation lists, OCSP and authorities' certificates are reached by plain HTTP, without a slash at its end.
    pub public_url: String,
    /// The profiles.
    pub profiles: Profiles,
    /// SHA-256 digests of SubjectPublicKeyInfos whose private keys are known to others.
    pub compromised: Arc<HashSet<[u8; 32]>>,
    /// Opens keys that are elsewhere.
    pub signers: Arc<dyn Signers>,
    /// The references of keys that are elsewhere, by the names that requests pick them by.
    pub named_keys: Arc<BTreeMap<String, String>>,
    /// How long a process that is not heard of is taken to be there.
    pub lease: Duration,
    /// How much of a revocation list's time is over when it is made anew, and how long it holds.
    pub crl: Times,
    /// How much of an OCSP answer's time is over when it is made anew, and how long it holds.
    pub ocsp: Times,
    /// How many certificates have the same part of a revocation list at most.
    pub shard_capacity: i64,
    /// Whether keys of kinds that are experimental ([`crate::profile::KeyKind::is_experimental`]) are made and certified.
    pub experimental: bool,
    /// Whether a key ring is made where there is none, and nothing is sealed yet.
    pub makes_ring: bool,
    /// How long an OCSP responder's certificate holds; it is made anew in the last third.
    pub responder_lifetime: Duration,
}

/// When something published is made anew, and how long it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// After so long it is made anew.
    pub refresh: Duration,
    /// For so long it holds.
    pub lifetime: Duration,
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Settings {
    /// Everything as it is by default: the built-in profiles, lists that hold for seven days and are made anew each day, OCSP answers that
    /// hold for four days and are made anew every two.
    ///
    /// # Errors
    /// [`UriError`] if `public_url` cannot stand in a certificate.
    pub fn new(clock: Clock, public_url: &str) -> Result<Self, UriError> {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Uri::parse(&public_url)?;
        Ok(Self {
            clock,
            public_url,
            profiles: Profiles::default(),
            compromised: Arc::default(),
            signers: Arc::new(crate::authority::NoSigners),
            named_keys: Arc::default(),
            lease: Duration::from_secs(15),
            crl: Times { refresh: DAY, lifetime: 7 * DAY },
            ocsp: Times { refresh: 48 * HOUR, lifetime: 96 * HOUR },
            shard_capacity: 100_000,
            experimental: false,
            makes_ring: true,
            responder_lifetime: 30 * DAY,
        })
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}
