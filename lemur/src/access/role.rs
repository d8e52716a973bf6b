//! Roles: names that rights hang on. Three belong to the service: `admin` may do everything, `operator` looks after what certificates are
//! delivered to and reads the log, and whoever is in `read-only` changes nothing, whatever else they are.

use menagerie_store::database::{DatabaseError, Row, Transaction, Value};
use serde_json::json;

use super::user::{self, User};
use super::{Access, AccessError, Listed, Subject, Window};
use crate::audit::Actor;
use crate::store::{RoleId, Store, UserId};

/// The role of administrators.
pub const ADMIN: &str = "admin";
/// The role of operators.
pub const OPERATOR: &str = "operator";
/// The role of those who only look.
pub const READ_ONLY: &str = "read-only";

/// A role's name: printable, without spaces at its ends; often an owner's address or `<authority>_admin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleName(String);

impl RoleName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`AccessError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let good = |character: char| character.is_alphanumeric() || " ._@+-/:".contains(character);
        if text.is_empty() || text.len() > 254 || text.trim() != text || !text.chars().all(good) {
            return Err(AccessError::Invalid { field: "name", reason: "1 to 254 letters, digits, spaces and ._@+-/: are wanted" });
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Which.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
}

impl Role {
    pub(super) fn of(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self { id: RoleId(row.integer("id")?), name: row.text("name")?, description: row.text("description")? })
    }

    /// Whether it belongs to the service.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        [ADMIN, OPERATOR, READ_ONLY].contains(&self.name.as_str())
    }
}

/// A role to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    /// Its name.
    pub name: RoleName,
    /// What it is for.
    pub description: String,
    /// Its members.
    pub members: Vec<UserId>,
}

/// What to change of a role: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleChange {
    /// Another name.
    pub name: Option<RoleName>,
    /// Another description.
    pub description: Option<String>,
    /// All its members from now on.
    pub members: Option<Vec<UserId>>,
}

macro_rules! roles_like {
    () => {
        "SELECT id, name, description FROM access_roles WHERE name_key LIKE $1 ESCAPE '\\' "
    };
}

impl Access {
    /// Makes a role.
    ///
    /// # Errors
    /// [`AccessError::Taken`] if another has the name; [`AccessError::Missing`] if a member is not there.
    pub async fn create_role(&self, role: &NewRole, actor: &Actor) -> Result<Role, AccessError> {
        let mut transaction = self.0.store.write().await?;
        let id = insert(&mut transaction, &role.name, &role.description).await?;
        set_members(&mut transaction, id, &role.members).await?;
        let made = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::Role))?;
        self.commit(transaction, actor, "role_created", json!({"role": id, "name": made.name, "members": role.members})).await?;
        Ok(made)
    }

    /// A role.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn role(&self, id: RoleId) -> Result<Role, AccessError> {
        read(&mut self.0.store.read().await?, id).await?.ok_or(AccessError::Missing(Subject::Role))
    }

    /// The role of a name, in any case.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn role_named(&self, name: &str) -> Result<Role, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let sql = "SELECT id, name, description FROM access_roles WHERE name_key = $1";
        let found = transaction.optional(sql, &[(&name.to_lowercase()).into()]).await?;
        Ok(Role::of(&found.ok_or(AccessError::Missing(Subject::Role))?)?)
    }

    /// The role of a name; it is made when there is none, without members.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn role_for(&self, name: &RoleName, description: &str, actor: &Actor) -> Result<Role, AccessError> {
        let mut transaction = self.0.store.write().await?;
        let sql = "INSERT INTO access_roles (name, name_key, description) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let made = transaction.execute(sql, &[name.as_str().into(), (&name.key()).into(), description.into()]).await? > 0;
        let sql = "SELECT id, name, description FROM access_roles WHERE name_key = $1";
        let role = Role::of(&transaction.one(sql, &[(&name.key()).into()]).await?)?;
        if made {
            self.commit(transaction, actor, "role_created", json!({"role": role.id, "name": role.name, "members": []})).await?;
        }
        Ok(role)
    }

    /// Makes the two roles of a new authority, `<name>_admin` with its maker, if it is a user, as a member, and `<name>_operator`.
    ///
    /// # Errors
    /// [`AccessError::Taken`] if there is a role of one of the names: its members were not asked.
    pub async fn create_authority_roles(&self, authority: &str, maker: Option<UserId>, actor: &Actor) -> Result<[RoleId; 2], AccessError> {
        let [admin, operator] = [format!("{authority}_admin"), format!("{authority}_operator")];
        let mut transaction = self.0.store.write().await?;
        let description = format!("Changes the authority {authority}, makes others under it, and issues from it");
        let first = insert(&mut transaction, &RoleName::parse(&admin)?, &description).await?;
        let second = insert(&mut transaction, &RoleName::parse(&operator)?, &format!("Issues from the authority {authority}")).await?;
        let members = Vec::from_iter(maker);
        set_members(&mut transaction, first, &members).await?;
        let fields = json!({"roles": [first, second], "names": [admin, operator], "members": members});
        self.commit(transaction, actor, "authority_roles_created", fields).await?;
        Ok([first, second])
    }

    /// A part of the roles.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn roles(&self, window: Window<'_>) -> Result<Listed<Role>, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let pattern = window.pattern();
        let count = "SELECT count(*) AS total FROM access_roles WHERE name_key LIKE $1 ESCAPE '\\'";
        let total = transaction.one(count, &[(&pattern).into()]).await?.integer("total")?;
        let sql = match (window.by_name, window.descending) {
            (false, false) => concat!(roles_like!(), "ORDER BY id LIMIT $2 OFFSET $3"),
            (false, true) => concat!(roles_like!(), "ORDER BY id DESC LIMIT $2 OFFSET $3"),
            (true, false) => concat!(roles_like!(), "ORDER BY name_key LIMIT $2 OFFSET $3"),
            (true, true) => concat!(roles_like!(), "ORDER BY name_key DESC LIMIT $2 OFFSET $3"),
        };
        let rows = transaction.all(sql, &[(&pattern).into(), window.take.into(), window.skip.into()]).await?;
        Ok(Listed { items: rows.iter().map(Role::of).collect::<Result<_, _>>()?, total })
    }

    /// The members of a role.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn members(&self, id: RoleId) -> Result<Vec<User>, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let sql = "SELECT u.id AS id, u.username AS username, u.email AS email, u.active AS active, u.totp_confirmed AS totp_confirmed
            FROM access_users u JOIN access_members m ON m.member = u.id WHERE m.role = $1 ORDER BY u.id";
        let rows = transaction.all(sql, &[id.0.into()]).await?;
        user::with_roles(&mut transaction, &rows).await
    }

    /// Changes a role.
    ///
    /// # Errors
    /// [`AccessError::BuiltIn`] if the service goes by its name; [`AccessError::LastAdministrator`] if nobody would be left.
    pub async fn change_role(&self, id: RoleId, change: &RoleChange, actor: &Actor) -> Result<Role, AccessError> {
        let mut transaction = self.0.store.write().await?;
        let role = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::Role))?;
        if let Some(name) = change.name.as_ref().filter(|name| name.as_str() != role.name) {
            if role.is_built_in() {
                return Err(AccessError::BuiltIn(role.name));
            }
            let set = "UPDATE access_roles SET name = $1, name_key = $2 WHERE id = $3";
            let key = name.key();
            let values = [name.as_str().into(), Value::from(&key), id.0.into()];
            transaction.execute(set, &values).await.map_err(taken)?;
        }
        if let Some(description) = &change.description {
            let set = "UPDATE access_roles SET description = $1 WHERE id = $2";
            transaction.execute(set, &[description.into(), id.0.into()]).await?;
        }
        if let Some(members) = &change.members {
            set_members(&mut transaction, id, members).await?;
        }
        keep_an_administrator(&mut transaction).await?;
        let before = role.name;
        let role = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::Role))?;
        let fields = json!({"role": id, "name": role.name, "before": before, "members": change.members});
        self.commit(transaction, actor, "role_changed", fields).await?;
        Ok(role)
    }

    /// Removes a role. Its ID is never given again.
    ///
    /// # Errors
    /// [`AccessError::BuiltIn`] if it belongs to the service.
    pub async fn delete_role(&self, id: RoleId, actor: &Actor) -> Result<(), AccessError> {
        let mut transaction = self.0.store.write().await?;
        let role = read(&mut transaction, id).await?.ok_or(AccessError::Missing(Subject::Role))?;
        if role.is_built_in() {
            return Err(AccessError::BuiltIn(role.name));
        }
        // An API key that was narrowed to this role alone stays narrowed: it is then of no role.
        transaction.execute("DELETE FROM access_roles WHERE id = $1", &[id.0.into()]).await?;
        self.commit(transaction, actor, "role_deleted", json!({"role": id, "name": role.name})).await
    }
}

pub(super) async fn insert(transaction: &mut Transaction, name: &RoleName, description: &str) -> Result<RoleId, AccessError> {
    let sql = "INSERT INTO access_roles (name, name_key, description) VALUES ($1, $2, $3) RETURNING id";
    let key = name.key();
    let values = [name.as_str().into(), Value::from(&key), description.into()];
    Ok(RoleId(transaction.one(sql, &values).await.map_err(taken)?.integer("id")?))
}

/// Makes the service's roles, unless they are there.
pub(super) async fn ensure_built_in(store: &Store) -> Result<(), AccessError> {
    let built_in = [
        (ADMIN, "May do everything"),
        (OPERATOR, "Looks after what certificates are delivered to, and reads the log"),
        (READ_ONLY, "Changes nothing"),
    ];
    let count = "SELECT count(*) AS there FROM access_roles WHERE name_key IN ($1, $2, $3)";
    let there = store.read().await?.one(count, &[ADMIN.into(), OPERATOR.into(), READ_ONLY.into()]).await?.integer("there")?;
    if usize::try_from(there) == Ok(built_in.len()) {
        return Ok(());
    }
    let mut transaction = store.write().await?;
    for (name, description) in built_in {
        let sql = "INSERT INTO access_roles (name, name_key, description) VALUES ($1, $1, $2) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[name.into(), description.into()]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn taken(error: DatabaseError) -> AccessError {
    if error.is_duplicate() { AccessError::Taken { subject: Subject::Role, field: "name" } } else { error.into() }
}

async fn read(transaction: &mut Transaction, id: RoleId) -> Result<Option<Role>, AccessError> {
    let row = transaction.optional("SELECT id, name, description FROM access_roles WHERE id = $1", &[id.0.into()]).await?;
    Ok(row.as_ref().map(Role::of).transpose()?)
}

pub(super) async fn named(transaction: &mut Transaction, name: &RoleName) -> Result<RoleId, AccessError> {
    let row = transaction.optional("SELECT id FROM access_roles WHERE name_key = $1", &[(&name.key()).into()]).await?;
    Ok(RoleId(row.ok_or(AccessError::Missing(Subject::Role))?.integer("id")?))
}

async fn set_members(transaction: &mut Transaction, id: RoleId, members: &[UserId]) -> Result<(), AccessError> {
    transaction.execute("DELETE FROM access_members WHERE role = $1", &[id.0.into()]).await?;
    for member in members {
        let found = transaction.optional("SELECT id FROM access_users WHERE id = $1", &[member.0.into()]).await?;
        found.ok_or(AccessError::Missing(Subject::User))?;
        let sql = "INSERT INTO access_members (member, role) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[member.0.into(), id.0.into()]).await?;
    }
    Ok(())
}

/// Refuses a change after which nobody could undo it.
pub(super) async fn keep_an_administrator(transaction: &mut Transaction) -> Result<(), AccessError> {
    // One after the other: of two that each take it from one of the last two, the second counts what the first has left.
    let lock = "UPDATE access_roles SET description = description WHERE name_key = $1";
    transaction.execute(lock, &[ADMIN.into()]).await?;
    if has_an_administrator(transaction).await? { Ok(()) } else { Err(AccessError::LastAdministrator) }
}

/// Whether somebody may do everything.
pub(super) async fn has_an_administrator(transaction: &mut Transaction) -> Result<bool, AccessError> {
    let sql = "SELECT count(*) AS left_over FROM access_users u
        JOIN access_members m ON m.member = u.id JOIN access_roles r ON r.id = m.role
        WHERE r.name_key = $1 AND u.active = 1
        AND NOT EXISTS (SELECT 1 FROM access_members o JOIN access_roles q ON q.id = o.role WHERE o.member = u.id AND q.name_key = $2)";
    let left = transaction.one(sql, &[ADMIN.into(), READ_ONLY.into()]).await?.integer("left_over")?;
    Ok(left > 0)
}
