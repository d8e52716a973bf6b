//! Denials that `watch` has seen, each once; and that a principal gets something back by itself once a day at most.

use jiff::Timestamp;
use menagerie_aws::Arn;
use menagerie_store::database::{Row, Value};

use super::State;
use super::change::ChangeId;
use super::column::{parsed, time};
use super::error::StateError;

/// A call that was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// CloudTrail's ID of the event.
    pub event: String,
    /// Who called.
    pub principal: Arn,
    /// What, such as `s3:GetObject`.
    pub action: String,
    /// On what, where that is known.
    pub resource: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The change of ours that took the permission away, if one did.
    pub change: Option<ChangeId>,
    /// What AWS said.
    pub message: String,
}

impl State {
    /// Whether a denial was noted.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn knows_denial(&self, event: &str) -> Result<bool, StateError> {
        let mut transaction = self.database.read().await?;
        Ok(transaction.optional("SELECT 1 AS known FROM denial WHERE event_id = $1", &[event.into()]).await?.is_some())
    }

    /// Notes a denial that people were told of; gives whether it is a new one.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn note_denial(&self, denial: &Denial) -> Result<bool, StateError> {
        let insert =
            "INSERT INTO denial (event_id, principal, action, resource, at, change_id, message) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (event_id) DO NOTHING";
        let values = [
            Value::from(&denial.event),
            denial.principal.as_str().into(),
            Value::from(&denial.action),
            denial.resource.as_deref().into(),
            denial.at.as_microsecond().into(),
            denial.change.map(|id| id.0).into(),
            Value::from(&denial.message),
        ];
        let mut transaction = self.database.write().await?;
        let new = transaction.execute(insert, &values).await? == 1;
        transaction.commit().await?;
        Ok(new)
    }

    /// A principal's denials from `since` on, the earliest first.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn denials(&self, principal: &Arn, since: Timestamp) -> Result<Vec<Denial>, StateError> {
        let find = "SELECT * FROM denial WHERE principal = $1 AND at >= $2 ORDER BY at, event_id";
        let mut transaction = self.database.read().await?;
        let rows = transaction.all(find, &[principal.as_str().into(), since.as_microsecond().into()]).await?;
        rows.iter().map(read).collect()
    }

    /// Takes the one automatic rollback that a principal has on the day of `now` (UTC); gives whether it was still there. It is taken
    /// before the rollback is made, so that a run that dies in between does not make two.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or there is no such change.
    pub async fn claim_auto_rollback(&self, principal: &Arn, change: ChangeId, now: Timestamp) -> Result<bool, StateError> {
        let day = now.strftime("%Y-%m-%d").to_string();
        let insert =
            "INSERT INTO auto_rollback (principal, day, change_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT (principal, day) DO NOTHING";
        let values = [principal.as_str().into(), Value::from(&day), change.0.into(), now.as_microsecond().into()];
        let mut transaction = self.database.write().await?;
        let taken = transaction.execute(insert, &values).await? == 1;
        transaction.commit().await?;
        Ok(taken)
    }
}

fn read(row: &Row) -> Result<Denial, StateError> {
    Ok(Denial {
        event: row.text("event_id")?,
        principal: parsed(row, "principal", "a principal's ARN")?,
        action: row.text("action")?,
        resource: row.optional_text("resource")?,
        at: time(row, "at")?,
        change: row.optional_integer("change_id")?.map(ChangeId),
        message: row.text("message")?,
    })
}
