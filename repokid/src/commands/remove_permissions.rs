//! `repokid remove_permissions_from_roles`: permissions that a person names go from roles that a file lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, bail};
use menagerie_aws::{AccountId, Arn};
use menagerie_aws_iam::Iam;
use menagerie_policy::pattern::ActionPattern;
use menagerie_report::{self as report, Exit};

use super::find_roles::patterns;
use super::office::{Office, block_on};
use super::repo::tell;
use crate::account::Owner;
use crate::analysis::{Analysis, Outcome};
use crate::apply::{Snapshot, Worker, documents};
use crate::cli::RemovePermissions;
use crate::reach::Reach;
use crate::repo::{Occasion, Tally, Told, record};
use crate::report::changes;
use crate::state::{NewChange, Purpose};
use crate::survey::Survey;
use crate::verdict::ActionId;

/// No list of roles is longer.
const MAX_BYTES: u64 = 64 << 20;

pub(super) fn run(options: &RemovePermissions) -> anyhow::Result<Exit> {
    let named = patterns(&options.permissions)?;
    let accounts = roles(options)?;
    block_on(async {
        let office = Office::open(&options.place).await?;
        let reach = Reach::new(&office.config.connection_iam).await?;
        let (mut all, mut failed) = (Tally::default(), 0_usize);
        for (account, arns) in &accounts {
            let iam = Iam::new(&reach.account(account).await);
            match one(&office, &iam, account, arns, &named, options.commit).await {
                Ok(tally) => all = all.plus(tally),
                Err(error) => {
                    failed += 1;
                    report::error(format_args!("account {account}: {}", report::shown(&format!("{error:#}"))));
                }
            }
        }
        office.state.close().await;
        let verb = if options.commit { "changed" } else { "would change" };
        report::note(format_args!("{} looked at, {} {verb}, {} refused, {} failed", all.looked, all.changed, all.refused, all.failed));
        Ok(if failed + all.failed > 0 {
            Exit::Incomplete
        } else if all.refused > 0 {
            Exit::Found
        } else {
            Exit::Fine
        })
    })
}

/// The roles of the file, by account.
fn roles(options: &RemovePermissions) -> anyhow::Result<BTreeMap<AccountId, BTreeSet<String>>> {
    let path = &options.roles;
    let size = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    if size > MAX_BYTES {
        bail!("{} has {size} bytes, more than any list of roles", path.display());
    }
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let arns: Vec<String> = serde_json::from_str(&text).with_context(|| format!("{} is no JSON list of ARNs", path.display()))?;
    let mut accounts: BTreeMap<AccountId, BTreeSet<String>> = BTreeMap::new();
    for text in arns {
        let arn: Arn = text.parse().with_context(|| format!("in {}", path.display()))?;
        let account = arn.account().parse().with_context(|| format!("{arn} in {} is of no account", path.display()))?;
        accounts.entry(account).or_default().insert(text);
    }
    Ok(accounts)
}

async fn one(
    office: &Office,
    iam: &Iam,
    account: &AccountId,
    arns: &BTreeSet<String>,
    named: &[ActionPattern],
    commit: bool,
) -> anyhow::Result<Tally> {
    let mut worker = None;
    if commit {
        let mut begun = Worker::begin(iam, &office.state, &office.clock, account, &office.run).await?;
        begun.recover().await?.iter().for_each(|recovered| tell(&Told::Recovered(recovered)));
        worker = Some(begun);
    }
    let done = remove(office, iam, account, arns, named, worker.as_mut()).await;
    if let Some(worker) = worker {
        worker.end().await?;
    }
    done
}

async fn remove(
    office: &Office,
    iam: &Iam,
    account: &AccountId,
    arns: &BTreeSet<String>,
    named: &[ActionPattern],
    mut worker: Option<&mut Worker<'_>>,
) -> anyhow::Result<Tally> {
    let (config, now) = (&office.config, (office.clock)());
    // Filters say what is looked for; a person says here what goes.
    let survey = Survey::live(iam, &office.state, config, None, account, now).await?;
    let ids: BTreeSet<ActionId> = named.iter().flat_map(|pattern| survey.universe().expand(pattern).to_vec()).collect();
    let mut tally = Tally::default();
    let attachments = survey.inventory.attachments();
    for arn in arns {
        let Some(principal) = survey.inventory.principals.iter().find(|principal| principal.arn.as_str() == arn) else {
            report::warning(report::shown(&format!("{arn} is there no more")));
            tally.refused += 1;
            continue;
        };
        tally.looked += 1;
        if principal.owner() != Owner::Account {
            report::warning(format_args!("{} belongs to AWS, and is left alone", principal.arn));
            tally.skipped += 1;
            continue;
        }
        let known = survey.known(&office.state, principal, survey.roles.get(arn), None).await?;
        let analysis = survey.remove(principal, &known, &attachments, &ids);
        if let Some(owner) = office.code.ownership.owner_of(&analysis) {
            report::warning(report::shown(&format!("{}: left alone: {owner}; take them out there", principal.arn)));
            tally.skipped += 1;
            continue;
        }
        let proof = match &analysis.outcome {
            Outcome::Narrowed(proof) => serde_json::to_string(proof).ok(),
            Outcome::Refused(reason) => {
                report::error(report::shown(&format!("{}: refused: {reason}", principal.arn)));
                tally.refused += 1;
                continue;
            }
            Outcome::Same | Outcome::Left(_) => {
                report::note(format_args!("{}: has none of them", principal.arn));
                continue;
            }
        };
        let documents = documents(&analysis);
        report::data(format_args!("{}\n{}", principal.arn, changes(&documents)))?;
        warn_of_use(&analysis, &survey);
        let Some(worker) = worker.as_deref_mut() else {
            tally.changed += 1;
            continue;
        };
        let Some(analysed) = Snapshot::of(principal, &survey.inventory) else { continue };
        let mut role = survey.roles.get(arn).cloned();
        record(&office.state, role.as_mut(), &analysed, Occasion::Scan, config, (office.clock)()).await?;
        let change = NewChange {
            principal: principal.arn.clone(),
            purpose: Purpose::Remove,
            actor: office.actor.clone(),
            undoes: None,
            documents,
            proof,
        };
        match worker.apply(&analysed, &change).await {
            Ok(id) => {
                tally.changed += 1;
                tell(&Told::Applied(principal, id));
                let live = worker.live(&principal.arn).await?;
                record(&office.state, role.as_mut(), &live, Occasion::Remove, config, (office.clock)()).await?;
            }
            Err(error) => {
                tally.count(&error);
                tell(&Told::Failed(principal, &error));
            }
        }
    }
    Ok(tally)
}

/// A person may remove what is used, and is told so.
fn warn_of_use(analysis: &Analysis<'_>, survey: &Survey) {
    for id in analysis.removed() {
        let last = analysis.usage.actions.get(&id).and_then(|uses| uses.iter().map(|one| one.last).max());
        if let Some(last) = last {
            report::warning(format_args!("{} used {} last on {last}", analysis.principal.arn, survey.universe().text(id)));
        }
    }
}
