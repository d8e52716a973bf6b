//! What is published without anybody asking: revocation lists, a part each, and answers for OCSP, one a serial number.
//!
//! A part of a list counts the changes that it wants and those that it has, so that whoever builds it may do so at leisure: what changes
//! meanwhile makes it want building again. One process builds a part at a time, by a lease; should a slow one come too late, the list's
//! number has moved on and what it brings is thrown away. Where a part is, is written down when it is opened and never changes, since the
//! certificates that it covers name that place.

use menagerie_store::database::{DatabaseError, Kind, Row, Statement, Transaction, Value};

use super::AuthorityId;
use super::replicas::now_ms;
use crate::ocsp::HashKind;

/// A part of an authority's revocation list.
pub(crate) type Shard = (AuthorityId, i64);

/// A part that is to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) shard: Shard,
    pub(crate) wanted: i64,
    pub(crate) number: i64,
    /// Where it is, as the certificates that it covers say; more than one, with spaces between them, or none for a part from before that was
    /// written down.
    pub(crate) url: String,
}

/// What is written of a part that is new.
macro_rules! insert {
    ($conflict:literal) => {
        concat!(
            "INSERT INTO crl (authority, shard, wanted, built, number, this_update, next_update, etag, lease, lease_ms, url, taken)
            VALUES ($1, $2, 1, 0, 0, 0, 0, '', '', 0, $3, $4) ON CONFLICT ",
            $conflict
        )
    };
}

/// Says that a part has changed, and makes it if it is not there.
pub(crate) async fn want(transaction: &mut Transaction, (authority, shard): Shard) -> Result<(), DatabaseError> {
    let sql = insert!("(authority, shard) DO UPDATE SET wanted = crl.wanted + 1");
    transaction.execute(sql, &[authority.into(), shard.into(), "".into(), i64::MAX.into()]).await.map(drop)
}

/// Opens a part that is at `url`, with so many places taken; nothing changes if it is there.
pub(crate) async fn open(transaction: &mut Transaction, (authority, shard): Shard, url: &str, taken: i64) -> Result<(), DatabaseError> {
    let values = [authority.into(), shard.into(), url.into(), taken.into()];
    transaction.execute(insert!("DO NOTHING"), &values).await.map(drop)
}

/// Takes up to `most` places for certificates in a part of an authority's list that is where `url` says and has room for so many in all;
/// opens a new part if there is none. Gives the part and how many were taken.
pub(crate) async fn take_places(
    transaction: &mut Transaction,
    authority: AuthorityId,
    most: i64,
    capacity: i64,
    url: impl Fn(i64) -> String,
) -> Result<(i64, i64), DatabaseError> {
    // The authority's row is held until the commit: nobody else opens a part of the same number meanwhile.
    super::authorities::count_allocated(transaction, authority, most).await?;
    let sql = "SELECT shard, taken, url FROM crl WHERE authority = $1 AND taken < $2 ORDER BY shard";
    for row in transaction.all(sql, &[authority.into(), capacity.into()]).await? {
        let (shard, taken) = (row.integer("shard")?, row.integer("taken")?);
        if row.text("url")? == url(shard) {
            let count = most.min(capacity - taken);
            let sql = "UPDATE crl SET taken = $1 WHERE authority = $2 AND shard = $3";
            transaction.execute(sql, &[(taken + count).into(), authority.into(), shard.into()]).await?;
            return Ok((shard, count));
        }
    }
    let last = transaction.one("SELECT COALESCE(MAX(shard), -1) AS last FROM crl WHERE authority = $1", &[authority.into()]).await?;
    let (shard, count) = (last.integer("last")? + 1, most.min(capacity));
    open(transaction, (authority, shard), &url(shard), count).await?;
    Ok((shard, count))
}

/// Writes down where a part from before is.
pub(crate) async fn set_url(transaction: &mut Transaction, (authority, shard): Shard, url: &str) -> Result<(), DatabaseError> {
    let sql = "UPDATE crl SET url = $1 WHERE authority = $2 AND shard = $3 AND url = ''";
    transaction.execute(sql, &[url.into(), authority.into(), shard.into()]).await.map(drop)
}

/// The oldest and the newest certificates of a part, so many of each: of what they say, it is found out where a part from before is.
pub(crate) async fn sample(transaction: &mut Transaction, (authority, shard): Shard, each: i64) -> Result<Vec<Vec<u8>>, DatabaseError> {
    let mut ders = Vec::new();
    for sql in [
        "SELECT der FROM certificate WHERE authority = $1 AND shard = $2 ORDER BY id LIMIT $3",
        "SELECT der FROM certificate WHERE authority = $1 AND shard = $2 ORDER BY id DESC LIMIT $3",
    ] {
        for row in transaction.all(sql, &[authority.into(), shard.into(), each.into()]).await? {
            ders.push(row.bytes("der")?);
        }
    }
    Ok(ders)
}

/// Between when, in seconds, what is published is made: what was made outside of it is to be made anew. What comes after it was made by a
/// clock that was ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Since when lists are made.
    pub(crate) lists_since: i64,
    /// Until when lists are made.
    pub(crate) lists_until: i64,
    /// Until when answers are due: now.
    pub(crate) answers_since: i64,
    /// When answers are due at the latest that are made now.
    pub(crate) answers_until: i64,
}

/// Takes parts that are to be built, for this process: those that have changed, and those whose list was not made within the window.
pub(crate) async fn lease(
    transaction: &mut Transaction,
    kind: Kind,
    replica: &str,
    lease_ms: i64,
    window: &Window,
    limit: i64,
) -> Result<Vec<Due>, DatabaseError> {
    let now = now_ms(kind);
    let mut statement = Statement::new("UPDATE crl SET lease = ");
    statement.bind(replica).push(", lease_ms = ").push(now).push(" + ").bind(lease_ms);
    statement.push(" WHERE (authority, shard) IN (SELECT authority, shard FROM crl WHERE ");
    lists_due(&mut statement, kind, lease_ms, window);
    statement.push(" ORDER BY this_update LIMIT ").bind(limit);
    statement.push(if kind == Kind::Postgres { " FOR UPDATE SKIP LOCKED)" } else { ")" });
    statement.push(" RETURNING authority, shard, wanted, number, url");
    let rows = transaction.all_of(&statement).await?;
    rows.iter()
        .map(|row| {
            let shard = (AuthorityId(row.integer("authority")?), row.integer("shard")?);
            Ok(Due { shard, wanted: row.integer("wanted")?, number: row.integer("number")?, url: row.text("url")? })
        })
        .collect()
}

/// Which parts are to be built that nobody builds. A lease that ends later than one that is given now is from a clock that was ahead.
fn lists_due(statement: &mut Statement<'_>, kind: Kind, lease_ms: i64, window: &Window) {
    let now = now_ms(kind);
    statement.push("(built < wanted OR this_update < ").bind(window.lists_since);
    statement.push(" OR this_update > ").bind(window.lists_until).push(") AND (lease_ms < ").push(now);
    statement.push(" OR lease_ms > ").push(now).push(" + ").bind(2 * lease_ms).push(")");
}

/// A revocation list as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCrl {
    /// Its number.
    pub number: i64,
    /// When it was made, in seconds.
    pub this_update: i64,
    /// When the next is there at the latest, in seconds.
    pub next_update: i64,
    /// What tells it from any other, for `ETag`, without quotes.
    pub etag: String,
    /// The list.
    pub der: Vec<u8>,
}

/// Publishes a part, unless another has since it was leased: false then.
pub(crate) async fn publish(transaction: &mut Transaction, due: &Due, crl: &PublishedCrl) -> Result<bool, DatabaseError> {
    let (authority, shard) = due.shard;
    let sql = "UPDATE crl SET number = $1, built = $2, this_update = $3, next_update = $4, etag = $5, lease_ms = 0
        WHERE authority = $6 AND shard = $7 AND number = $8";
    let values = [
        crl.number.into(),
        due.wanted.into(),
        crl.this_update.into(),
        crl.next_update.into(),
        Value::from(&crl.etag),
        authority.into(),
        shard.into(),
        due.number.into(),
    ];
    if transaction.execute(sql, &values).await? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO crl_body (authority, shard, der) VALUES ($1, $2, $3)
        ON CONFLICT (authority, shard) DO UPDATE SET der = excluded.der";
    transaction.execute(sql, &[authority.into(), shard.into(), (&crl.der).into()]).await?;
    Ok(true)
}

/// What tells a part's list from any other, without reading it.
pub(crate) async fn etag(transaction: &mut Transaction, (authority, shard): Shard) -> Result<Option<String>, DatabaseError> {
    let sql = "SELECT etag FROM crl WHERE authority = $1 AND shard = $2 AND number > 0";
    transaction.optional(sql, &[authority.into(), shard.into()]).await?.map(|row| row.text("etag")).transpose()
}

/// A part's list.
pub(crate) async fn crl(transaction: &mut Transaction, (authority, shard): Shard) -> Result<Option<PublishedCrl>, DatabaseError> {
    let sql = "SELECT number, this_update, next_update, etag, der FROM crl JOIN crl_body USING (authority, shard)
        WHERE authority = $1 AND shard = $2";
    let row = transaction.optional(sql, &[authority.into(), shard.into()]).await?;
    row.map(|row| {
        Ok(PublishedCrl {
            number: row.integer("number")?,
            this_update: row.integer("this_update")?,
            next_update: row.integer("next_update")?,
            etag: row.text("etag")?,
            der: row.bytes("der")?,
        })
    })
    .transpose()
}

/// The parts of an authority's list.
pub(crate) async fn shards(transaction: &mut Transaction, authority: AuthorityId) -> Result<Vec<i64>, DatabaseError> {
    let rows = transaction.all("SELECT shard FROM crl WHERE authority = $1 ORDER BY shard", &[authority.into()]).await?;
    rows.iter().map(|row| row.integer("shard")).collect()
}

/// What is known of a serial number, and the answer that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OcspRow {
    pub(crate) authority: AuthorityId,
    pub(crate) serial: Vec<u8>,
    /// When and why it was revoked.
    pub(crate) revoked: Option<(i64, String)>,
    /// When the certificate ends, in seconds.
    pub(crate) not_after: i64,
    /// When the answer is to be made anew, in seconds.
    pub(crate) refresh: i64,
    /// Until when the answer holds, in seconds.
    pub(crate) next_update: i64,
    /// The answer that names the certificate by SHA-1; empty if it could not be signed yet.
    pub(crate) by_sha1: Vec<u8>,
    /// The answer that names it by SHA-256.
    pub(crate) by_sha256: Vec<u8>,
}

impl OcspRow {
    /// The answer to whoever names the certificate by this hash.
    pub(crate) fn answer(self, hash: HashKind) -> Vec<u8> {
        match hash {
            HashKind::Sha1 => self.by_sha1,
            HashKind::Sha256 => self.by_sha256,
        }
    }
}

/// Puts answers in the place of those that are there.
pub(crate) async fn put_ocsp(transaction: &mut Transaction, rows: &[OcspRow]) -> Result<(), DatabaseError> {
    let conflict = "ON CONFLICT (authority, serial) DO UPDATE SET revoked_ms = excluded.revoked_ms, reason = excluded.reason,
        refresh = excluded.refresh, next_update = excluded.next_update, der_sha1 = excluded.der_sha1,
        der_sha256 = excluded.der_sha256";
    insert_ocsp(transaction, rows, conflict).await
}

/// Adds an answer where there is none.
pub(crate) async fn add_ocsp(transaction: &mut Transaction, row: &OcspRow) -> Result<(), DatabaseError> {
    insert_ocsp(transaction, std::slice::from_ref(row), "ON CONFLICT DO NOTHING").await
}

async fn insert_ocsp(transaction: &mut Transaction, rows: &[OcspRow], conflict: &'static str) -> Result<(), DatabaseError> {
    let mut values = Vec::with_capacity(9 * rows.len());
    for row in rows {
        let (revoked_ms, reason) = row.revoked.as_ref().map(|(ms, reason)| (*ms, reason.as_str())).unzip();
        values.extend([row.authority.into(), Value::from(&row.serial), revoked_ms.into(), reason.into(), row.not_after.into()]);
        values.extend([row.refresh.into(), row.next_update.into(), Value::from(&row.by_sha1), Value::from(&row.by_sha256)]);
    }
    if values.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO ocsp (authority, serial, revoked_ms, reason, not_after, refresh, next_update, der_sha1, der_sha256) VALUES";
    transaction.insert_rows(insert, 9, conflict, &values).await.map(drop)
}

fn read_ocsp(row: &Row) -> Result<OcspRow, DatabaseError> {
    let revoked = match row.optional_integer("revoked_ms")? {
        Some(ms) => Some((ms, row.text("reason")?)),
        None => None,
    };
    let by_sha1 = row.bytes("der_sha1")?;
    Ok(OcspRow {
        authority: AuthorityId(row.integer("authority")?),
        serial: row.bytes("serial")?,
        revoked,
        not_after: row.integer("not_after")?,
        refresh: row.integer("refresh")?,
        next_update: row.integer("next_update")?,
        // An answer from when one named the certificate by both.
        by_sha256: row.optional_bytes("der_sha256")?.unwrap_or_else(|| by_sha1.clone()),
        by_sha1,
    })
}

const OCSP: &str = "SELECT authority, serial, revoked_ms, reason, not_after, refresh, next_update, der_sha1, der_sha256 FROM ocsp ";

/// What is answered for a serial number.
pub(crate) async fn ocsp(transaction: &mut Transaction, authority: AuthorityId, serial: &[u8]) -> Result<Option<OcspRow>, DatabaseError> {
    let mut statement = Statement::new(OCSP);
    statement.push("WHERE authority = ").bind(authority).push(" AND serial = ").bind(serial);
    transaction.all_of(&statement).await?.first().map(read_ocsp).transpose()
}

/// Answers that are to be made anew; other processes pass over those that are taken here.
pub(crate) async fn stale_ocsp(
    transaction: &mut Transaction,
    kind: Kind,
    window: &Window,
    limit: i64,
) -> Result<Vec<OcspRow>, DatabaseError> {
    let mut rows = Vec::new();
    // One after the other, since each goes along the index.
    for (condition, bound, order) in [
        ("WHERE refresh <= ", window.answers_since, " ORDER BY refresh LIMIT "),
        ("WHERE refresh > ", window.answers_until, " ORDER BY refresh DESC LIMIT "),
    ] {
        let left = limit.saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        if left <= 0 {
            break;
        }
        let mut statement = Statement::new(OCSP);
        statement.push(condition).bind(bound).push(order).bind(left);
        statement.push(if kind == Kind::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" });
        for row in transaction.all_of(&statement).await? {
            rows.push(read_ocsp(&row)?);
        }
    }
    Ok(rows)
}

/// Forgets the answers for serial numbers.
pub(crate) async fn forget_ocsp(transaction: &mut Transaction, rows: &[(AuthorityId, &[u8])]) -> Result<(), DatabaseError> {
    for (authority, serial) in rows {
        transaction.execute("DELETE FROM ocsp WHERE authority = $1 AND serial = $2", &[(*authority).into(), (*serial).into()]).await?;
    }
    Ok(())
}

/// Whether there is a part of a list to be built, and whether there are answers to be made anew: looked at without writing.
pub(crate) async fn is_due(
    transaction: &mut Transaction,
    kind: Kind,
    lease_ms: i64,
    window: &Window,
) -> Result<(bool, bool), DatabaseError> {
    let mut statement = Statement::new("SELECT CASE WHEN EXISTS (SELECT 1 FROM crl WHERE ");
    lists_due(&mut statement, kind, lease_ms, window);
    statement.push(") THEN CAST(1 AS BIGINT) ELSE 0 END AS crl, CASE WHEN EXISTS (SELECT 1 FROM ocsp WHERE refresh <= ");
    statement.bind(window.answers_since).push(") OR EXISTS (SELECT 1 FROM ocsp WHERE refresh > ").bind(window.answers_until);
    statement.push(") THEN CAST(1 AS BIGINT) ELSE 0 END AS ocsp");
    let rows = transaction.all_of(&statement).await?;
    let row = rows.first().ok_or(DatabaseError::NoRow)?;
    Ok((row.flag("crl")?, row.flag("ocsp")?))
}

/// Whether a part of a list lacks what it wants, an answer is too old, or either is from a clock that was ahead.
pub(crate) async fn is_behind(transaction: &mut Transaction, window: &Window) -> Result<bool, DatabaseError> {
    let sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM crl WHERE built < wanted OR this_update > $1)
        OR EXISTS (SELECT 1 FROM ocsp WHERE refresh <= $2) OR EXISTS (SELECT 1 FROM ocsp WHERE refresh > $3)
        THEN CAST(1 AS BIGINT) ELSE 0 END AS behind";
    let values = [window.lists_until.into(), window.answers_since.into(), window.answers_until.into()];
    transaction.one(sql, &values).await?.flag("behind")
}
