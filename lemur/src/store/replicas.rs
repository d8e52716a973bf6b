//! Processes that share the database, each known by a random name for as long as it says that it is there.
//!
//! Whether one is still there is told by the database's own clock, which all of them share; what it had begun when it fell silent is others'
//! to finish. A process that was only slow finds its row gone, and what it had begun with it.

use menagerie_store::database::{DatabaseError, Kind, Transaction};

use super::Store;

/// The database's clock in milliseconds since 1970.
pub(crate) const fn now_ms(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        Kind::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

/// Says that a process is there, for so many milliseconds from now on.
pub(crate) async fn renew(store: &Store, transaction: &mut Transaction, replica: &str, lease_ms: i64) -> Result<(), DatabaseError> {
    let mut statement = menagerie_store::database::Statement::new("INSERT INTO replica (id, until_ms) VALUES (");
    statement.bind(replica).push(", ").push(now_ms(store.database.kind())).push(" + ").bind(lease_ms);
    statement.push(") ON CONFLICT (id) DO UPDATE SET until_ms = excluded.until_ms");
    transaction.execute_of(&statement).await.map(drop)
}

/// Takes away a process that ends, when all that it had begun is done.
pub(crate) async fn leave(transaction: &mut Transaction, replica: &str) -> Result<(), DatabaseError> {
    transaction.execute("DELETE FROM replica WHERE id = $1", &[replica.into()]).await.map(drop)
}

/// Takes away the processes that are not heard of any more.
pub(crate) async fn bury(store: &Store, transaction: &mut Transaction) -> Result<u64, DatabaseError> {
    let mut statement = menagerie_store::database::Statement::new("DELETE FROM replica WHERE until_ms < ");
    statement.push(now_ms(store.database.kind()));
    transaction.execute_of(&statement).await
}
