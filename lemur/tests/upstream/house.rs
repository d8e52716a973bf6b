//! An engine with authorities elsewhere: its database, its worker, its plain HTTP service, and a name service with a provider that writes to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lemur::audit::Actor;
use lemur::config::{Proof, Upstream};
use lemur::dns::{BoxFuture, DnsError, DnsProvider, Kind, Providers};
use lemur::engine::{Clock, Engine, Settings};
use lemur::issue::{Key, Order, Record};
use lemur::name::{San, Subject};
use lemur::profile::Period;
use lemur::store::certificates::Certificate;
use lemur::store::{AuthorityId, PendingId};
use lemur::upstream::{Parts, Pending, UpstreamAuthority, Upstreams, router};
use menagerie_secret::RingFile;
use menagerie_sign::KeyType;
use menagerie_tests::{ChallengeServer, Postgres};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long something may take that is done by others: the machines of tests are slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The name of the upstream, and of the authority.
pub(crate) const NAME: &str = "elsewhere";

/// Where the data are, and what proofs are shown by.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) chall: Arc<ChallengeServer>,
    pub(crate) records: Arc<Records>,
    database: String,
    listener: Mutex<Option<std::net::TcpListener>>,
    tasks: Mutex<JoinSet<()>>,
    pub(crate) http: SocketAddr,
}

/// One process's part.
pub(crate) struct Replica {
    pub(crate) engine: Engine,
    pub(crate) upstreams: Upstreams,
    pub(crate) authority: AuthorityId,
    tasks: JoinSet<()>,
}

impl House {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("lemur.db").display());
        Self::new(folder, database)
    }

    pub(crate) fn postgres() -> Self {
        Self::new(tempfile::tempdir().unwrap(), postgres())
    }

    fn new(folder: tempfile::TempDir, database: String) -> Self {
        let chall = Arc::new(ChallengeServer::start());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let http = listener.local_addr().unwrap();
        let records = Arc::new(Records::of(&chall));
        Self { folder, chall, records, database, listener: Mutex::new(Some(listener)), tasks: Mutex::default(), http }
    }

    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        menagerie_tests::write_secret(&path, contents);
        path
    }

    /// An upstream by http-01, to be changed.
    pub(crate) fn by_http(directory: String, ca_file: PathBuf) -> Upstream {
        Upstream {
            name: NAME.to_owned(),
            directory,
            ca_file: Some(ca_file),
            contact: vec!["mailto:pki@example.org".to_owned()],
            agree_to_terms: true,
            external_account: None,
            proof: Proof::Http01,
            preferred_chain: None,
            issued_under: None,
            profile: None,
            retry: Duration::from_millis(20),
        }
    }

    /// The same by dns-01.
    pub(crate) fn by_dns(&self, directory: String, ca_file: PathBuf) -> Upstream {
        let proof =
            Proof::Dns01 { provider: "chall".to_owned(), name_servers: vec![self.chall.dns()], propagation: Duration::from_secs(20) };
        Upstream { proof, ..Self::by_http(directory, ca_file) }
    }

    /// A process whose worker runs.
    pub(crate) async fn replica(&self, upstream: Upstream) -> Replica {
        let mut replica = self.idle(upstream).await;
        let worker = replica.upstreams.clone();
        replica.tasks.spawn(async move { worker.run(std::future::pending()).await });
        replica
    }

    /// A process whose worker does not run.
    pub(crate) async fn idle(&self, upstream: Upstream) -> Replica {
        let settings = Settings::new(Clock::new(Timestamp::now), "http://ca.example.org").unwrap();
        let engine = Engine::start(&self.database, RingFile::new(self.folder.path().join("keys")), settings).await.unwrap();
        let providers = Providers::default().with("chall", Kind::Hook, Arc::clone(&self.records) as Arc<dyn DnsProvider>);
        let parts = Parts { upstreams: vec![upstream], providers: Some(providers), name_servers: vec![self.chall.dns()] };
        let upstreams = Upstreams::new(engine.clone(), parts).unwrap().pacing(Duration::from_millis(50));
        upstreams.prepare().await.unwrap();
        let authority = match engine.authority_by_name(NAME).await.unwrap() {
            Some(known) => known.id,
            None => upstreams.add_authority(authority(), &Actor::cli("tests")).await.unwrap(),
        };
        // One of the processes answers for all, also when its worker is gone.
        if let Some(listener) = self.listener.lock().unwrap().take() {
            let listener = TcpListener::from_std(listener).unwrap();
            let router = router(engine.clone());
            self.tasks.lock().unwrap().spawn(async move { axum::serve(listener, router).await.unwrap() });
        }
        Replica { engine, upstreams, authority, tasks: JoinSet::new() }
    }
}

pub(crate) fn authority() -> UpstreamAuthority {
    UpstreamAuthority {
        name: NAME.to_owned(),
        owner: "pki@example.org".to_owned(),
        description: String::new(),
        upstream: NAME.to_owned(),
        profiles: Vec::new(),
        options: "{}".to_owned(),
        roles: Vec::new(),
    }
}

/// The URL of an empty database of one PostgreSQL for all tests.
pub(crate) fn postgres() -> String {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Postgres::start);
    let name = format!("upstream_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.sql(&format!("CREATE DATABASE {name}"));
    let url = server.url();
    let (base, _) = url.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

impl Replica {
    /// What is asked for: these names, with a key that is made.
    pub(crate) fn order_of(&self, names: &[&str]) -> Order {
        Order {
            authority: self.authority,
            profile: "tls-server".to_owned(),
            key: Key::Made(KeyType::EcdsaP256),
            subject: Subject::new(),
            names: names.iter().map(|name| San::guess(name).unwrap()).collect(),
            period: Period::Default,
            csr: None,
            record: Record::of_owner("web@example.org"),
            actor: Actor::cli("tests"),
        }
    }

    pub(crate) async fn order(&self, names: &[&str]) -> PendingId {
        self.upstreams.order(self.order_of(names)).await.unwrap().id
    }

    /// Waits until nothing is done for it any more.
    pub(crate) async fn resolved(&self, id: PendingId) -> Pending {
        self.until(id, |pending| pending.resolved).await
    }

    pub(crate) async fn until(&self, id: PendingId, is: impl Fn(&Pending) -> bool) -> Pending {
        let until = Instant::now() + PATIENCE;
        loop {
            let pending = self.upstreams.pending(id).await.unwrap().unwrap();
            if is(&pending) {
                return pending;
            }
            assert!(Instant::now() < until, "{pending:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for its certificate.
    pub(crate) async fn issued(&self, id: PendingId) -> Certificate {
        let pending = self.resolved(id).await;
        let certificate = pending.certificate.unwrap_or_else(|| panic!("{pending:?}"));
        self.engine.certificate(certificate).await.unwrap().unwrap()
    }

    /// How many certificates are stored.
    pub(crate) async fn certificates(&self) -> u64 {
        let (filter, page) = (lemur::store::list::Filter::default(), lemur::store::list::Page::Offset { offset: 0, limit: 1 });
        self.engine.certificates(&filter, lemur::store::list::Order::default(), page).await.unwrap().total
    }

    /// How much is shown to prove names.
    pub(crate) async fn shown(&self) -> i64 {
        let mut transaction = self.engine.store().read().await.unwrap();
        let row = transaction.one("SELECT count(*) AS n FROM upstream_challenge", &[]).await.unwrap();
        row.integer("n").unwrap()
    }
}

/// A provider of DNS that writes to the test's name service, and can be told to fail.
pub(crate) struct Records {
    server: Arc<ChallengeServer>,
    held: Mutex<BTreeMap<String, Vec<String>>>,
    /// Every name that was written, in order.
    pub(crate) written: Mutex<Vec<String>>,
    /// The most values that stood at one name.
    pub(crate) most: AtomicU32,
    /// How many of the next writes fail.
    pub(crate) failures: AtomicU32,
}

impl Records {
    fn of(server: &Arc<ChallengeServer>) -> Self {
        Self {
            server: Arc::clone(server),
            held: Mutex::default(),
            written: Mutex::default(),
            most: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        }
    }

    /// How many records there are now.
    pub(crate) fn count(&self) -> usize {
        self.held.lock().unwrap().values().map(Vec::len).sum()
    }
}

impl DnsProvider for Records {
    fn publish<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async move {
            if self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                return Err(DnsError::Unreachable("the test wants it so".to_owned()));
            }
            let mut held = self.held.lock().unwrap();
            self.written.lock().unwrap().push(name.to_owned());
            let values = held.entry(name.to_owned()).or_default();
            if !values.iter().any(|held| held == value) {
                values.push(value.to_owned());
                self.server.text(name, value);
            }
            self.most.fetch_max(u32::try_from(values.len()).unwrap(), Ordering::Relaxed);
            Ok(())
        })
    }

    fn withdraw<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async move {
            let mut held = self.held.lock().unwrap();
            let values = held.entry(name.to_owned()).or_default();
            values.retain(|held| held != value);
            self.server.no_text(name);
            for value in values {
                self.server.text(name, value);
            }
            Ok(())
        })
    }
}

/// Runs a test on both databases.
pub(crate) async fn on_both(test: impl AsyncFn(House)) {
    test(House::sqlite()).await;
    test(House::postgres()).await;
}
