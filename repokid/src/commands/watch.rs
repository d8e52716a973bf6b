//! `repokid watch`: denials of what repokid removed.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use menagerie_aws::AccountId;
use menagerie_aws_iam::Iam;
use menagerie_cloudtrail::read::{Limits, fold, walk};
use menagerie_config::ProcessEnvironment;
use menagerie_report::{self as report, Exit};

use super::office::{Office, block_on};
use super::round::notifiers;
use crate::account::inventory;
use crate::apply::{Snapshot, Worker};
use crate::cli::Watch;
use crate::notify::{Moment, Notice, Notifiers, RoleNotice};
use crate::reach::Reach;
use crate::repo::{Occasion, Told, record};
use crate::sight::enabled_regions;
use crate::state::{Activity, Change, ChangeId, Denial, NewChange, Purpose, known_as};
use crate::watch::{Alert, Answer, Cause, Denials, Denied, looked_up, restoration, verdict};

/// More Regions than AWS will have for long.
const MOST_REGIONS: usize = 100;

/// How far back it looks where nobody says.
/// Events come late, and what could not be told is told by the next run: a day is not enough for one run a day.
const BACK: SignedDuration = SignedDuration::from_hours(48);

pub(super) fn run(options: &Watch) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let accounts = if options.account.is_empty() { office.state.accounts().await? } else { options.account.clone() };
        let reach = Reach::new(&office.config.connection_iam).await?;
        let since = match options.since {
            Some(since) => Some(since),
            None if options.logs.is_empty() => Some((office.clock)() - BACK),
            None => None,
        };
        let notifiers = notifiers(&ProcessEnvironment, &office.config).await?;
        let tell = Tell { json: options.json, notifiers: &notifiers };
        let mut exit = Exit::Fine;
        let read = if options.logs.is_empty() { None } else { Some(logs(options, since, &mut exit)?) };
        for account in &accounts {
            let of_account = async {
                let denials = match &read {
                    Some(denials) => denials.iter().filter(|denied| account_of(&denied.principal) == account.as_str()).cloned().collect(),
                    None => history(&office, &reach, account, since.unwrap_or(Timestamp::UNIX_EPOCH), options.pages, &mut exit).await?,
                };
                one(&office, &reach, account, denials, options.auto_rollback, &tell, &mut exit).await
            };
            match of_account.await {
                Ok(true) => exit = exit.max(Exit::Found),
                Ok(false) => {}
                Err(error) => {
                    exit = Exit::Incomplete;
                    report::error(format_args!("account {account}: {}", report::shown(&format!("{error:#}"))));
                }
            }
        }
        office.state.close().await;
        Ok(exit)
    })
}

/// The denials in files.
fn logs(options: &Watch, since: Option<Timestamp>, exit: &mut Exit) -> anyhow::Result<Vec<Denied>> {
    if let Some(missing) = options.logs.iter().find(|path| !path.exists()) {
        bail!("{} is not there", missing.display());
    }
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let (sinks, summary) = fold(&walk(&options.logs), threads, Limits::default(), || Denials::new(since));
    for trouble in summary.problems.places() {
        *exit = Exit::Incomplete;
        report::warning(report::shown(&format!("{}: {trouble}", trouble.file.display())));
    }
    let dropped: u64 = sinks.iter().map(|sink| sink.dropped).sum();
    if dropped > 0 {
        *exit = Exit::Incomplete;
        report::warning(format_args!("there are {dropped} more denials than are looked at: look at less at once, by --since"));
    }
    let mut found: Vec<_> = sinks.into_iter().flat_map(|sink| sink.found).collect();
    found.sort_by(|left, right| (left.at, &left.event).cmp(&(right.at, &right.event)));
    Ok(found)
}

/// The denials that CloudTrail itself still knows: of the Regions that AWS enables for every account, those that there are logs of, and those
/// that the configuration names.
async fn history(
    office: &Office,
    reach: &Reach,
    account: &AccountId,
    from: Timestamp,
    pages: NonZero<usize>,
    exit: &mut Exit,
) -> anyhow::Result<Vec<Denied>> {
    let session = reach.account(account).await;
    let enabled = enabled_regions(session.region()).iter().map(|region| (*region).to_owned());
    let mut regions: BTreeSet<String> = enabled.chain([session.region().to_owned()]).chain(office.config.regions.iter().cloned()).collect();
    regions.extend(office.state.logged_regions(account.as_str()).await?);
    if regions.len() > MOST_REGIONS {
        bail!("{} Regions are more than AWS has: look at the configuration's `regions`", regions.len());
    }
    let looked = looked_up(&session, &regions, from, (office.clock)(), pages).await;
    for problem in &looked.problems {
        *exit = Exit::Incomplete;
        report::warning(report::shown(&format!("account {account}: {problem}")));
    }
    Ok(looked.found)
}

/// The account of an ARN, or of `account/name`.
fn account_of(principal: &str) -> &str {
    principal.split(':').nth(4).or_else(|| principal.split('/').next()).unwrap_or_default()
}

/// Tells of the denials of one account; gives whether there were new ones.
async fn one(
    office: &Office,
    reach: &Reach,
    account: &AccountId,
    denials: Vec<Denied>,
    auto_rollback: bool,
    tell: &Tell<'_>,
    exit: &mut Exit,
) -> anyhow::Result<bool> {
    let changes = office.state.changes_since(account, Timestamp::UNIX_EPOCH).await?;
    let mut arns = BTreeMap::new();
    for role in office.state.roles(account, Activity::All).await? {
        arns.insert(known_as(role.arn.as_str()).into_owned(), role.arn.as_str().to_owned());
    }
    let mut new: Vec<(Denied, Cause<'_>)> = Vec::new();
    let (mut notes, mut seen) = (Vec::new(), BTreeSet::new());
    for mut denied in denials {
        if let Some(arn) = arns.get(&*known_as(&denied.principal)) {
            denied.principal.clone_from(arn);
        }
        let Some(cause) = Cause::find(&changes, &denied, &denied.principal) else { continue };
        let Ok(principal) = denied.principal.parse() else { continue };
        let denial = Denial {
            event: denied.event.clone(),
            principal,
            action: denied.action.clone(),
            resource: denied.resource.clone(),
            at: denied.at,
            change: Some(cause.change.id),
            message: denied.message.clone(),
        };
        if seen.insert(denial.event.clone()) && !office.state.knows_denial(&denial.event).await? {
            new.push((denied, cause));
            notes.push(denial);
        }
    }
    let mut answers: Vec<Answer> = Vec::with_capacity(new.len());
    let mut come_back: BTreeMap<ChangeId, Vec<usize>> = BTreeMap::new();
    for (number, (denied, cause)) in new.iter().enumerate() {
        answers.push(match verdict(denied, cause, (office.clock)()) {
            Err(bound) => Answer::Waits(bound.to_string()),
            Ok(()) if !auto_rollback => Answer::Waits("--auto-rollback was not said".to_owned()),
            Ok(()) => {
                come_back.entry(cause.change.id).or_default().push(number);
                Answer::Waits("it is the next to come back".to_owned())
            }
        });
    }
    // The latest change first: a principal gets something back once a day.
    for numbers in come_back.values().rev() {
        let denied: Vec<_> = numbers.iter().map(|number| &new[*number].0).collect();
        let answer = match give_back(office, reach, account, &new[numbers[0]].1, &denied).await {
            Ok(Some(id)) => Answer::Restored(id.to_string()),
            Ok(None) => Answer::Waits("something was given back to the principal today already".to_owned()),
            Err(error) => Answer::Waits(format!("it could not be given back: {error:#}")),
        };
        for number in numbers {
            answers[*number] = answer.clone();
        }
    }
    let alerts: Vec<_> = new.into_iter().zip(answers).map(|((denied, cause), answer)| alert(denied, cause.change, answer)).collect();
    let failed = tell.all(account, &alerts, (office.clock)()).await;
    for problem in &failed {
        *exit = Exit::Incomplete;
        report::error(report::shown(&format!("account {account}: {problem}; the next run tells of it again")));
    }
    // A run that ends before this tells twice, which is better than never.
    for denial in notes.iter().filter(|_| failed.is_empty()) {
        office.state.note_denial(denial).await?;
    }
    Ok(!alerts.is_empty())
}

fn alert(denied: Denied, change: &Change, answer: Answer) -> Alert {
    Alert {
        event: denied.event,
        at: denied.at,
        principal: denied.principal,
        narrowed: change.change.principal.to_string(),
        action: denied.action,
        resource: denied.resource,
        change: change.id.to_string(),
        changed: change.updated,
        message: denied.message,
        answer,
    }
}

/// Gives back what was denied, unless the principal has had its one time today.
async fn give_back(
    office: &Office,
    reach: &Reach,
    account: &AccountId,
    cause: &Cause<'_>,
    denied: &[&Denied],
) -> anyhow::Result<Option<ChangeId>> {
    let iam = Iam::new(&reach.account(account).await);
    let mut worker = Worker::begin(&iam, &office.state, &office.clock, account, &office.run).await?;
    worker.recover().await?.iter().for_each(|recovered| super::repo::tell(&Told::Recovered(recovered)));
    let done = with(office, &iam, &mut worker, cause, denied).await;
    worker.end().await?;
    done
}

async fn with(
    office: &Office,
    iam: &Iam,
    worker: &mut Worker<'_>,
    cause: &Cause<'_>,
    denied: &[&Denied],
) -> anyhow::Result<Option<ChangeId>> {
    let arn = &cause.change.change.principal;
    let (inventory, _) = inventory(iam.details().await?);
    let principal =
        inventory.principals.iter().find(|principal| principal.arn == *arn).with_context(|| format!("{arn} is there no more"))?;
    let live = Snapshot::of(principal, &inventory).with_context(|| format!("IAM's answer lacks a policy of {arn}"))?;
    let documents = restoration(principal, &live, cause, denied)?;
    let now = (office.clock)();
    if !office.state.claim_auto_rollback(arn, cause.change.id, now).await? {
        return Ok(None);
    }
    let actions: BTreeSet<_> = denied.iter().map(|denied| denied.action.as_str()).collect();
    let proof = serde_json::json!({ "within": cause.change.id.to_string(), "actions": actions });
    let change = NewChange {
        principal: arn.clone(),
        purpose: Purpose::AutoRollback,
        actor: office.actor.clone(),
        undoes: None,
        documents,
        proof: Some(proof.to_string()),
    };
    let id = worker.apply(&live, &change).await?;
    let mut role = office.state.role_named(worker.account(), arn.as_str()).await?;
    let live = worker.live(arn).await?;
    record(&office.state, role.as_mut(), &live, Occasion::AutoRollback, &office.config, now).await?;
    Ok(Some(id))
}

/// Where alerts go: stdout, a line for people or one JSON object a line, and the places that notices go to.
struct Tell<'a> {
    json: bool,
    notifiers: &'a Notifiers,
}

impl Tell<'_> {
    /// Tells of an account's alerts everywhere; gives what failed.
    async fn all(&self, account: &AccountId, alerts: &[Alert], at: Timestamp) -> Vec<String> {
        let printed = alerts.iter().filter_map(|alert| self.print(alert).err());
        let mut failed: Vec<_> = printed.map(|error| format!("an alert was not printed: {error}")).collect();
        if !alerts.is_empty() {
            let roles = alerts.iter().map(|alert| RoleNotice {
                role: alert.narrowed.clone(),
                what: text(alert),
                permissions: vec![alert.action.clone()],
            });
            let denials = if alerts.len() == 1 { "1 denial".to_owned() } else { format!("{} denials", alerts.len()) };
            let notice = Notice {
                moment: Moment::Denied,
                account: account.to_string(),
                commit: true,
                title: format!("{denials} of what was removed"),
                roles: roles.collect(),
                problems: Vec::new(),
                at,
            };
            failed.extend(self.notifiers.deliver(&notice).await);
        }
        failed
    }

    fn print(&self, alert: &Alert) -> anyhow::Result<()> {
        let line = if self.json { serde_json::to_string(alert)? } else { report::shown(&text(alert)).into_owned() };
        Ok(report::data(format_args!("{line}\n"))?)
    }
}

fn text(alert: &Alert) -> String {
    let on = alert.resource.as_deref().map(|resource| format!(" on {resource}")).unwrap_or_default();
    format!(
        "{} {} was denied {}{on}, which change {} removed from {}; {}",
        alert.at,
        alert.principal,
        alert.action,
        alert.change,
        alert.narrowed,
        alert.outcome()
    )
}
