//! Why a database did not do what was asked. No text here holds a URL, which may hold a password: a server is told by host, port and database.

use std::path::PathBuf;

/// Why a database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is not of a database that this program was built for.
    #[error("{scheme}: is no database that this program was built with: give a path, sqlite:PATH, or postgres://USER@HOST/NAME")]
    Scheme {
        /// What stands before the colon.
        scheme: String,
    },
    /// The text after `sqlite:` names no file.
    #[error("{path:?} names no file for an SQLite database: {reason}")]
    Path {
        /// What was given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file cannot be made.
    #[error("cannot make {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file that is only to be read cannot be looked at.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was written last stands beside the file, and SQLite cannot read it where it is.
    #[error(
        "{path} is not all there is: {path}-wal or {path}-journal has what was written last, and SQLite cannot read that here: copy both (and \
         no {path}-shm) into a folder that you can write to, and name the copy; one with a -journal has to be opened by sqlite3 once",
        path = path.display()
    )]
    Ahead {
        /// The file of the database.
        path: PathBuf,
    },
    /// The URL of a server cannot be read.
    #[error("the URL of the database cannot be used: {source}")]
    Url {
        /// What the driver said, which shows none of it.
        source: sqlx::Error,
    },
    /// The database cannot be opened or reached.
    #[error("cannot open the database {place}: {source}")]
    Connect {
        /// Its file; or its name, host and port.
        place: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// A statement failed, or the connection did.
    #[error("the database failed: {0}")]
    Statement(#[from] sqlx::Error),
    /// The schema was made by a newer version of this program.
    #[error("the database's schema of {component} is version {found}, and this program knows {known}: use a newer version of it")]
    NewerSchema {
        /// Whose schema.
        component: &'static str,
        /// The database's version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The schema was made by an older version of this program, and is only to be read.
    #[error(
        "the database's schema of {component} is version {found}, and this program reads {known}: use the version that wrote it, or have a \
         server of this one bring it up to date first"
    )]
    OlderSchema {
        /// Whose schema.
        component: &'static str,
        /// The database's version.
        found: i64,
        /// The one that this program reads.
        known: i64,
    },
    /// There is no such schema, in a database that is only to be read.
    #[error("the database has no tables of {component}: it is empty, or another program's")]
    NoSchema {
        /// Whose schema.
        component: &'static str,
    },
    /// A schema with this name and version was made by other statements.
    #[error("the database's schema of {component} differs from this program's at version {version}: it was made by another program")]
    OtherSchema {
        /// Whose schema.
        component: &'static str,
        /// The first version that differs.
        version: i64,
    },
    /// The disk of a file refused a write, and there is no room yet.
    #[error("the disk of the database takes no more")]
    Refused,
    /// A statement that gives one row gave none.
    #[error("the database has no such row")]
    NoRow,
    /// A value is not what the schema says.
    #[error("the database holds a value in column {column} that does not belong there: {reason}")]
    Value {
        /// The column.
        column: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Codes of PostgreSQL have five characters (its appendix A): connections, a server without room or that ends, one that only reads, and
/// a transaction that it ended since nothing was heard. SQLite's
/// are numbers whose lowest byte says what it is: busy, locked, read-only, a disk that fails, is full, or has no such file.
fn is_outage(code: &str) -> bool {
    match (code.len(), code.parse::<u32>()) {
        (5, _) => ["08", "53", "57P", "25006", "25P03"].iter().any(|class| code.starts_with(class)),
        (_, Ok(number)) => matches!(number & 0xff, 5 | 6 | 8 | 10 | 13 | 14),
        _ => false,
    }
}

impl DatabaseError {
    /// Whether the database is not to be had at the moment and may be later: it cannot be reached, ends or starts, is in another's hands for too
    /// long, or has no room.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Refused => true,
            Self::Statement(error) => match error {
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| is_outage(&code)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a unique key is in the table already.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Statement(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_by_itself_is_told_from_what_does_not() {
        for code in ["08006", "53100", "53300", "57P01", "57P03", "25006", "25P03", "5", "261", "13", "10", "778"] {
            assert!(is_outage(code), "{code}");
        }
        for code in ["23505", "42601", "40001", "57014", "1555", "2067", "19", "1", ""] {
            assert!(!is_outage(code), "{code}");
        }
    }
}
