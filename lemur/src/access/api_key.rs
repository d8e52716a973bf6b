//! API keys: tokens without a password behind them, for programs. One may be narrowed to some of its user's roles, ends after so many days, and
//! can be revoked. What is stored is not enough to come in by: the token is shown once.

use std::collections::BTreeMap;

use menagerie_store::database::{Row, Statement, Transaction, Value};
use serde_json::json;

use super::requester::Person;
use super::role::READ_ONLY;
use super::token::TokenError;
use super::{Access, AccessError, Listed, Subject, Window, settled};
use crate::audit::Actor;
use crate::store::{RoleId, UserId};

/// Which API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKeyId(pub i64);

const DAY: i64 = 24 * 60 * 60;

/// How long an API key lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it is revoked.
    Forever,
    /// So many days, at most 3,650.
    Days(u16),
}

impl Lifetime {
    /// Lemur's number of days, of which -1 is for ever.
    ///
    /// # Errors
    /// [`AccessError::Invalid`].
    pub fn parse(days: i64) -> Result<Self, AccessError> {
        match u16::try_from(days) {
            Ok(days @ 1..=3_650) => Ok(Self::Days(days)),
            _ if days == -1 => Ok(Self::Forever),
            _ => Err(AccessError::Invalid { field: "ttl", reason: "1 to 3650 days are wanted, or -1 for no end" }),
        }
    }

    /// Lemur's number of days.
    #[must_use]
    pub fn days(self) -> i64 {
        match self {
            Self::Forever => -1,
            Self::Days(days) => i64::from(days),
        }
    }

    fn end(self, issued_at: i64) -> Option<i64> {
        match self {
            Self::Forever => None,
            Self::Days(days) => Some(issued_at + i64::from(days) * DAY),
        }
    }
}

/// An API key, without what one comes in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whose it is.
    pub holder: UserId,
    /// When it was made, in seconds since 1970.
    pub issued_at: i64,
    /// How long it lasts.
    pub lifetime: Lifetime,
    /// Whether it was revoked.
    pub revoked: bool,
    /// The roles that it was narrowed to. `None` if it was not.
    pub roles: Option<Vec<RoleId>>,
}

impl ApiKey {
    /// When it ends, in seconds since 1970.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.lifetime.end(self.issued_at)
    }
}

/// An API key to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whose it is.
    pub holder: UserId,
    /// How long it lasts.
    pub lifetime: Lifetime,
    /// The roles that count, of those the user has. `None` for all, and all that belongs to the user.
    pub roles: Option<Vec<RoleId>>,
}

/// What to change of an API key: what is `None` stays. How long it lasts is in its token and cannot be changed; revoking cannot be undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeyChange {
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Whether to revoke it.
    pub revoke: bool,
}

macro_rules! select {
    () => {
        "SELECT id, name, description, holder, issued_at, ttl_days, revoked, narrowed FROM access_api_keys "
    };
}

macro_rules! of {
    () => {
        "WHERE ($1 < 0 OR holder = $1) AND lower(name) LIKE $2 ESCAPE '\\' "
    };
}

impl Access {
    /// Makes an API key; gives it and its token, which is not to be had again.
    ///
    /// # Errors
    /// [`AccessError::Missing`] if the user is not there, or is not a member of a role.
    pub async fn create_api_key(&self, key: &NewApiKey, actor: &Actor) -> Result<(ApiKey, String), AccessError> {
        let mut transaction = self.0.store.write().await?;
        let user = transaction.optional("SELECT generation FROM access_users WHERE id = $1", &[key.holder.0.into()]).await?;
        let generation = user.ok_or(AccessError::Missing(Subject::User))?.integer("generation")?;
        let now = self.now();
        let sql = "INSERT INTO access_api_keys (name, description, holder, issued_at, ttl_days, revoked, narrowed)
            VALUES ($1, $2, $3, $4, $5, 0, $6) RETURNING id";
        let values = [
            (&key.name).into(),
            (&key.description).into(),
            key.holder.0.into(),
            now.into(),
            key.lifetime.days().into(),
            Value::from(key.roles.is_some()),
        ];
        let id = ApiKeyId(transaction.one(sql, &values).await?.integer("id")?);
        for role in key.roles.iter().flatten() {
            let member = "SELECT role FROM access_members WHERE member = $1 AND role = $2";
            let member = transaction.optional(member, &[key.holder.0.into(), role.0.into()]).await?;
            member.ok_or(AccessError::Missing(Subject::Role))?;
            let sql = "INSERT INTO access_api_key_roles (api_key, role) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            transaction.execute(sql, &[id.0.into(), role.0.into()]).await?;
        }
        settled::note(&mut transaction, key.holder, actor, self.0.clock.now()).await?;
        let token = self.sign(key.holder, generation, Some(id), (now, key.lifetime.end(now)))?;
        let made = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::ApiKey))?;
        let fields = json!({"api_key": id.0, "name": key.name, "holder": key.holder, "days": key.lifetime.days(), "roles": key.roles});
        self.commit(transaction, actor, "api_key_created", fields).await?;
        Ok((made, token))
    }

    /// An API key.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<ApiKey, AccessError> {
        read(&mut self.0.store.read().await?, id).await?.ok_or(AccessError::Missing(Subject::ApiKey))
    }

    /// A part of the API keys, of one user or of all.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn api_keys(&self, of: Option<UserId>, window: Window<'_>) -> Result<Listed<ApiKey>, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let holder = of.map_or(-1, |UserId(id)| id);
        let pattern = window.pattern();
        let count = concat!("SELECT count(*) AS total FROM access_api_keys ", of!());
        let total = transaction.one(count, &[holder.into(), (&pattern).into()]).await?.integer("total")?;
        let sql = match (window.by_name, window.descending) {
            (false, false) => concat!(select!(), of!(), "ORDER BY id LIMIT $3 OFFSET $4"),
            (false, true) => concat!(select!(), of!(), "ORDER BY id DESC LIMIT $3 OFFSET $4"),
            (true, false) => concat!(select!(), of!(), "ORDER BY lower(name), id LIMIT $3 OFFSET $4"),
            (true, true) => concat!(select!(), of!(), "ORDER BY lower(name) DESC, id DESC LIMIT $3 OFFSET $4"),
        };
        let rows = transaction.all(sql, &[holder.into(), (&pattern).into(), window.take.into(), window.skip.into()]).await?;
        Ok(Listed { items: with_roles(&mut transaction, &rows).await?, total })
    }

    /// Changes an API key.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn change_api_key(&self, id: ApiKeyId, change: &ApiKeyChange, actor: &Actor) -> Result<ApiKey, AccessError> {
        let mut transaction = self.0.store.write().await?;
        let key = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::ApiKey))?;
        let sql = "UPDATE access_api_keys SET name = $1, description = $2, revoked = $3 WHERE id = $4";
        let (name, description) = (change.name.as_ref().unwrap_or(&key.name), change.description.as_ref().unwrap_or(&key.description));
        transaction.execute(sql, &[name.into(), description.into(), (key.revoked || change.revoke).into(), id.0.into()]).await?;
        let key = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::ApiKey))?;
        let fields = json!({"api_key": id.0, "name": key.name, "holder": key.holder, "revoked": key.revoked});
        self.commit(transaction, actor, "api_key_changed", fields).await?;
        Ok(key)
    }

    /// Removes an API key: its token is void.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn delete_api_key(&self, id: ApiKeyId, actor: &Actor) -> Result<(), AccessError> {
        let mut transaction = self.0.store.write().await?;
        if transaction.execute("DELETE FROM access_api_keys WHERE id = $1", &[id.0.into()]).await? == 0 {
            return Err(AccessError::Missing(Subject::ApiKey));
        }
        self.commit(transaction, actor, "api_key_deleted", json!({"api_key": id.0})).await
    }
}

async fn read(transaction: &mut Transaction, id: ApiKeyId) -> Result<Option<ApiKey>, AccessError> {
    let rows = transaction.all(concat!(select!(), "WHERE id = $1"), &[id.0.into()]).await?;
    Ok(with_roles(transaction, &rows).await?.pop())
}

/// The keys of rows, in their order, with the roles that they are narrowed to: one statement, however many they are.
async fn with_roles(transaction: &mut Transaction, rows: &[Row]) -> Result<Vec<ApiKey>, AccessError> {
    let mut narrowed = BTreeMap::new();
    for row in rows {
        if row.flag("narrowed")? {
            narrowed.insert(row.integer("id")?, Vec::new());
        }
    }
    if !narrowed.is_empty() {
        let mut statement = Statement::new("SELECT api_key, role FROM access_api_key_roles WHERE api_key IN (");
        statement.bind_all(narrowed.keys().copied()).push(") ORDER BY role");
        for row in transaction.all_of(&statement).await? {
            if let Some(roles) = narrowed.get_mut(&row.integer("api_key")?) {
                roles.push(RoleId(row.integer("role")?));
            }
        }
    }
    let keys = rows.iter().map(|row| {
        let id = row.integer("id")?;
        Ok(ApiKey {
            id: ApiKeyId(id),
            name: row.text("name")?,
            description: row.text("description")?,
            holder: UserId(row.integer("holder")?),
            issued_at: row.integer("issued_at")?,
            lifetime: Lifetime::parse(row.integer("ttl_days")?)?,
            revoked: row.flag("revoked")?,
            roles: narrowed.remove(&id),
        })
    });
    keys.collect()
}

/// Narrows a requester to what an API key lets count.
pub(super) async fn apply(transaction: &mut Transaction, id: ApiKeyId, requester: &mut Person, now: i64) -> Result<(), TokenError> {
    let key = read(transaction, id).await?.ok_or(TokenError::ApiKey)?;
    if key.revoked || key.holder != requester.user {
        return Err(TokenError::ApiKey);
    }
    if key.expires().is_some_and(|expires| expires <= now) {
        return Err(TokenError::Expired);
    }
    if let Some(kept) = key.roles {
        requester.read_only = requester.roles.iter().any(|role| role.name == READ_ONLY);
        requester.roles.retain(|role| kept.contains(&role.id));
        requester.personal = false;
    }
    requester.api_key = Some(id);
    Ok(())
}
