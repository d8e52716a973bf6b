//! A schema's versions. Each migration takes it one version further, in a transaction of its own; a released one is never changed.
//!
//! The table `schema_version` has a row for each migration that was done, with a digest of its text: a database that another program made,
//! or a newer one of this, is refused before anything of it is read.

use aws_lc_rs::digest::{SHA256, digest};

use super::error::DatabaseError;
use super::transaction::Transaction;
use super::value::Value;
use super::{Database, Kind};

/// One step of a schema, as each database's SQL has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

/// A tool's schema from nothing to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrations {
    /// Whose tables they are. Several components may share a database.
    pub component: &'static str,
    /// The steps. Only added to at the end, once released.
    pub steps: &'static [Migration],
}

const VERSIONS: Migration = Migration {
    sqlite: "CREATE TABLE IF NOT EXISTS schema_version (
        component TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (component, version)
    ) STRICT",
    postgres: "CREATE TABLE IF NOT EXISTS schema_version (
        component TEXT NOT NULL, version BIGINT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (component, version)
    )",
};

/// Programs that migrate at once wait for each other here, and the server bounds neither the wait nor the step. The number is this module's own.
const LOCK: &str = "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7093016318745120)";

impl Migration {
    fn sql(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
        }
    }
}

/// Brings a schema up to date; says whether anything was to be done.
pub(super) async fn migrate(database: &Database, migrations: &Migrations) -> Result<bool, DatabaseError> {
    let mut applied = false;
    let mut transaction = locked(database).await?;
    transaction.script(VERSIONS.sql(database.kind())).await?;
    transaction.commit().await?;
    for (step, version) in migrations.steps.iter().zip(1_i64..) {
        let mut transaction = locked(database).await?;
        if version == 1 {
            refuse_newer(&mut transaction, migrations).await?;
        }
        if apply(&mut transaction, migrations.component, version, step.sql(database.kind())).await? {
            transaction.commit().await?;
            applied = true;
        }
    }
    Ok(applied)
}

/// Refuses a schema that is not today's, and changes nothing.
pub(super) async fn check(database: &Database, migrations: &Migrations) -> Result<(), DatabaseError> {
    let Migrations { component, steps } = *migrations;
    let is_there = match database.kind() {
        Kind::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        Kind::Postgres => "SELECT 'there' AS name WHERE to_regclass('schema_version') IS NOT NULL",
    };
    let mut transaction = database.read().await?;
    if transaction.optional(is_there, &[]).await?.is_none() {
        return Err(DatabaseError::NoSchema { component });
    }
    refuse_newer(&mut transaction, migrations).await?;
    let done = "SELECT version, digest FROM schema_version WHERE component = $1 ORDER BY version";
    let done = transaction.all(done, &[component.into()]).await?;
    for ((row, step), version) in done.iter().zip(steps).zip(1..) {
        if row.integer("version")? != version || row.text("digest")? != digest_of(step.sql(database.kind())) {
            return Err(DatabaseError::OtherSchema { component, version });
        }
    }
    let count = |steps: usize| i64::try_from(steps).unwrap_or(i64::MAX);
    match done.len() {
        0 => Err(DatabaseError::NoSchema { component }),
        found if found < steps.len() => Err(DatabaseError::OlderSchema { component, found: count(found), known: count(steps.len()) }),
        _ => Ok(()),
    }
}

async fn locked(database: &Database) -> Result<Transaction, DatabaseError> {
    let mut transaction = database.write().await?;
    if database.kind() == Kind::Postgres {
        transaction.script(LOCK).await?;
    }
    Ok(transaction)
}

async fn refuse_newer(transaction: &mut Transaction, migrations: &Migrations) -> Result<(), DatabaseError> {
    let newest = "SELECT coalesce(max(version), 0) AS version FROM schema_version WHERE component = $1";
    let found = transaction.one(newest, &[migrations.component.into()]).await?.integer("version")?;
    let known = i64::try_from(migrations.steps.len()).unwrap_or(i64::MAX);
    if found > known { Err(DatabaseError::NewerSchema { component: migrations.component, found, known }) } else { Ok(()) }
}

fn digest_of(sql: &str) -> String {
    hex::encode(digest(&SHA256, sql.as_bytes()))
}

/// Whether the step was yet to be done.
async fn apply(transaction: &mut Transaction, component: &'static str, version: i64, sql: &'static str) -> Result<bool, DatabaseError> {
    let text = digest_of(sql);
    let key = [Value::from(component), Value::from(version)];
    let done = transaction.optional("SELECT digest FROM schema_version WHERE component = $1 AND version = $2", &key).await?;
    match done {
        Some(row) if row.text("digest")? == text => Ok(false),
        Some(_) => Err(DatabaseError::OtherSchema { component, version }),
        None => {
            transaction.script(sql).await?;
            let row = [component.into(), version.into(), Value::from(&text)];
            transaction.execute("INSERT INTO schema_version (component, version, digest) VALUES ($1, $2, $3)", &row).await?;
            Ok(true)
        }
    }
}
