//! Authorities elsewhere, whose certificates are ordered by ACME (RFC 8555), as Lemur's `acme-issuer`.
//!
//! A certificate of such an authority is pending first: [`Upstreams::order`] admits it by its profile, makes and seals its key, stores it, and
//! answers. What comes then is a worker's ([`worker`]): it leases a pending certificate, so that one process works on it, and takes it one step
//! further each time, from the order over the proofs and the request to the certificate ([`step`]). Each step is on the disk before it is
//! taken, and the order's URL after the first, so that a process that dies is followed by one that goes on with the same order and the same key.
//! What comes back is checked ([`check`]) before it is stored as issued.
//!
//! Which upstreams there are, where, whom they trust and how names are proved says the configuration ([`crate::config::Upstream`]). A request
//! names one and says nothing else of it.

mod account;
mod authority;
mod change;
mod check;
mod client;
mod http;
mod jws;
mod order;
mod prove;
mod reseal;
mod resource;
mod revoke;
mod serve;
mod step;
mod store;
mod worker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use tokio::sync::Notify;

use crate::certificate::{PemError, View, read_bundle};
use crate::config::{Proof, Upstream};
use crate::dns::{DnsProvider, Providers};
use crate::engine::Engine;
use crate::secret_file::SecretFileError;
use crate::store::StoreError;
use crate::trust::{self, RootsError};
use crate::validate::{Resolver, ResolverError};

pub use authority::UpstreamAuthority;
pub use change::{PendingError, PendingUpload};
pub use check::CheckError;
pub use client::ClientError;
pub use http::HttpError;
pub use jws::AccountKeyError;
pub use order::OrderError;
pub use reseal::{ResealError, reseal};
pub use resource::Problem;
pub use serve::router;
pub use store::{MIGRATIONS, Pending, PendingChange, PendingFilter, PendingState};

use http::Http;

/// After so many failed attempts a pending certificate is given up, as Lemur does.
pub const MOST_ATTEMPTS: i64 = 5;

/// The largest file of roots, in bytes.
const LARGEST_FILE: u64 = 4 << 20;

/// Authorities elsewhere. Clones share everything.
///
/// [`Upstreams::new`] reads what the configuration names, [`Upstreams::prepare`] makes accounts' keys, and [`Upstreams::run`] works.
#[derive(Clone)]
pub struct Upstreams {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    by_name: BTreeMap<String, Known>,
    /// Told when something was ordered.
    told: Notify,
    pace: Pace,
}

/// How long the worker waits between looks. Tests are quicker.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Between two looks for what is due.
    look: Duration,
    /// Between two questions whether a proof was accepted or a certificate is there, where the upstream does not say.
    ask: Duration,
    /// For how long one is asked before others get their turn.
    patience: Duration,
}

const PACE: Pace = Pace { look: Duration::from_secs(1), ask: Duration::from_secs(1), patience: Duration::from_secs(60) };

/// An upstream that is ready to be asked.
struct Known {
    config: Upstream,
    http: Http,
    /// What its certificates have to stand under.
    anchors: Vec<View>,
    proof: Ready,
}

enum Ready {
    /// In another process.
    Elsewhere,
    Http01,
    Dns01 {
        name: String,
        provider: Arc<dyn DnsProvider>,
        /// Who is asked whether a record is there.
        resolver: Option<Box<Resolver>>,
        propagation: Duration,
    },
}

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstreams").field("names", &self.names().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// Why an upstream of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file cannot be read.
    #[error("[upstream.{name}]: cannot read {path}: {source}", path = path.display())]
    File {
        /// The upstream.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file of a secret cannot be used.
    #[error("[upstream.{name}]: {source}")]
    Secret {
        /// The upstream.
        name: String,
        /// What is wrong with it.
        source: SecretFileError,
    },
    /// A file has no certificates.
    #[error("[upstream.{name}]: {path}: {source}", path = path.display())]
    Certificates {
        /// The upstream.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PemError,
    },
    /// Its server cannot be known.
    #[error("[upstream.{name}] ca_file: {source}")]
    Trust {
        /// The upstream.
        name: String,
        /// What is wrong.
        source: RootsError,
    },
    /// A root that TLS cannot be verified by.
    #[error("[upstream.{name}] ca_file: no certificate in it is a root that TLS can be verified by")]
    Roots {
        /// The upstream.
        name: String,
    },
    /// The directory's host cannot be asked.
    #[error("[upstream.{name}] directory: its host has no name that a certificate can be for")]
    Host {
        /// The upstream.
        name: String,
    },
    /// A provider of DNS that is not configured.
    #[error("[upstream.{name}] dns_provider: there is no provider of DNS {provider:?}")]
    Provider {
        /// The upstream.
        name: String,
        /// What it wants.
        provider: String,
    },
    /// http-01 without the plain service.
    #[error("[upstream.{name}] challenge: http-01 is answered by the plain HTTP service: set http_listen")]
    NoHttp {
        /// The upstream.
        name: String,
    },
    /// No name server can be asked.
    #[error("[upstream.{name}] name_servers: {source}")]
    Resolver {
        /// The upstream.
        name: String,
        /// What is wrong.
        source: ResolverError,
    },
    /// The key of an external account is not base64url.
    #[error("[upstream.{name}] external_account: {path} does not hold a key in base64url", path = path.display())]
    ExternalKey {
        /// The upstream.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// An account's key was not made, sealed or stored.
    #[error("[upstream.{name}]: {reason}")]
    Account {
        /// The upstream.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What upstreams are made of.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Those of the configuration.
    pub upstreams: Vec<Upstream>,
    /// The providers of DNS of the configuration; none for who only orders and revokes, and leaves the work to a server.
    pub providers: Option<Providers>,
    /// Who is asked for records where an upstream names nobody.
    pub name_servers: Vec<std::net::SocketAddr>,
}

impl Upstreams {
    /// Those of the configuration, ready to be asked. Their files are read now.
    ///
    /// # Errors
    /// [`SetupError`] names the upstream and what of it cannot be used.
    pub fn new(engine: Engine, parts: Parts) -> Result<Self, SetupError> {
        let mut by_name = BTreeMap::new();
        for config in parts.upstreams {
            let known = Known::new(config, parts.providers.as_ref(), &parts.name_servers)?;
            by_name.insert(known.config.name.clone(), known);
        }
        Ok(Self { shared: Arc::new(Shared { engine, by_name, told: Notify::new(), pace: PACE }) })
    }

    /// None at all: what was pending is still shown.
    #[must_use]
    pub fn none(engine: Engine) -> Self {
        Self { shared: Arc::new(Shared { engine, by_name: BTreeMap::new(), told: Notify::new(), pace: PACE }) }
    }

    /// The same, with a worker that looks and asks after so long instead of seconds: for upstreams that answer at once.
    #[must_use]
    pub fn pacing(self, pause: Duration) -> Self {
        let pace = Pace { look: pause, ask: pause, ..PACE };
        // Whoever starts them has the only one.
        match Arc::try_unwrap(self.shared) {
            Ok(shared) => Self { shared: Arc::new(Shared { pace, ..shared }) },
            Err(shared) => Self { shared },
        }
    }

    /// Their names in the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.shared.by_name.keys().map(String::as_str)
    }

    /// How names are proved to one of them.
    #[must_use]
    pub fn proof(&self, name: &str) -> Option<&Proof> {
        self.shared.by_name.get(name).map(|known| &known.config.proof)
    }
}

impl Known {
    fn new(config: Upstream, providers: Option<&Providers>, name_servers: &[std::net::SocketAddr]) -> Result<Self, SetupError> {
        let name = || config.name.clone();
        let known = trust::roots(config.ca_file.as_deref()).map_err(|source| SetupError::Trust { name: name(), source })?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(known);
        if roots.is_empty() {
            return Err(SetupError::Roots { name: name() });
        }
        let url = config.directory.parse().map_err(|_| SetupError::Host { name: name() })?;
        let http = Http::new(&url, roots).ok_or_else(|| SetupError::Host { name: name() })?;
        let anchors = config.issued_under.as_ref().map(|path| certificates(&config.name, path)).transpose()?.unwrap_or_default();
        let proof = match (&config.proof, providers) {
            (_, None) => Ready::Elsewhere,
            (Proof::Http01, _) => Ready::Http01,
            (Proof::Dns01 { provider: wanted, name_servers: own, propagation }, Some(providers)) => {
                let missing = || SetupError::Provider { name: name(), provider: wanted.clone() };
                let provider = providers.get(wanted).ok_or_else(missing)?;
                let servers = if own.is_empty() { name_servers } else { own };
                let resolver = match propagation.is_zero() {
                    true => None,
                    false => Some(Box::new(Resolver::new(servers).map_err(|source| SetupError::Resolver { name: name(), source })?)),
                };
                Ready::Dns01 { name: wanted.clone(), provider, resolver, propagation: *propagation }
            }
        };
        Ok(Self { http, anchors, proof, config })
    }
}

fn certificates(name: &str, path: &Path) -> Result<Vec<View>, SetupError> {
    let bytes = file(name, path)?;
    read_bundle(&bytes).map_err(|source| SetupError::Certificates { name: name.to_owned(), path: path.to_owned(), source })
}

fn file(name: &str, path: &Path) -> Result<Vec<u8>, SetupError> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    let failed = |source| SetupError::File { name: name.to_owned(), path: path.to_owned(), source };
    std::fs::File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}
