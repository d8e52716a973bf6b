//! Accounts in the database.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Kind, Row, Value};
use serde_json::json;

use super::{Store, json_of, time_of, wrong};
use crate::acme::external::Grant;
use crate::acme::id::Id;
use crate::acme::jwk::Jwk;
use crate::acme::nonce::UseUp;
use crate::audit::Actor;
use crate::store::StoreError;

/// How many accounts are made with an external key that does not say how many may be.
const MOST_ACCOUNTS: i64 = 10_000;

/// How an account stands (RFC 8555, 7.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::acme) enum AccountStatus {
    Valid,
    Deactivated,
    Revoked,
}

impl AccountStatus {
    pub(in crate::acme) const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Deactivated => "deactivated",
            Self::Revoked => "revoked",
        }
    }

    fn named(name: &str) -> Result<Self, DatabaseError> {
        [Self::Valid, Self::Deactivated, Self::Revoked].into_iter().find(|status| status.name() == name).ok_or_else(|| wrong("status"))
    }
}

/// An account.
#[derive(Debug, Clone)]
pub(in crate::acme) struct Account {
    pub(in crate::acme) id: Id,
    pub(in crate::acme) status: AccountStatus,
    pub(in crate::acme) thumbprint: String,
    pub(in crate::acme) contacts: Vec<String>,
    pub(in crate::acme) agreed: bool,
    pub(in crate::acme) created: Timestamp,
    /// What its external key lets it do; none if it was made without one.
    pub(in crate::acme) grant: Option<Grant>,
    /// Whether its external key, if it has one, is in force.
    pub(in crate::acme) grant_in_force: bool,
    /// Its external key, if it was made with one.
    pub(in crate::acme) external_key: Option<String>,
}

impl Account {
    /// With whom it counts together where something is bounded: its external key's accounts, or itself.
    pub(in crate::acme) fn party(&self) -> &str {
        self.external_key.as_deref().unwrap_or(self.id.as_str())
    }
}

/// What the database says to a request that an account signed.
#[derive(Debug)]
pub(in crate::acme) struct Authenticated {
    /// Whether the nonce was used up by this very request. True where the process has done that itself.
    pub(in crate::acme) nonce_is_fresh: bool,
    /// The account and its key's JSON.
    pub(in crate::acme) account: Option<(Account, String)>,
}

/// Whether an account was made.
#[derive(Debug)]
pub(in crate::acme) enum Known {
    /// It is new.
    New,
    /// The key has one already.
    Old(Account),
    /// The external key has as many accounts as it may, or is not in force any more.
    Spent,
}

macro_rules! account {
    ($from:literal, $where:literal) => {
        concat!(
            "SELECT a.id, a.status, a.thumbprint, a.jwk, a.contacts, a.agreed, a.created, a.external_key, k.owner, k.names, k.profiles,
             k.expires, k.revoked ",
            $from,
            " LEFT JOIN acme_external_key k ON k.id = a.external_key ",
            $where
        )
    };
}

impl Store {
    /// The account of an ID. Where nonces are in the database, the nonce is used up by the same statement.
    pub(in crate::acme) async fn authenticate(
        &self,
        id: &Id,
        nonce: Option<UseUp>,
        now: Timestamp,
    ) -> Result<Authenticated, DatabaseError> {
        let Some(nonce) = nonce else {
            let row = self.database.optional(account!("FROM acme_account a", "WHERE a.id = $1"), &[id.into()]).await?;
            return Ok(Authenticated { nonce_is_fresh: true, account: row.map(|row| with_key(&row, now)).transpose()? });
        };
        let sql = concat!(
            "WITH fresh AS (
                INSERT INTO acme_nonce (number, used) SELECT $2, $3 WHERE EXISTS (SELECT 1 FROM acme_nonce_key WHERE name = $4)
                ON CONFLICT DO NOTHING RETURNING 1
            ) SELECT n.fresh, account.* FROM (SELECT count(*) AS fresh FROM fresh) n LEFT JOIN (",
            account!("FROM acme_account a", "WHERE a.id = $1"),
            ") account ON TRUE"
        );
        let values = [id.into(), (&nonce.number).into(), now.as_second().into(), (&nonce.key).into()];
        let row = self.database.optional(sql, &values).await?.ok_or(DatabaseError::NoRow)?;
        let account = row.optional_text("id")?.map(|_| with_key(&row, now)).transpose()?;
        Ok(Authenticated { nonce_is_fresh: row.integer("fresh")? == 1, account })
    }

    /// Uses a nonce up where it is in the database; whether it was unused.
    pub(in crate::acme) async fn use_up(&self, nonce: Option<UseUp>, now: Timestamp) -> Result<bool, DatabaseError> {
        let Some(nonce) = nonce else { return Ok(true) };
        debug_assert_eq!(self.database.kind(), Kind::Postgres, "nonces are in PostgreSQL or in the process");
        let sql = "INSERT INTO acme_nonce (number, used) SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM acme_nonce_key WHERE name = $3)
            ON CONFLICT DO NOTHING";
        let values = [(&nonce.number).into(), now.as_second().into(), (&nonce.key).into()];
        Ok(self.database.execute(sql, &values).await? == 1)
    }

    /// The account of a key.
    pub(in crate::acme) async fn account_of(&self, key: &Jwk, now: Timestamp) -> Result<Option<Account>, DatabaseError> {
        let sql = account!("FROM acme_account a", "WHERE a.thumbprint = $1");
        let row = self.database.optional(sql, &[key.thumbprint().into()]).await?;
        row.map(|row| account(&row, now)).transpose()
    }

    /// The account of an ID and its key's JSON, before it is known whether the account asks.
    pub(in crate::acme) async fn named(&self, id: &Id, now: Timestamp) -> Result<Option<(Account, String)>, DatabaseError> {
        let row = self.database.optional(account!("FROM acme_account a", "WHERE a.id = $1"), &[id.into()]).await?;
        row.map(|row| with_key(&row, now)).transpose()
    }

    /// The account of an ID, without a request of its own.
    pub(in crate::acme) async fn account(&self, id: &Id, now: Timestamp) -> Result<Option<Account>, DatabaseError> {
        let row = self.database.optional(account!("FROM acme_account a", "WHERE a.id = $1"), &[id.into()]).await?;
        row.map(|row| account(&row, now)).transpose()
    }

    /// Makes an account, and counts it at its external key.
    pub(in crate::acme) async fn insert_account(
        &self,
        new: &Account,
        key: &Jwk,
        external: Option<&str>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Known, StoreError> {
        let contacts = serde_json::to_string(&new.contacts).expect("texts are written as JSON");
        let mut transaction = self.database.write().await?;
        if let Some(external) = external {
            let count = "UPDATE acme_external_key SET accounts = accounts + 1 WHERE id = $1 AND revoked IS NULL
                AND (expires IS NULL OR expires > $2) AND accounts < coalesce(most_accounts, $3)";
            if transaction.execute(count, &[external.into(), now.as_second().into(), MOST_ACCOUNTS.into()]).await? == 0 {
                return Ok(Known::Spent);
            }
        }
        let row: [Value<'_>; 8] = [
            (&new.id).into(),
            new.status.name().into(),
            key.thumbprint().into(),
            key.canonical().into(),
            (&contacts).into(),
            new.agreed.then(|| now.as_second()).into(),
            external.into(),
            now.as_second().into(),
        ];
        let insert = "INSERT INTO acme_account (id, status, thumbprint, jwk, contacts, agreed, external_key, created)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        if transaction.execute(insert, &row).await? == 1 {
            let fields = [("account", json!(new.id.as_str())), ("key", json!(key.thumbprint())), ("external_key", json!(external))];
            self.audited(transaction, actor, "acme_account_created", fields).await?;
            return Ok(Known::New);
        }
        // Another request with the same key was quicker. What was counted is not, since nothing is committed.
        drop(transaction);
        self.account_of(key, now).await?.map(Known::Old).ok_or(DatabaseError::NoRow.into())
    }

    /// Replaces the contacts of a valid account.
    pub(in crate::acme) async fn set_contacts(&self, id: &Id, from: &[String], to: &[String], actor: &Actor) -> Result<(), StoreError> {
        let contacts = serde_json::to_string(to).expect("texts are written as JSON");
        let sql = "UPDATE acme_account SET contacts = $1 WHERE id = $2 AND status = 'valid'";
        let mut transaction = self.database.write().await?;
        if transaction.execute(sql, &[(&contacts).into(), id.into()]).await? == 0 {
            return Ok(());
        }
        let fields = [("account", json!(id.as_str())), ("from", json!(from)), ("to", json!(to))];
        self.audited(transaction, actor, "acme_account_contacts_changed", fields).await
    }

    /// Ends an account.
    pub(in crate::acme) async fn end_account(&self, id: &Id, status: AccountStatus, actor: &Actor) -> Result<bool, StoreError> {
        let sql = "UPDATE acme_account SET status = $1 WHERE id = $2 AND status = 'valid'";
        let mut transaction = self.database.write().await?;
        if transaction.execute(sql, &[status.name().into(), id.into()]).await? == 0 {
            return Ok(false);
        }
        let fields = [("account", json!(id.as_str())), ("status", json!(status.name()))];
        self.audited(transaction, actor, "acme_account_ended", fields).await?;
        Ok(true)
    }

    /// Gives an account another key, if it still has the old one; whether it has.
    ///
    /// # Errors
    /// [`StoreError::is_duplicate`] if the key is another account's.
    pub(in crate::acme) async fn roll_key(&self, id: &Id, old: &Jwk, new: &Jwk, actor: &Actor) -> Result<bool, StoreError> {
        let sql = "UPDATE acme_account SET thumbprint = $1, jwk = $2 WHERE id = $3 AND thumbprint = $4 AND status = 'valid'";
        let values = [new.thumbprint().into(), new.canonical().into(), id.into(), old.thumbprint().into()];
        let mut transaction = self.database.write().await?;
        if transaction.execute(sql, &values).await? == 0 {
            return Ok(false);
        }
        let fields = [("account", json!(id.as_str())), ("old_key", json!(old.thumbprint())), ("key", json!(new.thumbprint()))];
        self.audited(transaction, actor, "acme_account_key_changed", fields).await?;
        Ok(true)
    }
}

fn with_key(row: &Row, now: Timestamp) -> Result<(Account, String), DatabaseError> {
    Ok((account(row, now)?, row.text("jwk")?))
}

fn account(row: &Row, now: Timestamp) -> Result<Account, DatabaseError> {
    let external_key = row.optional_text("external_key")?;
    let grant = match external_key {
        None => None,
        Some(_) => Some(Grant { owner: row.text("owner")?, names: json_of(row, "names")?, profiles: json_of(row, "profiles")? }),
    };
    let expires = row.optional_integer("expires")?;
    let grant_in_force = row.optional_integer("revoked")?.is_none() && expires.is_none_or(|expires| expires > now.as_second());
    Ok(Account {
        id: Id::stored(row.text("id")?),
        status: AccountStatus::named(&row.text("status")?)?,
        thumbprint: row.text("thumbprint")?,
        contacts: json_of(row, "contacts")?,
        agreed: row.optional_integer("agreed")?.is_some(),
        created: time_of(row, "created")?,
        grant,
        grant_in_force,
        external_key,
    })
}
