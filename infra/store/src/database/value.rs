//! What goes into a statement and comes out of it: text, 64-bit integers, bytes, and nothing.

use sqlx::Row as _;

use super::error::DatabaseError;

/// A parameter of a statement. Nothing is `None` of the type that the column has, since PostgreSQL wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Text, to the letter.
    Text(Option<&'a str>),
    /// An integer.
    Integer(Option<i64>),
    /// Bytes: a `BLOB` of SQLite, a `BYTEA` of PostgreSQL.
    Bytes(Option<&'a [u8]>),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Integer(Some(i64::from(yes)))
    }
}

/// A row of an answer. Columns are named as the statement names them.
#[derive(Debug)]
pub struct Row(RowOf);

#[derive(Debug)]
enum RowOf {
    Sqlite(sqlx::sqlite::SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
}

impl From<sqlx::sqlite::SqliteRow> for Row {
    fn from(row: sqlx::sqlite::SqliteRow) -> Self {
        Self(RowOf::Sqlite(row))
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::postgres::PgRow> for Row {
    fn from(row: sqlx::postgres::PgRow) -> Self {
        Self(RowOf::Postgres(row))
    }
}

impl Row {
    /// The text of a column that has one.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it is no text.
    pub fn text(&self, column: &'static str) -> Result<String, DatabaseError> {
        self.optional_text(column)?.ok_or_else(|| missing(column))
    }

    /// The text of a column that may have none.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it is no text.
    pub fn optional_text(&self, column: &'static str) -> Result<Option<String>, DatabaseError> {
        match &self.0 {
            RowOf::Sqlite(row) => Ok(row.try_get(column)?),
            #[cfg(feature = "postgres")]
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// The integer of a column that has one.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it is no integer.
    pub fn integer(&self, column: &'static str) -> Result<i64, DatabaseError> {
        self.optional_integer(column)?.ok_or_else(|| missing(column))
    }

    /// The integer of a column that may have none.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it is no integer.
    pub fn optional_integer(&self, column: &'static str) -> Result<Option<i64>, DatabaseError> {
        match &self.0 {
            RowOf::Sqlite(row) => Ok(row.try_get(column)?),
            #[cfg(feature = "postgres")]
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// The bytes of a column that has some.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it has no bytes.
    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>, DatabaseError> {
        self.optional_bytes(column)?.ok_or_else(|| missing(column))
    }

    /// The bytes of a column that may have none.
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it has no bytes.
    pub fn optional_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, DatabaseError> {
        match &self.0 {
            RowOf::Sqlite(row) => Ok(row.try_get(column)?),
            #[cfg(feature = "postgres")]
            RowOf::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// The yes or no of a column that was written from a [`bool`].
    ///
    /// # Errors
    /// [`DatabaseError`] if there is no such column, or it is neither 0 nor 1.
    pub fn flag(&self, column: &'static str) -> Result<bool, DatabaseError> {
        match self.integer(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(DatabaseError::Value { column, reason: format!("{other} is neither 0 nor 1") }),
        }
    }
}

fn missing(column: &'static str) -> DatabaseError {
    DatabaseError::Value { column, reason: "it is empty".to_owned() }
}
