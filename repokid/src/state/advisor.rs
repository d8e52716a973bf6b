//! What Access Advisor said of a principal when it was last asked: a row for each service that its policies name.
//!
//! A row that is missing proves nothing, and neither does a time that could not be read: only [`LastAccess::Never`] and an old
//! [`LastAccess::At`] in a fresh row speak of a service that is not used.

use jiff::Timestamp;
use menagerie_aws::Arn;
use menagerie_store::database::{Transaction, Value};
use serde::{Deserialize, Serialize};

use super::State;
use super::column::{json, to_json};
use super::error::StateError;

/// When something was last used, as far as Access Advisor's tracking period reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastAccess {
    /// Not within the tracking period.
    Never,
    /// Then.
    At(Timestamp),
    /// The time that was given is none. It counts as used.
    Unreadable,
}

impl LastAccess {
    /// Whether there was no use from `since` on. Unreadable is no proof.
    #[must_use]
    pub fn is_before(self, since: Timestamp) -> bool {
        match self {
            Self::Never => true,
            Self::At(time) => time < since,
            Self::Unreadable => false,
        }
    }
}

/// The last use of a service, and of those of its actions that Access Advisor tracks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisorRow {
    /// The service's namespace in policies, lower case, such as `s3`.
    pub service: String,
    /// The service's name for people.
    #[serde(default)]
    pub service_name: String,
    /// When it was last used.
    pub last_authenticated: LastAccess,
    /// The principal that used it last.
    #[serde(default)]
    pub last_authenticated_entity: Option<String>,
    /// How many principals used it.
    #[serde(default)]
    pub total_authenticated_entities: u64,
    /// The actions that are tracked one by one. An action that is not here may have been used.
    #[serde(default)]
    pub actions: Vec<AdvisorAction>,
    /// When this was true. Nothing is proved by a row that does not say so.
    pub last_updated: Option<Timestamp>,
}

/// The last use of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisorAction {
    /// Its name without the service, such as `PutObject`.
    pub name: String,
    /// When it was last used.
    pub last_accessed: LastAccess,
}

impl State {
    /// Puts a principal's rows in place of those that it had.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn replace_advisor(&self, principal: &Arn, rows: &[AdvisorRow]) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        replace(&mut transaction, principal, rows).await?;
        Ok(transaction.commit().await?)
    }

    /// A principal's rows, by service.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn advisor(&self, principal: &Arn) -> Result<Vec<AdvisorRow>, StateError> {
        let mut transaction = self.database.read().await?;
        let find = "SELECT record FROM advisor WHERE principal = $1 ORDER BY service";
        let rows = transaction.all(find, &[principal.as_str().into()]).await?;
        rows.iter().map(|row| json(&row.text("record")?, "a row of Access Advisor")).collect()
    }
}

pub(super) async fn replace(transaction: &mut Transaction, principal: &Arn, rows: &[AdvisorRow]) -> Result<(), StateError> {
    transaction.execute("DELETE FROM advisor WHERE principal = $1", &[principal.as_str().into()]).await?;
    let records: Vec<_> = rows.iter().map(|row| (row.service.as_str(), to_json(row))).collect();
    // A service that comes twice is kept once, as it came first: no update, so that the rows of one statement may repeat.
    let keep = "ON CONFLICT (principal, service) DO NOTHING";
    let values: Vec<Value<'_>> =
        records.iter().flat_map(|(service, record)| [principal.as_str().into(), Value::from(*service), Value::from(record)]).collect();
    transaction.insert_rows("INSERT INTO advisor (principal, service, record) VALUES", 3, keep, &values).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_read_proves_nothing() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(LastAccess::Never.is_before(now));
        assert!(!LastAccess::At(now).is_before(now));
        assert!(!LastAccess::Unreadable.is_before(now));
    }
}
