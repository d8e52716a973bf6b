//! The tables of ACME and what is done with them: typed rows in and out, and each change of state as one statement that says from which state
//! it leads, so that two replicas cannot both make it.

mod account;
mod authorization;
mod external;
mod order;
mod schema;

use jiff::Timestamp;
use menagerie_store::database::{Database, DatabaseError, Row, Transaction};

pub(super) use account::{Account, AccountStatus, Known};
pub(super) use authorization::{Attempt, Authorization, AuthorizationStatus, Job};
pub(super) use order::{Kept, NewOrder, Order, OrderState};
pub(super) use schema::BOUNDS;
pub use schema::MIGRATIONS;

use crate::audit::{Actor, Event};
use crate::engine::Engine;
use crate::store::StoreError;

/// The database, as ACME uses it.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) database: Database,
    /// Writes what the audit log is told of.
    pub(super) engine: Engine,
}

impl Store {
    /// Commits a change with the audit log's line that tells of it.
    async fn audited<const N: usize>(
        &self,
        transaction: Transaction,
        actor: &Actor,
        event: &'static str,
        fields: [(&str, serde_json::Value); N],
    ) -> Result<(), StoreError> {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.engine.commit_audited(transaction, actor, &[Event::Other { event, fields }]).await
    }
}

fn time(seconds: i64, column: &'static str) -> Result<Timestamp, DatabaseError> {
    Timestamp::from_second(seconds).map_err(|error| DatabaseError::Value { column, reason: error.to_string() })
}

fn time_of(row: &Row, column: &'static str) -> Result<Timestamp, DatabaseError> {
    time(row.integer(column)?, column)
}

fn optional_time_of(row: &Row, column: &'static str) -> Result<Option<Timestamp>, DatabaseError> {
    row.optional_integer(column)?.map(|seconds| time(seconds, column)).transpose()
}

fn json_of<T: serde::de::DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, DatabaseError> {
    let text = row.text(column)?;
    serde_json::from_str(&text).map_err(|error| DatabaseError::Value { column, reason: error.to_string() })
}

fn wrong(column: &'static str) -> DatabaseError {
    DatabaseError::Value { column, reason: "it is none of the words that stand there".to_owned() }
}
