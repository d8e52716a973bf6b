//! Serial numbers that do not hold any more, whether their certificate is stored or not.

use menagerie_store::database::{DatabaseError, Kind, Transaction, Value};

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

/// How many entries a row of [`entries`]'s answers has: a row for each would cost more in the driver than in the database.
const AT_ONCE: i64 = 10_000;

const ENTRIES: &str = "SELECT string_agg(encode(serial, 'hex') || ' ' || revoked_ms || ' ' || reason, ';') AS entries
    FROM (SELECT serial, revoked_ms, reason FROM revocation WHERE authority = $1 AND shard = $2 AND serial > $3 AND not_after >= $4
        ORDER BY serial LIMIT $5) AS part";

const ENTRIES_OF_SQLITE: &str = "SELECT group_concat(hex(serial) || ' ' || revoked_ms || ' ' || reason, ';') AS entries
    FROM (SELECT serial, revoked_ms, reason FROM revocation WHERE authority = $1 AND shard = $2 AND serial > $3 AND not_after >= $4
        ORDER BY serial LIMIT $5) AS part";

/// Hands each entry of a part of a list to `each`: serial, milliseconds, reason. What had ended before `after` (seconds) is left out.
pub(crate) async fn entries(
    transaction: &mut Transaction,
    kind: Kind,
    (authority, shard): (AuthorityId, i64),
    after: i64,
    mut each: impl FnMut(&[u8], i64, &str) -> Result<(), DatabaseError> + Send,
) -> Result<(), DatabaseError> {
    let sql = match kind {
        Kind::Sqlite => ENTRIES_OF_SQLITE,
        Kind::Postgres => ENTRIES,
    };
    let mut last = Vec::new();
    loop {
        let bounds = [authority.into(), shard.into(), Value::from(&last), after.into(), AT_ONCE.into()];
        let row = transaction.one(sql, &bounds).await?;
        let Some(entries) = row.optional_text("entries")? else { return Ok(()) };
        for entry in entries.split(';') {
            let (serial, revoked_ms, reason) = read(entry).ok_or_else(|| odd(entry))?;
            each(&serial, revoked_ms, reason)?;
            last = serial.max(last);
        }
    }
}

fn read(entry: &str) -> Option<(Vec<u8>, i64, &str)> {
    let mut fields = entry.splitn(3, ' ');
    Some((hex::decode(fields.next()?).ok()?, fields.next()?.parse().ok()?, fields.next()?))
}

fn odd(entry: &str) -> DatabaseError {
    DatabaseError::Value { column: "entries", reason: format!("{entry:?} is no entry of a revocation list") }
}
