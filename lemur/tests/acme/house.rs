//! A whole server: an engine with a root and an issuing authority, on SQLite or PostgreSQL, and ACME over TLS on loopback, as many replicas
//! as a test wants, with a name service and hosts of pebble's behind it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use lemur::acme::{Acme, Grant, NewExternalKey, Offer, Parts, Settings, router};
use lemur::audit::Actor;
use lemur::authority::{AuthorityOrder, Parent};
use lemur::engine::{Clock, Engine};
use lemur::name::{NameConstraints, Subject};
use lemur::profile::Profiles;
use lemur::store::AuthorityId;
use lemur::validate::{Reach, Resolver, Validator};
use menagerie_secret::RingFile;
use menagerie_tests::{ChallengeServer, Postgres};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::net::Rerouted;

/// A public address, where pebble's hosts are.
pub(crate) const PUBLIC: &str = "93.184.216.34";

/// A folder, a database, and what stands around the servers that share it.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) chall: ChallengeServer,
    pub(crate) network: Rerouted,
    database: String,
    tls: Arc<rustls::ServerConfig>,
    root: PathBuf,
}

/// One process's server.
pub(crate) struct Replica {
    pub(crate) engine: Engine,
    pub(crate) acme: Acme,
    pub(crate) authority: AuthorityId,
    pub(crate) root: AuthorityId,
    pub(crate) base: String,
    _servers: Vec<(Engine, Acme)>,
    _tasks: JoinSet<()>,
}

/// An external account key, as an administrator hands it out.
#[derive(Debug, Clone)]
pub(crate) struct Handed {
    pub(crate) id: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) text: String,
}

impl House {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("lemur.db").display());
        Self::new(folder, database)
    }

    pub(crate) fn postgres() -> Self {
        static SERVER: OnceLock<Postgres> = OnceLock::new();
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.get_or_init(Postgres::start);
        let name = format!("acme_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        server.sql(&format!("CREATE DATABASE {name}"));
        let url = server.url();
        let (base, _) = url.rsplit_once('/').unwrap();
        Self::new(tempfile::tempdir().unwrap(), format!("{base}/{name}"))
    }

    fn new(folder: tempfile::TempDir, database: String) -> Self {
        let chall = ChallengeServer::start();
        let network = Rerouted::default();
        network.route(PUBLIC, 80, chall.http());
        network.route(PUBLIC, 443, chall.tls());
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let root = folder.path().join("server.pem");
        std::fs::write(&root, own.cert.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        Self { folder, chall, network, database, tls: Arc::new(tls), root }
    }

    /// The certificate that clients of the servers here trust.
    pub(crate) fn root(&self) -> &std::path::Path {
        &self.root
    }

    pub(crate) async fn replica(&self) -> Replica {
        self.replicas(1, |_| {}).await
    }

    /// A server with other settings than the tests' usual ones.
    pub(crate) async fn replica_with(&self, change: impl Fn(&mut Settings)) -> Replica {
        self.replicas(1, change).await
    }

    /// So many servers behind one address: each request meets the next.
    pub(crate) async fn replicas(&self, count: usize, change: impl Fn(&mut Settings)) -> Replica {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("https://localhost:{}/acme", listener.local_addr().unwrap().port());
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(self.server(&base, &change).await);
        }
        let routers = servers.iter().map(|(_, acme)| axum::Router::new().nest("/acme", router(acme.clone()))).collect();
        let (engine, acme) = servers[0].clone();
        let root = engine.authority_by_name("Root").await.unwrap().unwrap().id;
        let authority = engine.authority_by_name("Issuing").await.unwrap().unwrap().id;
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&self.tls), routers));
        Replica { engine, acme, authority, root, base, _servers: servers, _tasks: tasks }
    }

    /// Another process on the same data, as the command line is.
    pub(crate) async fn engine(&self) -> Engine {
        let mut settings = lemur::engine::Settings::new(Clock::new(Timestamp::now), "http://ca.example.org").unwrap();
        settings.profiles = Profiles::parse(PROFILES).unwrap();
        Engine::start(&self.database, RingFile::new(self.folder.path().join("keys")), settings).await.unwrap()
    }

    async fn server(&self, base: &str, change: &impl Fn(&mut Settings)) -> (Engine, Acme) {
        let engine = self.engine().await;
        let root = authority(&engine, "Root", Parent::Itself).await;
        authority(&engine, "Issuing", Parent::Ours(root)).await;
        let offer = |profile: &str| Offer::new(format!("certificates by {profile}"), "Issuing", profile, Reach::default());
        let offers = ["tls-server", "tls-client", "baseline"].map(|name| (name.to_owned(), offer(name)));
        let mut settings = Settings::new(base, BTreeMap::from(offers), "tls-server").unwrap();
        settings.caa_identities = vec!["ca.example.test".to_owned()];
        change(&mut settings);
        let resolver = Resolver::new(&[self.chall.dns()]).unwrap();
        let validator = Validator::new(resolver, Arc::new(self.network.clone())).pausing(Duration::from_millis(10));
        let parts = Parts { settings, engine: engine.clone(), validator, random: Arc::new(SystemRandom::new()) };
        (engine, Acme::start(parts).await.unwrap())
    }
}

/// A profile that claims the baseline, beside the built-in ones.
const PROFILES: &str = r#"
[baseline]
description = "TLS servers under the Baseline Requirements"
baseline = true
key_usages = ["digital_signature"]
extended_key_usages = ["server_auth"]
key_types = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096"]
names = { kinds = ["dns", "ip"], wildcards = true }
policies = ["2.23.140.1.2.1"]
default_lifetime = "6d"
max_lifetime = "90d"
"#;

pub(crate) async fn authority(engine: &Engine, name: &str, parent: Parent) -> AuthorityId {
    constrained(engine, name, parent, NameConstraints::default()).await
}

/// An authority for these names alone.
pub(crate) async fn constrained(engine: &Engine, name: &str, parent: Parent, constraints: NameConstraints) -> AuthorityId {
    if let Some(known) = engine.authority_by_name(name).await.unwrap() {
        return known.id;
    }
    let subject = Subject::of_common_name(name).unwrap();
    let order = AuthorityOrder { constraints, ..AuthorityOrder::new(name, "pki@example.com", subject, parent, Actor::cli("tests")) };
    engine.create_authority(order).await.unwrap().id
}

async fn serve(listener: TcpListener, tls: Arc<rustls::ServerConfig>, routers: Vec<axum::Router>) {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    let (routers, turn) = (Arc::new(routers), Arc::new(AtomicUsize::new(0)));
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (acceptor, routers, turn) = (acceptor.clone(), Arc::clone(&routers), Arc::clone(&turn));
        let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            // As the server's own listener and guard do.
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
            request.extensions_mut().insert(menagerie_web::RequestId::random());
            let turn = turn.fetch_add(1, Ordering::Relaxed) % routers.len();
            TowerToHyperService::new(routers[turn].clone()).call(request)
        });
        connections.spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                // A client that breaks off is no failure of a test.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        });
    }
}

impl Replica {
    /// Where clients begin.
    pub(crate) fn directory(&self) -> String {
        format!("{}/directory", self.base)
    }

    /// An external account key for names below `example.org` and for the address of pebble's hosts.
    pub(crate) async fn key(&self) -> Handed {
        self.key_for(&[".example.org", PUBLIC], &["tls-server", "tls-client", "baseline"]).await
    }

    pub(crate) async fn key_for(&self, names: &[&str], profiles: &[&str]) -> Handed {
        let grant = Grant {
            owner: "web@example.org".to_owned(),
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            profiles: profiles.iter().map(|name| (*name).to_owned()).collect(),
        };
        let new = NewExternalKey { description: "tests".to_owned(), grant, most_accounts: None, expires: None };
        let (key, secret) = self.acme.external_keys().create(new, &Actor::cli("tests")).await.unwrap();
        let text = secret.expose().clone();
        Handed { id: key.id, secret: URL_SAFE_NO_PAD.decode(&text).unwrap(), text }
    }
}

/// Runs a test on both databases.
pub(crate) async fn on_both(test: impl AsyncFn(House)) {
    test(House::sqlite()).await;
    test(House::postgres()).await;
}
