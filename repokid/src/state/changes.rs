//! Changes in the database: stored before they are made, and followed step by step.

use jiff::Timestamp;
use menagerie_aws::{AccountId, Arn};
use menagerie_store::database::{Row, Transaction, Value};

use super::State;
use super::change::{Change, ChangeId, ChangeStatus, Document, NewChange, Step};
use super::column::{parsed, time};
use super::error::StateError;
use super::lease::{Lease, hold};

impl State {
    /// Stores a change that is to be made under a lease. A principal has one change under way at most.
    ///
    /// # Errors
    /// [`StateError::LeaseLost`] if the lease has ended; [`StateError::Open`] if another change of the principal is planned or half made;
    /// [`StateError`] if the database fails.
    pub async fn plan(&self, lease: &Lease, change: &NewChange, now: Timestamp) -> Result<ChangeId, StateError> {
        let mut transaction = self.database.write().await?;
        hold(&mut transaction, lease, now).await?;
        let insert = "INSERT INTO change (account, principal, purpose, actor, undoes, status, proof, planned_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, 'planned', $6, $7, $7) RETURNING change_id";
        let values = [
            lease.account().as_str().into(),
            change.principal.as_str().into(),
            change.purpose.as_str().into(),
            Value::from(&change.actor),
            change.undoes.map(|id| id.0).into(),
            change.proof.as_deref().into(),
            now.as_microsecond().into(),
        ];
        let row = transaction.one(insert, &values).await.map_err(|error| match error {
            error if error.is_duplicate() => StateError::Open { principal: change.principal.to_string() },
            error => error.into(),
        })?;
        let id = ChangeId(row.integer("change_id")?);
        for (document, position) in change.documents.iter().zip(0_i64..) {
            let insert = "INSERT INTO change_document (change_id, position, place, policy, before_text, after_text)
                VALUES ($1, $2, $3, $4, $5, $6)";
            let (place, policy) = (document.place.as_str().into(), Value::from(&document.policy));
            let texts = (document.before.as_deref().into(), document.after.as_deref().into());
            transaction.execute(insert, &[id.0.into(), position.into(), place, policy, texts.0, texts.1]).await?;
        }
        transaction.commit().await?;
        Ok(id)
    }

    /// Takes a change further. One that undoes another marks that as rolled back when it is [`ChangeStatus::Applied`].
    ///
    /// # Errors
    /// [`StateError::Transition`] if it does not go there from where it is; [`StateError`] if the database fails.
    pub async fn advance(&self, id: ChangeId, to: ChangeStatus, note: Option<&str>, now: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let undoes = set(&mut transaction, id, to, note, now).await?;
        if let (ChangeStatus::Applied, Some(undone)) = (to, undoes) {
            let note = format!("undone by change {id}");
            set(&mut transaction, undone, ChangeStatus::RolledBack, Some(&note), now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Notes that something of a change was done.
    ///
    /// # Errors
    /// [`StateError::NoChange`] if it is not there; [`StateError`] if the database fails.
    pub async fn record_step(&self, id: ChangeId, what: &str, now: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        // Writing its row keeps other runs' steps out until this one has its number.
        if transaction
            .execute("UPDATE change SET updated_at = $2 WHERE change_id = $1", &[id.0.into(), now.as_microsecond().into()])
            .await?
            == 0
        {
            return Err(StateError::NoChange { change: id });
        }
        let insert = "INSERT INTO change_step (change_id, number, what, at)
            VALUES ($1, (SELECT coalesce(max(number) + 1, 0) FROM change_step WHERE change_id = $1), $2, $3)";
        transaction.execute(insert, &[id.0.into(), what.into(), now.as_microsecond().into()]).await?;
        Ok(transaction.commit().await?)
    }

    /// A change.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn change(&self, id: ChangeId) -> Result<Option<Change>, StateError> {
        let mut transaction = self.database.read().await?;
        let row = transaction.optional("SELECT * FROM change WHERE change_id = $1", &[id.0.into()]).await?;
        Ok(whole(&mut transaction, row.into_iter().collect()).await?.pop())
    }

    /// The changes of a principal, the latest first.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn changes_of(&self, principal: &Arn) -> Result<Vec<Change>, StateError> {
        let mut transaction = self.database.read().await?;
        let find = "SELECT * FROM change WHERE principal = $1 ORDER BY change_id DESC";
        let rows = transaction.all(find, &[principal.as_str().into()]).await?;
        whole(&mut transaction, rows).await
    }

    /// The changes of an account that were made at `since` or later, the latest first, without their proofs, which are long.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn changes_since(&self, account: &AccountId, since: Timestamp) -> Result<Vec<Change>, StateError> {
        let mut transaction = self.database.read().await?;
        let find = "SELECT change_id, principal, purpose, actor, undoes, status, note, CAST(NULL AS TEXT) AS proof, planned_at, updated_at
            FROM change WHERE account = $1 AND status = 'applied' AND updated_at >= $2 ORDER BY change_id DESC";
        let rows = transaction.all(find, &[account.as_str().into(), since.as_microsecond().into()]).await?;
        whole(&mut transaction, rows).await
    }

    /// The changes of an account that a killed run left planned or half made, the earliest first.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn unfinished(&self, account: &AccountId) -> Result<Vec<Change>, StateError> {
        let mut transaction = self.database.read().await?;
        let find = "SELECT * FROM change WHERE account = $1 AND status IN ('planned', 'applying') ORDER BY change_id";
        let rows = transaction.all(find, &[account.as_str().into()]).await?;
        whole(&mut transaction, rows).await
    }
}

/// Sets a change's status; gives the change that it undoes.
async fn set(
    transaction: &mut Transaction,
    id: ChangeId,
    to: ChangeStatus,
    note: Option<&str>,
    now: Timestamp,
) -> Result<Option<ChangeId>, StateError> {
    let lock = "UPDATE change SET updated_at = updated_at WHERE change_id = $1 RETURNING status, undoes";
    let row = transaction.optional(lock, &[id.0.into()]).await?.ok_or(StateError::NoChange { change: id })?;
    let found: ChangeStatus = parsed(&row, "status", "a status")?;
    if !found.leads_to(to) {
        return Err(StateError::Transition { change: id, found, wanted: to });
    }
    let set = "UPDATE change SET status = $2, note = coalesce($3, note), updated_at = $4 WHERE change_id = $1";
    transaction.execute(set, &[id.0.into(), to.as_str().into(), note.into(), now.as_microsecond().into()]).await?;
    Ok(row.optional_integer("undoes")?.map(ChangeId))
}

/// Changes with their documents and steps.
async fn whole(transaction: &mut Transaction, rows: Vec<Row>) -> Result<Vec<Change>, StateError> {
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.integer("change_id")?;
        let find = "SELECT * FROM change_document WHERE change_id = $1 ORDER BY position";
        let documents = transaction.all(find, &[id.into()]).await?.iter().map(document).collect::<Result<_, _>>()?;
        let find = "SELECT * FROM change_step WHERE change_id = $1 ORDER BY number";
        let steps = transaction.all(find, &[id.into()]).await?.iter().map(step).collect::<Result<_, _>>()?;
        let change = NewChange {
            principal: parsed(&row, "principal", "a principal's ARN")?,
            purpose: parsed(&row, "purpose", "a purpose")?,
            actor: row.text("actor")?,
            undoes: row.optional_integer("undoes")?.map(ChangeId),
            documents,
            proof: row.optional_text("proof")?,
        };
        changes.push(Change {
            id: ChangeId(id),
            change,
            status: parsed(&row, "status", "a status")?,
            note: row.optional_text("note")?,
            planned: time(&row, "planned_at")?,
            updated: time(&row, "updated_at")?,
            steps,
        });
    }
    Ok(changes)
}

fn document(row: &Row) -> Result<Document, StateError> {
    Ok(Document {
        place: parsed(row, "place", "a document's place")?,
        policy: row.text("policy")?,
        before: row.optional_text("before_text")?,
        after: row.optional_text("after_text")?,
    })
}

fn step(row: &Row) -> Result<Step, StateError> {
    Ok(Step { what: row.text("what")?, at: time(row, "at")? })
}
