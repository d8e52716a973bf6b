//! A log in a table of a tool's own database: a line is committed with what it tells of, or neither is.
//!
//! A database has one chain, whichever processes write it. Whoever changes something does so in a [`Transaction`], hands it to
//! [`TableLog::commit`] with the entries that tell of it, and that takes the chain's head, links the lines, inserts them, puts the head
//! back and commits. The head is a row that is locked from there to the commit and not before: what costs time is done by then, and no
//! line names a line before it that was taken back. Since the head is kept, a log whose last line was taken out or changed shows it, as
//! it does for every other line ([`TableSource::verify`]).

use std::ops::ControlFlow;

use super::chain::{Chain, Line, MAX_LINE};
use super::position::{Position, WriterId};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};
use super::verify::{Verification, Verifier};
use super::writer::{Entry, LogError};
use crate::database::{Database, DatabaseError, Kind, Migration, Migrations, Transaction, Value};

/// How many lines a page of reading has: 16 MiB at most.
const PAGE: i64 = 256;

const STEPS: &[Migration] = &[
    Migration {
        sqlite: "CREATE TABLE log_line (
        id INTEGER PRIMARY KEY AUTOINCREMENT, writer TEXT NOT NULL, seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, line TEXT NOT NULL,
        UNIQUE (writer, seq)
    ) STRICT; CREATE INDEX log_line_time ON log_line (time_ms)",
        postgres: "CREATE TABLE log_line (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, writer TEXT NOT NULL, seq BIGINT NOT NULL, time_ms BIGINT NOT NULL,
        line TEXT NOT NULL, UNIQUE (writer, seq)
    ); CREATE INDEX log_line_time ON log_line (time_ms)",
    },
    // The one row is there before the first line, so that a row that is not there was taken out.
    Migration {
        sqlite: "CREATE TABLE log_head (
        id INTEGER PRIMARY KEY CHECK (id = 1), writer TEXT, seq INTEGER NOT NULL, hash TEXT NOT NULL
    ) STRICT; INSERT INTO log_head (id, writer, seq, hash) VALUES (1, NULL, 0, '')",
        postgres: "CREATE TABLE log_head (
        id BIGINT PRIMARY KEY CHECK (id = 1), writer TEXT, seq BIGINT NOT NULL, hash TEXT NOT NULL
    ) WITH (fillfactor = 10); INSERT INTO log_head (id, writer, seq, hash) VALUES (1, NULL, 0, '')",
    },
];

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

/// The one chain of a database.
#[derive(Debug, Clone, Copy)]
pub struct TableLog {
    kind: Kind,
}

impl TableLog {
    /// The table's schema, to be migrated with the tool's own.
    pub const MIGRATIONS: Migrations = Migrations { component: "log", steps: STEPS };

    /// The log of a database that has the table.
    #[must_use]
    pub fn of(database: &Database) -> Self {
        Self { kind: database.kind() }
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
        let mut chain = match head(&mut transaction, self.lock()).await? {
            Some(head) => Chain::after(head),
            None => Chain::new(WriterId::random().ok_or(TableError::NoRandomness)?),
        };
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            lines.push(chain.add(entry)?);
        }
        insert(&mut transaction, &lines).await?;
        transaction.commit().await?;
        Ok(lines.into_iter().map(|line| line.position).collect())
    }

    /// Nobody else's commit comes between the reading of the head and this one's. In SQLite one writes at a time.
    const fn lock(self) -> &'static str {
        match self.kind {
            Kind::Sqlite => HEAD,
            Kind::Postgres => "SELECT writer, seq, hash FROM log_head WHERE id = 1 FOR UPDATE",
        }
    }
}

const HEAD: &str = "SELECT writer, seq, hash FROM log_head WHERE id = 1";

/// The place of the chain's last line; none before the first.
async fn head(transaction: &mut Transaction, select: &'static str) -> Result<Option<Position>, DatabaseError> {
    let row = transaction.one(select, &[]).await?;
    let Some(writer) = row.optional_text("writer")? else { return Ok(None) };
    let text = format!("{writer}:{}:{}", row.integer("seq")?, row.text("hash")?);
    text.parse().map(Some).map_err(|error: super::PositionError| DatabaseError::Value { column: "hash", reason: error.to_string() })
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
    if kept != lines.len() as u64 {
        return Err(DatabaseError::NoRow);
    }
    let (Some(last), Some((writer, seq))) = (lines.last(), heads.last()) else { return Ok(()) };
    let hash = last.position.hash.to_string();
    let update = "UPDATE log_head SET writer = $1, seq = $2, hash = $3 WHERE id = 1";
    let put = transaction.execute(update, &[Value::from(writer), (*seq).into(), Value::from(&hash)]).await?;
    if put == 1 { Ok(()) } else { Err(DatabaseError::NoRow) }
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

    /// Verifies the log against its head, and against `expected`, positions that were noted elsewhere.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read to its end: then nothing is known.
    pub async fn verify(&self, expected: &[Position]) -> Result<Verification, SourceError> {
        // Lines and head as they were at one moment.
        let mut transaction = self.database.read().await?;
        let head = match head(&mut transaction, HEAD).await {
            // Somebody made the row unreadable, or took it out: then no line is accounted for.
            Err(DatabaseError::NoRow | DatabaseError::Value { .. }) => None,
            head => head?,
        };
        let expected: Vec<Position> = expected.iter().copied().chain(head).collect();
        let mut verifier = Verifier::new(&expected);
        read(&mut transaction, &mut |line| {
            verifier.line(line);
            ControlFlow::Continue(())
        })
        .await?;
        Ok(verifier.finish_at(head))
    }
}

async fn read(transaction: &mut Transaction, each: &mut Each<'_>) -> Result<(), SourceError> {
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

impl Source for TableSource {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(async move { read(&mut self.database.read().await?, each).await })
    }
}
