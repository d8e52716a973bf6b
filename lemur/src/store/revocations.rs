//! Serial numbers that do not hold any more, whether their certificate is stored or not.

use menagerie_store::database::{DatabaseError, Row, Transaction, Value};

use super::{AuthorityId, CertificateId};

/// A serial number that does not hold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Whose it is.
    pub authority: AuthorityId,
    /// The part of the authority's list that it stands in.
    pub shard: i64,
    /// The serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// Since when, in milliseconds.
    pub revoked_ms: i64,
    /// Why, as RFC 5280 names it.
    pub reason: String,
    /// When it would have ended by itself, in seconds.
    pub not_after: i64,
    /// The certificate, if it is stored.
    pub certificate: Option<CertificateId>,
}

const INSERT: &str = "INSERT INTO revocation (authority, shard, serial, revoked_ms, reason, not_after, certificate) VALUES";

/// Adds revocations; one that is there already stays as it was, and is not counted.
pub(crate) async fn insert(transaction: &mut Transaction, rows: &[Revocation]) -> Result<u64, DatabaseError> {
    let mut values = Vec::with_capacity(7 * rows.len());
    for row in rows {
        values.extend([row.authority.into(), row.shard.into(), Value::from(&row.serial), row.revoked_ms.into(), Value::from(&row.reason)]);
        values.extend([Value::from(row.not_after), row.certificate.map(|id| id.0).into()]);
    }
    if values.is_empty() {
        return Ok(0);
    }
    transaction.insert_rows(INSERT, 7, "ON CONFLICT DO NOTHING", &values).await
}

/// Gives another reason for a revocation, from now on.
pub(crate) async fn change_reason(
    transaction: &mut Transaction,
    (authority, shard, serial): (AuthorityId, i64, &[u8]),
    (revoked_ms, reason): (i64, &str),
) -> Result<(), DatabaseError> {
    let sql = "UPDATE revocation SET reason = $1, revoked_ms = $2 WHERE authority = $3 AND shard = $4 AND serial = $5";
    let values = [reason.into(), revoked_ms.into(), authority.into(), shard.into(), serial.into()];
    transaction.execute(sql, &values).await.map(drop)
}

/// Takes a revocation back: only what was on hold may be.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    (authority, shard, serial): (AuthorityId, i64, &[u8]),
) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM revocation WHERE authority = $1 AND shard = $2 AND serial = $3";
    transaction.execute(sql, &[authority.into(), shard.into(), serial.into()]).await.map(drop)
}

/// Hands each entry of a part of a list to `each`: serial, milliseconds, reason. What had ended before `after` (seconds) is left out.
pub(crate) async fn entries(
    transaction: &mut Transaction,
    (authority, shard): (AuthorityId, i64),
    after: i64,
    mut each: impl FnMut(&[u8], i64, &str) -> Result<(), DatabaseError> + Send,
) -> Result<(), DatabaseError> {
    let sql = "SELECT serial, revoked_ms, reason FROM revocation WHERE authority = $1 AND shard = $2 AND not_after >= $3";
    let each = |row: Row| each(&row.bytes("serial")?, row.integer("revoked_ms")?, &row.text("reason")?);
    transaction.for_each(sql, &[authority.into(), shard.into(), after.into()], each).await
}
