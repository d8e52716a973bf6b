//! A role with all its history, taken into the state at once: what moving over from Repokid brings.

use super::State;
use super::advisor::{AdvisorRow, replace};
use super::error::StateError;
use super::role::Role;
use super::roles::write;
use super::statistic::{Statistic, insert as insert_statistic};
use super::version::{NewVersion, insert as insert_version};

/// A role with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleHistory {
    /// The role.
    pub role: Role,
    /// Its policies, the first version first.
    pub versions: Vec<NewVersion>,
    /// Its counts, the first first.
    pub statistics: Vec<Statistic>,
    /// What Access Advisor said last.
    pub advisor: Vec<AdvisorRow>,
}

/// What became of a role that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It is in the state now, with its history.
    New,
    /// The state had it: nothing was changed.
    Known,
}

impl State {
    /// Takes a role in, with all its history or not at all. One that the state has is left as it is, so an import that was broken off
    /// can be repeated, and one that comes late undoes nothing.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn import(&self, history: &RoleHistory) -> Result<Imported, StateError> {
        let mut transaction = self.database.write().await?;
        let id = &history.role.id;
        if transaction.optional("SELECT role_id FROM role WHERE role_id = $1", &[id.as_str().into()]).await?.is_some() {
            return Ok(Imported::Known);
        }
        match write(&mut transaction, &Role { revision: 0, ..history.role.clone() }).await {
            Err(StateError::Stale { .. }) => return Ok(Imported::Known),
            written => written?,
        };
        for (version, number) in history.versions.iter().zip(0..) {
            insert_version(&mut transaction, id, number, version).await?;
        }
        for (statistic, number) in history.statistics.iter().zip(0..) {
            insert_statistic(&mut transaction, id, number, statistic).await?;
        }
        replace(&mut transaction, &history.role.arn, &history.advisor).await?;
        transaction.commit().await?;
        Ok(Imported::New)
    }
}
