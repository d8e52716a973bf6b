//! One whole round over accounts, several at once: what cron, EventBridge or a person starts.
//!
//! Of each account, the lease is held while its cache is brought up to date and changes are scheduled, so that two rounds do not meet; the
//! changes then take it anew. Without `commit` nothing is scheduled and nothing changed: what would be is told. One account's failure
//! does not keep others from their round, and a notice that fails stops nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use globset::GlobSet;
use jiff::{SignedDuration, Timestamp};
use menagerie_aws::{AccountId, CallError};
use menagerie_aws_iam::Iam;
use menagerie_aws_sso_admin::IdentityCenter;

use super::{Planned, planned, schedule};
use crate::account::{Inventory, Kind, Principal, inventory};
use crate::advisor::{Aardvark, AardvarkError, live};
use crate::analysis::Guards;
use crate::apply::Worker;
use crate::cache::{Refreshed, Source, refresh};
use crate::compat::advisor::{Advice, Question};
use crate::compat::config::{self, Config};
use crate::compat::filters::{BlocklistFile, FilterName};
use crate::iac::Code;
use crate::notify::{Moment, Notice, Notifiers, RoleNotice};
use crate::permission_set::{PermissionSet, Proposal, Reserved};
use crate::reach::Reach;
use crate::repo::{Choice, Repo, RepoError, Tally, Told};
use crate::rewrite::Options;
use crate::state::{ChangeId, Role, State, StateError};
use crate::survey::{Survey, SurveyError};

/// How long a lease holds that is not renewed, and how often it is.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
const RENEWED: Duration = Duration::from_secs(60);

/// Where rows of Access Advisor come from.
#[derive(Debug)]
pub enum Advisor {
    /// IAM, which is asked about each principal that is looked at.
    Live,
    /// A service of Aardvark's.
    Aardvark(Aardvark),
    /// A saved file.
    Saved(Advice),
}

/// Why an account's round was broken off. What was done before stays.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// AWS refused a call, or could not be reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The state failed, or another run took the lease.
    #[error(transparent)]
    State(#[from] StateError),
    /// The account could not be surveyed, or its cache not be brought up to date.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// Aardvark gave nothing that can be used.
    #[error(transparent)]
    Aardvark(#[from] AardvarkError),
    /// What was due could not be executed.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The thread that asked Aardvark ended.
    #[error("the question to Aardvark broke off")]
    Lost,
    /// Another run is at work in the account.
    #[error("{holder} is at work in account {account} until {until} at most")]
    Busy {
        /// The account.
        account: AccountId,
        /// The other run.
        holder: String,
        /// When its lease ends, if it is not renewed.
        until: Timestamp,
    },
}

/// What a round is made with.
pub struct Round<'a> {
    /// The state.
    pub state: &'a State,
    /// The configuration.
    pub config: &'a Config,
    /// The way to the accounts.
    pub reach: &'a Reach,
    /// Where rows of Access Advisor come from.
    pub advisor: &'a Advisor,
    /// What stands in the blocklist's file, if it was read.
    pub blocklist: Option<&'a BlocklistFile>,
    /// What code owns, which is changed there.
    pub code: &'a Code,
    /// Where notices go.
    pub notifiers: &'a Notifiers,
    /// Now.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Who does it, for the record.
    pub actor: &'a str,
    /// What no other run is called.
    pub run: &'a str,
    /// Whether changes are scheduled and made.
    pub commit: bool,
}

impl fmt::Debug for Round<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Round").field("run", &self.run).field("commit", &self.commit).finish_non_exhaustive()
    }
}

/// What a round did in an account.
#[derive(Debug, Clone, Default)]
pub struct RoundReport {
    /// What the refresh did.
    pub refreshed: Refreshed,
    /// Those that were scheduled, or would be, with when.
    pub scheduled: Vec<(Role, Timestamp)>,
    /// How those came off that were due.
    pub tally: Tally,
    /// The changes that were made, by whose policies: a role's name, `user/NAME`, `group/NAME`.
    pub changes: Vec<(String, ChangeId)>,
    /// The principals whose changes are to be made in code, named likewise, with who owns them.
    pub owned: Vec<(String, String)>,
    /// Those changes, if there are any.
    pub proposal: Option<CodeProposal>,
    /// What went wrong on the way, in sentences.
    pub problems: Vec<String>,
}

/// What rounds over accounts did.
#[derive(Debug, Default)]
pub struct Rounds {
    /// What came of each account, in their order.
    pub accounts: Vec<(AccountId, Result<RoundReport, RoundError>)>,
    /// What is proposed for permission sets.
    pub proposals: Vec<Proposal>,
    /// What went wrong beside the accounts, in sentences.
    pub problems: Vec<String>,
}

/// Changes of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeProposal {
    /// The unified diff of what could be patched.
    pub patch: String,
    /// The text of a pull request.
    pub pull_request: String,
    /// The folder that both were written to.
    pub folder: Option<PathBuf>,
}

impl Round<'_> {
    /// Does the round of each account, so many at once, and proposes for the permission sets that their roles are made from.
    pub async fn all(&self, accounts: &[AccountId], at_once: usize) -> Rounds {
        let reserved = Mutex::new(Reserved::default());
        let rounds = accounts.iter().map(|account| {
            let reserved = &reserved;
            async move { (account.clone(), self.account(account, reserved).await) }
        });
        let done: BTreeMap<_, _> = stream::iter(rounds).buffer_unordered(at_once.max(1)).collect().await;
        let mut rounds = Rounds { accounts: done.into_iter().collect(), ..Rounds::default() };
        let reserved = reserved.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(center) = self.config.identity_center.as_ref().filter(|_| reserved.window.is_some()) {
            match self.sets(center).await {
                Ok(sets) => rounds.proposals = reserved.proposals(&self.guards(), &sets),
                Err(reason) => rounds.problems.push(format!("Identity Center: {reason}")),
            }
        }
        rounds
    }

    /// The permission sets, as Identity Center has them.
    async fn sets(&self, center: &config::IdentityCenter) -> Result<Vec<PermissionSet>, String> {
        let reach = Reach::new(&center.connection).await.map_err(|error| error.to_string())?;
        let session = match &center.account {
            Some(account) => reach.account(account).await,
            None => reach.own().clone(),
        };
        let sets = IdentityCenter::new(&session).permission_sets().await.map_err(|error| error.to_string())?;
        Ok(sets.into_iter().map(PermissionSet::from).collect())
    }

    /// A set is proposed for whatever it is called: nothing is changed.
    fn guards(&self) -> Guards {
        let by_age = self.config.active_filters.contains(&FilterName::Age);
        Guards { protected: GlobSet::empty(), minimum_age_days: if by_age { self.config.minimum_age_days } else { 0 }, whole_window: true }
    }

    /// Does the round of an account; adds what it has of permission sets.
    async fn account(&self, account: &AccountId, reserved: &Mutex<Reserved>) -> Result<RoundReport, RoundError> {
        let iam = Iam::new(&self.reach.account(account).await);
        let mut report = RoundReport::default();
        if self.commit {
            self.recover(&iam, account, &mut report).await?;
        }
        let survey = self.leased(account, self.prepare(&iam, account, &mut report)).await?;
        if self.config.identity_center.is_some() {
            let of_account = survey.reserved(self.state).await?;
            reserved.lock().unwrap_or_else(PoisonError::into_inner).add(of_account);
        }
        let due = self.due(account).await?;
        if !due.is_empty() || !report.scheduled.is_empty() {
            let title = format!("{} due now, {} newly scheduled", self.counted(due.len()), self.counted(report.scheduled.len()));
            let scheduled = report.scheduled.iter().map(|(role, at)| RoleNotice {
                role: role.label(),
                what: format!("{} permissions are to go on {}", role.repoable.permissions, at.strftime("%Y-%m-%d")),
                permissions: role.repoable.services.iter().cloned().collect(),
            });
            let told = due.iter().cloned().chain(scheduled).collect();
            self.notify(account, Moment::Before, title, told, &mut report).await;
        }
        if due.is_empty() {
            return Ok(report);
        }
        self.execute(&iam, account, &mut report).await?;
        let title = format!(
            "{} changed, {} left, {} refused, {} failed",
            report.tally.changed, report.tally.skipped, report.tally.refused, report.tally.failed
        );
        let changed = report.changes.iter().map(|(role, change)| RoleNotice {
            role: role.clone(),
            what: format!("change {change} was made; `repokid rollback_role {account} {role} --change {change} -c` undoes it"),
            permissions: Vec::new(),
        });
        let changed = changed.collect();
        self.notify(account, Moment::After, title, changed, &mut report).await;
        Ok(report)
    }

    /// Executes what is due in an account, and nothing else.
    ///
    /// # Errors
    /// [`RoundError`]; what was done before stays.
    pub async fn execute(&self, iam: &Iam, account: &AccountId, report: &mut RoundReport) -> Result<(), RoundError> {
        let repo = Repo {
            iam,
            state: self.state,
            config: self.config,
            account,
            clock: self.clock,
            actor: self.actor,
            run: self.run,
            commit: self.commit,
            options: Options { resources: false },
            blocklist: self.blocklist,
            code: self.code,
        };
        let RoundReport { changes, problems, owned, proposal, .. } = report;
        let mut told = |told: &Told<'_>| match told {
            // The refresh has told of most of them.
            Told::Problem(problem) if problems.contains(&problem.to_string()) => {}
            Told::Problem(problem) => problems.push(problem.to_string()),
            Told::Owned(principal, owner) => owned.push((principal.label(), owner.to_string())),
            Told::Proposed(changes, folder) => {
                let folder = folder.map(Path::to_path_buf);
                *proposal = Some(CodeProposal { patch: changes.diff(), pull_request: changes.pull_request(), folder });
            }
            Told::Unwritten(error) => problems.push(error.to_string()),
            Told::Recovered(recovered) => problems.push(format!("{}: {}", recovered.principal, recovered.note)),
            Told::Skipped(principal, why) => problems.push(format!("{}: {why}", principal.label())),
            Told::Applied(principal, change) => changes.push((principal.label(), *change)),
            Told::Failed(principal, error) => problems.push(format!("{}: {error}", principal.label())),
            Told::Analyzed(..) => {}
        };
        report.tally = repo.run(Choice::Scheduled, &mut told).await?;
        Ok(())
    }

    /// Finishes or undoes what killed runs left, whether anything is due or not: what is analysed next is what that comes to.
    async fn recover(&self, iam: &Iam, account: &AccountId, report: &mut RoundReport) -> Result<(), RoundError> {
        let mut worker = Worker::begin(iam, self.state, self.clock, account, self.run).await.map_err(RepoError::from)?;
        let recovered = worker.recover().await;
        worker.end().await.map_err(RepoError::from)?;
        for recovered in recovered.map_err(RepoError::from)? {
            report.problems.push(format!("{}: {}", recovered.principal, recovered.note));
        }
        Ok(())
    }

    /// Brings the cache up to date and schedules.
    async fn prepare(&self, iam: &Iam, account: &AccountId, report: &mut RoundReport) -> Result<Survey, RoundError> {
        let now = (self.clock)();
        let (refreshed, survey) = self.refreshed(iam, account, &mut report.problems).await?;
        report.refreshed = refreshed;
        let planned = match self.commit {
            true => schedule(self.state, account, self.config, now, self.actor).await?,
            false => planned(self.state, account, self.config, now, self.actor).await?,
        };
        for one in planned {
            match one {
                Planned::Scheduled(role, schedule) => report.scheduled.push((*role, schedule.at)),
                Planned::Stale(role) => report.problems.push(format!("{}: another run changed it, and it was not scheduled", role.label())),
                Planned::Already(_) | Planned::Not(..) => {}
            }
        }
        Ok(survey)
    }

    /// Brings the cache of an account up to date.
    ///
    /// # Errors
    /// [`RoundError`].
    pub async fn refresh(&self, iam: &Iam, account: &AccountId, problems: &mut Vec<String>) -> Result<Refreshed, RoundError> {
        Ok(self.refreshed(iam, account, problems).await?.0)
    }

    async fn refreshed(&self, iam: &Iam, account: &AccountId, problems: &mut Vec<String>) -> Result<(Refreshed, Survey), RoundError> {
        let (inventory, faults) = inventory(iam.details().await?);
        let complete = faults.is_empty();
        let advice = self.advice(iam, account, &inventory).await?;
        let now = (self.clock)();
        let survey = Survey::new((inventory, faults), self.state, self.config, self.blocklist, account, now).await?;
        problems.extend(survey.problems.iter().map(ToString::to_string));
        problems.extend(advice.faults.iter().map(|fault| format!("Access Advisor, {}: {}", fault.of, fault.reason)));
        let source = Source { complete, advice: &advice, occasion: "Scan" };
        let refreshed = refresh(self.state, &survey, &source, now).await?;
        problems.extend(refreshed.problems.iter().cloned());
        Ok((refreshed, survey))
    }

    async fn advice(&self, iam: &Iam, account: &AccountId, inventory: &Inventory) -> Result<Advice, RoundError> {
        match self.advisor {
            Advisor::Live => {
                // A group's use is its members'.
                let groups = self.config.principals.contains(&Kind::Group);
                let is_asked = |principal: &&Principal| {
                    let is_member = groups && principal.kind == Kind::User && !principal.groups.is_empty();
                    self.config.principals.contains(&principal.kind) || is_member
                };
                let asked = inventory.principals.iter().filter(is_asked);
                Ok(live(iam, asked.map(|principal| principal.arn.clone())).await)
            }
            Advisor::Aardvark(aardvark) => {
                let (question, now, aardvark) = (Question::Account(account.clone()), (self.clock)(), aardvark.clone());
                Ok(tokio::task::spawn_blocking(move || aardvark.ask(&question, now)).await.map_err(|_| RoundError::Lost)??)
            }
            Advisor::Saved(advice) => Ok(advice.clone()),
        }
    }

    /// Does something while the account's lease is held and renewed.
    async fn leased<T>(&self, account: &AccountId, work: impl Future<Output = Result<T, RoundError>>) -> Result<T, RoundError> {
        let now = (self.clock)();
        let Some(mut lease) = self.state.lease(account, self.run, now, LEASE).await? else {
            let (holder, until) = self.state.lease_holder(account, now).await?.unwrap_or_else(|| ("another run".to_owned(), now));
            return Err(RoundError::Busy { account: account.clone(), holder, until });
        };
        let mut renewed = tokio::time::interval(RENEWED);
        tokio::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = renewed.tick() => self.state.renew(&mut lease, (self.clock)(), LEASE).await?,
            }
        };
        self.state.release(lease).await?;
        done
    }

    /// Those whose time has come.
    async fn due(&self, account: &AccountId) -> Result<Vec<RoleNotice>, StateError> {
        let now = (self.clock)();
        let roles = self.state.scheduled_roles(account).await?.into_iter();
        let due = roles.filter(|role| self.config.principals.contains(&role.kind())).filter_map(|role| {
            let schedule = role.schedule.as_ref().filter(|schedule| schedule.is_due(now))?;
            let permissions: Vec<_> = schedule.permissions.iter().cloned().collect();
            Some(RoleNotice {
                what: "what was scheduled goes now, as far as it is still unused".to_owned(),
                permissions,
                role: role.label(),
            })
        });
        Ok(due.collect())
    }

    /// So many of those that are looked at.
    fn counted(&self, count: usize) -> String {
        let only = self.config.principals.iter().map(|kind| kind.as_str()).next().filter(|_| self.config.principals.len() == 1);
        format!("{count} {}{}", only.unwrap_or("principal"), if count == 1 { "" } else { "s" })
    }

    async fn notify(&self, account: &AccountId, moment: Moment, title: String, roles: Vec<RoleNotice>, report: &mut RoundReport) {
        let problems = report.problems.clone();
        let notice = Notice { moment, account: account.to_string(), commit: self.commit, title, roles, problems, at: (self.clock)() };
        report.problems.extend(self.notifiers.deliver(&notice).await);
    }
}
