//! Counts of a role's permissions over time, for `repo_stats`.

use jiff::Timestamp;
use menagerie_store::database::{Row, Transaction, Value};

use super::State;
use super::column::{count, json, number, time, to_json};
use super::error::StateError;
use super::role::RoleId;
use super::roles::demand;

/// A role's counts at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistic {
    /// When.
    pub at: Timestamp,
    /// What they were counted after: `Scan`, `Repo`, …
    pub source: String,
    /// How many permissions the role had.
    pub total: u64,
    /// How many could go.
    pub repoable: u64,
    /// The filters that kept it from being changed.
    pub disqualified_by: Vec<String>,
}

impl Statistic {
    fn counts_as(&self, other: &Self) -> bool {
        (self.total, self.repoable, &self.disqualified_by) == (other.total, other.repoable, &other.disqualified_by)
    }
}

impl State {
    /// Adds counts, unless the last ones are the same; gives whether they were added.
    ///
    /// # Errors
    /// [`StateError::NoRole`] if the role is not there; [`StateError`] if the database fails.
    pub async fn add_statistic(&self, role: &RoleId, statistic: &Statistic) -> Result<bool, StateError> {
        let mut transaction = self.database.write().await?;
        demand(&mut transaction, role).await?;
        let last = "SELECT * FROM statistic WHERE role_id = $1 ORDER BY number DESC LIMIT 1";
        let last = transaction.optional(last, &[role.as_str().into()]).await?;
        let next = match last {
            Some(row) if read(&row)?.counts_as(statistic) => return Ok(false),
            Some(row) => count(&row, "number")? + 1,
            None => 0,
        };
        insert(&mut transaction, role, next, statistic).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A role's counts, the first first.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn statistics(&self, role: &RoleId) -> Result<Vec<Statistic>, StateError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.all("SELECT * FROM statistic WHERE role_id = $1 ORDER BY number", &[role.as_str().into()]).await?;
        rows.iter().map(read).collect()
    }
}

pub(super) async fn insert(transaction: &mut Transaction, role: &RoleId, at: u64, statistic: &Statistic) -> Result<(), StateError> {
    let disqualified = to_json(&statistic.disqualified_by);
    let values = [
        role.as_str().into(),
        number(at).into(),
        statistic.at.as_microsecond().into(),
        Value::from(&statistic.source),
        number(statistic.total).into(),
        number(statistic.repoable).into(),
        Value::from(&disqualified),
    ];
    let sql = "INSERT INTO statistic (role_id, number, at, source, total, repoable, disqualified_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    transaction.execute(sql, &values).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Statistic, StateError> {
    Ok(Statistic {
        at: time(row, "at")?,
        source: row.text("source")?,
        total: count(row, "total")?,
        repoable: count(row, "repoable")?,
        disqualified_by: json(&row.text("disqualified_by")?, "filters")?,
    })
}
