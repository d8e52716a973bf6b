//! `lemur serve`: everything that the parts bring, behind one HTTPS port, and what is public by plain HTTP as well.

mod certificate;
mod exports;
mod first;
mod offers;
mod upstreams;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use menagerie_web::{Guard, Health, Limits, Metrics, Rate, Server, Tls};

use crate::access::{Access, AccessError, Bootstrap, Password};
use crate::acme::{self, Acme};
use crate::config::Config;
use crate::dns::Providers;
use crate::engine::Engine;
use crate::identity::{Identity, OpenError};
use crate::repository;
use crate::rest::{self, Api};
use crate::upstream::{self, Upstreams};

pub use certificate::CertificateError;
pub use first::{AUTHORITY, FirstError};
pub use offers::{OfferError, offered_profiles};
pub use upstreams::upstreams;

/// The largest body of a request where a resource does not say otherwise, in bytes.
const BODY: usize = 256 * 1024;

/// How many connections one address holds at each listener: a sixteenth of them all.
const CONNECTIONS_OF_ONE: usize = 128;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a request's body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The users.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The first authority.
    #[error(transparent)]
    First(#[from] FirstError),
    /// The server's own certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What ACME offers.
    #[error(transparent)]
    Offers(#[from] OfferError),
    /// Those who come in by somebody else's word.
    #[error(transparent)]
    Identity(#[from] OpenError),
    /// Authorities elsewhere.
    #[error(transparent)]
    Upstream(#[from] upstream::SetupError),
    /// The ACME server.
    #[error(transparent)]
    Acme(#[from] acme::StartError),
    /// A listener.
    #[error(transparent)]
    Web(#[from] menagerie_web::ServeError),
}

/// The addresses that are listened at. They are taken before anything else is done: one that is in use is the error that people meet most.
#[derive(Debug)]
pub struct Listeners {
    https: TcpListener,
    http: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

impl Listeners {
    /// Those of a configuration.
    ///
    /// # Errors
    /// [`ServeError::Listen`] if one cannot be had.
    pub fn bind(config: &Config) -> Result<Self, ServeError> {
        let optional = |address: Option<SocketAddr>| address.map(listen).transpose();
        Ok(Self { https: listen(config.listen)?, http: optional(config.http_listen)?, metrics: optional(config.metrics_listen)? })
    }

    /// Where HTTPS is served, with the port that the system chose where none was named.
    ///
    /// # Errors
    /// What the system said.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.https.local_addr()
    }

    /// Where plain HTTP is served.
    ///
    /// # Errors
    /// What the system said.
    pub fn http_address(&self) -> std::io::Result<Option<SocketAddr>> {
        self.http.as_ref().map(TcpListener::local_addr).transpose()
    }
}

/// A server that is ready to run.
#[derive(Debug)]
pub struct Ready {
    server: Server,
    acme: Acme,
    upstreams: Upstreams,
    renewal: certificate::Renewal,
    /// What the first start made, for whoever started it to show.
    pub first: First,
}

/// What the first start made.
pub struct First(pub Bootstrap);

impl std::fmt::Debug for First {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("First").finish_non_exhaustive()
    }
}

/// Makes everything ready: the first user and authority where there is none, the server's certificate, the resources.
///
/// # Errors
/// [`ServeError`] names the part that failed.
pub async fn prepare(
    config: &Config,
    listeners: Listeners,
    engine: &Engine,
    access: &Access,
    password: Option<Password>,
    dns: Providers,
) -> Result<Ready, ServeError> {
    let identity = Identity::open(&config.identity, &config.url, engine)?;
    first::authority(engine, access, config.tls.is_none()).await?;
    identity.check_authorities().await?;
    let (tls, renewal) = certificate::tls(config, engine).await?;
    let acme = Acme::start(offers::parts(config, engine)?).await?;
    let upstreams = upstreams::ready(config, engine, dns.clone()).await?;
    // Last of what may fail: a password that was made is shown once.
    let first = First(access.bootstrap(password).await?);

    let metrics = Metrics::new("lemur");
    let guard = Guard { body: BODY, time: PATIENCE, arrival: ARRIVAL, metrics: metrics.clone() };
    let settings = rest::Settings { upstreams: Some(upstreams.clone()), dns, identity, ..rest_settings(config, engine) };
    let api = Api::new(access.clone(), engine.clone(), settings);
    let public = repository::router(engine.clone()).merge(upstream::router(engine.clone())).merge(health(access));
    let all = Router::new().merge(rest::router(api)).nest("/acme", acme::router(acme.clone())).merge(public.clone());
    let all = all.fallback(rest::nothing_here);
    let (all, public) = (config.proxies.clone().before(all), config.proxies.clone().before(public));
    let limits = Limits { connections_of_one: CONNECTIONS_OF_ONE, ..Limits::default() };
    let mut server = Server::new(limits).https(listeners.https, tls, guard.clone().before(all));
    if let Some(listener) = listeners.http {
        server = server.http(listener, guard.before(public));
    }
    if let Some(listener) = listeners.metrics {
        server = server.http(listener, metrics.router().merge(health(access)));
    }
    Ok(Ready { server, acme, upstreams, renewal, first })
}

/// What the configuration says of REST. Authorities elsewhere, providers of DNS and those who come in by somebody else's word are its caller's.
#[must_use]
pub fn rest_settings(config: &Config, engine: &Engine) -> rest::Settings {
    rest::Settings {
        defaults: config.rest.defaults.clone(),
        delete_certificates: config.rest.delete_certificates,
        most_uploads: config.rest.most_uploads,
        approve_authorities: config.approve_authorities,
        acme_profiles: config.acme.offers.iter().map(|offer| offer.name.clone()).collect(),
        rate: config.rest.requests_per_minute.map(|times| Rate { times: times.into(), within: Duration::from_secs(60) }),
        exports: exports::all(engine),
        ..rest::Settings::default()
    }
}

impl Ready {
    /// Serves until `stop` is done.
    ///
    /// # Errors
    /// [`ServeError`] if a listener breaks.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let (end, ended) = tokio::sync::watch::channel(());
        let mut beside = tokio::task::JoinSet::new();
        let (acme, upstreams, renewal) = (self.acme, self.upstreams, self.renewal);
        let mut until = ended.clone();
        if !upstreams.is_idle() {
            beside.spawn(async move { upstreams.run(async move { drop(until.changed().await) }).await });
        }
        let mut until = ended.clone();
        beside.spawn(async move {
            acme.run(async move { drop(until.changed().await) }).await;
        });
        let mut until = ended;
        beside.spawn(async move {
            tokio::select! {
                () = renewal.run() => {}
                _ = until.changed() => {}
            }
        });
        let served = self.server.run(stop).await;
        drop(end);
        beside.join_all().await;
        Ok(served?)
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })
}

fn health(access: &Access) -> Router {
    let access = access.clone();
    let ready = move || {
        let access = access.clone();
        Box::pin(async move { access.ready().await.is_ok() }) as std::pin::Pin<Box<dyn Future<Output = bool> + Send>>
    };
    Health::new(Arc::new(ready)).router()
}

/// The TLS of files that the configuration names. `clients` are those whose certificates clients are asked for.
fn tls_of_files(files: &crate::config::TlsFiles, clients: Option<Vec<Vec<u8>>>) -> Result<Tls, CertificateError> {
    let read = |path: &std::path::Path| std::fs::read(path).map_err(|source| CertificateError::File { path: path.to_owned(), source });
    let (chain, key) = (read(&files.certificate)?, zeroize::Zeroizing::new(read(&files.key)?));
    tls_of(&chain, &key, clients)
}

fn tls_of(chain: &[u8], key: &[u8], clients: Option<Vec<Vec<u8>>>) -> Result<Tls, CertificateError> {
    Ok(match clients {
        None => Tls::from_pem(chain, key)?,
        Some(issuers) => Tls::asking_clients(chain, key, issuers)?,
    })
}
