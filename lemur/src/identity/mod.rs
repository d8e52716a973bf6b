//! Those who come in by somebody else's word: people whom a provider of identities signs in ([`sign_in`]), and workloads that show a token of
//! their CI or cluster, a request that they signed for AWS, or a certificate of ours ([`workload`]).
//!
//! What they are worth here is the configuration's to say ([`Settings`]); what is made of it, a session or a short-lived token, is
//! [`crate::access`]'s. Tokens are verified by jsonwebtoken, which the service's own tokens are made with, and nothing of them is believed before.

mod issuer;
mod jwt;
mod names;
mod pattern;
mod settings;
mod sign_in;
mod sts;
mod web;
mod workload;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use menagerie_web::{Rate, Rates};

pub use issuer::{IssuerError, VerifyError};
pub use jwt::{JwtError, KeysError, fuzz as fuzz_token};
pub use names::{NamePattern, NamePatternError};
pub use pattern::{Claims, Pattern, PatternError};
pub use settings::{KeysFrom, People, Provider, Settings, Way, Workload};
pub use sign_in::{Answered, Begun, COOKIE_LASTS, SignInError};
pub use sts::{Caller, SERVER_ID, SignedRequest, StsError, names_an_account};
pub use web::WebError;
pub(crate) use web::check_address;
pub use workload::{Credential, WorkloadError};

use crate::engine::Engine;
use crate::secret_file::SecretFileError;
use crate::store::StoreError;
use crate::trust::RootsError;
use issuer::{Issuer, Source};
use jwt::Keys;
use web::Web;

/// How often one address may try to come in by somebody else's word: each try may be a call.
const RATE: Rate = Rate { times: 120, within: Duration::from_secs(60) };

/// Why what is configured cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file cannot be read or used.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A client's secret.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// Certificates of roots.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// A workload that would come in by what an authority elsewhere signs.
    #[error(
        "[workloads.{workload}] certificate: the authority {authority} is not one whose key is here: nobody comes in by its certificates"
    )]
    Elsewhere {
        /// The workload.
        workload: String,
        /// The authority.
        authority: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All who come in by somebody else's word. Clones share everything; by default there is nobody.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "holds secrets")]
pub struct Identity(Option<Arc<Inner>>);

struct Inner {
    engine: Engine,
    /// The service's URL, without a slash at its end.
    url: String,
    providers: BTreeMap<String, sign_in::Provider>,
    workloads: BTreeMap<String, workload::Door>,
    rates: Rates<IpAddr>,
    began: Instant,
}

impl Identity {
    /// Reads the files that the settings name. No call is made: an issuer that is away stops nobody else.
    ///
    /// # Errors
    /// [`OpenError`] names the file.
    pub fn open(settings: &Settings, url: &str, engine: &Engine) -> Result<Self, OpenError> {
        let mut issuers = Issuers::default();
        let mut providers = BTreeMap::new();
        for provider in &settings.providers {
            let issuer = issuers.issuer(&provider.issuer, provider.ca_file.as_deref(), &KeysFrom::Discovery)?;
            providers.insert(provider.name.clone(), sign_in::Provider::open(provider.clone(), issuer, url)?);
        }
        let mut workloads = BTreeMap::new();
        for workload in &settings.workloads {
            workloads.insert(workload.grant.name.clone(), workload::Door::open(&workload.way, &mut issuers)?);
        }
        Ok(Self(Some(Arc::new(Inner {
            engine: engine.clone(),
            url: url.to_owned(),
            providers,
            workloads,
            rates: Rates::new(RATE, 100_000),
            began: Instant::now(),
        }))))
    }

    /// Counts a try from an address.
    ///
    /// # Errors
    /// How long to wait.
    pub fn count(&self, from: IpAddr) -> Result<(), Duration> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let network = match from.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            // What one customer has of IPv6.
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        };
        inner.rates.take(network, inner.began.elapsed())
    }
}

/// Issuers and callers that are shared by those who name the same.
#[derive(Default)]
struct Issuers {
    webs: BTreeMap<Option<PathBuf>, Web>,
    issuers: BTreeMap<String, Arc<Issuer>>,
}

impl Issuers {
    fn web(&mut self, roots: Option<&Path>) -> Result<Web, OpenError> {
        if let Some(web) = self.webs.get(&roots.map(Path::to_owned)) {
            return Ok(web.clone());
        }
        let web = Web::new(roots)?;
        self.webs.insert(roots.map(Path::to_owned), web.clone());
        Ok(web)
    }

    fn issuer(&mut self, name: &str, roots: Option<&Path>, keys: &KeysFrom) -> Result<Arc<Issuer>, OpenError> {
        let key = format!("{name} {keys:?} {roots:?}");
        if let Some(issuer) = self.issuers.get(&key) {
            return Ok(Arc::clone(issuer));
        }
        let source = match keys {
            KeysFrom::Discovery => Source::Discovery,
            KeysFrom::Url(url) => Source::At(url.clone()),
            KeysFrom::File(path) => {
                let wrong = |error: &dyn std::error::Error| OpenError::File { path: path.clone(), reason: error.to_string() };
                let document = issuer::from_file(path).map_err(|error| wrong(&error))?;
                Keys::read(&document).map_err(|error| wrong(&error))?;
                Source::File(path.clone())
            }
        };
        let issuer = Arc::new(Issuer::new(name, self.web(roots)?, source));
        self.issuers.insert(key, Arc::clone(&issuer));
        Ok(issuer)
    }
}
