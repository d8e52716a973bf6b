//! Which names the members of a role may have certified by an authority. A role that has no row here may have any that authority and profile
//! allow.

use menagerie_store::database::{DatabaseError, Migration, Migrations, Statement, Transaction, Value};

use super::authorities::Authority;
use super::{AuthorityId, RoleId};
use crate::name::NamePattern;

/// The schema of the component `lemur-names`.
pub const MIGRATIONS: Migrations = Migrations {
    component: "lemur-names",
    steps: &[Migration {
        sqlite: "CREATE TABLE authority_role_name (
            authority INTEGER NOT NULL, role INTEGER NOT NULL, place INTEGER NOT NULL, pattern TEXT NOT NULL,
            PRIMARY KEY (authority, role, place)
        ) STRICT",
        postgres: "CREATE TABLE authority_role_name (
            authority BIGINT NOT NULL, role BIGINT NOT NULL, place BIGINT NOT NULL, pattern TEXT NOT NULL,
            PRIMARY KEY (authority, role, place)
        )",
    }],
};

/// The names that the members of a role may have certified.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RoleNames {
    /// The role.
    pub role: RoleId,
    /// The names: any, if there is no pattern.
    pub names: Vec<NamePattern>,
}

/// Gives authorities the names of their roles.
pub(super) async fn read(transaction: &mut Transaction, authorities: &mut [Authority]) -> Result<(), DatabaseError> {
    if authorities.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::new("SELECT authority, role, pattern FROM authority_role_name WHERE authority IN (");
    statement.bind_all(authorities.iter().map(|authority| authority.id)).push(") ORDER BY authority, role, place");
    for row in transaction.all_of(&statement).await? {
        let (id, role) = (AuthorityId(row.integer("authority")?), RoleId(row.integer("role")?));
        let pattern = row.text("pattern")?.parse::<NamePattern>();
        let pattern = pattern.map_err(|error| DatabaseError::Value { column: "pattern", reason: error.to_string() })?;
        let Some(authority) = authorities.iter_mut().find(|authority| authority.id == id) else { continue };
        match authority.role_names.iter_mut().find(|names| names.role == role) {
            Some(names) => names.names.push(pattern),
            None => authority.role_names.push(RoleNames { role, names: vec![pattern] }),
        }
    }
    Ok(())
}

/// Sets the names of some roles; those of others stay.
pub(super) async fn set(transaction: &mut Transaction, authority: AuthorityId, names: &[RoleNames]) -> Result<(), DatabaseError> {
    for RoleNames { role, names } in names {
        let sql = "DELETE FROM authority_role_name WHERE authority = $1 AND role = $2";
        transaction.execute(sql, &[authority.into(), (*role).into()]).await?;
        for (place, pattern) in (0_i64..).zip(names) {
            let sql = "INSERT INTO authority_role_name (authority, role, place, pattern) VALUES ($1, $2, $3, $4)";
            let pattern = pattern.to_string();
            transaction.execute(sql, &[authority.into(), (*role).into(), place.into(), Value::from(&pattern)]).await?;
        }
    }
    Ok(())
}
