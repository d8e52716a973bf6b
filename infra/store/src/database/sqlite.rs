//! SQLite: a file of this machine, written ahead, on the disk before a commit returns, with foreign keys held; or read as it is.
//!
//! A database that writes ahead can be read by who may not write to its folder as long as the files beside it are there: `-wal` with what was
//! written last, `-shm` with its index. Where there is no `-wal`, the file is all there is, and is read as one that does not change
//! (<https://www.sqlite.org/wal.html#readonly>).

use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Error, Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::DatabaseError;
use crate::sqlite::{make_private, open};

/// How long another process's transaction is waited for.
const BUSY: Duration = Duration::from_secs(30);

/// One writes at a time; the rest read.
const CONNECTIONS: u32 = 4;

/// Connections that are used again, and whose turn it is to write.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    pool: SqlitePool,
    /// Writers of this process stand in line here, without a connection: SQLite lets those who wait for it try again and again, and whom it
    /// takes is chance, so that one of many may be passed over until it gives up.
    turn: Arc<Semaphore>,
    refuses: Refuses,
    /// The file as it was when it was opened as one that does not change.
    found: Option<Found>,
}

/// Whether the disk refused a write, and nobody has found room on it since.
#[derive(Debug, Clone, Default)]
pub(super) struct Refuses(Arc<AtomicBool>);

impl Refuses {
    /// Notes what came of a write.
    pub(super) fn noted<T>(&self, written: Result<T, Error>) -> Result<T, Error> {
        if written.as_ref().err().and_then(Error::as_database_error).and_then(|error| error.code()).is_some_and(|code| is_the_disks(&code))
        {
            self.0.store(true, Ordering::Release);
        }
        written
    }

    pub(super) fn now(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn is_over(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Read-only, failing, or full: the lowest byte of the code says which.
fn is_the_disks(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 8 | 10 | 13))
}

/// A file that nobody writes to, as far as one can see.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    bytes: u64,
    changed: Option<SystemTime>,
}

pub(super) async fn connect(path: &str) -> Result<Connections, DatabaseError> {
    check(path)?;
    make_private(Path::new(path)).map_err(|source| DatabaseError::File { path: path.into(), source })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = || {
        let settings = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(BUSY);
        // SQLite takes a transaction back by itself where the disk is full or fails. The driver then counts one that it cannot end: no other
        // would begin on that connection, ever.
        let settings = settings.before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }));
        settings.connect_with(options.clone())
    };
    let pool = open(BUSY, pool).await.map_err(|source| unopened(path, source))?;
    Ok(Connections { pool, turn: Arc::new(Semaphore::new(1)), refuses: Refuses::default(), found: None })
}

pub(super) async fn open_to_read(path: &str) -> Result<Connections, DatabaseError> {
    check(path)?;
    let unreadable = |source| DatabaseError::Unreadable { path: path.into(), source };
    // The files beside it are beside the file that a link leads to.
    let file = std::fs::canonicalize(path).map_err(unreadable)?;
    std::fs::File::open(&file).map_err(unreadable)?;
    let found = Found::at(&file).map_err(unreadable)?;
    let options = SqliteConnectOptions::new().filename(&file).busy_timeout(BUSY).read_only(true).immutable(found.is_some());
    let settings = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(BUSY);
    let pool = settings.connect_with(options).await.map_err(|source| unopened(path, source))?;
    let connections = Connections { pool, turn: Arc::new(Semaphore::new(1)), refuses: Refuses::default(), found };
    // Only the first look shows whether SQLite can read what is beside the file.
    match sqlx::raw_sql("SELECT count(*) FROM sqlite_schema").execute(connections.pool()).await {
        Ok(_) => Ok(connections),
        Err(error) if connections.found.is_none() && cannot_be_made(&error) => Err(DatabaseError::Ahead { path: file }),
        Err(source) => Err(unopened(path, source)),
    }
}

fn unopened(path: &str, source: Error) -> DatabaseError {
    DatabaseError::Connect { place: path.to_owned(), source }
}

/// Refuses what names no file.
fn check(path: &str) -> Result<(), DatabaseError> {
    let bad = |reason| Err(DatabaseError::Path { path: path.to_owned(), reason });
    match path {
        "" => bad("it is empty"),
        ":memory:" => bad("what is only in memory would be lost"),
        path if path.contains('?') => bad("it has settings behind a question mark, and none is known"),
        _ => Ok(()),
    }
}

/// `SQLITE_CANTOPEN` (14) and `SQLITE_READONLY` (8): a file beside the database is not there and cannot be made, or cannot be put in order.
fn cannot_be_made(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 8 | 14))
}

impl Found {
    /// A database of which nothing stands beside its file; none if something does.
    fn at(path: &Path) -> std::io::Result<Option<Self>> {
        for ending in ["-wal", "-journal"] {
            let mut beside = OsString::from(path);
            beside.push(ending);
            match std::fs::metadata(beside) {
                Ok(beside) if beside.len() > 0 => return Ok(None),
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let file = std::fs::metadata(path)?;
        Ok(Some(Self { path: path.to_owned(), bytes: file.len(), changed: file.modified().ok() }))
    }
}

impl Connections {
    /// For statements that only read.
    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// What is known of refused writes.
    pub(super) const fn refuses(&self) -> &Refuses {
        &self.refuses
    }

    /// Whether a file that was opened as one that does not change has not.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.found.as_ref().is_none_or(|found| Found::at(&found.path).is_ok_and(|now| now.as_ref() == Some(found)))
    }

    /// Waits for the turn to write, which lasts until it is dropped.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let turn = tokio::time::timeout(BUSY, Arc::clone(&self.turn).acquire_owned()).await;
        turn.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)
    }

    /// Begins a transaction that may write.
    pub(super) async fn write(&self) -> Result<Transaction, Error> {
        let turn = self.turn().await?;
        let inner = self.refuses.noted(self.pool.begin_with("BEGIN IMMEDIATE").await)?;
        Ok(Transaction { inner, refuses: self.refuses.clone(), _turn: Some(turn) })
    }

    /// Begins a transaction that only reads.
    pub(super) async fn read(&self) -> Result<Transaction, Error> {
        Ok(Transaction { inner: self.pool.begin().await?, refuses: self.refuses.clone(), _turn: None })
    }
}

/// A transaction, and the turn that it has if it writes.
#[derive(Debug)]
pub(super) struct Transaction {
    /// Ends before the turn does.
    inner: sqlx::Transaction<'static, Sqlite>,
    refuses: Refuses,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.refuses.noted(self.inner.commit().await)
    }

    /// Notes what came of a write in it.
    pub(super) fn noted<T>(&self, written: Result<T, Error>) -> Result<T, Error> {
        self.refuses.noted(written)
    }
}

impl Deref for Transaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.inner
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }
}

/// Closes the connections that there are, once they are free; new ones are opened when they are needed. A connection has the tables in mind as it
/// saw them last: a statement that it prepares for a table that another has altered since has other columns than its rows.
pub(super) async fn forget(Connections { pool, .. }: &Connections) -> Result<(), DatabaseError> {
    // The only one has altered the tables itself.
    if pool.size() <= 1 {
        return Ok(());
    }
    // All at once, or some would be closed twice and others never.
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = pool.acquire().await?;
        connection.close_on_drop();
        connections.push(connection);
    }
    Ok(())
}
