//! `repokid run` and `repo_scheduled_roles`, and the Lambda function that does the same.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use menagerie_aws::{AccountId, Arn, Session, SessionOptions};
use menagerie_aws_iam::Iam;
use menagerie_aws_sns::Sns;
use menagerie_config::{Environment, ProcessEnvironment};
use menagerie_lambda::{Answer, Function, Invocation, RuntimeApi};
use menagerie_report::{self as report, Exit};
use menagerie_secret::Secret;
use menagerie_telemetry::{Format as LogFormat, Level};
use serde::Deserialize;
use serde_json::{Value, json};

use super::blocklist;
use super::office::{Office, block_on};
use super::refresh::saved;
use super::table::table;
use crate::advisor::Aardvark;
use crate::cache::Refreshed;
use crate::cli::{ListFormat, RepoScheduled, Run, Where};
use crate::compat::config::Config;
use crate::compat::filters::BlocklistFile;
use crate::iac::Code;
use crate::notify::{Notifiers, Slack, Topic, Webhook};
use crate::reach::Reach;
use crate::round::{Advisor, CodeProposal, Round, RoundError, RoundReport, Rounds};

/// What is kept of an invocation's time to end in good order.
const RESERVE: Duration = Duration::from_secs(5);
/// The time of an invocation that does not say how long there is.
const DEFAULT_TIME: Duration = Duration::from_secs(600);
/// How many accounts the function works on at once.
const AT_ONCE: usize = 4;

/// What rounds are made with.
struct Desk {
    reach: Reach,
    advisor: Advisor,
    blocklist: Option<BlocklistFile>,
    notifiers: Notifiers,
}

impl Desk {
    async fn new(office: &Office, access_advisor: Option<&Path>) -> anyhow::Result<Self> {
        let environment = &ProcessEnvironment;
        let reach = Reach::new(&office.config.connection_iam).await?;
        let advisor = match (access_advisor, &office.config.aardvark_api_location) {
            (Some(path), _) => Advisor::Saved(saved(path)?),
            (None, Some(location)) => Advisor::Aardvark(Aardvark::new(location.clone(), secret(environment, "REPOKID_AARDVARK_TOKEN"))),
            (None, None) => Advisor::Live,
        };
        let blocklist = blocklist::read(&office.config).await;
        Ok(Self { reach, advisor, blocklist, notifiers: notifiers(environment, &office.config).await? })
    }

    fn round<'a>(&'a self, office: &'a Office, commit: bool) -> Round<'a> {
        self.round_with(office, self.blocklist.as_ref(), &office.code, commit)
    }

    fn round_with<'a>(&'a self, office: &'a Office, blocklist: Option<&'a BlocklistFile>, code: &'a Code, commit: bool) -> Round<'a> {
        Round {
            state: &office.state,
            config: &office.config,
            reach: &self.reach,
            advisor: &self.advisor,
            blocklist,
            code,
            notifiers: &self.notifiers,
            clock: &office.clock,
            actor: &office.actor,
            run: &office.run,
            commit,
        }
    }
}

fn secret(environment: &dyn Environment, name: &str) -> Option<Secret<String>> {
    environment.var(name).filter(|value| !value.is_empty()).map(Secret::new)
}

pub(super) async fn notifiers(environment: &dyn Environment, config: &Config) -> anyhow::Result<Notifiers> {
    let mut notifiers = Notifiers::default();
    if let Some(url) = secret(environment, "REPOKID_SLACK_WEBHOOK") {
        notifiers.add(Slack::new(url));
    }
    if let Some(url) = secret(environment, "REPOKID_WEBHOOK") {
        notifiers.add(Webhook::new(url));
    }
    if let Some(topic) = environment.var("REPOKID_SNS_TOPIC").filter(|topic| !topic.is_empty()) {
        let arn: Arn = topic.parse().context("REPOKID_SNS_TOPIC")?;
        let region = Some(arn.region().to_owned()).filter(|region| !region.is_empty()).or_else(|| config.connection_iam.region.clone());
        let session = Session::load(SessionOptions { region, ..SessionOptions::default() }).await?;
        notifiers.add(Topic::new(Sns::new(&session), arn));
    }
    Ok(notifiers)
}

/// Brings the cache of an account up to date from IAM.
pub(super) async fn refresh(
    office: &Office,
    account: &AccountId,
    access_advisor: Option<&Path>,
    problems: &mut Vec<String>,
) -> anyhow::Result<Refreshed> {
    let desk = Desk::new(office, access_advisor).await?;
    let iam = Iam::new(&desk.reach.account(account).await);
    Ok(desk.round(office, false).refresh(&iam, account, problems).await?)
}

pub(super) fn scheduled(options: &RepoScheduled) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let desk = Desk::new(&office, None).await?;
        let iam = Iam::new(&desk.reach.account(&options.account).await);
        let mut done = RoundReport::default();
        desk.round(&office, options.commit).execute(&iam, &options.account, &mut done).await?;
        let exit = exit(&[(options.account.clone(), Ok(done.clone()))]);
        tell(&options.account, &Ok(done), options.commit)?;
        Ok(exit)
    })
}

pub(super) fn run(options: &Run) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let desk = Desk::new(&office, options.access_advisor.as_deref()).await?;
        let done = desk.round(&office, options.commit).all(&options.accounts, options.at_once.get()).await;
        match options.format {
            ListFormat::Json => report::json(&of_round(&done, options.commit))?,
            ListFormat::Human => {
                for (account, done) in &done.accounts {
                    tell(account, done, options.commit)?;
                }
                for proposal in &done.proposals {
                    let line = format!("permission set {}: {}", proposal.name, proposal.state);
                    report::data(format_args!("{}\n", report::shown(&line)))?;
                }
                done.problems.iter().for_each(|problem| report::warning(report::shown(problem)));
            }
        }
        Ok(if done.problems.is_empty() { exit(&done.accounts) } else { Exit::Incomplete })
    })
}

fn exit(done: &[(AccountId, Result<RoundReport, RoundError>)]) -> Exit {
    let (mut found, mut bad) = (false, false);
    for (_, done) in done {
        match done {
            Ok(report) => {
                bad |= !report.problems.is_empty() || report.tally.failed > 0;
                found |= report.tally.changed + report.tally.refused + report.scheduled.len() > 0;
            }
            Err(_) => bad = true,
        }
    }
    if bad {
        Exit::Incomplete
    } else if found {
        Exit::Found
    } else {
        Exit::Fine
    }
}

fn tell(account: &AccountId, done: &Result<RoundReport, RoundError>, commit: bool) -> anyhow::Result<()> {
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            report::error(report::shown(&format!("{account}: {error}")));
            return Ok(());
        }
    };
    for problem in &done.problems {
        report::warning(report::shown(&format!("{account}: {problem}")));
    }
    let (would, tally) = (if commit { "" } else { "would be " }, &done.tally);
    report::data(format_args!(
        "{account}: {}, {} permissions repoable; {} {would}scheduled; {} {would}changed, {} left, {} refused, {} failed\n",
        done.refreshed.counted(),
        done.refreshed.repoable,
        done.scheduled.len(),
        tally.changed,
        tally.skipped,
        tally.refused,
        tally.failed
    ))?;
    if !done.scheduled.is_empty() {
        let rows: Vec<_> = done
            .scheduled
            .iter()
            .map(|(role, at)| vec![role.label(), at.strftime("%Y-%m-%d %H:%M").to_string(), role.repoable.permissions.to_string()])
            .collect();
        report::data(table(&["Role name", "Scheduled", "Repoable"], &rows))?;
    }
    for (role, owner) in &done.owned {
        report::data(report::shown(&format!("{role}: not changed: {owner}")))?;
        report::data("\n")?;
    }
    match &done.proposal {
        Some(CodeProposal { folder: Some(folder), .. }) => {
            report::note(format_args!("the patch and the text of a pull request are in {}", folder.display()));
        }
        Some(proposal) => report::data(format_args!("{}\n{}", proposal.pull_request, proposal.patch))?,
        None => {}
    }
    for (role, change) in &done.changes {
        report::data(format_args!("{role}: change {change}\n"))?;
    }
    if !commit && tally.changed + done.scheduled.len() > 0 {
        report::hint("nothing was changed: -c does it");
    }
    Ok(())
}

fn of_round(done: &Rounds, commit: bool) -> Value {
    let accounts: Vec<_> = done
        .accounts
        .iter()
        .map(|(account, done)| match done {
            Err(error) => json!({ "account": account.as_str(), "error": error.to_string() }),
            Ok(done) => {
                let scheduled: Vec<_> = done
                    .scheduled
                    .iter()
                    .map(|(role, at)| json!({ "role": role.label(), "at": at, "permissions": role.repoable.services }))
                    .collect();
                let changes: Vec<_> =
                    done.changes.iter().map(|(role, change)| json!({ "role": role, "change": change.to_string() })).collect();
                let owned: Vec<_> = done.owned.iter().map(|(role, owner)| json!({ "role": role, "owner": owner })).collect();
                let code = done
                    .proposal
                    .as_ref()
                    .map(|code| json!({ "patch": code.patch, "pull_request": code.pull_request, "folder": code.folder }));
                json!({
                    "owned": owned, "code": code,
                    "account": account.as_str(), "roles": done.refreshed.roles, "users": done.refreshed.users, "groups": done.refreshed.groups, "gone": done.refreshed.gone,
                    "repoable": done.refreshed.repoable, "scheduled": scheduled, "changes": changes, "changed": done.tally.changed,
                    "left": done.tally.skipped, "refused": done.tally.refused, "failed": done.tally.failed, "problems": done.problems,
                })
            }
        })
        .collect();
    json!({
        "schema": "repokid.round/1", "tool_version": env!("CARGO_PKG_VERSION"), "commit": commit, "accounts": accounts,
        "permission_sets": done.proposals, "problems": done.problems,
    })
}

/// What the function is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    accounts: Vec<String>,
    #[serde(default)]
    commit: bool,
}

struct Serving {
    office: Office,
    desk: Desk,
}

impl Function for Serving {
    async fn answer(&self, invocation: &Invocation) -> Answer {
        let invalid = |message: String| Answer::Failure { kind: "Event.Invalid", message };
        let event: Event = match serde_json::from_slice(&invocation.event) {
            Ok(event) => event,
            Err(error) => {
                return invalid(format!("the event is not of the form {{\"accounts\": [ACCOUNT, …], \"commit\": false}}: {error}"));
            }
        };
        let accounts: Result<Vec<AccountId>, _> = event.accounts.iter().map(|account| account.parse()).collect();
        let accounts = match accounts {
            Ok(accounts) if !accounts.is_empty() => accounts,
            Ok(_) => return invalid("the event names no account".to_owned()),
            Err(error) => return invalid(error.to_string()),
        };
        let time = invocation.time_left(SystemTime::now()).unwrap_or(DEFAULT_TIME);
        let time = time.checked_sub(RESERVE).unwrap_or(time / 2);
        // Who is left alone, and what code owns, is read anew: the function may have been started long ago.
        let work = async {
            let code = super::code::of(&self.office.config.code)?;
            let blocklist = blocklist::read(&self.office.config).await;
            let round = self.desk.round_with(&self.office, blocklist.as_ref(), &code, event.commit);
            Ok::<_, anyhow::Error>(round.all(&accounts, AT_ONCE).await)
        };
        match tokio::time::timeout(time, work).await {
            Ok(Err(error)) => Answer::Failure { kind: "Configuration.Invalid", message: format!("{error:#}") },
            Ok(Ok(done)) => {
                let answer = of_round(&done, event.commit);
                tracing::info!(accounts = accounts.len(), commit = event.commit, answer = %answer, "done");
                if done.accounts.iter().all(|(_, done)| done.is_err()) {
                    return Answer::Failure { kind: "Round.Failed", message: answer.to_string() };
                }
                Answer::Response(answer.to_string())
            }
            // Changes that were under way are settled by the next round.
            Err(_) => Answer::Failure {
                kind: "Round.Timeout",
                message: "the function's time was over: the next round goes on; give fewer accounts to one event".to_owned(),
            },
        }
    }

    async fn too_large(&self, request_id: &str, _: &str) -> Answer {
        Answer::Failure { kind: "Event.TooLarge", message: format!("the event of {request_id} is larger than any that is read") }
    }
}

/// Serves as a Lambda function: an event is a round.
pub async fn function() -> ExitCode {
    let environment = &ProcessEnvironment;
    menagerie_telemetry::start(LogFormat::Json, Level::Info);
    let Some(api) = environment.var("AWS_LAMBDA_RUNTIME_API") else {
        report::error("AWS_LAMBDA_RUNTIME_API is not set: this is the bootstrap of an AWS Lambda function");
        report::hint("off Lambda, `repokid run` does the same");
        return Exit::Incomplete.into();
    };
    let mut api = RuntimeApi::new(api, "repokid-lambda");
    let made = async {
        let state = environment.var("REPOKID_STATE").filter(|url| !url.is_empty());
        let state = state.context("REPOKID_STATE is not set: it says where the state is, postgres://…")?;
        let office = Office::open(&Where { config: None, state: Some(state) }).await?;
        let desk = Desk::new(&office, None).await?;
        Ok::<_, anyhow::Error>(Serving { office, desk })
    };
    let rounds = match made.await {
        Ok(rounds) => rounds,
        Err(error) => {
            let message = format!("{error:#}");
            tracing::error!(error = message, "the function cannot start");
            if let Err(error) = api.init_error("Configuration.Invalid", &message).await {
                tracing::error!(%error, "the Runtime API was not told");
            }
            return ExitCode::from(1);
        }
    };
    menagerie_lambda::serve(&mut api, &rounds).await;
    ExitCode::from(1)
}
