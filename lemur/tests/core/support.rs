//! An engine in a folder of its own, on SQLite and on PostgreSQL, and the tools that others wrote to look at what it makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use jiff::Timestamp;
use lemur::audit::Actor;
use lemur::authority::{AuthorityOrder, Parent};
use lemur::certificate::write_certificate;
use lemur::engine::{Clock, Engine, Settings};
use lemur::issue::{Key, Order, Record};
use lemur::name::{San, Subject};
use lemur::profile::Period;
use lemur::store::AuthorityId;
use menagerie_secret::RingFile;
use menagerie_sign::{KeyType, LocalSigner, Signer};
use menagerie_tests::Postgres;

pub(crate) const URL: &str = "http://ca.example.test";

/// A folder, and the database that belongs to it.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) database: String,
    _server: Option<Arc<Postgres>>,
}

impl House {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("lemur.db").display());
        Self { folder, database, _server: None }
    }

    /// A database of its own in a server that tests share, and that ends with the last of them.
    pub(crate) fn postgres() -> Self {
        static SERVER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let server = {
            let mut known = SERVER.lock().unwrap();
            let server = known.upgrade().unwrap_or_else(|| Arc::new(Postgres::start()));
            *known = Arc::downgrade(&server);
            server
        };
        let name = format!("lemur_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        server.sql(&format!("CREATE DATABASE {name}"));
        let url = server.url();
        let (base, _) = url.rsplit_once('/').unwrap();
        Self { folder: tempfile::tempdir().unwrap(), database: format!("{base}/{name}"), _server: Some(server) }
    }

    pub(crate) fn ring(&self) -> RingFile {
        RingFile::new(self.folder.path().join("keys"))
    }

    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    pub(crate) async fn engine(&self) -> Engine {
        self.engine_with(settings()).await
    }

    pub(crate) async fn engine_with(&self, settings: Settings) -> Engine {
        Engine::start(&self.database, self.ring(), settings).await.unwrap()
    }
}

/// Runs a test on both databases.
pub(crate) async fn on_both(test: impl AsyncFn(House)) {
    test(House::sqlite()).await;
    test(House::postgres()).await;
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new(Clock::new(Timestamp::now), URL).unwrap();
    settings.lease = Duration::from_millis(1500);
    settings
}

pub(crate) fn actor() -> Actor {
    Actor::cli("tests")
}

pub(crate) fn authority(name: &str, parent: Parent) -> AuthorityOrder {
    AuthorityOrder::new(name, "pki@example.com", Subject::of_common_name(name).unwrap(), parent, actor())
}

/// A root, and an intermediate under it.
pub(crate) async fn two_authorities(engine: &Engine) -> (AuthorityId, AuthorityId) {
    let root = engine.create_authority(authority("Root", Parent::Itself)).await.unwrap().id;
    let intermediate = engine.create_authority(authority("Issuing", Parent::Ours(root))).await.unwrap().id;
    (root, intermediate)
}

pub(crate) fn order(authority: AuthorityId, name: &str, key: Key) -> Order {
    Order {
        authority,
        profile: "tls-server".to_owned(),
        key,
        subject: Subject::new(),
        names: vec![San::guess(name).unwrap()],
        period: Period::Default,
        csr: None,
        record: Record::of_owner("team@example.com"),
        actor: actor(),
    }
}

/// An order for a key that is made by whoever asks.
pub(crate) fn their_order(authority: AuthorityId, name: &str) -> Order {
    let key = LocalSigner::generate(KeyType::EcdsaP256).unwrap();
    order(authority, name, Key::Theirs(key.public_key().clone()))
}

/// A chain as a file: its certificates as text.
pub(crate) fn bundle(chain: &[Vec<u8>]) -> String {
    chain.iter().map(|der| write_certificate(der)).collect()
}

/// What `openssl` says; panics if it fails.
pub(crate) fn openssl(arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    said
}

/// Waits until something holds, and says whether it did within the time.
pub(crate) async fn within(limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> bool {
    let start = std::time::Instant::now();
    loop {
        if holds().await {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Settings with keys that are elsewhere.
pub(crate) fn settings_with(signers: impl lemur::authority::Signers + 'static) -> Settings {
    Settings { signers: Arc::new(signers), ..settings() }
}
