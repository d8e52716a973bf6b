//! The policies that a role has had: each version is kept, to the letter, so that it can be restored.
//!
//! Versions are numbered from 0 in the order in which they were found, as Repokid's `rollback_role -s N` counts them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use menagerie_store::database::{Row, Transaction, Value};

use super::State;
use super::column::{count, json, number, time, to_json};
use super::error::StateError;
use super::role::RoleId;
use super::roles::demand;

/// A version that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// What it comes from: `Scan`, `Repo`, `Rollback`, … as Repokid names it.
    pub source: String,
    /// When it was found.
    pub discovered: Timestamp,
    /// Each policy's document to the letter, by the policy's name (an inline policy) or ARN (a managed one).
    pub policies: BTreeMap<String, String>,
}

/// A version that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number, from 0.
    pub number: u64,
    /// What it is.
    pub version: NewVersion,
}

const LATEST: &str = "SELECT * FROM policy_version WHERE role_id = $1 ORDER BY number DESC LIMIT 1";

impl State {
    /// Adds a version, unless the latest one has the same documents; gives the number of the one that has them now.
    ///
    /// # Errors
    /// [`StateError::NoRole`] if the role is not there; [`StateError`] if the database fails.
    pub async fn add_policy_version(&self, role: &RoleId, version: &NewVersion) -> Result<u64, StateError> {
        let mut transaction = self.database.write().await?;
        demand(&mut transaction, role).await?;
        let latest = transaction.optional(LATEST, &[role.as_str().into()]).await?.as_ref().map(read).transpose()?;
        let next = match latest {
            Some(latest) if latest.version.policies == version.policies => return Ok(latest.number),
            Some(latest) => latest.number + 1,
            None => 0,
        };
        insert(&mut transaction, role, next, version).await?;
        transaction.commit().await?;
        Ok(next)
    }

    /// All versions of a role's policies, the first first.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn policy_versions(&self, role: &RoleId) -> Result<Vec<PolicyVersion>, StateError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.all("SELECT * FROM policy_version WHERE role_id = $1 ORDER BY number", &[role.as_str().into()]).await?;
        rows.iter().map(read).collect()
    }

    /// The latest version of a role's policies.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn latest_policy_version(&self, role: &RoleId) -> Result<Option<PolicyVersion>, StateError> {
        let mut transaction = self.database.read().await?;
        transaction.optional(LATEST, &[role.as_str().into()]).await?.as_ref().map(read).transpose()
    }
}

pub(super) async fn insert(transaction: &mut Transaction, role: &RoleId, at: u64, version: &NewVersion) -> Result<(), StateError> {
    let policies = to_json(&version.policies);
    let discovered = version.discovered.as_microsecond();
    let values = [role.as_str().into(), number(at).into(), Value::from(&version.source), discovered.into(), Value::from(&policies)];
    let sql = "INSERT INTO policy_version (role_id, number, source, discovered_at, policies) VALUES ($1, $2, $3, $4, $5)";
    transaction.execute(sql, &values).await?;
    Ok(())
}

fn read(row: &Row) -> Result<PolicyVersion, StateError> {
    let policies = json(&row.text("policies")?, "policies")?;
    let version = NewVersion { source: row.text("source")?, discovered: time(row, "discovered_at")?, policies };
    Ok(PolicyVersion { number: count(row, "number")?, version })
}
