//! `repokid schedule_repo`, `show_scheduled_roles` and `cancel_scheduled_repo`.

use anyhow::bail;
use menagerie_report::{self as report, Exit};
use serde_json::{Value, json};

use super::now;
use super::office::{Office, block_on};
use super::table::{minute, table};
use crate::cli::{CancelScheduled, ListFormat, OfAccount};
use crate::round::{self, Planned};
use crate::state::{Role, Schedule};

fn of_schedule(role: &Role, schedule: &Schedule) -> Value {
    json!({ "role": role.label(), "arn": role.arn.as_str(), "at": schedule.at, "permissions": schedule.permissions, "by": schedule.by })
}

pub(super) fn schedule(options: &OfAccount) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let done = round::schedule(&office.state, &options.account, &office.config, now(), &office.actor).await?;
        let scheduled: Vec<_> = done
            .iter()
            .filter_map(|one| match one {
                Planned::Scheduled(role, schedule) => Some((role.as_ref(), schedule)),
                _ => None,
            })
            .collect();
        let mut stale = false;
        for one in &done {
            match one {
                Planned::Stale(role) => {
                    stale = true;
                    report::warning(format_args!("{}: another run changed it, and it was not scheduled", role.label()));
                }
                Planned::Not(role, reason) => report::note(format_args!("{}: {}", role.label(), report::shown(&reason.to_string()))),
                Planned::Scheduled(..) | Planned::Already(_) => {}
            }
        }
        match options.format {
            ListFormat::Json => {
                let scheduled: Vec<_> = scheduled.iter().map(|(role, schedule)| of_schedule(role, schedule)).collect();
                report::json(&json!({ "schema": "repokid.schedule/1", "account": options.account.as_str(), "scheduled": scheduled }))?;
            }
            ListFormat::Human => {
                let row = |(role, schedule): &(&Role, &Schedule)| {
                    vec![role.label(), minute(Some(schedule.at)), role.repoable.permissions.to_string()]
                };
                let rows: Vec<_> = scheduled.iter().map(row).collect();
                report::data(table(&["Role name", "Scheduled", "Repoable"], &rows))?;
            }
        }
        Ok(if stale { Exit::Incomplete } else { Exit::Fine })
    })
}

pub(super) fn show(options: &OfAccount) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let roles = office.state.scheduled_roles(&options.account).await?;
        let scheduled = || roles.iter().filter_map(|role| Some((role, role.schedule.as_ref()?)));
        match options.format {
            ListFormat::Json => {
                let scheduled: Vec<_> = scheduled().map(|(role, schedule)| of_schedule(role, schedule)).collect();
                report::json(&json!({ "schema": "repokid.schedule/1", "account": options.account.as_str(), "scheduled": scheduled }))?;
            }
            ListFormat::Human => {
                let row = |(role, schedule): (&Role, &Schedule)| {
                    let due = if schedule.is_due(now()) { "True" } else { "False" };
                    vec![role.label(), minute(Some(schedule.at)), due.to_owned()]
                };
                report::data(table(&["Role name", "Scheduled", "Scheduled Time Elapsed?"], &scheduled().map(row).collect::<Vec<_>>()))?;
            }
        }
        Ok(Exit::Fine)
    })
}

pub(super) fn cancel(options: &CancelScheduled) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let roles = round::cancel(&office.state, &options.account, options.role.as_deref()).await?;
        for role in &roles {
            report::note(format_args!("what was scheduled for {} is cancelled", role.label()));
        }
        match &options.role {
            Some(name) if roles.is_empty() => bail!("nothing was scheduled for {name} in {}", options.account),
            _ => Ok(Exit::Fine),
        }
    })
}
