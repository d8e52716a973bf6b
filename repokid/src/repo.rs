//! Narrows the principals of one account: surveys it, analyses each, and makes the changes, each by itself.
//!
//! Without `commit` nothing is written, neither to IAM nor to the state. A principal whose change fails is told and does not keep others
//! from theirs.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::AccountId;
use menagerie_aws_iam::Iam;

use crate::account::{Owner, Principal, Problem};
use crate::analysis::{Analysis, Outcome};
use crate::apply::{ApplyError, Recovered, Snapshot, Worker, documents};
use crate::compat::config::Config;
use crate::compat::filters::BlocklistFile;
use crate::iac::{Code, Owner as CodeOwner, Proposed};
use crate::report::FilesError;
use crate::rewrite::Options;
use crate::state::{ChangeId, Document, NewChange, NewVersion, Purpose, Repoable, Role, Schedule, State, StateError, Statistic, new_since};
use crate::survey::{Known, Skipped, Survey, SurveyError};

/// Who is to be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    /// One: a role by its name, `user/NAME`, `group/NAME`, or an ARN.
    One(&'a str),
    /// All that are looked at: roles, and users and groups where the configuration names them.
    All,
    /// Those whose scheduled time has come, of what was scheduled.
    Scheduled,
}

/// What is worked with.
pub struct Repo<'a> {
    /// The account's IAM.
    pub iam: &'a Iam,
    /// The state.
    pub state: &'a State,
    /// The configuration.
    pub config: &'a Config,
    /// The account.
    pub account: &'a AccountId,
    /// Now.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Who does it, for the record.
    pub actor: &'a str,
    /// What no other run is called.
    pub run: &'a str,
    /// Whether changes are made.
    pub commit: bool,
    /// How far rewrites go.
    pub options: Options,
    /// What stands in the blocklist's file, if it was read.
    pub blocklist: Option<&'a BlocklistFile>,
    /// What code owns, which is changed there.
    pub code: &'a Code,
}

impl std::fmt::Debug for Repo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repo").field("account", self.account).field("commit", &self.commit).finish_non_exhaustive()
    }
}

/// Something that a person is told.
#[derive(Debug)]
pub enum Told<'a> {
    /// Something of IAM's answer could not be read.
    Problem(&'a Problem),
    /// A change that a killed run had left was finished or undone.
    Recovered(&'a Recovered),
    /// A principal is not looked at.
    Skipped(&'a Principal, &'a Skipped),
    /// What an analysis found.
    Analyzed(&'a Analysis<'a>, &'a [Document]),
    /// Code owns what would change: it is changed there.
    Owned(&'a Principal, &'a CodeOwner),
    /// The changes of code, gathered, and the folder that they were written to.
    Proposed(&'a Proposed<'a>, Option<&'a Path>),
    /// They could not be written.
    Unwritten(&'a FilesError),
    /// A change was made.
    Applied(&'a Principal, ChangeId),
    /// A change was not made.
    Failed(&'a Principal, &'a ApplyError),
}

/// Why an account was not worked on.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// It could not be surveyed.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// The lease was not to be had, or what others left could not be settled.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The principal is not there.
    #[error("account {account} has no {name}; users and groups are given as user/NAME and group/NAME")]
    NoSuch {
        /// The account.
        account: String,
        /// What was asked for.
        name: String,
    },
}

/// How many principals came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Looked at.
    pub looked: usize,
    /// Left alone by filters or guards.
    pub skipped: usize,
    /// Would change, or have changed.
    pub changed: usize,
    /// The change does not stand the proof, or what is live is not what was analysed.
    pub refused: usize,
    /// A call or the state failed.
    pub failed: usize,
}

impl Tally {
    /// Counts why a change was not made.
    pub fn count(&mut self, error: &ApplyError) {
        match error {
            ApplyError::ChangedSince { .. } | ApplyError::Gone { .. } | ApplyError::Met { .. } => self.refused += 1,
            _ => self.failed += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            looked: self.looked + other.looked,
            skipped: self.skipped + other.skipped,
            changed: self.changed + other.changed,
            refused: self.refused + other.refused,
            failed: self.failed + other.failed,
        }
    }
}

impl Repo<'_> {
    /// Narrows who is chosen.
    ///
    /// # Errors
    /// [`RepoError`] if the account could not be worked on at all.
    pub async fn run(&self, choice: Choice<'_>, told: &mut dyn FnMut(&Told<'_>)) -> Result<Tally, RepoError> {
        let (mut worker, mut open) = (None, 0);
        if self.commit {
            let mut begun = Worker::begin(self.iam, self.state, self.clock, self.account, self.run).await?;
            for recovered in begun.recover().await? {
                open += usize::from(recovered.is_open());
                told(&Told::Recovered(&recovered));
            }
            worker = Some(begun);
        }
        let done = self.work(choice, worker.as_mut(), told).await;
        if let Some(worker) = worker {
            worker.end().await?;
        }
        let mut tally = done?;
        tally.failed += open;
        Ok(tally)
    }

    async fn work(
        &self,
        choice: Choice<'_>,
        mut worker: Option<&mut Worker<'_>>,
        told: &mut dyn FnMut(&Told<'_>),
    ) -> Result<Tally, RepoError> {
        let now = (self.clock)();
        let survey = Survey::live(self.iam, self.state, self.config, self.blocklist, self.account, now).await?;
        survey.problems.iter().for_each(|problem| told(&Told::Problem(problem)));
        let mut tally = Tally::default();
        let Some(all) = self.chosen(&survey, choice) else {
            let Choice::One(name) = choice else { return Ok(tally) };
            return Err(RepoError::NoSuch { account: self.account.to_string(), name: name.to_owned() });
        };
        let mut chosen = Vec::new();
        for (arn, schedule) in all {
            let Some(principal) = survey.inventory.principals.iter().find(|principal| *principal.arn.as_str() == *arn) else { continue };
            tally.looked += 1;
            if let Some(skipped) = survey.skipped(principal) {
                tally.skipped += 1;
                told(&Told::Skipped(principal, &skipped));
                continue;
            }
            chosen.push((principal, self.known(&survey, principal, schedule.as_ref()).await?));
        }
        let attachments = survey.inventory.attachments();
        let (mut proposed, mut owned) = (Proposed::new(self.code.sources.clone()), false);
        for (principal, known) in &chosen {
            let analysis = survey.analyze(principal, known, &attachments, self.options);
            let documents = match &analysis.outcome {
                Outcome::Narrowed(_) if principal.owner() == Owner::Account => documents(&analysis),
                _ => Vec::new(),
            };
            told(&Told::Analyzed(&analysis, &documents));
            if let Some(owner) = self.code.ownership.owner_of(&analysis) {
                proposed.add(&analysis, &self.code.ownership, survey.universe());
                owned |= !documents.is_empty();
                if !documents.is_empty() {
                    tally.skipped += 1;
                    told(&Told::Owned(principal, &owner));
                    self.unschedule(&survey, principal).await?;
                    continue;
                }
            }
            match &analysis.outcome {
                Outcome::Refused(_) => tally.refused += 1,
                Outcome::Left(_) => {
                    tally.skipped += 1;
                    self.unschedule(&survey, principal).await?;
                }
                Outcome::Narrowed(_) if documents.is_empty() => {
                    // Identity Center's own: what would change is told, and made in the permission set.
                    tally.skipped += 1;
                }
                Outcome::Narrowed(proof) => {
                    let Some(worker) = worker.as_deref_mut() else {
                        tally.changed += 1;
                        continue;
                    };
                    let proof = serde_json::to_string(proof).ok();
                    let mut role = survey.roles.get(principal.arn.as_str()).cloned();
                    match self.apply(worker, &survey, &analysis, role.as_mut(), documents, proof).await {
                        Ok(change) => {
                            tally.changed += 1;
                            told(&Told::Applied(principal, change));
                            // The change is made, whatever becomes of the notes on it: the next refresh makes them anew.
                            if let Err(error) = self.note(worker, role.as_mut(), &analysis).await {
                                tally.failed += 1;
                                told(&Told::Failed(principal, &error));
                            }
                        }
                        Err(error) => {
                            tally.count(&error);
                            told(&Told::Failed(principal, &error));
                        }
                    }
                }
                Outcome::Same => self.unschedule(&survey, principal).await?,
            }
        }
        if owned {
            let others = self.others(&survey, &chosen).await?;
            for (principal, known) in &others {
                let mut analysis = survey.analyze(principal, known, &attachments, self.options);
                // Nor is what is left alone changed in code.
                if survey.skipped(principal).is_some() {
                    analysis.keep();
                }
                proposed.add(&analysis, &self.code.ownership, survey.universe());
            }
            proposed.finish();
            let folder = self.code.output.as_ref().map(|folder| folder.join(self.account.as_str()));
            let written = folder.as_deref().map_or(Ok(()), |folder| proposed.write(folder));
            if let Err(error) = &written {
                tally.failed += 1;
                told(&Told::Unwritten(error));
            }
            told(&Told::Proposed(&proposed, folder.as_deref().filter(|_| written.is_ok())));
        }
        Ok(tally)
    }

    /// What is known of the use of a principal, with what is new of its policies kept.
    async fn known(&self, survey: &Survey, principal: &Principal, schedule: Option<&Schedule>) -> Result<Known, RepoError> {
        let mut role = survey.roles.get(principal.arn.as_str()).cloned();
        if let Some(role) = &mut role {
            survey.renew(self.state, principal, role).await?;
        }
        Ok(survey.known(self.state, principal, role.as_ref(), schedule).await?)
    }

    /// Who is not chosen, and may be made from the same code as who is: the code must fit all of them.
    async fn others<'s>(&self, survey: &'s Survey, chosen: &[(&'s Principal, Known)]) -> Result<Vec<(&'s Principal, Known)>, RepoError> {
        let mut others = Vec::new();
        if !self.code.sources.is_empty() {
            let is_chosen = |principal: &&Principal| chosen.iter().any(|(one, _)| one.arn == principal.arn);
            for principal in survey.inventory.principals.iter().filter(|principal| !is_chosen(principal)) {
                others.push((principal, self.known(survey, principal, None).await?));
            }
        }
        Ok(others)
    }

    /// What was scheduled of a principal is done with, where nothing of it is to be changed: it is in use by now, or it is left alone, or
    /// code owns it, and the change is proposed there.
    async fn unschedule(&self, survey: &Survey, principal: &Principal) -> Result<(), RepoError> {
        if let Some(role) = survey.roles.get(principal.arn.as_str()).filter(|role| self.commit && role.schedule.is_some()) {
            let mut role = role.clone();
            role.schedule = None;
            return match self.state.save(&mut role).await {
                // The next run does.
                Ok(()) | Err(StateError::Stale { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        Ok(())
    }

    /// The ARNs of who is chosen; of a scheduled role with what was scheduled. None if the one that is chosen is not there.
    fn chosen(&self, survey: &Survey, choice: Choice<'_>) -> Option<Vec<(String, Option<Schedule>)>> {
        let arn = |principal: &Principal| principal.arn.as_str().to_owned();
        Some(match choice {
            Choice::One(name) => vec![(arn(survey.named(name)?), None)],
            Choice::All => {
                let is_meant = |principal: &&Principal| survey.looks_at(principal.kind);
                survey.inventory.principals.iter().filter(is_meant).map(|principal| (arn(principal), None)).collect()
            }
            Choice::Scheduled => {
                let now = (self.clock)();
                let due = survey.roles.iter().filter_map(|(arn, role)| {
                    let schedule = role.schedule.as_ref().filter(|schedule| schedule.is_due(now))?;
                    Some((arn.clone(), Some(schedule.clone())))
                });
                due.collect()
            }
        })
    }

    async fn apply(
        &self,
        worker: &mut Worker<'_>,
        survey: &Survey,
        analysis: &Analysis<'_>,
        role: Option<&mut Role>,
        documents: Vec<Document>,
        proof: Option<String>,
    ) -> Result<ChangeId, ApplyError> {
        let principal = analysis.principal;
        let arn = principal.arn.as_str();
        let missing = || ApplyError::ChangedSince {
            principal: arn.to_owned(),
            what: vec!["the text of a managed policy is missing from IAM's answer".to_owned()],
        };
        let analysed = Snapshot::of(principal, &survey.inventory).ok_or_else(missing)?;
        record(self.state, role, &analysed, Occasion::Scan, self.config, (self.clock)()).await?;
        let change = NewChange {
            principal: principal.arn.clone(),
            purpose: Purpose::Repo,
            actor: self.actor.to_owned(),
            undoes: None,
            documents,
            proof,
        };
        worker.apply(&analysed, &change).await
    }

    /// Notes in the state what the principal is now.
    async fn note(&self, worker: &Worker<'_>, role: Option<&mut Role>, analysis: &Analysis<'_>) -> Result<(), ApplyError> {
        let Some(role) = role else { return Ok(()) };
        let now = (self.clock)();
        record(self.state, Some(role), &worker.live(&analysis.principal.arn).await?, Occasion::Repo, self.config, now).await?;
        let statements = analysis.policies.iter().filter_map(|policy| policy.judged.as_ref()).flat_map(|judged| &judged.statements);
        let granted: BTreeSet<_> = statements.flat_map(|statement| statement.actions.iter().map(|action| action.id)).collect();
        let total = u64::try_from(granted.difference(&analysis.removed()).count()).unwrap_or(u64::MAX);
        role.repoed = Some(now);
        role.schedule = None;
        role.repoable = Repoable { total, ..Repoable::default() };
        self.state.save(role).await?;
        let disqualified_by = role.disqualified_by.iter().map(|by| by.filter.clone()).collect();
        let statistic = Statistic { at: now, source: "Repo".to_owned(), total, repoable: 0, disqualified_by };
        self.state.add_statistic(&role.id, &statistic).await?;
        Ok(())
    }
}

/// On what occasion a version of a principal's policies is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// They were found so.
    Scan,
    /// They were narrowed by what was used.
    Repo,
    /// A person removed something.
    Remove,
    /// A person restored something.
    Rollback,
    /// `watch` gave something back.
    AutoRollback,
}

impl Occasion {
    const fn source(self) -> &'static str {
        match self {
            Self::Scan => "Scan",
            Self::Repo => "Repo",
            Self::Remove => "Remove",
            Self::Rollback => "Rollback",
            Self::AutoRollback => "AutoRollback",
        }
    }

    /// Whether it may have made permissions new, as what was found and what came back is; what was narrowed is within what was there.
    const fn makes_new(self) -> bool {
        matches!(self, Self::Scan | Self::Rollback | Self::AutoRollback)
    }
}

/// Keeps what a principal's policies are as a version, unless the last one says the same. What is new since the last one is protected in its
/// record first, and written: once the version is there, nothing else tells that it was new.
///
/// # Errors
/// [`StateError`] if the state fails, or another run changed the role.
pub async fn record(
    state: &State,
    role: Option<&mut Role>,
    policies: &Snapshot,
    occasion: Occasion,
    config: &Config,
    now: Timestamp,
) -> Result<(), StateError> {
    let Some(role) = role else { return Ok(()) };
    let policies = policies.clone().into_version();
    let kept = SignedDuration::from_hours(24 * i64::from(config.exclude_new_permissions_for_days));
    if occasion.makes_new() && kept.is_positive() {
        let last = state.latest_policy_version(&role.id).await?;
        let new = new_since(last.as_ref().map(|last| &last.version.policies), &policies);
        if !new.patterns.is_empty() {
            new.protect(&mut role.protected, now + kept);
            state.save(role).await?;
        }
    }
    let version = NewVersion { source: occasion.source().to_owned(), discovered: now, policies };
    state.add_policy_version(&role.id, &version).await?;
    Ok(())
}
