//! What is shown to prove names: by http-01 a token and what is answered for it, by dns-01 a record's name and its text.

use menagerie_store::database::{DatabaseError, Row, Statement, Transaction, Value};

use crate::store::PendingId;

/// By http-01.
pub(in crate::upstream) const HTTP: &str = "http-01";
/// By dns-01.
pub(in crate::upstream) const DNS: &str = "dns-01";

/// Something that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::upstream) struct Shown {
    pub(in crate::upstream) kind: &'static str,
    pub(in crate::upstream) name: String,
    pub(in crate::upstream) value: String,
    pub(in crate::upstream) pending: PendingId,
    /// The provider of DNS, by the configuration's name.
    pub(in crate::upstream) provider: String,
}

/// Notes what is about to be shown.
pub(in crate::upstream) async fn insert(transaction: &mut Transaction, shown: &[Shown], created_ms: i64) -> Result<(), DatabaseError> {
    let values: Vec<Value<'_>> = shown
        .iter()
        .flat_map(|one| {
            let texts = [one.kind.into(), Value::from(&one.name), Value::from(&one.value)];
            texts.into_iter().chain([one.pending.into(), Value::from(&one.provider), created_ms.into()])
        })
        .collect();
    if values.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO upstream_challenge (kind, name, value, pending, provider, created_ms) VALUES";
    transaction.insert_rows(sql, 6, "ON CONFLICT DO NOTHING", &values).await.map(drop)
}

/// What is answered for a token.
pub(in crate::upstream) async fn answer(transaction: &mut Transaction, token: &str) -> Result<Option<String>, DatabaseError> {
    let sql = "SELECT value FROM upstream_challenge WHERE kind = $1 AND name = $2 ORDER BY created_ms DESC LIMIT 1";
    transaction.optional(sql, &[HTTP.into(), token.into()]).await?.map(|row| row.text("value")).transpose()
}

/// What is shown for a pending certificate.
pub(in crate::upstream) async fn of(transaction: &mut Transaction, pending: PendingId) -> Result<Vec<Shown>, DatabaseError> {
    let sql = "SELECT kind, name, value, pending, provider FROM upstream_challenge WHERE pending = $1";
    transaction.all(sql, &[pending.into()]).await?.iter().map(read).collect()
}

/// What is still shown for pending certificates that are resolved or gone.
pub(in crate::upstream) async fn left(transaction: &mut Transaction, limit: i64) -> Result<Vec<Shown>, DatabaseError> {
    let sql = "SELECT kind, name, value, pending, provider FROM upstream_challenge WHERE NOT EXISTS (
            SELECT 1 FROM pending_certificate WHERE pending_certificate.id = upstream_challenge.pending AND resolved = 0
        ) ORDER BY created_ms LIMIT $1";
    transaction.all(sql, &[limit.into()]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Shown, DatabaseError> {
    Ok(Shown {
        kind: if row.text("kind")? == HTTP { HTTP } else { DNS },
        name: row.text("name")?,
        value: row.text("value")?,
        pending: PendingId(row.integer("pending")?),
        provider: row.text("provider")?,
    })
}

/// Notes that something is not shown any more.
pub(in crate::upstream) async fn remove(transaction: &mut Transaction, shown: &Shown) -> Result<(), DatabaseError> {
    let mut statement = Statement::new("DELETE FROM upstream_challenge WHERE kind = ");
    statement.bind(shown.kind).push(" AND name = ").bind(&shown.name).push(" AND value = ").bind(&shown.value);
    statement.push(" AND pending = ").bind(shown.pending);
    transaction.execute_of(&statement).await.map(drop)
}
