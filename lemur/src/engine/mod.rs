//! The engine: database, key ring, clock and audit log in one value, with every act of an authority as a method. REST, ACME and the command
//! line all go through it, and none of them has another way to a key.
//!
//! Methods stand in the folder of their concept: [`crate::authority`], [`crate::issue`], [`crate::revoke`]; here is what they share, reading,
//! and the tasks that run beside the requests. Who may do what is decided before ([`crate::store`] and this know no permissions).
//!
//! Any number of processes may share a PostgreSQL. Each has a random name and says every few seconds that it is there; what one had begun
//! when it fell silent, the others finish ([`recovery`]).

mod allocation;
mod cache;
mod clock;
mod reading;
mod recovery;
mod ring;
mod settings;
mod tasks;

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use menagerie_secret::{KeyId, KeyRing, RingFile, RingFileError};
use menagerie_store::database::Transaction;
use menagerie_store::log::Entry;
use tokio::sync::{Notify, watch};

use crate::audit::{self, Actor, Event};
use crate::issue::Issuance;
use crate::revoke::Lists;
use crate::store::batch::Batcher;
use crate::store::intents::Intents;
use crate::store::list::surveys::Surveys;
use crate::store::{Store, StoreError, authorities};

pub use clock::Clock;
pub use ring::{Ring, RingError, RingTurn};
pub use settings::{Settings, Times};

pub(crate) use allocation::Allocation;
pub(crate) use cache::{Lineage, Loaded, LoadedResponder};
pub(crate) use recovery::Held;

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key ring.
    #[error(transparent)]
    Ring(#[from] RingFileError),
    /// The ring is not the one that the database's keys are sealed under: what would be sealed by it, no other process could open.
    #[error("the keys in the database are encrypted under the key {key}, and {path} does not have it: put the right file there", path = path.display())]
    OtherRing {
        /// The ring's file.
        path: PathBuf,
        /// The key that it does not have.
        key: KeyId,
    },
    /// There is no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

/// The engine. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) ring: Ring,
    pub(crate) settings: Settings,
    pub(crate) random: SystemRandom,
    /// This process's name among those that share the database.
    pub(crate) replica: String,
    pub(crate) cache: cache::Cache,
    /// What is known of long lists of certificates.
    pub(crate) surveys: Surveys,
    pub(crate) intents: Batcher<Intents>,
    pub(crate) issuance: Batcher<Issuance>,
    /// Revocation lists that are being read.
    pub(crate) lists: Lists,
    /// When lists are made again at the earliest.
    pub(crate) lists_from: tokio::sync::Mutex<tokio::time::Instant>,
    /// Serials that requests are busy with.
    pub(crate) in_hands: recovery::InHands,
    /// Told when there is something to publish.
    pub(crate) publish: Arc<Notify>,
    ending: watch::Sender<bool>,
    tasks: tokio::sync::Mutex<tokio::task::JoinSet<()>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("replica", &self.shared.replica).field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the database and the key ring, makes what is not there, and starts the tasks that publish and recover.
    ///
    /// # Errors
    /// [`StartError`] if one of them cannot be opened.
    pub async fn start(database: &str, ring: RingFile, settings: Settings) -> Result<Self, StartError> {
        let store = Store::open(database).await?;
        Self::start_with(store, ring, settings).await
    }

    /// As [`Engine::start`], with a database that is open already.
    ///
    /// # Errors
    /// [`StartError`] if the key ring cannot be opened, or the database fails.
    pub async fn start_with(store: Store, ring: RingFile, settings: Settings) -> Result<Self, StartError> {
        let random = SystemRandom::new();
        let mut name = [0; 8];
        random.fill(&mut name).map_err(|_| StartError::NoRandomness)?;
        let replica = hex::encode(name);
        let publish = Arc::new(Notify::new());
        let intents = Batcher::start(Intents { store: store.clone(), replica: replica.clone() });
        let issuance = Batcher::start(Issuance::new(store.clone(), replica.clone()));
        let shared = Arc::new(Shared {
            ring: open_ring(&store, ring, settings.makes_ring).await?,
            random,
            cache: cache::Cache::default(),
            surveys: Surveys::new(store.database().clone()),
            intents,
            issuance,
            in_hands: recovery::InHands::default(),
            lists: Lists::default(),
            lists_from: tokio::sync::Mutex::new(tokio::time::Instant::now()),
            publish,
            ending: watch::Sender::new(false),
            tasks: tokio::sync::Mutex::default(),
            store,
            settings,
            replica,
        });
        let engine = Self { shared };
        engine.begin().await?;
        Ok(engine)
    }

    /// The store, for components with tables of their own.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// What the engine was told when it started.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The keys under which private keys are sealed; other components seal their secrets with them too.
    #[must_use]
    pub fn ring(&self) -> &Ring {
        &self.shared.ring
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.shared.settings.clock.now()
    }

    /// The audit log's line for what is done now.
    #[must_use]
    pub fn audit_entry(&self, actor: &Actor, event: &Event) -> Entry {
        audit::entry(self.now(), actor, event)
    }

    /// Commits another component's change with the audit log's lines that tell of it.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was committed, or it is not known whether all was.
    pub async fn commit_audited(&self, transaction: Transaction, actor: &Actor, events: &[Event]) -> Result<(), StoreError> {
        let entries = events.iter().map(|event| self.audit_entry(actor, event)).collect();
        self.shared.store.commit(transaction, entries).await.map(drop)
    }

    /// Random bytes of a cryptographic source.
    ///
    /// # Panics
    /// If the system has none: nothing can be done then.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.shared.random.fill(&mut bytes).expect("a system that started with randomness has it");
        bytes
    }
}

/// Opens the ring; makes one only for a database in which nothing is sealed, and if `makes` says so.
async fn open_ring(store: &Store, file: RingFile, makes: bool) -> Result<Ring, StartError> {
    let all = authorities::all(&mut store.read().await?).await.map_err(StoreError::from)?;
    // An authority whose own key is elsewhere has a responder whose key is here.
    let keys = all.into_iter().flat_map(|authority| [authority.sealed_key, authority.responder.map(|responder| responder.sealed_key)]);
    let sealed: Vec<KeyId> = keys.filter_map(|key| KeyRing::key_of(&key?).ok()).collect();
    if sealed.is_empty() {
        return Ok(if makes {
            Ring::open(file)?
        } else {
            let ring = Ring::read(&file)?;
            Ring::of(file, ring)?
        });
    }
    let (found, ring) = match Ring::read(&file) {
        Ok(ring) => (ring.ids(), Some(ring)),
        Err(RingFileError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => (Vec::new(), None),
        Err(error) => return Err(error.into()),
    };
    match (sealed.into_iter().find(|key| !found.contains(key)), ring) {
        (None, Some(ring)) => Ok(Ring::of(file, ring)?),
        (Some(key), _) => Err(StartError::OtherRing { path: file.path().to_owned(), key }),
        (None, None) => Ok(Ring::open(file)?),
    }
}
