//! Users and roles by number, many at once: what a list of certificates shows of each.

use std::collections::BTreeMap;

use menagerie_store::database::Statement;

use super::role::Role;
use super::user::User;
use super::{Access, AccessError};
use crate::store::{RoleId, UserId};

/// Users and roles by number. One that is gone is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Users, without their roles.
    pub users: BTreeMap<UserId, User>,
    /// Roles.
    pub roles: BTreeMap<RoleId, Role>,
}

impl Access {
    /// Looks users and roles up.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn directory(&self, users: &[UserId], roles: &[RoleId]) -> Result<Directory, AccessError> {
        let mut directory = Directory::default();
        if users.is_empty() && roles.is_empty() {
            return Ok(directory);
        }
        let mut transaction = self.0.store.read().await?;
        if !users.is_empty() {
            let mut statement = Statement::new("SELECT id, username, email, active, totp_confirmed FROM access_users WHERE id IN (");
            statement.bind_all(users.iter().copied()).push(")");
            for row in transaction.all_of(&statement).await? {
                let user = super::user::of(&row, Vec::new())?;
                directory.users.insert(user.id, user);
            }
        }
        if !roles.is_empty() {
            let mut statement = Statement::new("SELECT id, name, description FROM access_roles WHERE id IN (");
            statement.bind_all(roles.iter().copied()).push(")");
            for row in transaction.all_of(&statement).await? {
                let role = Role::of(&row)?;
                directory.roles.insert(role.id, role);
            }
        }
        Ok(directory)
    }
}
