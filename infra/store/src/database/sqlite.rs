//! SQLite: a file of this machine, written ahead, on the disk before a commit returns, with foreign keys held.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

pub(super) async fn connect(path: &str) -> Result<Connections, DatabaseError> {
    let bad = |reason| DatabaseError::Path { path: path.to_owned(), reason };
    match path {
        "" => return Err(bad("it is empty")),
        ":memory:" => return Err(bad("what is only in memory would be lost")),
        path if path.contains('?') => return Err(bad("it has settings behind a question mark, and none is known")),
        _ => {}
    }
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
    let pool = open(BUSY, pool).await.map_err(|source| DatabaseError::Connect { source })?;
    Ok(Connections { pool, turn: Arc::new(Semaphore::new(1)), refuses: Refuses::default() })
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
