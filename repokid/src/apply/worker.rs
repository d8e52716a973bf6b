//! Makes changes, and finishes or undoes what a killed run left.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::{AccountId, Arn, CallError};
use menagerie_aws_iam::{Holder, Iam, Version};

use super::error::ApplyError;
use super::snapshot::{Snapshot, in_force};
use super::step::{Side, Step, Todo, steps};
use crate::account::holder;
use crate::state::{Change, ChangeId, ChangeStatus, Document, DocumentPlace, Lease, NewChange, Purpose, State};

/// How long a run may be silent before another takes its place: longer than any call with its retries. It is renewed with each step.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// How many versions a managed policy may have.
const VERSIONS: usize = 5;

/// IAM is eventually consistent: how often, and with what growing pause, it is asked until it shows what was written.
const LOOKS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(200);

/// The one run that changes things in an account.
pub struct Worker<'a> {
    iam: &'a Iam,
    state: &'a State,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
    lease: Lease,
}

impl fmt::Debug for Worker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// What became of a change that a killed run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The change.
    pub change: ChangeId,
    /// Whose policies it changes.
    pub principal: Arn,
    /// What became of it.
    pub status: ChangeStatus,
    /// Why, in one sentence.
    pub note: String,
}

impl Recovered {
    /// Whether the change is neither finished nor undone.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.status, ChangeStatus::Planned | ChangeStatus::Applying)
    }
}

/// A document that a step was tried of.
type Touched = (DocumentPlace, String);

/// What became of a step.
enum Done {
    Made,
    /// It is not ours to do any more.
    Left,
}

/// Why the documents did not come to a side.
enum Trouble {
    State(crate::state::StateError),
    Call(CallError),
    Foreign(Vec<String>),
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<crate::state::StateError> for Trouble {
    fn from(error: crate::state::StateError) -> Self {
        Self::State(error)
    }
}

impl<'a> Worker<'a> {
    /// Takes the account's lease. `holder` names the run, and no other run.
    ///
    /// # Errors
    /// [`ApplyError::Busy`] if another run has it; [`ApplyError::State`] if the state fails.
    pub async fn begin(
        iam: &'a Iam,
        state: &'a State,
        clock: &'a (dyn Fn() -> Timestamp + Sync),
        account: &AccountId,
        holder: &str,
    ) -> Result<Self, ApplyError> {
        let now = clock();
        if let Some(lease) = state.lease(account, holder, now, LEASE).await? {
            return Ok(Self { iam, state, clock, lease });
        }
        let (holder, until) = state.lease_holder(account, now).await?.unwrap_or_else(|| ("which has just ended".to_owned(), now));
        Err(ApplyError::Busy { account: account.to_string(), holder, until })
    }

    /// The account that it works in.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        self.lease.account()
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// [`ApplyError::State`] if the state fails, or another run has the lease.
    pub async fn end(self) -> Result<(), ApplyError> {
        Ok(self.state.release(self.lease).await?)
    }

    /// Keeps the lease, while something takes long that changes nothing.
    ///
    /// # Errors
    /// [`ApplyError::State`] if the state fails, or another run has the lease.
    pub async fn keep(&mut self) -> Result<(), ApplyError> {
        Ok(self.state.renew(&mut self.lease, (self.clock)(), LEASE).await?)
    }

    /// The policies of a principal as they are now.
    ///
    /// # Errors
    /// [`ApplyError`] if it is gone, or IAM does not answer.
    pub async fn live(&self, principal: &Arn) -> Result<Snapshot, ApplyError> {
        let holder = holder_of(principal)?;
        Snapshot::read(self.iam, &holder).await?.ok_or_else(|| ApplyError::Gone { principal: principal.to_string() })
    }

    /// Makes a change of a principal whose policies were `analysed`.
    ///
    /// # Errors
    /// [`ApplyError`]; what is live is then as it was, unless the error says otherwise.
    pub async fn apply(&mut self, analysed: &Snapshot, change: &NewChange) -> Result<ChangeId, ApplyError> {
        self.keep().await?;
        let holder = holder_of(&change.principal)?;
        let live = self.live(&change.principal).await?;
        let mut what = analysed.differences(&live);
        what.extend(self.strangers(&holder, &change.documents).await?);
        let there = self.look(&holder, &change.documents).await?;
        what.extend(
            steps(&change.documents, &there, Side::After, change.purpose)
                .foreign
                .iter()
                .map(|policy| format!("{policy} is not what the change is of")),
        );
        if !what.is_empty() {
            return Err(ApplyError::ChangedSince { principal: change.principal.to_string(), what });
        }
        let id = self.state.plan(&self.lease, change, (self.clock)()).await?;
        self.state.advance(id, ChangeStatus::Applying, None, (self.clock)()).await?;
        let principal = || change.principal.to_string();
        let mut touched = Vec::new();
        match self.bring(id, &holder, change, Side::After, &mut touched).await {
            Ok(()) => {
                self.state.advance(id, ChangeStatus::Applied, None, (self.clock)()).await?;
                Ok(id)
            }
            Err(Trouble::State(error)) => Err(error.into()),
            // Half a change is in nobody's books: what is ours goes back, and what others wrote stays.
            Err(Trouble::Foreign(what)) => match self.bring(id, &holder, change, Side::Before, &mut touched).await {
                Ok(()) | Err(Trouble::Foreign(_)) => {
                    let note = format!("undone, since others changed {} meanwhile", what.join(", "));
                    self.state.advance(id, ChangeStatus::Failed, Some(&note), (self.clock)()).await?;
                    Err(ApplyError::Met { change: id, principal: principal(), what })
                }
                Err(Trouble::Call(error)) => Err(ApplyError::HalfMade { change: id, principal: principal(), error }),
                Err(Trouble::State(error)) => Err(error.into()),
            },
            Err(Trouble::Call(error)) => match self.bring(id, &holder, change, Side::Before, &mut touched).await {
                Ok(()) => {
                    let note = format!("undone: {error}");
                    self.state.advance(id, ChangeStatus::Failed, Some(&note), (self.clock)()).await?;
                    Err(ApplyError::Undone { change: id, principal: principal(), error })
                }
                Err(_) => Err(ApplyError::HalfMade { change: id, principal: principal(), error }),
            },
        }
    }

    /// Finishes or undoes what killed runs left in the account. A change that cannot be settled is told as it stands: it keeps its principal
    /// from being changed, and no other.
    ///
    /// # Errors
    /// [`ApplyError::State`] if the state fails.
    pub async fn recover(&mut self) -> Result<Vec<Recovered>, ApplyError> {
        let mut recovered = Vec::new();
        for change in self.state.unfinished(self.lease.account()).await? {
            self.keep().await?;
            let (status, note) = match self.settle(&change).await {
                Ok(settled) => settled,
                Err(ApplyError::State(error)) => return Err(error.into()),
                Err(error) => {
                    let note = format!("it is left as it is for the next run: {error}");
                    recovered.push(Recovered { change: change.id, principal: change.change.principal, status: change.status, note });
                    continue;
                }
            };
            self.state.advance(change.id, status, Some(&note), (self.clock)()).await?;
            recovered.push(Recovered { change: change.id, principal: change.change.principal, status, note });
        }
        Ok(recovered)
    }

    async fn settle(&mut self, change: &Change) -> Result<(ChangeStatus, String), ApplyError> {
        if change.status == ChangeStatus::Planned {
            return Ok((ChangeStatus::Failed, "its run ended before the first call".to_owned()));
        }
        let holder = holder_of(&change.change.principal)?;
        if self.iam.inline_names(&holder).await?.is_none() {
            return Ok((ChangeStatus::Failed, "its run ended on the way, and the principal is there no more".to_owned()));
        }
        let (side, done) = match change.change.purpose {
            Purpose::Repo | Purpose::Remove => (Side::Before, "its run ended on the way: it was undone"),
            Purpose::Rollback | Purpose::AutoRollback => (Side::After, "its run ended on the way: it was finished"),
        };
        match self.bring(change.id, &holder, &change.change, side, &mut Vec::new()).await {
            Ok(()) if side == Side::After => Ok((ChangeStatus::Applied, done.to_owned())),
            Ok(()) => Ok((ChangeStatus::Failed, done.to_owned())),
            Err(Trouble::Foreign(what)) => Ok((ChangeStatus::Failed, format!("{done}, but for what others changed: {}", what.join(", ")))),
            Err(Trouble::State(error)) => Err(error.into()),
            Err(Trouble::Call(error)) => {
                Err(ApplyError::HalfMade { change: change.id, principal: change.change.principal.to_string(), error })
            }
        }
    }

    /// Managed policies that are to be edited or made, and are not the principal's alone.
    async fn strangers(&self, holder: &Holder, documents: &[Document]) -> Result<Vec<String>, CallError> {
        let mut what = Vec::new();
        for document in documents.iter().filter(|document| document.place == DocumentPlace::Managed) {
            let arn = document.policy.as_str();
            let Some(live) = in_force(self.iam, arn).await? else {
                if document.before.is_some() {
                    what.push(format!("{arn} is gone"));
                }
                continue;
            };
            if document.before.as_deref() != Some(&live) && document.after.as_deref() != Some(&live) {
                what.push(format!("{arn} has another text"));
            }
            let others = self.iam.attached_to(arn).await?;
            if others.iter().any(|other| (other.kind, &other.name) != (holder.kind, &holder.name)) {
                what.push(format!("{arn} is attached to others, too"));
            }
        }
        Ok(what)
    }

    /// Brings the documents to a side, and looks until IAM shows it. What this run has `touched` on the way to the other side is brought back
    /// even if IAM does not show yet that it was touched.
    async fn bring(
        &mut self,
        id: ChangeId,
        holder: &Holder,
        change: &NewChange,
        to: Side,
        touched: &mut Vec<Touched>,
    ) -> Result<(), Trouble> {
        let (documents, purpose) = (change.documents.as_slice(), change.purpose);
        let mut live = self.look(holder, documents).await?;
        for (document, live) in documents.iter().zip(&mut live) {
            let was_touched = touched.iter().any(|(place, policy)| *place == document.place && *policy == document.policy);
            if was_touched && to.is(document, live.as_deref()) {
                *live = to.other().text(document).map(str::to_owned);
            }
        }
        let todo = steps(documents, &live, to, purpose);
        let mut kept = Vec::new();
        for step in &todo.steps {
            touched.push((step.place(), step.policy().to_owned()));
            self.state.renew(&mut self.lease, (self.clock)(), LEASE).await?;
            match self.step(id, holder, *step).await? {
                Done::Made => self.state.record_step(id, &step.to_string(), (self.clock)()).await?,
                Done::Left => kept.push(*step),
            }
        }
        let foreign: Vec<_> = todo.foreign.iter().map(|policy| (*policy).to_owned()).collect();
        for look in 1..=LOOKS {
            let live = self.look(holder, documents).await?;
            let mut left = steps(documents, &live, to, purpose);
            left.steps.retain(|step| !kept.contains(step));
            if left.steps.is_empty() && left.foreign.len() == foreign.len() {
                break;
            }
            if look == LOOKS {
                return Err(unseen(&left));
            }
            tokio::time::sleep(PAUSE * look).await;
        }
        self.state.record_step(id, "read back", (self.clock)()).await?;
        if foreign.is_empty() { Ok(()) } else { Err(Trouble::Foreign(foreign)) }
    }

    /// What is live of each document.
    async fn look(&self, holder: &Holder, documents: &[Document]) -> Result<Vec<Option<String>>, CallError> {
        let mut attached = None;
        let mut live = Vec::with_capacity(documents.len());
        for document in documents {
            let policy = document.policy.as_str();
            live.push(match document.place {
                DocumentPlace::Inline => self.iam.inline(holder, policy).await?,
                DocumentPlace::Managed => in_force(self.iam, policy).await?,
                DocumentPlace::Attached => {
                    if attached.is_none() {
                        attached = Some(self.iam.attached(holder).await?.unwrap_or_default());
                    }
                    attached.iter().flatten().any(|arn| arn == policy).then(String::new)
                }
            });
        }
        Ok(live)
    }

    async fn step(&self, id: ChangeId, holder: &Holder, step: Step<'_>) -> Result<Done, Trouble> {
        match step {
            Step::Create { policy, text } => self.create(policy, text).await?,
            Step::Attach { policy } => self.iam.attach(holder, policy).await?,
            Step::Put { policy, text } => self.iam.put_inline(holder, policy, text).await?,
            Step::Enforce { policy, text } => self.enforce(id, policy, text).await?,
            Step::Delete { policy } => self.iam.delete_inline(holder, policy).await?,
            Step::Detach { policy } => self.iam.detach(holder, policy).await?,
            Step::Destroy { policy } => return Ok(self.destroy(policy).await?),
        }
        Ok(Done::Made)
    }

    async fn create(&self, policy: &str, text: &str) -> Result<(), CallError> {
        let malformed = || CallError::malformed("IAM", "CreatePolicy", format!("{policy} is the ARN of no policy that can be made"));
        let arn: Arn = policy.parse().map_err(|_| malformed())?;
        let name = arn.resource().strip_prefix("policy").ok_or_else(malformed)?;
        let (path, name) = name.rsplit_once('/').ok_or_else(malformed)?;
        self.iam
            .create_policy(name, &format!("{path}/"), text, "Made by repokid in the place of a policy that others have, too")
            .await
            .map(drop)
    }

    /// Puts a text in force: a version that has it already, or a new one, for which the oldest may have to go. Its text is kept in the
    /// steps.
    async fn enforce(&self, id: ChangeId, policy: &str, text: &str) -> Result<(), Trouble> {
        let versions = self.iam.versions(policy).await?;
        if let Some(there) = versions.iter().find(|version| version.document == text) {
            return Ok(self.iam.set_default_version(policy, &there.id).await?);
        }
        if versions.len() >= VERSIONS
            && let Some(oldest) = versions.iter().filter(|version| !version.is_default).min_by_key(|version| number(version))
        {
            let what = format!("DeletePolicyVersion {policy} {}, which said {}", oldest.id, oldest.document);
            self.state.record_step(id, &what, (self.clock)()).await?;
            self.iam.delete_version(policy, &oldest.id).await?;
        }
        self.iam.create_version(policy, text).await?;
        Ok(())
    }

    /// Deletes a managed policy with its versions. One that others have been given meanwhile stays: it is theirs now.
    async fn destroy(&self, policy: &str) -> Result<Done, CallError> {
        if self.iam.default_version(policy).await?.is_none() {
            return Ok(Done::Made);
        }
        if !self.iam.attached_to(policy).await?.is_empty() {
            return Ok(Done::Left);
        }
        for version in self.iam.versions(policy).await?.iter().filter(|version| !version.is_default) {
            self.iam.delete_version(policy, &version.id).await?;
        }
        self.iam.delete_policy(policy).await?;
        Ok(Done::Made)
    }
}

fn holder_of(principal: &Arn) -> Result<Holder, ApplyError> {
    holder(principal).ok_or_else(|| ApplyError::NoPrincipal { principal: principal.to_string() })
}

/// The number of `v12`.
fn number(version: &Version) -> u64 {
    version.id.trim_start_matches('v').parse().unwrap_or(u64::MAX)
}

fn unseen(left: &Todo<'_>) -> Trouble {
    if left.foreign.is_empty() {
        let steps = left.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Trouble::Call(CallError::malformed("IAM", "reading back", format!("it does not show what was written: {steps}")));
    }
    Trouble::Foreign(left.foreign.iter().map(|policy| (*policy).to_owned()).collect())
}
