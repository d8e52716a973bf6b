//! `repokid rollback_role`: the versions of a role, a user or a group, and the way back to one; the way back from a change of anybody.

use anyhow::{Context as _, bail};
use menagerie_aws::AccountId;
use menagerie_aws_iam::Iam;
use menagerie_report::{self as report, Exit};

use super::office::{Office, block_on};
use crate::account::{Inventory, Principal, inventory};
use crate::apply::{ApplyError, Snapshot, Worker};
use crate::cli::RollbackRole;
use crate::reach::Reach;
use crate::repo::{Occasion, record};
use crate::report::changes;
use crate::rollback::{Restoration, of_change, to_version};
use crate::state::{ChangeStatus, NewChange, Purpose, Role};
use crate::survey::named;

pub(super) fn run(options: &RollbackRole) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let reach = Reach::new(&office.config.connection_iam).await?;
        let iam = Iam::new(&reach.account(&options.account).await);
        let mut worker = None;
        if options.commit {
            let mut begun = Worker::begin(&iam, &office.state, &office.clock, &options.account, &office.run).await?;
            for recovered in begun.recover().await? {
                super::repo::tell(&crate::repo::Told::Recovered(&recovered));
            }
            worker = Some(begun);
        }
        let done = restore(&office, &iam, options, worker.as_mut()).await;
        if let Some(worker) = worker {
            worker.end().await?;
        }
        office.state.close().await;
        done
    })
}

async fn restore(office: &Office, iam: &Iam, options: &RollbackRole, worker: Option<&mut Worker<'_>>) -> anyhow::Result<Exit> {
    let (inventory, problems) = inventory(iam.details().await?);
    problems.iter().for_each(|problem| report::warning(report::shown(&problem.to_string())));
    let principal = principal(&inventory, &options.account, &options.role)?;
    let mut role = office.state.role_named(&options.account, principal.arn.as_str()).await?;
    let live = Snapshot::of(principal, &inventory).with_context(|| format!("IAM's answer lacks a policy of {}", principal.arn))?;
    let (restoration, undoes) = match (options.selection, options.change) {
        (Some(number), _) => (version(office, role.as_ref(), principal, number, &live, &inventory).await?, None),
        (None, Some(id)) => {
            let change = office.state.change(id).await?.filter(|change| change.change.principal == principal.arn);
            let change = change.with_context(|| format!("{} has no change {id}", principal.arn))?;
            if change.status != ChangeStatus::Applied {
                bail!("change {id} is {}: there is nothing to undo", change.status);
            }
            (Restoration { documents: of_change(&change), notes: Vec::new() }, Some(id))
        }
        (None, None) => return list(office, role.as_ref(), principal).await,
    };
    restoration.notes.iter().for_each(|note| report::note(report::shown(note)));
    if restoration.documents.is_empty() {
        report::note(format_args!("{} is as it was: nothing is to be restored", principal.arn));
        return Ok(Exit::Fine);
    }
    report::data(format_args!("{}\n{}", principal.arn, changes(&restoration.documents)))?;
    let Some(worker) = worker else {
        report::note("nothing was changed: say -c to restore it");
        return Ok(Exit::Fine);
    };
    record(&office.state, role.as_mut(), &live, Occasion::Scan, &office.config, (office.clock)()).await?;
    let change = NewChange {
        principal: principal.arn.clone(),
        purpose: Purpose::Rollback,
        actor: office.actor.clone(),
        undoes,
        documents: restoration.documents,
        proof: None,
    };
    let id = match worker.apply(&live, &change).await {
        Err(error @ (ApplyError::ChangedSince { .. } | ApplyError::Met { .. })) => {
            report::error(report::shown(&error.to_string()));
            return Ok(Exit::Found);
        }
        done => done?,
    };
    let live = worker.live(&principal.arn).await?;
    record(&office.state, role.as_mut(), &live, Occasion::Rollback, &office.config, (office.clock)()).await?;
    report::note(format_args!("{}: restored, as change {id}", principal.arn));
    Ok(Exit::Fine)
}

fn principal<'a>(inventory: &'a Inventory, account: &AccountId, name: &str) -> anyhow::Result<&'a Principal> {
    let found = named(inventory, name).with_context(|| format!("account {account} has no {name}"))?;
    if found.account() != account.as_str() {
        bail!("the credentials are of account {}, not {account}", found.account());
    }
    Ok(found)
}

async fn version(
    office: &Office,
    role: Option<&Role>,
    principal: &Principal,
    number: u64,
    live: &Snapshot,
    inventory: &Inventory,
) -> anyhow::Result<Restoration> {
    let role = role.with_context(|| format!("the state has no versions of {}; undo a change by --change", principal.arn))?;
    let versions = office.state.policy_versions(&role.id).await?;
    let version = versions.iter().find(|version| version.number == number);
    let version = version.with_context(|| format!("{} has no version {number}; it has {}", principal.arn, versions.len()))?;
    Ok(to_version(principal, live, &Snapshot::of_version(&version.version.policies), inventory))
}

async fn list(office: &Office, role: Option<&Role>, principal: &Principal) -> anyhow::Result<Exit> {
    let mut text = String::new();
    if let Some(role) = role {
        for version in office.state.policy_versions(&role.id).await? {
            let names: Vec<_> = version.version.policies.keys().map(String::as_str).collect();
            let (at, source) = (version.version.discovered, &version.version.source);
            text.push_str(&format!("version {}: {at} {source}: {}\n", version.number, names.join(", ")));
        }
    }
    for change in office.state.changes_of(&principal.arn).await? {
        let names: Vec<_> = change.change.documents.iter().map(|document| document.policy.as_str()).collect();
        let (at, purpose, by) = (change.updated, change.change.purpose, &change.change.actor);
        let note = change.note.map(|note| format!(" ({note})")).unwrap_or_default();
        text.push_str(&format!("change {}: {at} {purpose} by {by}, {}{note}: {}\n", change.id, change.status, names.join(", ")));
    }
    if text.is_empty() {
        report::note(format_args!("nothing is known of {} from before", principal.arn));
    }
    for line in text.lines() {
        report::data(format_args!("{}\n", report::shown(line)))?;
    }
    Ok(Exit::Fine)
}
