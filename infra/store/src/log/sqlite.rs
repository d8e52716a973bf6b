//! A log in a table of an SQLite database, a transaction for each batch, that several processes may append to.
//!
//! Write-ahead logging with `synchronous=FULL`: a commit is on the disk before it is acknowledged. The table holds each line's text
//! beside its writer, number, time and unique key, and refuses a unique key that it has. Migrations only go forward; a schema newer than
//! this program is an error. The database file is made with mode 0600 where the system has modes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};

use super::chain::{Line, MAX_LINE};
use super::position::WriterId;
use super::sink::{Sink, SinkError, SinkFuture};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};

/// Each takes the schema one version further. Never changed once released, only added to.
const MIGRATIONS: &[&str] = &["CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    writer TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    unique_key TEXT UNIQUE,
    line TEXT NOT NULL
) STRICT"];

/// How long another process's transaction is waited for.
const BUSY: Duration = Duration::from_secs(10);

/// How many rows one statement inserts, where a batch has as many.
const ROWS: usize = 64;

/// How many lines a page of reading has: 16 MiB at most.
const PAGE: i64 = 256;

static INSERT_ONE: &str = "INSERT INTO log (writer, seq, time_ms, unique_key, line) VALUES (?, ?, ?, ?, ?)";
static INSERT_ROWS: LazyLock<String> = LazyLock::new(|| format!("{INSERT_ONE}{}", ", (?, ?, ?, ?, ?)".repeat(ROWS - 1)));

/// Appends to a database.
#[derive(Debug)]
pub struct SqliteSink {
    path: PathBuf,
    connection: Option<SqliteConnection>,
}

impl SqliteSink {
    /// Opens the database, or makes it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`SinkError`] if the file cannot be made, is no database, or has a newer schema.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, SinkError> {
        let path = path.into();
        let connection = open(&path).await?;
        Ok(Self { path, connection: Some(connection) })
    }
}

async fn open(path: &Path) -> Result<SqliteConnection, SinkError> {
    crate::sqlite::make_private(path).map_err(|source| SinkError::File { act: "cannot make", path: path.to_owned(), source })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(BUSY)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = crate::sqlite::open(BUSY, || options.connect()).await?;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
    // If this fails, the connection is dropped and its transaction with it.
    migrate(&mut connection).await?;
    sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
    Ok(connection)
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), SinkError> {
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS log_schema (version INTEGER NOT NULL) STRICT").execute(&mut *connection).await?;
    let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM log_schema").fetch_one(&mut *connection).await?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let done = usize::try_from(found).ok().filter(|done| *done <= MIGRATIONS.len());
    let done = done.ok_or(SinkError::NewerSchema { found, known })?;
    for (migration, version) in MIGRATIONS.iter().zip(1_i64..).skip(done) {
        sqlx::raw_sql(*migration).execute(&mut *connection).await?;
        sqlx::query("INSERT INTO log_schema (version) VALUES (?)").bind(version).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, batch: &[Line]) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let (full, rest) = batch.as_chunks::<ROWS>();
    for rows in full {
        execute(connection, INSERT_ROWS.as_str(), rows).await?;
    }
    for row in rest {
        execute(connection, INSERT_ONE, std::slice::from_ref(row)).await?;
    }
    sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
    Ok(())
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str, rows: &[Line]) -> Result<(), sqlx::Error> {
    let mut query = sqlx::query(statement);
    for row in rows {
        let seq = i64::try_from(row.position.seq).map_err(|error| sqlx::Error::Encode(error.into()))?;
        query = query.bind(row.position.writer.to_string()).bind(seq).bind(row.time_ms);
        query = query.bind(row.unique.as_deref()).bind(row.text.as_str());
    }
    let kept = query.execute(connection).await?.rows_affected();
    // A trigger of somebody else's can drop rows without an error.
    if kept == rows.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// The first key of the batch that it has twice, or that the table has.
async fn duplicate(connection: &mut SqliteConnection, batch: &[Line]) -> Result<Option<String>, sqlx::Error> {
    let mut seen = HashSet::new();
    for key in batch.iter().filter_map(|line| line.unique.as_deref()) {
        let find = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM log WHERE unique_key = ?)");
        if !seen.insert(key) || find.bind(key).fetch_one(&mut *connection).await? {
            return Ok(Some(key.to_owned()));
        }
    }
    Ok(None)
}

impl SqliteSink {
    async fn write(&mut self, batch: &[Line]) -> Result<(), SinkError> {
        let connection = self.connection.as_mut().ok_or(SinkError::NotReady)?;
        let Err(error) = insert(connection, batch).await else { return Ok(()) };
        if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
            sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
            if let Some(unique) = duplicate(connection, batch).await? {
                return Err(SinkError::Duplicate { unique });
            }
        }
        Err(error.into())
    }
}

impl Sink for SqliteSink {
    fn begin<'a>(&'a mut self, _: &'a WriterId) -> SinkFuture<'a> {
        Box::pin(async move {
            if self.connection.is_none() {
                self.connection = Some(open(&self.path).await?);
            }
            Ok(())
        })
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        Box::pin(async move {
            let result = self.write(batch).await;
            if !matches!(result, Ok(()) | Err(SinkError::Duplicate { .. })) {
                // Whatever state its transaction is in ends with the connection.
                self.connection = None;
            }
            result
        })
    }
}

/// Reads a database in the order of its rows. It changes nothing and makes no file that is not there.
#[derive(Debug, Clone)]
pub struct SqliteSource {
    path: PathBuf,
}

impl SqliteSource {
    /// Of a path. Nothing is opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn read(&self, each: &mut Each<'_>) -> Result<(), SourceError> {
        let options = SqliteConnectOptions::new().filename(&self.path).read_only(true).busy_timeout(BUSY);
        let mut connection = options.connect().await?;
        let bound = i64::try_from(MAX_LINE + 1).unwrap_or(i64::MAX);
        let mut after = i64::MIN;
        loop {
            let page = sqlx::query("SELECT id, substr(CAST(line AS BLOB), 1, ?) FROM log WHERE id > ? ORDER BY id LIMIT ?");
            let rows = page.bind(bound).bind(after).bind(PAGE).fetch_all(&mut connection).await?;
            let Some(last) = rows.last() else { break };
            after = last.try_get(0)?;
            for row in &rows {
                if each(RawLine { bytes: row.try_get::<&[u8], _>(1)?, ended: true }).is_break() {
                    return Ok(connection.close().await?);
                }
            }
        }
        Ok(connection.close().await?)
    }
}

impl Source for SqliteSource {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(self.read(each))
    }
}
