//! Since when an account is its user's alone: the last moment at which somebody else made it or an API key of it, or changed what it comes in
//! by or what it may. Who proposes or approves a change by an account that somebody else had in hands a moment ago may be that somebody.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Transaction};

use super::{Access, AccessError, Subject};
use crate::audit::Actor;
use crate::store::{RoleId, UserId};

/// Notes that an account was changed, unless its own user did it.
pub(super) async fn note(transaction: &mut Transaction, user: UserId, actor: &Actor, now: Timestamp) -> Result<(), DatabaseError> {
    if actor.user == Some(user) { Ok(()) } else { by_another(transaction, user, now).await }
}

/// Notes that somebody else changed an account.
pub(super) async fn by_another(transaction: &mut Transaction, user: UserId, now: Timestamp) -> Result<(), DatabaseError> {
    let sql = "UPDATE access_users SET changed_by_another_ms = $1 WHERE id = $2 AND changed_by_another_ms < $1";
    transaction.execute(sql, &[now.as_millisecond().into(), user.0.into()]).await.map(drop)
}

/// Notes of all members of a role that somebody else changed what it gives them: its name.
pub(super) async fn of_members(transaction: &mut Transaction, role: RoleId, actor: &Actor, now: Timestamp) -> Result<(), DatabaseError> {
    for row in transaction.all("SELECT member FROM access_members WHERE role = $1", &[role.0.into()]).await? {
        note(transaction, UserId(row.integer("member")?), actor, now).await?;
    }
    Ok(())
}

impl Access {
    /// When somebody else last made an account or an API key of it, or changed its name, address, password, second factor or roles, let it
    /// in, or found it to be a provider's person. Of accounts from before that was noted: never.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn changed_by_another(&self, user: UserId) -> Result<Timestamp, AccessError> {
        let mut transaction = self.0.store.read().await?;
        let sql = "SELECT changed_by_another_ms FROM access_users WHERE id = $1";
        let row = transaction.optional(sql, &[user.0.into()]).await?.ok_or(AccessError::Missing(Subject::User))?;
        Ok(crate::store::moment(&row, "changed_by_another_ms")?)
    }
}
