//! `repokid config`, `import`, `display_role_cache`, `display_role`, `repo_stats` and `opt_out`: what the state knows.

use std::fs::{File, OpenOptions};
use std::io::{Write as _, stdout};

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use menagerie_report::{self as report, Exit};
use serde_json::{Value, json};

use super::now;
use super::office::{Office, block_on};
use super::table::{minute, table};
use crate::account::Kind;
use crate::cli::{DisplayRole, DisplayRoleCache, Import, ListFormat, OptOutArgs, RepoStats, WriteConfig};
use crate::compat::config::TEMPLATE;
use crate::compat::dynamo;
use crate::state::{Activity, OptOut, Role};

pub(super) fn config(options: &WriteConfig) -> anyhow::Result<Exit> {
    match &options.file {
        None => report::verbatim(TEMPLATE)?,
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let mut file = file.with_context(|| format!("{} cannot be written", path.display()))?;
            file.write_all(TEMPLATE.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    for comment in [
        "state: a file of SQLite, or postgres://…; active_filters and filter_config: which roles are left alone",
        "principals: who is looked at, \"role\", \"user\", \"group\"; users and groups beside the roles are changed only if they stand there",
        "break_glass_roles: globs of names of who is never changed; observation: globs to \"quarterly\", \"yearly\" or days of looking back",
        "aardvark_api_location: leave it out to ask IAM itself; connection_iam: the role that is assumed in each account",
        "repo_requirements, repo_schedule_period_days, opt_out_period_days: days, as Repokid has them",
    ] {
        report::note(comment);
    }
    Ok(Exit::Fine)
}

pub(super) fn import(options: &Import) -> anyhow::Result<Exit> {
    let file = File::open(&options.file).with_context(|| format!("{} cannot be read", options.file.display()))?;
    block_on(async {
        let office = Office::open(&options.place).await?;
        let done = dynamo::import(&office.state, file, now()).await;
        let import = done.with_context(|| format!("{} was imported in part", options.file.display()))?;
        import.notes.iter().for_each(|note| report::note(report::shown(note)));
        for fault in &import.faults {
            report::warning(report::shown(&format!("{}, {}: {}", options.file.display(), fault.place, fault.reason)));
        }
        report::data(format_args!(
            "{} roles imported, {} known already, {} unusable\n",
            import.imported,
            import.known,
            import.faults.len()
        ))?;
        Ok(if import.faults.is_empty() { Exit::Fine } else { Exit::Incomplete })
    })
}

/// A role, a user or a group as JSON.
pub(super) fn of_role(role: &Role) -> Value {
    json!({
        "role_id": role.id.as_str(), "account": role.account.as_str(), "arn": role.arn.as_str(), "name": role.name,
        "kind": role.kind().as_str(), "created": role.created, "active": role.active, "refreshed": role.refreshed, "repoed": role.repoed, "tags": role.tags,
        "disqualified_by": role.disqualified_by, "opt_out": role.opt_out, "no_repo_permissions": role.protected,
        "total_permissions": role.repoable.total, "repoable_permissions": role.repoable.permissions,
        "repoable_services": role.repoable.services, "schedule": role.schedule, "observation": role.observation,
        "footing": role.footing,
    })
}

const COLUMNS: [&str; 8] = ["Name", "Refreshed", "Disqualified By", "Can be repoed", "Permissions", "Repoable", "Repoed", "Services"];

fn row(role: &Role) -> Vec<String> {
    let named: Vec<_> = role.disqualified_by.iter().map(|by| by.filter.as_str()).collect();
    let can = role.active && named.is_empty();
    vec![
        role.label(),
        minute(role.refreshed),
        named.join(", "),
        if can { "True" } else { "False" }.to_owned(),
        role.repoable.total.to_string(),
        role.repoable.permissions.to_string(),
        role.repoed.map_or_else(|| "Never".to_owned(), |time| minute(Some(time))),
        shortened(role.repoable.services.iter()),
    ]
}

/// The first of a list, and how many more there are.
fn shortened<'a>(list: impl Iterator<Item = &'a String>) -> String {
    let list: Vec<&str> = list.map(String::as_str).collect();
    let more = list.len().saturating_sub(6);
    let shown = list[..list.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

pub(super) fn display_all(options: &DisplayRoleCache) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let which = if options.inactive { Activity::All } else { Activity::Active };
        let mut roles = office.state.roles(&options.account, which).await?;
        roles.sort_by(|left, right| {
            (left.repoable.permissions, &left.name, left.repoable.total).cmp(&(
                right.repoable.permissions,
                &right.name,
                right.repoable.total,
            ))
        });
        match options.format {
            ListFormat::Human => report::data(table(&COLUMNS, &roles.iter().map(row).collect::<Vec<_>>()))?,
            ListFormat::Json => {
                let roles: Vec<_> = roles.iter().map(of_role).collect();
                report::json(&json!({ "schema": "repokid.roles/1", "account": options.account.as_str(), "roles": roles }))?;
            }
        }
        if roles.is_empty() {
            report::note(format_args!(
                "the state knows no role of {}: run `repokid update_role_cache {}`",
                options.account, options.account
            ));
        }
        Ok(Exit::Fine)
    })
}

pub(super) fn display_one(options: &DisplayRole) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let Some(role) = office.state.role_named(&options.account, &options.role).await? else {
            bail!("the state knows no {} of {}: run `repokid update_role_cache {}`", options.role, options.account, options.account);
        };
        let versions = office.state.policy_versions(&role.id).await?;
        let statistics = office.state.statistics(&role.id).await?;
        if options.format == ListFormat::Json {
            let versions: Vec<_> = versions
                .iter()
                .map(|one| {
                    json!({ "number": one.number, "source": one.version.source, "discovered": one.version.discovered, "policies": one.version.policies })
                })
                .collect();
            let statistics: Vec<_> = statistics
                .iter()
                .map(|one| {
                    json!({
                        "at": one.at, "source": one.source, "permissions": one.total, "repoable": one.repoable,
                        "disqualified_by": one.disqualified_by,
                    })
                })
                .collect();
            let role = of_role(&role);
            report::json(&json!({ "schema": "repokid.role/1", "role": role, "policies": versions, "stats": statistics }))?;
            return Ok(Exit::Fine);
        }
        let what = match role.kind() {
            Kind::Role => "Role",
            Kind::User => "User",
            Kind::Group => "Group",
        };
        report::data(format_args!("{what} repo data:\n{}", table(&COLUMNS, &[row(&role)])))?;
        for by in &role.disqualified_by {
            report::data(format_args!("  {}: {}\n", by.filter, report::shown(&by.reason)))?;
        }
        let history: Vec<_> = versions
            .iter()
            .map(|one| {
                let names = shortened(one.version.policies.keys());
                vec![one.number.to_string(), one.version.source.clone(), minute(Some(one.version.discovered)), names]
            })
            .collect();
        report::data(format_args!("\nPolicy history:\n{}", table(&["Number", "Source", "Discovered", "Policies"], &history)))?;
        let counts: Vec<_> = statistics
            .iter()
            .map(|one| {
                vec![
                    minute(Some(one.at)),
                    one.source.clone(),
                    one.total.to_string(),
                    one.repoable.to_string(),
                    one.disqualified_by.join(", "),
                ]
            })
            .collect();
        let columns = ["Date", "Event Type", "Permissions Count", "Repoable", "Disqualified By"];
        report::data(format_args!("\nStats:\n{}", table(&columns, &counts)))?;
        let repoable: Vec<_> = role
            .repoable
            .services
            .iter()
            .map(|entry| match entry.split_once(':') {
                Some((service, _)) => vec![service.to_owned(), entry.clone()],
                None => vec![entry.clone(), "all of it".to_owned()],
            })
            .collect();
        report::data(format_args!("\nRepoable services and permissions:\n{}", table(&["Service", "Action"], &repoable)))?;
        let kept: Vec<_> = role.protected.at(now()).map(|(pattern, until)| vec![pattern.to_owned(), minute(Some(until))]).collect();
        if !kept.is_empty() {
            report::data(format_args!("\nToo new to be repoed:\n{}", table(&["Permission", "Until"], &kept)))?;
        }
        if let Some(schedule) = &role.schedule {
            let what = shortened(schedule.permissions.iter());
            report::data(format_args!("\nScheduled for {}: {what}\n", minute(Some(schedule.at))))?;
        }
        if let Some(wish) = &role.opt_out {
            let (owner, reason) = (report::shown(&wish.owner), report::shown(&wish.reason));
            report::data(format_args!("\nOpted out by {owner} until {}: {reason}\n", minute(Some(wish.expires))))?;
        }
        if let Some(latest) = versions.last() {
            report::data("\nPolicies:\n")?;
            for (name, text) in &latest.version.policies {
                report::data(format_args!("{}\n{}\n", report::shown(name), text))?;
            }
        }
        Ok(Exit::Fine)
    })
}

pub(super) fn stats(options: &RepoStats) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let accounts = match &options.account {
            Some(account) => vec![account.clone()],
            None => office.state.accounts().await?,
        };
        let sink: Box<dyn std::io::Write> = match &options.output {
            Some(path) => Box::new(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?),
            None => Box::new(stdout()),
        };
        let mut csv = csv::Writer::from_writer(sink);
        csv.write_record([
            "RoleId",
            "Role Name",
            "Account",
            "Active",
            "Date",
            "Source",
            "Permissions Count",
            "Repoable Permissions Count",
            "Disqualified By",
        ])?;
        for account in &accounts {
            for role in office.state.roles(account, Activity::All).await? {
                for one in office.state.statistics(&role.id).await? {
                    let active = if role.active { "True" } else { "False" };
                    let (date, total, repoable) = (one.at.to_string(), one.total.to_string(), one.repoable.to_string());
                    let disqualified = one.disqualified_by.join(", ");
                    let (id, label) = (role.id.as_str(), role.label());
                    let whose = [id, &label, account.as_str(), active];
                    csv.write_record(whose.into_iter().chain([date.as_str(), &one.source, &total, &repoable, &disqualified]))?;
                }
            }
        }
        csv.flush()?;
        Ok(Exit::Fine)
    })
}

pub(super) fn opt_out(options: &OptOutArgs) -> anyhow::Result<Exit> {
    block_on(async {
        let office = Office::open(&options.place).await?;
        let Some(name) = &options.role else {
            let roles = office.state.roles(&options.account, Activity::Active).await?;
            let wishes: Vec<_> =
                roles.iter().filter_map(|role| Some((role, role.opt_out.as_ref().filter(|wish| wish.holds(now()))?))).collect();
            match options.format {
                ListFormat::Human => {
                    let row = |(role, wish): &(&Role, &OptOut)| {
                        vec![role.label(), wish.owner.clone(), minute(Some(wish.expires)), wish.reason.clone()]
                    };
                    report::data(table(&["Name", "Owner", "Until", "Reason"], &wishes.iter().map(row).collect::<Vec<_>>()))?;
                }
                ListFormat::Json => {
                    let wishes: Vec<_> = wishes.iter().map(|(role, wish)| json!({ "role": role.label(), "opt_out": wish })).collect();
                    report::json(&json!({ "schema": "repokid.opt-outs/1", "account": options.account.as_str(), "opt_outs": wishes }))?;
                }
            }
            return Ok(Exit::Fine);
        };
        let Some(mut role) = office.state.role_named(&options.account, name).await? else {
            bail!("the state knows no {name} of {}", options.account);
        };
        match (&options.owner, &options.reason) {
            (Some(owner), Some(reason)) => {
                let days = i64::from(office.config.opt_out_period_days);
                let expires = options.expires.unwrap_or_else(|| now() + SignedDuration::from_hours(24 * days));
                if expires <= now() {
                    bail!("an opt-out until {expires} would have run out already");
                }
                role.opt_out = Some(OptOut { owner: owner.clone(), reason: reason.clone(), expires });
                // What was scheduled was scheduled against this wish.
                role.schedule = None;
                office.state.save(&mut role).await?;
                report::note(format_args!("{} is left alone until {}", role.label(), minute(Some(expires))));
            }
            _ if options.remove => {
                let had = role.opt_out.take();
                office.state.save(&mut role).await?;
                let done = if had.is_some() { "may be changed again" } else { "was not opted out" };
                report::note(format_args!("{} {done}", role.label()));
            }
            _ => bail!("say --owner and --reason, or --remove"),
        }
        Ok(Exit::Fine)
    })
}
