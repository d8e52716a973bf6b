//! Changes that wait for a second person: what was asked for, by whom, on what state, and what became of it.
//!
//! A proposal is the request as it was made, and a digest of the state that it was made on. It waits for seven days. Approving claims it, in one
//! commit with its line in the audit log, so that of two who approve at once one does, and a server that dies on the way does it never twice;
//! and one proposal at a time is being done, so that nothing changes between the last look and the deed.
//! What is done then, and whether both may, is decided by who calls ([`crate::rest`]); here nothing is known of what a proposal says.

mod schema;

use jiff::{SignedDuration, Timestamp};
use menagerie_store::database::{DatabaseError, Row, Transaction, Value};
use serde_json::{Map, json};

use crate::access::ApiKeyId;
use crate::audit::{Actor, Event};
use crate::engine::Engine;
use crate::store::{StoreError, UserId};

pub use schema::MIGRATIONS;

/// How long a proposal waits.
pub const LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many proposals wait at most.
const MOST_WAITING: i64 = 1_000;

/// How many of one proposer's wait at most: whoever administers one authority fills it for nobody else.
const MOST_OF_ONE: i64 = 50;

/// How long a proposal may take to be done; then its server is taken for dead.
const DOING: SignedDuration = SignedDuration::from_mins(5);

/// The longest text of what is proposed that a line of the audit log repeats.
const LONGEST_REPEATED: usize = 16 * 1024;

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for a second person.
    Waiting,
    /// Nobody decided in time.
    Expired,
    /// It was approved, and is being done, or the server died on the way.
    Approved,
    /// It was approved and done.
    Done,
    /// It was approved and could not be done.
    Failed,
    /// It was rejected or taken back.
    Rejected,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Expired => "expired",
            Self::Approved => "approved",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
        }
    }
}

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// What is asked for: a JSON document without secrets.
    pub act: String,
    /// What it is about, for people.
    pub about: String,
    /// Who proposes it.
    pub proposer: UserId,
    /// What they are called.
    pub proposer_name: String,
    /// The API key that they come with.
    pub api_key: Option<ApiKeyId>,
    /// A digest of the state that it is proposed on.
    pub basis: String,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its number.
    pub id: i64,
    /// What was proposed, and by whom.
    pub proposed: Proposed,
    /// When it was proposed.
    pub created: Timestamp,
    /// Until when it can be approved.
    pub expires: Timestamp,
    /// What became of it.
    pub state: State,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided: Option<Timestamp>,
    /// What was said about the decision, or why it could not be done.
    pub reason: String,
}

/// Why a proposal was not made or decided.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// There is no such proposal.
    #[error("there is no such proposal")]
    Missing,
    /// It waits no more.
    #[error("the proposal is {}", .0.as_str())]
    Decided(State),
    /// Another is being done.
    #[error("another approved change is being made: try again in a moment")]
    Busy,
    /// Too many wait.
    #[error("{MOST_WAITING} proposals wait already: approve or reject some")]
    TooMany,
    /// Too many of one proposer wait.
    #[error("{MOST_OF_ONE} proposals of yours wait already: take some back, or have them decided")]
    TooManyOfOne,
    /// The database failed, or the audit log in it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for ApprovalError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

macro_rules! select {
    () => {
        "SELECT id, act, about, proposer, proposer_name, api_key, basis, created_ms, expires_ms, state, decided_by, decided_ms, reason
            FROM approval_proposal "
    };
}

/// The proposals of a database.
#[derive(Debug, Clone)]
pub struct Proposals {
    engine: Engine,
}

impl Proposals {
    /// Opens those of the engine's database; makes their table if it is not there.
    ///
    /// # Errors
    /// [`ApprovalError::Store`] if the database fails.
    pub async fn open(engine: Engine) -> Result<Self, ApprovalError> {
        engine.store().database().migrate(&MIGRATIONS).await?;
        Ok(Self { engine })
    }

    /// Stores a proposal.
    ///
    /// # Errors
    /// [`ApprovalError`].
    pub async fn propose(&self, new: Proposed, actor: &Actor) -> Result<Proposal, ApprovalError> {
        let now = self.engine.now();
        let expires = now.saturating_add(LASTS).unwrap_or(Timestamp::MAX);
        let mut transaction = self.engine.store().write().await?;
        let waiting = "SELECT count(*) AS waiting FROM approval_proposal WHERE state = 'waiting' AND expires_ms > $1";
        if transaction.one(waiting, &[now.as_millisecond().into()]).await?.integer("waiting")? >= MOST_WAITING {
            return Err(ApprovalError::TooMany);
        }
        let own = "SELECT count(*) AS waiting FROM approval_proposal WHERE state = 'waiting' AND expires_ms > $1 AND proposer = $2";
        let own = transaction.one(own, &[now.as_millisecond().into(), new.proposer.into()]).await?;
        if own.integer("waiting")? >= MOST_OF_ONE {
            return Err(ApprovalError::TooManyOfOne);
        }
        let sql =
            "INSERT INTO approval_proposal (act, about, proposer, proposer_name, api_key, basis, created_ms, expires_ms, state, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', '') RETURNING id";
        let values = [
            Value::from(&new.act),
            (&new.about).into(),
            new.proposer.into(),
            (&new.proposer_name).into(),
            new.api_key.map(|ApiKeyId(id)| id).into(),
            (&new.basis).into(),
            now.as_millisecond().into(),
            expires.as_millisecond().into(),
        ];
        let id = transaction.one(sql, &values).await?.integer("id")?;
        let proposal = read(&mut transaction, id, now).await?.ok_or(ApprovalError::Missing)?;
        self.commit(transaction, actor, "proposal_made", &proposal, Map::new()).await?;
        Ok(proposal)
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`ApprovalError::Missing`], or the database's failure.
    pub async fn get(&self, id: i64) -> Result<Proposal, ApprovalError> {
        read(&mut self.engine.store().read().await?, id, self.engine.now()).await?.ok_or(ApprovalError::Missing)
    }

    /// A part of the proposals, the newest first, and how many there are: those that wait, or all.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn list(&self, all: bool, skip: i64, take: i64) -> Result<(Vec<Proposal>, i64), ApprovalError> {
        let now = self.engine.now();
        let mut transaction = self.engine.store().read().await?;
        // Those that wait end after this moment.
        let after = if all { i64::MIN } else { now.as_millisecond() };
        let count = "SELECT count(*) AS total FROM approval_proposal WHERE expires_ms > $1 AND (state = 'waiting' OR $2 = 1)";
        let total = transaction.one(count, &[after.into(), all.into()]).await?.integer("total")?;
        let sql = concat!(select!(), "WHERE expires_ms > $1 AND (state = 'waiting' OR $2 = 1) ORDER BY id DESC LIMIT $3 OFFSET $4");
        let rows = transaction.all(sql, &[after.into(), all.into(), take.into(), skip.into()]).await?;
        Ok((rows.iter().map(|row| of(row, now)).collect::<Result<_, _>>()?, total))
    }

    /// Approves a proposal: from here on it is the caller's to do, once.
    ///
    /// # Errors
    /// [`ApprovalError::Decided`] if it waits no more; [`ApprovalError::Busy`] if another is being done.
    pub async fn claim(&self, id: i64, actor: &Actor) -> Result<Proposal, ApprovalError> {
        self.give_up_on_the_dead(actor).await?;
        self.decide(id, "approved", "proposal_approved", "", actor).await
    }

    /// Rejects a proposal.
    ///
    /// # Errors
    /// [`ApprovalError::Decided`] if it waits no more.
    pub async fn reject(&self, id: i64, reason: &str, actor: &Actor) -> Result<Proposal, ApprovalError> {
        self.decide(id, "rejected", "proposal_rejected", reason, actor).await
    }

    /// Ends a proposal that waits and can never be done any more: what it was made on has changed.
    ///
    /// # Errors
    /// [`ApprovalError::Decided`] if it waits no more.
    pub async fn give_up(&self, id: i64, reason: &str, actor: &Actor) -> Result<Proposal, ApprovalError> {
        self.decide(id, "failed", "proposal_failed", reason, actor).await
    }

    /// Notes what became of a proposal that was approved: done, or why not.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn finish(&self, id: i64, done: Result<(), String>, actor: &Actor) -> Result<Proposal, ApprovalError> {
        let (state, event, reason) = match done {
            Ok(()) => ("done", "proposal_done", String::new()),
            Err(reason) => ("failed", "proposal_failed", reason),
        };
        let mut transaction = self.engine.store().write().await?;
        let sql = "UPDATE approval_proposal SET state = $1, reason = $2 WHERE id = $3 AND state = 'approved'";
        transaction.execute(sql, &[state.into(), (&reason).into(), id.into()]).await?;
        let proposal = read(&mut transaction, id, self.engine.now()).await?.ok_or(ApprovalError::Missing)?;
        let fields = Map::from_iter([("reason".to_owned(), crate::audit::shortened(&reason).into())]);
        self.commit(transaction, actor, event, &proposal, fields).await?;
        Ok(proposal)
    }

    /// Writes into the audit log that a change was made without a second person, before it is.
    ///
    /// # Errors
    /// The database's failure: then it is not to be made.
    pub async fn bypass(&self, act: &str, about: &str, reason: &str, actor: &Actor) -> Result<(), ApprovalError> {
        let transaction = self.engine.store().write().await?;
        let fields = Map::from_iter([
            ("about".to_owned(), about.into()),
            ("reason".to_owned(), crate::audit::shortened(reason).into()),
            ("act".to_owned(), repeated(act)),
        ]);
        Ok(self.engine.commit_audited(transaction, actor, &[Event::Other { event: "approval_bypassed", fields }]).await?)
    }

    /// Ends what a server began and did not end: nobody knows how far it came.
    async fn give_up_on_the_dead(&self, actor: &Actor) -> Result<(), ApprovalError> {
        let before = self.engine.now().saturating_sub(DOING).unwrap_or(Timestamp::MIN).as_millisecond();
        let mut transaction = self.engine.store().read().await?;
        let sql = "SELECT id FROM approval_proposal WHERE state = 'approved' AND decided_ms <= $1";
        let dead = transaction.optional(sql, &[before.into()]).await?;
        drop(transaction);
        if let Some(row) = dead {
            let reason = "its server did not end it: look whether the change is there".to_owned();
            self.finish(row.integer("id")?, Err(reason), actor).await?;
        }
        Ok(())
    }

    async fn decide(&self, id: i64, state: &str, event: &'static str, reason: &str, actor: &Actor) -> Result<Proposal, ApprovalError> {
        let now = self.engine.now();
        let mut transaction = self.engine.store().write().await?;
        let sql = "UPDATE approval_proposal SET state = $1, decided_by = $2, decided_ms = $3, reason = $4
            WHERE id = $5 AND state = 'waiting' AND expires_ms > $3";
        let values = [state.into(), (&actor.name).into(), now.as_millisecond().into(), reason.into(), id.into()];
        let changed = transaction.execute(sql, &values).await;
        let changed = changed.map_err(|error| if error.is_duplicate() { ApprovalError::Busy } else { error.into() })?;
        let proposal = read(&mut transaction, id, now).await?.ok_or(ApprovalError::Missing)?;
        if changed == 0 {
            return Err(ApprovalError::Decided(proposal.state));
        }
        let fields = Map::from_iter([("reason".to_owned(), crate::audit::shortened(reason).into())]);
        self.commit(transaction, actor, event, &proposal, fields).await?;
        Ok(proposal)
    }

    async fn commit(
        &self,
        transaction: Transaction,
        actor: &Actor,
        event: &'static str,
        proposal: &Proposal,
        mut fields: Map<String, serde_json::Value>,
    ) -> Result<(), ApprovalError> {
        fields.insert("proposal".to_owned(), proposal.id.into());
        fields.insert("about".to_owned(), proposal.proposed.about.as_str().into());
        fields.insert("proposed_by".to_owned(), proposal.proposed.proposer_name.as_str().into());
        if event == "proposal_made" {
            fields.insert("act".to_owned(), repeated(&proposal.proposed.act));
        }
        Ok(self.engine.commit_audited(transaction, actor, &[Event::Other { event, fields }]).await?)
    }
}

/// What is proposed, as a line of the log has it: whole, or its digest where it is too long for a line.
fn repeated(act: &str) -> serde_json::Value {
    if act.len() <= LONGEST_REPEATED {
        return serde_json::from_str(act).unwrap_or_default();
    }
    json!({"sha256": hex::encode(crate::authority::sha256(act.as_bytes()))})
}

async fn read(transaction: &mut Transaction, id: i64, now: Timestamp) -> Result<Option<Proposal>, DatabaseError> {
    transaction.optional(concat!(select!(), "WHERE id = $1"), &[id.into()]).await?.as_ref().map(|row| of(row, now)).transpose()
}

fn of(row: &Row, now: Timestamp) -> Result<Proposal, DatabaseError> {
    let expires = crate::store::moment(row, "expires_ms")?;
    let state = match row.text("state")?.as_str() {
        "waiting" if expires <= now => State::Expired,
        "waiting" => State::Waiting,
        "approved" => State::Approved,
        "done" => State::Done,
        "failed" => State::Failed,
        "rejected" => State::Rejected,
        other => return Err(DatabaseError::Value { column: "state", reason: format!("{other:?} is not known") }),
    };
    let proposed = Proposed {
        act: row.text("act")?,
        about: row.text("about")?,
        proposer: UserId(row.integer("proposer")?),
        proposer_name: row.text("proposer_name")?,
        api_key: row.optional_integer("api_key")?.map(ApiKeyId),
        basis: row.text("basis")?,
    };
    Ok(Proposal {
        id: row.integer("id")?,
        proposed,
        created: crate::store::moment(row, "created_ms")?,
        expires,
        state,
        decided_by: row.optional_text("decided_by")?,
        decided: row.optional_integer("decided_ms")?.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        reason: row.text("reason")?,
    })
}

#[cfg(test)]
mod tests;
