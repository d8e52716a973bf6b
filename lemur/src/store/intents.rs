//! Serials that may be signed: a row is durable before the authority's key is used, and goes when the certificate is stored.
//!
//! A row whose process is gone is abandoned: the certificate may have been signed and shown to nobody, or to somebody.

use menagerie_store::database::{DatabaseError, Row, Statement, Transaction, Value};

use super::batch::Write;
use super::{AuthorityId, Store, StoreError};

/// What is about to be signed.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// Who is to sign.
    pub authority: AuthorityId,
    /// The part of the authority's revocation list that the certificate names.
    pub shard: i64,
    /// When it would expire, in seconds.
    pub not_after: i64,
    /// When, in milliseconds.
    pub created_ms: i64,
    /// What it is for, for whoever reads of an abandoned one.
    pub about: String,
}

/// Writes intents of one process.
#[derive(Debug)]
pub(crate) struct Intents {
    pub(crate) store: Store,
    pub(crate) replica: String,
}

const INSERT: &str = "INSERT INTO intent (serial, authority, replica, shard, not_after, created_ms, about) VALUES";

impl Write for Intents {
    type Item = Intent;
    type Answer = ();
    const BATCH: usize = 64;

    async fn write(&mut self, items: Vec<Intent>) -> Result<Vec<()>, StoreError> {
        let mut values = Vec::with_capacity(7 * items.len());
        for item in &items {
            values.extend([Value::from(&item.serial), item.authority.into(), Value::from(&self.replica), item.shard.into()]);
            values.extend([item.not_after.into(), item.created_ms.into(), Value::from(&item.about)]);
        }
        let mut transaction = self.store.write().await?;
        transaction.insert_rows(INSERT, 7, "", &values).await?;
        transaction.commit().await?;
        Ok(vec![(); items.len()])
    }
}

/// Takes intents of a process away, and gives the serials of those that were still there. One that is missing was abandoned by others'
/// reckoning: its certificate must not be shown.
pub(crate) async fn take(transaction: &mut Transaction, replica: &str, serials: &[&[u8]]) -> Result<Vec<Vec<u8>>, DatabaseError> {
    let mut statement = Statement::new("DELETE FROM intent WHERE serial IN (");
    statement.bind_all(serials.iter().copied()).push(") AND replica = ").bind(replica).push(" RETURNING serial");
    transaction.all_of(&statement).await?.iter().map(|row| row.bytes("serial")).collect()
}

/// Takes away the intents of processes that are gone, up to `limit`, and gives them.
pub(crate) async fn take_abandoned(transaction: &mut Transaction, limit: i64) -> Result<Vec<Intent>, DatabaseError> {
    let sql = "DELETE FROM intent WHERE (serial, authority) IN (
            SELECT serial, authority FROM intent WHERE NOT EXISTS (SELECT 1 FROM replica WHERE replica.id = intent.replica) LIMIT $1
        ) RETURNING serial, authority, shard, not_after, created_ms, about";
    read(&transaction.all(sql, &[limit.into()]).await?)
}

/// The intents of a process from before `created_ms`.
pub(crate) async fn older_than(transaction: &mut Transaction, replica: &str, created_ms: i64) -> Result<Vec<Intent>, DatabaseError> {
    let sql = "SELECT serial, authority, shard, not_after, created_ms, about FROM intent WHERE replica = $1 AND created_ms < $2";
    read(&transaction.all(sql, &[replica.into(), created_ms.into()]).await?)
}

fn read(rows: &[Row]) -> Result<Vec<Intent>, DatabaseError> {
    rows.iter()
        .map(|row| {
            Ok(Intent {
                serial: row.bytes("serial")?,
                authority: AuthorityId(row.integer("authority")?),
                shard: row.integer("shard")?,
                not_after: row.integer("not_after")?,
                created_ms: row.integer("created_ms")?,
                about: row.text("about")?,
            })
        })
        .collect()
}

/// How many serials are begun and not stored.
pub(crate) async fn count(transaction: &mut Transaction) -> Result<i64, DatabaseError> {
    transaction.one("SELECT count(*) AS n FROM intent", &[]).await?.integer("n")
}
