//! SQLite: a file of this machine, written ahead, on the disk before a commit returns, with foreign keys held.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::error::DatabaseError;
use crate::sqlite::{make_private, open};

/// How long another process's transaction is waited for.
const BUSY: Duration = Duration::from_secs(30);

/// One writes at a time; the rest read.
const CONNECTIONS: u32 = 4;

pub(super) async fn connect(path: &str) -> Result<SqlitePool, DatabaseError> {
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
    let pool = || SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(BUSY).connect_with(options.clone());
    open(BUSY, pool).await.map_err(|source| DatabaseError::Connect { source })
}

/// Closes the connections that there are, once they are free; new ones are opened when they are needed. A connection has the tables in mind as it
/// saw them last: a statement that it prepares for a table that another has altered since has other columns than its rows.
pub(super) async fn forget(pool: &SqlitePool) -> Result<(), DatabaseError> {
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
