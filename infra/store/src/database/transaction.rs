//! A transaction, and statements in it. One that is dropped before its commit has changed nothing.

use sqlx::AssertSqlSafe;

use super::error::DatabaseError;
#[cfg(feature = "postgres")]
use super::postgres::{self, heard};
use super::sqlite;
use super::statement::Statement;
use super::value::{Row, Value};
use super::{Database, Pool};

/// How many parameters one statement has at most: SQLite takes 32,766, PostgreSQL 65,535.
const PARAMETERS: usize = 4_096;

/// Statements that are done all, or not at all.
#[derive(Debug)]
pub struct Transaction(TransactionOf);

#[derive(Debug)]
enum TransactionOf {
    Sqlite(sqlite::Transaction),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Transaction),
}

impl From<sqlite::Transaction> for Transaction {
    fn from(transaction: sqlite::Transaction) -> Self {
        Self(TransactionOf::Sqlite(transaction))
    }
}

#[cfg(feature = "postgres")]
impl From<postgres::Transaction> for Transaction {
    fn from(transaction: postgres::Transaction) -> Self {
        Self(TransactionOf::Postgres(transaction))
    }
}

/// A statement with its parameters bound. A macro, since the two drivers' types have no trait in common.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match *value {
                Value::Text(text) => query.bind(text.map(str::to_owned)),
                Value::Integer(number) => query.bind(number),
                Value::Bytes(bytes) => query.bind(bytes.map(<[u8]>::to_vec)),
            };
        }
        query
    }};
}

/// Statements that stand alone: each is a transaction of its own, committed when it returns, and spares the begin and the commit.
impl Database {
    /// Does a statement; gives the number of rows that it changed.
    ///
    /// # Errors
    /// [`DatabaseError`] if it fails.
    pub async fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        match &self.pool {
            Pool::Sqlite(pool) => {
                let _turn = pool.turn().await?;
                Ok(pool.refuses().noted(bound!(sql, values).execute(pool.pool()).await)?.rows_affected())
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let mut lent = pool.lend().await?;
                let answer = heard(lent.silence(), bound!(sql, values).execute(&mut *lent)).await;
                Ok(lent.answered(answer)?.rows_affected())
            }
        }
    }

    /// All rows of an answer.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails.
    pub async fn all(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        match &self.pool {
            Pool::Sqlite(pool) => Ok(bound!(sql, values).fetch_all(pool.pool()).await?.into_iter().map(Row::from).collect()),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let mut lent = pool.lend().await?;
                let answer = heard(lent.silence(), bound!(sql, values).fetch_all(&mut *lent)).await;
                Ok(lent.answered(answer)?.into_iter().map(Row::from).collect())
            }
        }
    }

    /// All rows of the answer to a statement that was put together.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails.
    pub async fn all_of(&self, statement: &Statement<'_>) -> Result<Vec<Row>, DatabaseError> {
        let (sql, values) = (AssertSqlSafe(statement.sql()), statement.values());
        match &self.pool {
            Pool::Sqlite(pool) => Ok(bound!(sql, values).fetch_all(pool.pool()).await?.into_iter().map(Row::from).collect()),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let mut lent = pool.lend().await?;
                let answer = heard(lent.silence(), bound!(sql, values).fetch_all(&mut *lent)).await;
                Ok(lent.answered(answer)?.into_iter().map(Row::from).collect())
            }
        }
    }

    /// The first row of an answer, if it has one.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails.
    pub async fn optional(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, DatabaseError> {
        match &self.pool {
            Pool::Sqlite(pool) => Ok(bound!(sql, values).fetch_optional(pool.pool()).await?.map(Row::from)),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let mut lent = pool.lend().await?;
                let answer = heard(lent.silence(), bound!(sql, values).fetch_optional(&mut *lent)).await;
                Ok(lent.answered(answer)?.map(Row::from))
            }
        }
    }
}

impl Transaction {
    /// Does a statement; gives the number of rows that it changed.
    ///
    /// # Errors
    /// [`DatabaseError`] if it fails: the transaction is then of no more use.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        match &mut self.0 {
            TransactionOf::Sqlite(transaction) => {
                let written = bound!(sql, values).execute(&mut **transaction).await;
                Ok(transaction.noted(written)?.rows_affected())
            }
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => {
                let answer = heard(transaction.silence(), bound!(sql, values).execute(transaction.connection())).await;
                Ok(transaction.answered(answer)?.rows_affected())
            }
        }
    }

    /// Inserts rows, many by one statement: `insert` ends with `VALUES`, and `conflict` is what stands behind the values. `rows` holds the
    /// values of all rows, `columns` of them a row. No two rows may have the same key where `conflict` is an update.
    ///
    /// # Errors
    /// [`DatabaseError`] if it fails: the transaction is then of no more use.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows of 1 to 4,096 columns.
    pub async fn insert_rows(
        &mut self,
        insert: &'static str,
        columns: usize,
        conflict: &'static str,
        rows: &[Value<'_>],
    ) -> Result<u64, DatabaseError> {
        assert!((1..=PARAMETERS).contains(&columns) && rows.len().is_multiple_of(columns), "rows have {columns} columns each");
        let mut changed = 0;
        for batch in rows.chunks(PARAMETERS / columns * columns) {
            let mut sql = insert.to_owned();
            for first in (1..=batch.len()).step_by(columns) {
                let names: Vec<String> = (first..first + columns).map(|number| format!("${number}")).collect();
                sql.push_str(if first == 1 { " (" } else { ", (" });
                sql.push_str(&names.join(", "));
                sql.push(')');
            }
            sql.push(' ');
            sql.push_str(conflict);
            // Made of constant text and of parameters' numbers.
            let sql = AssertSqlSafe(sql);
            changed += match &mut self.0 {
                TransactionOf::Sqlite(transaction) => {
                    let written = bound!(sql, batch).execute(&mut **transaction).await;
                    transaction.noted(written)?.rows_affected()
                }
                #[cfg(feature = "postgres")]
                TransactionOf::Postgres(transaction) => {
                    let answer = heard(transaction.silence(), bound!(sql, batch).execute(transaction.connection())).await;
                    transaction.answered(answer)?.rows_affected()
                }
            };
        }
        Ok(changed)
    }

    /// All rows of an answer.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails: the transaction is then of no more use.
    pub async fn all(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        match &mut self.0 {
            TransactionOf::Sqlite(transaction) => {
                Ok(bound!(sql, values).fetch_all(&mut **transaction).await?.into_iter().map(Row::from).collect())
            }
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => {
                let answer = heard(transaction.silence(), bound!(sql, values).fetch_all(transaction.connection())).await;
                Ok(transaction.answered(answer)?.into_iter().map(Row::from).collect())
            }
        }
    }

    /// All rows of the answer to a statement that was put together.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails: the transaction is then of no more use.
    pub async fn all_of(&mut self, statement: &Statement<'_>) -> Result<Vec<Row>, DatabaseError> {
        let (sql, values) = (AssertSqlSafe(statement.sql()), statement.values());
        match &mut self.0 {
            TransactionOf::Sqlite(transaction) => {
                Ok(bound!(sql, values).fetch_all(&mut **transaction).await?.into_iter().map(Row::from).collect())
            }
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => {
                let answer = heard(transaction.silence(), bound!(sql, values).fetch_all(transaction.connection())).await;
                Ok(transaction.answered(answer)?.into_iter().map(Row::from).collect())
            }
        }
    }

    /// Does a statement that was put together; gives the number of rows that it changed.
    ///
    /// # Errors
    /// [`DatabaseError`] if it fails: the transaction is then of no more use.
    pub async fn execute_of(&mut self, statement: &Statement<'_>) -> Result<u64, DatabaseError> {
        let (sql, values) = (AssertSqlSafe(statement.sql()), statement.values());
        match &mut self.0 {
            TransactionOf::Sqlite(transaction) => {
                let written = bound!(sql, values).execute(&mut **transaction).await;
                Ok(transaction.noted(written)?.rows_affected())
            }
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => {
                let answer = heard(transaction.silence(), bound!(sql, values).execute(transaction.connection())).await;
                Ok(transaction.answered(answer)?.rows_affected())
            }
        }
    }

    /// The first row of an answer, if it has one.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails: the transaction is then of no more use.
    pub async fn optional(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, DatabaseError> {
        match &mut self.0 {
            TransactionOf::Sqlite(transaction) => Ok(bound!(sql, values).fetch_optional(&mut **transaction).await?.map(Row::from)),
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => {
                let answer = heard(transaction.silence(), bound!(sql, values).fetch_optional(transaction.connection())).await;
                Ok(transaction.answered(answer)?.map(Row::from))
            }
        }
    }

    /// The first row of an answer.
    ///
    /// # Errors
    /// [`DatabaseError`] if the statement fails, or the answer has no row.
    pub async fn one(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Row, DatabaseError> {
        self.optional(sql, values).await?.ok_or(DatabaseError::NoRow)
    }

    /// Does a text of several statements that have no parameters.
    pub(super) async fn script(&mut self, sql: &'static str) -> Result<(), DatabaseError> {
        match &mut self.0 {
            TransactionOf::Sqlite(transaction) => sqlx::raw_sql(sql).execute(&mut **transaction).await.map(drop)?,
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => transaction.script(sql).await?,
        }
        Ok(())
    }

    /// Makes it last. When this has returned, it is on the disk.
    ///
    /// # Errors
    /// [`DatabaseError`] if the database cannot: whether it was done is then not known, as when a connection breaks.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        match self.0 {
            TransactionOf::Sqlite(transaction) => Ok(transaction.commit().await?),
            #[cfg(feature = "postgres")]
            TransactionOf::Postgres(transaction) => Ok(transaction.commit().await?),
        }
    }
}
