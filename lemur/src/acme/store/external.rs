//! External account keys in the database. Their secrets are sealed.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Row, Value};
use serde_json::json;

use super::{Store, json_of, optional_time_of, time_of};
use crate::acme::external::{ExternalKey, Grant};
use crate::audit::Actor;
use crate::store::StoreError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, sealed, owner, description, names, profiles, most_accounts, accounts, created, expires, revoked
             FROM acme_external_key ",
            $rest
        )
    };
}

impl Store {
    pub(in crate::acme) async fn insert_external_key(
        &self,
        key: &ExternalKey,
        sealed: &[u8],
        ring_key: &str,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let names = serde_json::to_string(&key.grant.names).expect("rules are written as JSON");
        let profiles = serde_json::to_string(&key.grant.profiles).expect("names are written as JSON");
        let row: [Value<'_>; 10] = [
            (&key.id).into(),
            sealed.into(),
            ring_key.into(),
            (&key.grant.owner).into(),
            (&key.description).into(),
            (&names).into(),
            (&profiles).into(),
            key.most_accounts.map(i64::from).into(),
            key.created.as_second().into(),
            key.expires.map(Timestamp::as_second).into(),
        ];
        let insert = "INSERT INTO acme_external_key
            (id, sealed, ring_key, owner, description, names, profiles, most_accounts, created, expires)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let mut transaction = self.database.write().await?;
        transaction.execute(insert, &row).await?;
        let fields = [("key", json!(key.id)), ("owner", json!(key.grant.owner)), ("names", json!(key.grant.names))];
        self.audited(transaction, actor, "acme_external_key_created", fields).await
    }

    /// A key and its sealed secret.
    pub(in crate::acme) async fn external_key(&self, id: &str) -> Result<Option<(ExternalKey, Vec<u8>)>, DatabaseError> {
        // As a client wrote it: PostgreSQL does not take every text to compare, and no ID has more than these.
        if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(None);
        }
        let row = self.database.optional(select!("WHERE id = $1"), &[id.into()]).await?;
        row.map(|row| Ok((key(&row)?, row.bytes("sealed")?))).transpose()
    }

    /// A page of keys, by their IDs.
    pub(in crate::acme) async fn external_keys(&self, after: &str, count: u32) -> Result<Vec<ExternalKey>, DatabaseError> {
        let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
        self.database.all(sql, &[after.into(), i64::from(count).into()]).await?.iter().map(key).collect()
    }

    /// Revokes a key; whether it was in force.
    pub(in crate::acme) async fn revoke_external_key(&self, id: &str, now: Timestamp, actor: &Actor) -> Result<bool, StoreError> {
        let sql = "UPDATE acme_external_key SET revoked = $1 WHERE id = $2 AND revoked IS NULL";
        let mut transaction = self.database.write().await?;
        if transaction.execute(sql, &[now.as_second().into(), id.into()]).await? == 0 {
            return Ok(false);
        }
        self.audited(transaction, actor, "acme_external_key_revoked", [("key", json!(id))]).await?;
        Ok(true)
    }

    /// Keys that are sealed under another key of the ring than this one: their IDs and sealed secrets.
    pub(in crate::acme) async fn sealed_otherwise(&self, ring_key: &str, count: u32) -> Result<Vec<(String, Vec<u8>)>, DatabaseError> {
        let sql = "SELECT id, sealed FROM acme_external_key WHERE ring_key <> $1 LIMIT $2";
        let rows = self.database.all(sql, &[ring_key.into(), i64::from(count).into()]).await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.bytes("sealed")?))).collect()
    }

    pub(in crate::acme) async fn reseal(&self, id: &str, before: &[u8], sealed: &[u8], ring_key: &str) -> Result<(), DatabaseError> {
        let sql = "UPDATE acme_external_key SET sealed = $1, ring_key = $2 WHERE id = $3 AND sealed = $4";
        self.database.execute(sql, &[sealed.into(), ring_key.into(), id.into(), before.into()]).await.map(drop)
    }
}

fn key(row: &Row) -> Result<ExternalKey, DatabaseError> {
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(ExternalKey {
        id: row.text("id")?,
        description: row.text("description")?,
        grant: Grant { owner: row.text("owner")?, names: json_of(row, "names")?, profiles: json_of(row, "profiles")? },
        most_accounts: row.optional_integer("most_accounts")?.map(number),
        accounts: number(row.integer("accounts")?),
        created: time_of(row, "created")?,
        expires: optional_time_of(row, "expires")?,
        revoked: optional_time_of(row, "revoked")?,
    })
}
