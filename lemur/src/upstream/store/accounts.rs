//! Accounts at upstreams: one for each name and directory, whose key is made before the upstream hears of it.

use menagerie_store::database::{DatabaseError, Row, Transaction, Value};

/// A secret that is sealed.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::upstream) struct Sealed {
    /// The key of the ring that it is sealed under.
    pub(in crate::upstream) ring_key: String,
    pub(in crate::upstream) bytes: Vec<u8>,
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::upstream) struct Account {
    pub(in crate::upstream) key: Sealed,
    /// The external account's key and its ID.
    pub(in crate::upstream) external: Option<(String, Sealed)>,
    /// What the upstream calls it, as soon as it knows it.
    pub(in crate::upstream) url: Option<String>,
}

/// Which account.
#[derive(Debug, Clone, Copy)]
pub(in crate::upstream) struct Which<'a> {
    pub(in crate::upstream) upstream: &'a str,
    pub(in crate::upstream) directory: &'a str,
}

const SELECT: &str =
    "SELECT upstream, directory, ring_key, sealed, external_id, external_ring_key, external_sealed, url FROM upstream_account";

fn read(row: &Row) -> Result<Account, DatabaseError> {
    let external =
        match (row.optional_text("external_id")?, row.optional_text("external_ring_key")?, row.optional_bytes("external_sealed")?) {
            (Some(id), Some(ring_key), Some(bytes)) => Some((id, Sealed { ring_key, bytes })),
            _ => None,
        };
    let key = Sealed { ring_key: row.text("ring_key")?, bytes: row.bytes("sealed")? };
    Ok(Account { key, external, url: row.optional_text("url")? })
}

/// An account.
pub(in crate::upstream) async fn of(transaction: &mut Transaction, which: Which<'_>) -> Result<Option<Account>, DatabaseError> {
    let sql = "SELECT upstream, directory, ring_key, sealed, external_id, external_ring_key, external_sealed, url FROM upstream_account
        WHERE upstream = $1 AND directory = $2";
    let row = transaction.optional(sql, &[which.upstream.into(), which.directory.into()]).await?;
    row.as_ref().map(read).transpose()
}

/// All accounts, and which each is.
pub(in crate::upstream) async fn all(transaction: &mut Transaction) -> Result<Vec<(String, String, Account)>, DatabaseError> {
    let rows = transaction.all(SELECT, &[]).await?;
    rows.iter().map(|row| Ok((row.text("upstream")?, row.text("directory")?, read(row)?))).collect()
}

/// Puts an account there whose key was made; false if another process was quicker.
pub(in crate::upstream) async fn insert(
    transaction: &mut Transaction,
    which: Which<'_>,
    key: &Sealed,
    created_ms: i64,
) -> Result<bool, DatabaseError> {
    let sql = "INSERT INTO upstream_account (upstream, directory, ring_key, sealed, created_ms) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING";
    let values = [which.upstream.into(), which.directory.into(), Value::from(&key.ring_key), Value::from(&key.bytes), created_ms.into()];
    Ok(transaction.execute(sql, &values).await? == 1)
}

/// Keeps an external account's key.
pub(in crate::upstream) async fn set_external(
    transaction: &mut Transaction,
    which: Which<'_>,
    id: &str,
    key: &Sealed,
) -> Result<(), DatabaseError> {
    let sql =
        "UPDATE upstream_account SET external_id = $1, external_ring_key = $2, external_sealed = $3 WHERE upstream = $4 AND directory = $5";
    let values = [id.into(), Value::from(&key.ring_key), Value::from(&key.bytes), which.upstream.into(), which.directory.into()];
    transaction.execute(sql, &values).await.map(drop)
}

/// Says what the upstream calls it; nothing, if it does not know it any more.
pub(in crate::upstream) async fn set_url(transaction: &mut Transaction, which: Which<'_>, url: Option<&str>) -> Result<(), DatabaseError> {
    let sql = "UPDATE upstream_account SET url = $1 WHERE upstream = $2 AND directory = $3";
    transaction.execute(sql, &[url.into(), which.upstream.into(), which.directory.into()]).await.map(drop)
}

/// Puts keys that were sealed anew in the place of what they were made from, unless those have changed.
pub(in crate::upstream) async fn reseal(
    transaction: &mut Transaction,
    which: Which<'_>,
    (old, new): (&Account, &Account),
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE upstream_account SET ring_key = $1, sealed = $2, external_ring_key = $3, external_sealed = $4
        WHERE upstream = $5 AND directory = $6 AND sealed = $7";
    let external = new.external.as_ref().map(|(_, sealed)| sealed);
    let values = [
        Value::from(&new.key.ring_key),
        Value::from(&new.key.bytes),
        external.map(|sealed| sealed.ring_key.as_str()).into(),
        external.map(|sealed| sealed.bytes.as_slice()).into(),
        which.upstream.into(),
        which.directory.into(),
        Value::from(&old.key.bytes),
    ];
    Ok(transaction.execute(sql, &values).await? == 1)
}
