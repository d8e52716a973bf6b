//! A log in a table of a tool's own database: a line is committed with what it tells of, or neither is.
//!
//! A database has one chain, whichever processes write it. Whoever changes something does so in a [`Transaction`], hands it to
//! [`TableLog::commit`] with the entries that tell of it, and that takes the chain's head, links the lines, inserts them, puts the head
//! back and commits. The head is a row that is locked from there to the commit and not before: what costs time is done by then, and no
//! line names a line before it that was taken back. Since the head is kept, a log whose last line was taken out or changed shows it, as
//! it does for every other line ([`TableSource::verify`]).

use jiff::Timestamp;
use serde::Deserialize;

use super::chain::{self, Chain, Line, MAX_LINE};
use super::position::{Position, WriterId};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};
use super::verify::{Problem, Verification, Verifier};
use super::writer::{Entry, LogError};
use crate::database::{Database, DatabaseError, Kind, Migration, Migrations, Row, Transaction, Value};

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
    // What stands in a log from before it was one chain, with a chain for each process.
    Migration {
        sqlite: "ALTER TABLE log_head ADD COLUMN before_id INTEGER NOT NULL DEFAULT 0;
            UPDATE log_head SET before_id = (SELECT coalesce(max(id), 0) FROM log_line)",
        postgres: "ALTER TABLE log_head ADD COLUMN before_id BIGINT NOT NULL DEFAULT 0;
            UPDATE log_head SET before_id = (SELECT coalesce(max(id), 0) FROM log_line)",
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

/// What is kept of a log beside its lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// The place of the chain's last line; none before the first.
    pub last: Option<Position>,
    /// The number of the last row from before the log was one chain: 0 if it has always been.
    pub before: i64,
    /// Whether the row is missing that both stand in, or cannot be read.
    pub missing: bool,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLine {
    /// Its number.
    pub id: i64,
    /// The line. One that is longer than any is cut behind that, so that it shows and costs no more.
    pub text: String,
    /// What stands beside it.
    pub columns: Columns,
}

/// What of a line stands in columns of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Whose it is.
    pub writer: String,
    /// Its number in its writer's chain.
    pub seq: i64,
    /// When what it tells of happened, in milliseconds since 1970.
    pub time_ms: i64,
}

impl Columns {
    /// Whether they are what a line says. One without a `time` says nothing of that.
    fn fit(&self, text: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Timed {
            time: Option<Timestamp>,
        }
        let begin = format!(r#"{{"writer":"{}","seq":{},"#, self.writer, self.seq);
        let time = serde_json::from_slice(text).ok().and_then(|Timed { time }| time);
        text.starts_with(begin.as_bytes()) && time.is_none_or(|time| time.as_millisecond() == self.time_ms)
    }
}

/// Checks the lines of a table, which come in the order of their rows.
#[derive(Debug)]
pub struct TableVerifier {
    verifier: Verifier,
    /// What [`Head::before`] is, until the lines from before have been read.
    before: Option<i64>,
}

impl TableVerifier {
    /// One that wants the positions `expected` beside the head.
    #[must_use]
    pub fn new(expected: &[Position], head: Head) -> Self {
        Self { verifier: Verifier::new(expected), before: Some(head.before).filter(|before| *before > 0) }
    }

    /// Checks the next line. What stands beside it is checked if it is known: older servers do not hand it out.
    pub fn line(&mut self, id: i64, text: &[u8], columns: Option<&Columns>) {
        if self.before.is_some_and(|before| id > before) {
            self.before = None;
            self.verifier.begins_here();
        }
        self.verifier.line(RawLine { bytes: text, ended: true });
        let place = self.verifier.place();
        if id < 1 {
            self.verifier.problem(Problem::Number { place, id });
        }
        // A text that is no line is a fault already.
        if chain::read(text).is_some() && columns.is_some_and(|columns| !columns.fit(text)) {
            self.verifier.problem(Problem::Columns { place });
        }
    }

    /// Ends the check, with the head as it was when the last line was read.
    #[must_use]
    pub fn finish(mut self, head: Head) -> Verification {
        if self.before.is_some() {
            self.verifier.begins_here();
        }
        if head.missing {
            self.verifier.problem(Problem::NoHead);
        }
        self.verifier.finish_at(head.last)
    }
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

    /// The lines behind a row, at most 16 MiB of them, and the head as it was at that moment.
    ///
    /// # Errors
    /// [`DatabaseError`] if the database fails.
    pub async fn page(&self, after: Option<i64>) -> Result<(Vec<NumberedLine>, Head), DatabaseError> {
        let mut transaction = self.database.read().await?;
        let head = kept(&mut transaction).await?;
        Ok((page(&mut transaction, after).await?, head))
    }

    /// Verifies the log against its head, and against `expected`, positions that were noted elsewhere.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read to its end: then nothing is known.
    pub async fn verify(&self, expected: &[Position]) -> Result<Verification, SourceError> {
        // Lines and head as they were at one moment.
        let mut transaction = self.database.read().await?;
        let head = kept(&mut transaction).await?;
        let mut verifier = TableVerifier::new(expected, head);
        let mut after = None;
        loop {
            let lines = page(&mut transaction, after).await?;
            let Some(last) = lines.last() else { return Ok(verifier.finish(head)) };
            after = Some(last.id);
            for line in &lines {
                verifier.line(line.id, line.text.as_bytes(), Some(&line.columns));
            }
        }
    }
}

/// The head. Where somebody made the row unreadable, or took it out, no line is accounted for.
async fn kept(transaction: &mut Transaction) -> Result<Head, DatabaseError> {
    let (last, missing) = match head(transaction, HEAD).await {
        Err(DatabaseError::NoRow | DatabaseError::Value { .. }) => (None, true),
        head => (head?, false),
    };
    let row = transaction.optional("SELECT before_id FROM log_head WHERE id = 1", &[]).await?;
    Ok(Head { last, before: row.map_or(Ok(0), |row| row.integer("before_id"))?, missing })
}

/// The lines behind a row, or from the first: also from one that somebody gave the least number there is.
async fn page(transaction: &mut Transaction, after: Option<i64>) -> Result<Vec<NumberedLine>, DatabaseError> {
    let page = "SELECT id, writer, seq, time_ms, substr(line, 1, 65537) AS line FROM log_line WHERE id >= $1 ORDER BY id LIMIT $2";
    let Some(from) = after.map_or(Some(i64::MIN), |after| after.checked_add(1)) else { return Ok(Vec::new()) };
    let rows = transaction.all(page, &[from.into(), PAGE.into()]).await?;
    let columns = |row: &Row| {
        Ok::<_, DatabaseError>(Columns { writer: row.text("writer")?, seq: row.integer("seq")?, time_ms: row.integer("time_ms")? })
    };
    rows.iter().map(|row| Ok(NumberedLine { id: row.integer("id")?, text: row.text("line")?, columns: columns(row)? })).collect()
}

async fn read(transaction: &mut Transaction, each: &mut Each<'_>) -> Result<(), SourceError> {
    let mut after = None;
    loop {
        let lines = page(transaction, after).await?;
        let Some(last) = lines.last() else { return Ok(()) };
        after = Some(last.id);
        for line in &lines {
            if each(RawLine { bytes: line.text.as_bytes(), ended: true }).is_break() {
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
