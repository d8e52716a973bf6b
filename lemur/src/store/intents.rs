//! Serials that may be signed: a row is durable before the authority's key is used, and goes when the certificate is stored.
//!
//! A row whose process is gone is abandoned: the certificate may have been signed and shown to nobody, or to somebody.

use std::collections::HashSet;

use menagerie_store::database::{DatabaseError, Row, Statement, Transaction, Value};

use super::batch::Write;
use super::{AuthorityId, Store, StoreError, sha256};

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

/// An intent, and the SHA-256 of the key that is to be certified.
#[derive(Debug, Clone)]
pub(crate) struct Begin {
    pub(crate) intent: Intent,
    pub(crate) spki: [u8; 32],
}

/// Whether it may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// The serial is durable.
    Durable,
    /// Others are known to have the key: there is no intent.
    CompromisedKey,
}

const INSERT: &str = "INSERT INTO intent (serial, authority, replica, shard, not_after, created_ms, about) VALUES ";

impl Write for Intents {
    type Item = Begin;
    type Answer = Begun;
    const BATCH: usize = 64;

    async fn write(&mut self, items: Vec<Begin>) -> Result<Vec<Begun>, StoreError> {
        let mut statement = Statement::new(INSERT);
        for (place, Begin { intent, .. }) in items.iter().enumerate() {
            let first = [Value::from(&intent.serial), intent.authority.into(), Value::from(&self.replica), intent.shard.into()];
            let rest = [intent.not_after.into(), intent.created_ms.into(), Value::from(&intent.about)];
            statement.push(if place == 0 { "(" } else { ", (" }).bind_all(first.into_iter().chain(rest)).push(")");
        }
        // In the same statement: a look of its own would cost each batch a way to the database and back.
        statement.push(" RETURNING (SELECT count(*) FROM compromised_key WHERE spki IN (");
        statement.bind_all(items.iter().map(|item| &item.spki)).push(")) AS known");
        let mut transaction = self.store.write().await?;
        let known = transaction.all_of(&statement).await?.first().map(|row| row.integer("known")).transpose()?;
        let refused = if known == Some(0) { HashSet::new() } else { refuse(&mut transaction, &items, &self.replica).await? };
        transaction.commit().await?;
        let begun = |item: &Begin| if refused.contains(&item.spki) { Begun::CompromisedKey } else { Begun::Durable };
        Ok(items.iter().map(begun).collect())
    }
}

/// The keys among these that others are known to have. What was to be signed for them is not begun.
async fn refuse(transaction: &mut Transaction, items: &[Begin], replica: &str) -> Result<HashSet<[u8; 32]>, DatabaseError> {
    let mut statement = Statement::new("SELECT spki FROM compromised_key WHERE spki IN (");
    statement.bind_all(items.iter().map(|item| &item.spki)).push(")");
    let known = transaction.all_of(&statement).await?.iter().map(|row| sha256(row, "spki")).collect::<Result<HashSet<_>, _>>()?;
    let serials = items.iter().filter(|item| known.contains(&item.spki)).map(|item| item.intent.serial.as_slice());
    take(transaction, replica, &serials.collect::<Vec<_>>()).await?;
    Ok(known)
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
