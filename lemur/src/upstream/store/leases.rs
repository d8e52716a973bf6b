//! Who works on a pending certificate: one process at a time, by a lease that it renews while it does. Whoever lost it changes nothing any more.

use std::time::Duration;

use menagerie_store::database::{DatabaseError, Kind, Statement, Transaction};

use super::pending::PendingState;
use crate::store::replicas::now_ms;
use crate::store::{CertificateId, PendingId};

/// How long a process that is not heard of is taken to work.
pub(in crate::upstream) const LEASE: Duration = Duration::from_secs(15);

const LEASE_MS: i64 = 15_000;

/// A lease: of which pending certificate, and what its holder is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::upstream) struct Lease {
    pub(in crate::upstream) pending: PendingId,
    pub(in crate::upstream) holder: String,
}

/// How a piece of work ended that leaves more to do.
#[derive(Debug, Clone)]
pub(in crate::upstream) struct Later<'a> {
    pub(in crate::upstream) pause: Duration,
    /// What went wrong, if something did: then it was an attempt.
    pub(in crate::upstream) failed: Option<&'a str>,
    /// Whether the order is of no use any more.
    pub(in crate::upstream) forget_order: bool,
}

/// Pending certificates for which something is to be done and on which nobody works.
pub(in crate::upstream) async fn due(transaction: &mut Transaction, kind: Kind, limit: i64) -> Result<Vec<PendingId>, DatabaseError> {
    let mut statement = Statement::new("SELECT id FROM pending_certificate WHERE resolved = 0 AND due_ms <= ");
    statement.push(now_ms(kind)).push(" AND lease_until_ms <= ").push(now_ms(kind)).push(" ORDER BY due_ms LIMIT ").bind(limit);
    transaction.all_of(&statement).await?.iter().map(|row| Ok(PendingId(row.integer("id")?))).collect()
}

/// Takes the lease; false if another process has it.
pub(in crate::upstream) async fn take(transaction: &mut Transaction, kind: Kind, lease: &Lease) -> Result<bool, DatabaseError> {
    let mut statement = Statement::new("UPDATE pending_certificate SET lease = ");
    statement.bind(&lease.holder).push(", lease_until_ms = ").push(now_ms(kind)).push(" + ").bind(LEASE_MS);
    statement.push(" WHERE resolved = 0 AND id = ").bind(lease.pending).push(" AND lease_until_ms <= ").push(now_ms(kind));
    Ok(transaction.execute_of(&statement).await? == 1)
}

/// Keeps the lease for as long again; false if it was lost.
pub(in crate::upstream) async fn renew(transaction: &mut Transaction, kind: Kind, lease: &Lease) -> Result<bool, DatabaseError> {
    let mut statement = Statement::new("UPDATE pending_certificate SET lease_until_ms = ");
    statement.push(now_ms(kind)).push(" + ").bind(LEASE_MS);
    held(&mut statement, lease);
    Ok(transaction.execute_of(&statement).await? == 1)
}

fn held<'a>(statement: &mut Statement<'a>, lease: &'a Lease) {
    statement.push(" WHERE resolved = 0 AND id = ").bind(lease.pending).push(" AND lease = ").bind(&lease.holder);
}

/// Says what is done next.
pub(in crate::upstream) async fn advance(
    transaction: &mut Transaction,
    kind: Kind,
    lease: &Lease,
    state: PendingState,
) -> Result<bool, DatabaseError> {
    let mut statement = Statement::new("UPDATE pending_certificate SET state = ");
    statement.bind(state.as_str()).push(", updated_ms = ").push(now_ms(kind));
    held(&mut statement, lease);
    Ok(transaction.execute_of(&statement).await? == 1)
}

/// Keeps where the order is.
pub(in crate::upstream) async fn ordered(
    transaction: &mut Transaction,
    kind: Kind,
    lease: &Lease,
    (directory, url): (&str, &str),
) -> Result<bool, DatabaseError> {
    let mut statement = Statement::new("UPDATE pending_certificate SET state = ");
    statement.bind(PendingState::Ordered.as_str()).push(", directory = ").bind(directory).push(", order_url = ").bind(url);
    statement.push(", ordered_ms = ").push(now_ms(kind)).push(", updated_ms = ").push(now_ms(kind));
    held(&mut statement, lease);
    Ok(transaction.execute_of(&statement).await? == 1)
}

/// Whether an order is known already.
pub(in crate::upstream) async fn is_known(transaction: &mut Transaction, order: &str) -> Result<bool, DatabaseError> {
    let sql = "SELECT 1 AS known FROM pending_certificate WHERE order_url = $1 LIMIT 1";
    Ok(transaction.optional(sql, &[order.into()]).await?.is_some())
}

/// Gives the lease back; there is more to do.
pub(in crate::upstream) async fn release(
    transaction: &mut Transaction,
    kind: Kind,
    lease: &Lease,
    later: &Later<'_>,
) -> Result<bool, DatabaseError> {
    let pause = i64::try_from(later.pause.as_millis()).unwrap_or(i64::MAX / 4);
    let mut statement = Statement::new("UPDATE pending_certificate SET lease = NULL, lease_until_ms = 0, due_ms = ");
    statement.push(now_ms(kind)).push(" + ").bind(pause).push(", updated_ms = ").push(now_ms(kind));
    if let Some(failed) = later.failed {
        statement.push(", attempts = attempts + 1, status = ").bind(failed);
    }
    if later.forget_order {
        statement.push(", order_url = NULL, directory = NULL, state = ").bind(PendingState::Waiting.as_str());
    }
    held(&mut statement, lease);
    Ok(transaction.execute_of(&statement).await? == 1)
}

/// Ends it without a certificate. Its key stays with it; its order is anybody's.
pub(in crate::upstream) async fn give_up(
    transaction: &mut Transaction,
    kind: Kind,
    lease: &Lease,
    why: &str,
) -> Result<bool, DatabaseError> {
    let mut statement =
        Statement::new("UPDATE pending_certificate SET resolved = 1, lease = NULL, order_url = NULL, attempts = attempts + 1, state = ");
    statement.bind(PendingState::Failed.as_str()).push(", status = ").bind(why).push(", updated_ms = ").push(now_ms(kind));
    held(&mut statement, lease);
    Ok(transaction.execute_of(&statement).await? == 1)
}

/// Ends it with its certificate, which has the key from now on. Without a lease it is whoever brings the certificate that ends it.
pub(in crate::upstream) async fn resolve(
    transaction: &mut Transaction,
    kind: Kind,
    pending: PendingId,
    lease: Option<&Lease>,
    certificate: CertificateId,
) -> Result<bool, DatabaseError> {
    let mut statement =
        Statement::new("UPDATE pending_certificate SET resolved = 1, lease = NULL, sealed = NULL, ring_key = NULL, state = ");
    statement.bind(PendingState::Issued.as_str()).push(", status = '', certificate = ").bind(certificate);
    statement.push(", updated_ms = ").push(now_ms(kind));
    match lease {
        Some(lease) => held(&mut statement, lease),
        None => drop(statement.push(" WHERE certificate IS NULL AND id = ").bind(pending)),
    }
    Ok(transaction.execute_of(&statement).await? == 1)
}
