//! A log in a table of a tool's own database: a line is committed with what it tells of, or neither is.
//!
//! A process has one chain. Whoever changes something does so in a [`Transaction`], hands it to [`TableLog::commit`] with the entries that
//! tell of it, and that links the lines, inserts them and commits. Commits of one process are one after the other from the linking on, so
//! that no line names a line before it that was taken back; what costs time is done before. A commit that fails ends the chain, since it
//! is not known whether it was done.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::chain::{Chain, Line, MAX_LINE};
use super::position::{Position, WriterId};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};
use super::writer::{Entry, LogError};
use crate::database::{Database, DatabaseError, Migration, Migrations, Transaction, Value};

/// How many lines a page of reading has: 16 MiB at most.
const PAGE: i64 = 256;

const STEPS: &[Migration] = &[Migration {
    sqlite: "CREATE TABLE log_line (
        id INTEGER PRIMARY KEY AUTOINCREMENT, writer TEXT NOT NULL, seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, line TEXT NOT NULL,
        UNIQUE (writer, seq)
    ) STRICT; CREATE INDEX log_line_time ON log_line (time_ms)",
    postgres: "CREATE TABLE log_line (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, writer TEXT NOT NULL, seq BIGINT NOT NULL, time_ms BIGINT NOT NULL,
        line TEXT NOT NULL, UNIQUE (writer, seq)
    ); CREATE INDEX log_line_time ON log_line (time_ms)",
}];

// What reads a line's text cuts it behind one that is too long, and says so by that number.
const _: () = assert!(MAX_LINE + 1 == 65_537);

const INSERT: &str = "INSERT INTO log_line (writer, seq, time_ms, line) VALUES";

/// Why a change was not committed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// An entry cannot be a line.
    #[error(transparent)]
    Entry(#[from] LogError),
    /// The database failed; whether the change was committed is not known if the connection broke.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is no randomness for a writer ID.
    #[error("the system gives no randomness for a writer ID")]
    NoRandomness,
}

/// This process's chain. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct TableLog {
    chain: Arc<Mutex<Option<Chain>>>,
}

impl TableLog {
    /// The table's schema, to be migrated with the tool's own.
    pub const MIGRATIONS: Migrations = Migrations { component: "log", steps: STEPS };

    /// A log whose chain begins with its first line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Commits a transaction and the entries that tell of it. An entry's `unique` is not looked at.
    ///
    /// # Errors
    /// [`TableError`]: then nothing was committed, or it is not known whether all was.
    pub async fn commit(&self, mut transaction: Transaction, entries: Vec<Entry>) -> Result<Vec<Position>, TableError> {
        if entries.is_empty() {
            transaction.commit().await?;
            return Ok(Vec::new());
        }
        let mut held = self.chain.lock().await;
        // Put back at the end only: whoever drops this future on the way ends the chain.
        let mut chain = match held.take() {
            Some(chain) => chain,
            None => Chain::new(WriterId::random().ok_or(TableError::NoRandomness)?),
        };
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            lines.push(chain.add(entry)?);
        }
        insert(&mut transaction, &lines).await?;
        transaction.commit().await?;
        *held = Some(chain);
        Ok(lines.into_iter().map(|line| line.position).collect())
    }
}

async fn insert(transaction: &mut Transaction, lines: &[Line]) -> Result<(), DatabaseError> {
    let mut heads = Vec::with_capacity(lines.len());
    for line in lines {
        let seq = i64::try_from(line.position.seq)
            .map_err(|_| DatabaseError::Value { column: "seq", reason: "a chain has no end in sight".to_owned() })?;
        heads.push((line.position.writer.to_string(), seq));
    }
    let mut values: Vec<Value<'_>> = Vec::with_capacity(4 * lines.len());
    for (line, (writer, seq)) in lines.iter().zip(&heads) {
        values.extend([Value::from(writer), (*seq).into(), line.time_ms.into(), Value::from(&line.text)]);
    }
    let kept = transaction.insert_rows(INSERT, 4, "", &values).await?;
    // A trigger of somebody else's can drop rows without an error.
    if kept == lines.len() as u64 { Ok(()) } else { Err(DatabaseError::NoRow) }
}

/// Reads the table in the order of its rows.
#[derive(Debug, Clone)]
pub struct TableSource {
    database: Database,
}

impl TableSource {
    /// Of a database that has the table.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    async fn read(&self, each: &mut Each<'_>) -> Result<(), SourceError> {
        let mut transaction = self.database.read().await?;
        let mut after = i64::MIN;
        loop {
            let page = "SELECT id, substr(line, 1, 65537) AS line FROM log_line WHERE id > $1 ORDER BY id LIMIT $2";
            let rows = transaction.all(page, &[after.into(), PAGE.into()]).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.integer("id")?;
            for row in &rows {
                if each(RawLine { bytes: row.text("line")?.as_bytes(), ended: true }).is_break() {
                    return Ok(());
                }
            }
        }
    }
}

impl Source for TableSource {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(self.read(each))
    }
}
