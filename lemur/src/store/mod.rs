//! What is stored: authorities, certificates and their names, sealed keys, intents, revocations, lists and answers that are published.
//!
//! [`Store`] is the database and its audit log, one chain for all processes. A change and the lines that tell of it are one commit
//! ([`Store::commit`]). Reads and writes are functions of the concept that they are of; each takes the transaction that it is done in, so that
//! what belongs together is done together. Issuance writes in batches ([`batch`]), since a commit costs more than the rows in it.

pub mod authorities;
pub mod batch;
pub mod certificates;
pub(crate) mod compromised;
mod id;
pub mod intents;
pub mod keys;
pub mod list;
pub mod published;
pub mod replicas;
pub mod revocations;
pub mod role_names;
mod schema;
mod words;

use jiff::Timestamp;
use menagerie_store::database::{Database, DatabaseError, Kind, Migrations, Row, Transaction};
use menagerie_store::log::{Entry, Position, TableError, TableLog, TableSource};

pub use id::{AuthorityId, CertificateId, PendingId, RoleId, UserId};
pub use schema::MIGRATIONS;

pub(crate) use id::optional;

/// Why something was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A change was not committed with its line in the audit log.
    #[error(transparent)]
    Log(#[from] TableError),
    /// The batch that it was in was not written.
    #[error("{0}")]
    Batch(std::sync::Arc<StoreError>),
    /// A text that is not kept: too long, or with characters that no such text has.
    #[error("the {field} {reason}")]
    Text {
        /// Which text.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The process is ending.
    #[error("the server is ending")]
    Ending,
}

impl StoreError {
    /// Whether a unique key is in the table already.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        match self {
            Self::Database(error) | Self::Log(TableError::Database(error)) => error.is_duplicate(),
            Self::Batch(error) => error.is_duplicate(),
            _ => false,
        }
    }

    /// Whether it may pass by itself: the database is not to be had, or this process ends.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) | Self::Log(TableError::Database(error)) => error.is_away(),
            Self::Batch(error) => error.is_outage(),
            Self::Ending => true,
            _ => false,
        }
    }

    /// Whether the request is at fault and not the server.
    #[must_use]
    pub const fn is_the_requests_fault(&self) -> bool {
        matches!(self, Self::Text { .. })
    }
}

/// The tables that a store has beside its own.
const BESIDE: [Migrations; 4] = [schema::TRUST, TableLog::MIGRATIONS, crate::upstream::MIGRATIONS, role_names::MIGRATIONS];

/// Opens the database that `url` names to read its audit log and no more: nothing is written, and no key is needed.
///
/// # Errors
/// [`DatabaseError`] if it cannot be read, or its tables are an older or a newer program's.
pub async fn open_to_read(url: &str) -> Result<Database, DatabaseError> {
    let schemas: Vec<_> = std::iter::once(MIGRATIONS).chain(BESIDE).collect();
    Database::open_to_read(url, &schemas).await
}

/// The database and its audit log. Clones share both.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    log: TableLog,
}

impl Store {
    /// Opens the database that `url` names (`postgres://…`, `sqlite:PATH` or a path), and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened, or is a newer program's.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let database = Database::connect(url, &MIGRATIONS).await?;
        for beside in &BESIDE {
            database.migrate(beside).await?;
        }
        compromised::read_earlier(&database).await?;
        if database.kind() == Kind::Sqlite {
            // What PostgreSQL does by itself: to know how many rows a condition leaves. A few hundred of each index are looked at.
            let mut transaction = database.write().await?;
            transaction.execute("PRAGMA analysis_limit = 400", &[]).await?;
            transaction.execute("ANALYZE", &[]).await?;
            transaction.commit().await?;
        }
        let log = TableLog::of(&database);
        Ok(Self { database, log })
    }

    /// Whether others are known to have the key with this SHA-256.
    pub(crate) async fn is_compromised(&self, spki: &[u8; 32]) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM compromised_key WHERE spki = $1";
        Ok(self.database.optional(sql, &[spki.into()]).await?.is_some())
    }

    /// Notes the keys of certificates that a program from before has revoked because others have them.
    pub(crate) async fn read_compromised(&self) -> Result<(), StoreError> {
        Ok(compromised::read_earlier(&self.database).await?)
    }

    /// The database itself, for other components' tables.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database cannot be reached.
    pub async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(self.database.write().await?)
    }

    /// Begins a transaction that only reads.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database cannot be reached.
    pub async fn read(&self) -> Result<Transaction, StoreError> {
        Ok(self.database.read().await?)
    }

    /// Commits a change with the audit log's lines that tell of it.
    ///
    /// # Errors
    /// [`StoreError::Log`]: nothing was committed, or it is not known whether all was.
    pub async fn commit(&self, transaction: Transaction, entries: Vec<Entry>) -> Result<Vec<Position>, StoreError> {
        Ok(self.log.commit(transaction, entries).await?)
    }

    /// The audit log, to be read or verified.
    #[must_use]
    pub fn audit_lines(&self) -> TableSource {
        TableSource::new(self.database.clone())
    }
}

/// Refuses a text that is too long for an index and for people, or that has control characters: PostgreSQL keeps no NUL.
pub(crate) fn check_text(field: &'static str, text: &str, longest: usize) -> Result<(), StoreError> {
    if text.chars().count() > longest {
        return Err(StoreError::Text { field, reason: format!("has more than {longest} characters") });
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        return Err(StoreError::Text { field, reason: "has control characters".to_owned() });
    }
    Ok(())
}

/// The longest name of a certificate or an authority, and the longest of other short texts, in characters.
pub(crate) const SHORT: usize = 255;
/// The longest address of an owner.
pub(crate) const ADDRESS: usize = 320;
/// The longest description.
pub(crate) const LONG: usize = 4_096;
/// The longest document that is kept for an interface.
pub(crate) const DOCUMENT: usize = 65_536;

/// The time in a row's column of milliseconds.
pub(crate) fn moment(row: &Row, column: &'static str) -> Result<Timestamp, DatabaseError> {
    let ms = row.integer(column)?;
    Timestamp::from_millisecond(ms).map_err(|_| DatabaseError::Value { column, reason: format!("{ms} is no time") })
}

/// The date in a row's column of seconds.
pub(crate) fn date(row: &Row, column: &'static str) -> Result<Timestamp, DatabaseError> {
    let seconds = row.integer(column)?;
    Timestamp::from_second(seconds).map_err(|_| DatabaseError::Value { column, reason: format!("{seconds} is no time") })
}

/// The SHA-256 in a row's column.
pub(crate) fn sha256(row: &Row, column: &'static str) -> Result<[u8; 32], DatabaseError> {
    let bytes = row.bytes(column)?;
    bytes.try_into().map_err(|_| DatabaseError::Value { column, reason: "a SHA-256 has 32 bytes".to_owned() })
}
