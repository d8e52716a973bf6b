//! A tool's own database: SQLite in a file by default, PostgreSQL by URL, with one SQL text for both.
//!
//! [`Database`] is a pool of connections whose schema is up to date: a tool hands in its [`Migrations`], which only go forward. Statements
//! are written once, in the SQL that both databases understand: parameters are `$1`, `$2`, …, and there are three kinds of value, text, 64-bit
//! integers and bytes ([`Value`]); a time is an integer, a document is text, to the letter. What is read in one [`Transaction`] belongs
//! together, and what was committed is on the disk: SQLite writes ahead with `synchronous=FULL`, PostgreSQL as its server is set.
//!
//! PostgreSQL over a network is spoken to through TLS with the server's certificate verified, unless the URL says `sslmode` itself
//! (`sslrootcert=FILE` names the authority of a private server); nothing is tried in the clear first.

mod error;
mod migration;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod statement;
mod transaction;
mod value;

use std::path::Path;
use std::time::Duration;

use migration::{check, migrate};

pub use error::DatabaseError;
pub use migration::{Migration, Migrations};
pub use statement::Statement;
pub use transaction::Transaction;
pub use value::{Row, Value};

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file of this machine.
    Sqlite,
    /// A server.
    Postgres,
}

/// The name under which room is looked for, which is no component's.
const ROOM: &str = " room";

/// A pool of connections to a database whose schema is the tool's.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
}

#[derive(Debug, Clone)]
enum Pool {
    Sqlite(sqlite::Connections),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Connections),
}

impl Database {
    /// Opens the database that `url` names and brings its schema up to date: `postgres://…`, `sqlite:PATH`, or a path. A file that is not
    /// there is made, for its owner alone.
    ///
    /// # Errors
    /// [`DatabaseError`] if the URL is of another database, the file or the server cannot be reached, or the schema is newer than
    /// `migrations`.
    pub async fn connect(url: &str, migrations: &Migrations) -> Result<Self, DatabaseError> {
        let pool = match scheme(url) {
            None => Pool::Sqlite(sqlite::connect(url).await?),
            Some(("sqlite", path)) => Pool::Sqlite(sqlite::connect(path).await?),
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => Pool::Postgres(postgres::connect(url).await?),
            Some((other, _)) => return Err(DatabaseError::Scheme { scheme: other.to_owned() }),
        };
        let database = Self { pool };
        database.migrate(migrations).await?;
        Ok(database)
    }

    /// Opens the database that `url` names to read it, as it is: nothing is made, migrated or written, and who may only read the file, or the
    /// tables of the server, may open it. Each of `schemas` has to be today's. If [`Database::is_undisturbed`] says no in the end, what was read
    /// counts for nothing.
    ///
    /// # Errors
    /// [`DatabaseError`] if the URL is of another database, the file or the server cannot be read, or a schema is not today's.
    pub async fn open_to_read(url: &str, schemas: &[Migrations]) -> Result<Self, DatabaseError> {
        let pool = match scheme(url) {
            None => Pool::Sqlite(sqlite::open_to_read(url).await?),
            Some(("sqlite", path)) => Pool::Sqlite(sqlite::open_to_read(path).await?),
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => Pool::Postgres(postgres::open_to_read(url).await?),
            Some((other, _)) => return Err(DatabaseError::Scheme { scheme: other.to_owned() }),
        };
        let database = Self { pool };
        for schema in schemas {
            check(&database, schema).await?;
        }
        Ok(database)
    }

    /// Whether the file of a database that was opened to be read is as it was then. A file that nobody had open is read without the locks by which
    /// SQLite keeps readers and writers apart, since those are written beside it: whoever began to write meanwhile was not seen.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        match &self.pool {
            Pool::Sqlite(pool) => pool.is_undisturbed(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => true,
        }
    }

    /// Brings another component's schema up to date. If something is to be done, it waits for transactions that are open.
    ///
    /// # Errors
    /// [`DatabaseError`] if a step fails, or the schema is newer than `migrations`.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        if migrate(self, migrations).await? {
            match &self.pool {
                Pool::Sqlite(pool) => sqlite::forget(pool).await?,
                #[cfg(feature = "postgres")]
                Pool::Postgres(_) => {}
            }
        }
        Ok(())
    }

    /// The file that `url` names; none for a server.
    #[must_use]
    pub fn file(url: &str) -> Option<&Path> {
        match scheme(url) {
            None => Some(Path::new(url)),
            Some(("sqlite", path)) => Some(Path::new(path)),
            Some(_) => None,
        }
    }

    /// Which database it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.pool {
            Pool::Sqlite(_) => Kind::Sqlite,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Kind::Postgres,
        }
    }

    /// Sets how long the server may be silent when it was asked something; after that the connection is given up, and what was asked has failed.
    /// It is 40 seconds else, and a file is never silent.
    pub fn set_silence(&self, silence: Duration) {
        match &self.pool {
            Pool::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.set_silence(silence),
        }
    }

    /// Whether the disk of a file refused a write and [`Database::look_for_room`] has not found room since. Reading goes on then.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        match &self.pool {
            Pool::Sqlite(pool) => pool.refuses().now(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => false,
        }
    }

    /// That no write is refused.
    ///
    /// # Errors
    /// [`DatabaseError::Refused`] as long as [`Database::is_refused`].
    pub fn writable(&self) -> Result<(), DatabaseError> {
        if self.is_refused() { Err(DatabaseError::Refused) } else { Ok(()) }
    }

    /// Sees, if a write was refused, whether there is room now: for more than the few pages that small writes find in what the file has
    /// already.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is none yet.
    pub async fn look_for_room(&self) -> Result<(), DatabaseError> {
        let Pool::Sqlite(pool) = &self.pool else { return Ok(()) };
        if pool.refuses().now() {
            let (key, much) = ([ROOM.into(), 1_i64.into()], "room".repeat(16 * 1024));
            let put = "INSERT INTO schema_version (component, version, digest) VALUES ($1, $2, $3)
                ON CONFLICT (component, version) DO UPDATE SET digest = excluded.digest";
            let [component, version] = key;
            self.execute(put, &[component, version, Value::from(&much)]).await?;
            self.execute("DELETE FROM schema_version WHERE component = $1 AND version = $2", &key).await?;
            pool.refuses().is_over();
        }
        Ok(())
    }

    /// Begins a transaction that may write. In SQLite there is one at a time, and those who wait for it get it in the order in which they came.
    ///
    /// # Errors
    /// [`DatabaseError`] if the database cannot be reached, or the turn to write does not come for too long.
    pub async fn write(&self) -> Result<Transaction, DatabaseError> {
        match &self.pool {
            Pool::Sqlite(pool) => Ok(pool.write().await?.into()),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => Ok(pool.begin("BEGIN").await?.into()),
        }
    }

    /// Begins a transaction that only reads, and sees the database as it is at its first statement.
    ///
    /// # Errors
    /// [`DatabaseError`] if the database cannot be reached.
    pub async fn read(&self) -> Result<Transaction, DatabaseError> {
        match &self.pool {
            Pool::Sqlite(pool) => Ok(pool.read().await?.into()),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => Ok(pool.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?.into()),
        }
    }

    /// Closes every connection, when its work is done. A database that is dropped is closed as well, without waiting.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.pool().close().await,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

/// The scheme of a URL and what follows its colon. `C:\x` and `a/b:c` are paths.
fn scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'+');
    (is_scheme && (scheme == "sqlite" || rest.starts_with("//"))).then(|| (scheme, rest.strip_prefix("//").unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_paths_are_told_apart() {
        assert_eq!(scheme("repokid.db"), None);
        assert_eq!(scheme("C:\\state\\repokid.db"), None);
        assert_eq!(scheme("./odd:name.db"), None);
        assert_eq!(scheme("sqlite:repokid.db"), Some(("sqlite", "repokid.db")));
        assert_eq!(scheme("sqlite:///var/lib/repokid.db"), Some(("sqlite", "/var/lib/repokid.db")));
        assert_eq!(scheme("postgres://u@h/d"), Some(("postgres", "u@h/d")));
        assert_eq!(scheme("mysql://u@h/d"), Some(("mysql", "u@h/d")));
    }
}
