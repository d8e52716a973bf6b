//! Users: a name to sign in by, an address that certificates' owners are compared with, a password or none, and the roles they are members of.

use std::collections::BTreeMap;

use menagerie_store::database::{Row, Statement, Transaction, Value};
use serde_json::json;

use super::password::Password;
use super::role::Role;
use super::{Access, AccessError, Listed, Subject, Window};
use crate::audit::Actor;
use crate::store::{RoleId, UserId};

/// The longest username or address.
const LONGEST: usize = 254;

/// A name that a user signs in by: letters, digits and `._@+-` of ASCII, so that it means the same wherever it is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Reads a username.
    ///
    /// # Errors
    /// [`AccessError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(good) {
            return Err(AccessError::Invalid { field: "username", reason: "1 to 254 letters, digits and ._@+- are wanted" });
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// An address of electronic mail. Only its form is looked at; comparisons are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AccessError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let bad = AccessError::Invalid { field: "email", reason: "not a valid email address" };
        let Some((local, domain)) = text.rsplit_once('@') else { return Err(bad) };
        let atom = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let fine = text.len() <= LONGEST && (1..=64).contains(&local.len()) && local.bytes().all(atom) && domain.split('.').all(label);
        if fine { Ok(Self(text.to_owned())) } else { Err(bad) }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// The name to sign in by.
    pub username: String,
    /// The address.
    pub email: String,
    /// Whether the user may come in.
    pub active: bool,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// What the user is a member of.
    pub roles: Vec<Role>,
}

/// A user to be.
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct NewUser {
    /// The name to sign in by.
    pub username: Username,
    /// The address.
    pub email: Email,
    /// The password. Without one the user comes in by API keys alone.
    pub password: Option<Password>,
    /// Whether the user may come in.
    pub active: bool,
    /// What to be a member of.
    pub roles: Vec<RoleId>,
}

/// What to change of a user: what is `None` stays.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct UserChange {
    /// Another name.
    pub username: Option<Username>,
    /// Another address.
    pub email: Option<Email>,
    /// Another password: every token from before is then void.
    pub password: Option<Password>,
    /// Whether the user may come in. Who may not loses every token.
    pub active: Option<bool>,
    /// All that the user is a member of from now on.
    pub roles: Option<Vec<RoleId>>,
}

macro_rules! users_like {
    () => {
        "SELECT id, username, email, active, totp_confirmed FROM access_users WHERE username_key LIKE $1 ESCAPE '\\' "
    };
}

impl Access {
    /// Makes a user.
    ///
    /// # Errors
    /// [`AccessError::Taken`] if another has the name or the address; [`AccessError::Missing`] if a role is not there.
    pub async fn create_user(&self, user: NewUser, actor: &Actor) -> Result<User, AccessError> {
        let password = match user.password {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        let mut transaction = self.0.store.write().await?;
        let id = insert(&mut transaction, &user.username, &user.email, password.as_deref(), user.active, self.now()).await?;
        set_roles(&mut transaction, id, &user.roles).await?;
        let user = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::User))?;
        let roles: Vec<_> = user.roles.iter().map(|role| role.name.as_str()).collect();
        let fields = json!({"user": id, "username": user.username, "email": user.email, "active": user.active, "roles": roles});
        self.commit(transaction, actor, "user_created", fields).await?;
        Ok(user)
    }

    /// A user.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn user(&self, id: UserId) -> Result<User, AccessError> {
        read(&mut self.0.store.read().await?, id).await?.ok_or(AccessError::Missing(Subject::User))
    }

    /// The user of a name.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn user_named(&self, username: &Username) -> Result<User, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let found = transaction.optional("SELECT id FROM access_users WHERE username_key = $1", &[(&username.key()).into()]).await?;
        let id = found.ok_or(AccessError::Missing(Subject::User))?.integer("id")?;
        read(&mut transaction, UserId(id)).await?.ok_or(AccessError::Missing(Subject::User))
    }

    /// A part of the users.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn users(&self, window: Window<'_>) -> Result<Listed<User>, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let pattern = window.pattern();
        let count = "SELECT count(*) AS total FROM access_users WHERE username_key LIKE $1 ESCAPE '\\'";
        let total = transaction.one(count, &[(&pattern).into()]).await?.integer("total")?;
        let sql = match (window.by_name, window.descending) {
            (false, false) => concat!(users_like!(), "ORDER BY id LIMIT $2 OFFSET $3"),
            (false, true) => concat!(users_like!(), "ORDER BY id DESC LIMIT $2 OFFSET $3"),
            (true, false) => concat!(users_like!(), "ORDER BY username_key LIMIT $2 OFFSET $3"),
            (true, true) => concat!(users_like!(), "ORDER BY username_key DESC LIMIT $2 OFFSET $3"),
        };
        let rows = transaction.all(sql, &[(&pattern).into(), window.take.into(), window.skip.into()]).await?;
        Ok(Listed { items: with_roles(&mut transaction, &rows).await?, total })
    }

    /// Changes a user.
    ///
    /// # Errors
    /// [`AccessError::Taken`] if another has the name or the address; [`AccessError::LastAdministrator`] if nobody would be left.
    pub async fn change_user(&self, id: UserId, change: UserChange, actor: &Actor) -> Result<User, AccessError> {
        let password = match change.password {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        let mut transaction = self.0.store.write().await?;
        let user = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::User))?;
        if let Some(username) = &change.username {
            let set = "UPDATE access_users SET username = $1, username_key = $2 WHERE id = $3";
            let key = username.key();
            let values = [username.as_str().into(), Value::from(&key), id.0.into()];
            transaction.execute(set, &values).await.map_err(|error| taken(error, "username"))?;
        }
        if let Some(email) = &change.email {
            let set = "UPDATE access_users SET email = $1, email_key = $2 WHERE id = $3";
            let key = email.key();
            let values = [email.as_str().into(), Value::from(&key), id.0.into()];
            transaction.execute(set, &values).await.map_err(|error| taken(error, "email"))?;
        }
        if let Some(password) = &password {
            let set = "UPDATE access_users SET password = $1, generation = generation + 1 WHERE id = $2";
            transaction.execute(set, &[password.as_str().into(), id.0.into()]).await?;
        }
        if let Some(active) = change.active.filter(|active| *active != user.active) {
            let set = "UPDATE access_users SET active = $1, generation = generation + 1 WHERE id = $2";
            transaction.execute(set, &[active.into(), id.0.into()]).await?;
        }
        if let Some(roles) = &change.roles {
            set_roles(&mut transaction, id, roles).await?;
        }
        if user.roles.iter().any(|role| role.name == super::role::ADMIN) {
            super::role::keep_an_administrator(&mut transaction).await?;
        }
        let user = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::User))?;
        let roles: Vec<_> = user.roles.iter().map(|role| role.name.as_str()).collect();
        let fields = json!({
            "user": id, "username": user.username, "email": user.email, "active": user.active, "roles": roles, "password": password.is_some(),
        });
        self.commit(transaction, actor, "user_changed", fields).await?;
        Ok(user)
    }
}

pub(super) async fn insert(
    transaction: &mut Transaction,
    username: &Username,
    email: &Email,
    password: Option<&str>,
    active: bool,
    now: i64,
) -> Result<UserId, AccessError> {
    let username_key = username.key();
    let taken_name = "SELECT id FROM access_users WHERE username_key = $1";
    if transaction.optional(taken_name, &[(&username_key).into()]).await?.is_some() {
        return Err(AccessError::Taken { subject: Subject::User, field: "username" });
    }
    let sql = "INSERT INTO access_users (username, username_key, email, email_key, password, active, generation, created)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7) RETURNING id";
    let email_key = email.key();
    let values = [
        username.as_str().into(),
        (&username_key).into(),
        email.as_str().into(),
        (&email_key).into(),
        Value::Text(password),
        active.into(),
        now.into(),
    ];
    let row = transaction.one(sql, &values).await.map_err(|error| taken(error, "email"))?;
    Ok(UserId(row.integer("id")?))
}

fn taken(error: menagerie_store::database::DatabaseError, field: &'static str) -> AccessError {
    if error.is_duplicate() { AccessError::Taken { subject: Subject::User, field } } else { error.into() }
}

pub(super) async fn set_roles(transaction: &mut Transaction, id: UserId, roles: &[RoleId]) -> Result<(), AccessError> {
    transaction.execute("DELETE FROM access_members WHERE member = $1", &[id.0.into()]).await?;
    for role in roles {
        let found = transaction.optional("SELECT id FROM access_roles WHERE id = $1", &[role.0.into()]).await?;
        found.ok_or(AccessError::Missing(Subject::Role))?;
        let sql = "INSERT INTO access_members (member, role) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[id.0.into(), role.0.into()]).await?;
    }
    Ok(())
}

pub(super) async fn read(transaction: &mut Transaction, id: UserId) -> Result<Option<User>, AccessError> {
    let sql = "SELECT id, username, email, active, totp_confirmed FROM access_users WHERE id = $1";
    let rows = transaction.all(sql, &[id.0.into()]).await?;
    Ok(with_roles(transaction, &rows).await?.pop())
}

/// The users of rows, in their order, with what they are members of: one statement, however many they are.
pub(super) async fn with_roles(transaction: &mut Transaction, rows: &[Row]) -> Result<Vec<User>, AccessError> {
    let mut users = rows.iter().map(|row| of(row, Vec::new())).collect::<Result<Vec<_>, _>>()?;
    if users.is_empty() {
        return Ok(users);
    }
    let mut statement = Statement::new(
        "SELECT m.member AS member, r.id AS id, r.name AS name, r.description AS description FROM access_roles r
            JOIN access_members m ON m.role = r.id WHERE m.member IN (",
    );
    statement.bind_all(users.iter().map(|user| user.id)).push(") ORDER BY r.id");
    let mut roles: BTreeMap<UserId, Vec<Role>> = BTreeMap::new();
    for row in transaction.all_of(&statement).await? {
        roles.entry(UserId(row.integer("member")?)).or_default().push(Role::of(&row)?);
    }
    for user in &mut users {
        user.roles = roles.remove(&user.id).unwrap_or_default();
    }
    Ok(users)
}

pub(super) fn of(row: &Row, roles: Vec<Role>) -> Result<User, AccessError> {
    Ok(User {
        id: UserId(row.integer("id")?),
        username: row.text("username")?,
        email: row.text("email")?,
        active: row.flag("active")?,
        second_factor: row.flag("totp_confirmed")?,
        roles,
    })
}
