//! Why a database did not do what was asked. No text here holds a URL, which may hold a password.

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
    /// The database cannot be opened or reached.
    #[error("cannot open the database: {source}")]
    Connect {
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
    /// A schema with this name and version was made by other statements.
    #[error("the database's schema of {component} differs from this program's at version {version}: it was made by another program")]
    OtherSchema {
        /// Whose schema.
        component: &'static str,
        /// The first version that differs.
        version: i64,
    },
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

impl DatabaseError {
    /// Whether a unique key is in the table already.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Statement(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()))
    }
}
