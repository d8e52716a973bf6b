//! `repokid usage`: the usage store, taken in and asked.

use std::num::NonZero;
use std::path::PathBuf;

use anyhow::Context as _;
use menagerie_cloudtrail::selectors::Trails;
use menagerie_cloudtrail::signature::PublicKeys;
use menagerie_report::{self as report, Exit};
use serde_json::json;

use super::office::{Office, block_on};
use super::table::{minute, table};
use super::{now, text};
use crate::cli::{ListFormat, UsageAdd, UsageCommand};
use crate::feed::{Fed, FeedPlace, Pace, folder, settle};

/// The most bytes of answers about trails, and of public keys.
const MAX_TRAIL: u64 = 64 << 20;

pub(super) fn run(command: &UsageCommand) -> anyhow::Result<Exit> {
    match command {
        UsageCommand::Add(options) => block_on(add(options)),
        UsageCommand::Distinct(options) => super::distinct::run(options),
        UsageCommand::Show { principal, format, place } => block_on(async {
            let office = Office::open(place).await?;
            show(&office, principal, *format).await
        }),
        UsageCommand::List { files, format, place } => block_on(async {
            let office = Office::open(place).await?;
            if *files { list_files(&office, *format).await } else { list(&office, *format).await }
        }),
        UsageCommand::Forget { names, place } => block_on(async {
            let office = Office::open(place).await?;
            let mut exit = Exit::Fine;
            for name in names {
                // As warnings have it of a place.
                if !office.state.forget_file(name.trim_start_matches("(not read to its end) ")).await? {
                    report::warning(report::shown(&format!("{name} is not known")));
                    exit = Exit::Incomplete;
                }
            }
            Ok(exit)
        }),
        #[cfg(feature = "aws")]
        UsageCommand::Findings { account, format, place } => block_on(async {
            let office = Office::open(place).await?;
            live::findings(&office, account, *format).await
        }),
    }
}

async fn add(options: &UsageAdd) -> anyhow::Result<Exit> {
    let office = Office::open(&options.place).await?;
    let now = now();
    let oldest = now - office.config.usage_retention();
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let keys = if options.public_keys.is_empty() { None } else { Some(public_keys(&options.public_keys)?) };
    let is_bucket = |place: &FeedPlace| matches!(place, FeedPlace::Bucket { .. });
    let signatures = keys.is_some() || options.places.iter().any(is_bucket) || office.state.checks_signatures().await?;
    let since = options.since.unwrap_or(oldest).max(oldest);
    let pace = Pace { now, threads, objects: options.objects, since, signatures };
    if !options.trail.is_empty() {
        let trails = trails(&options.trail)?;
        office.state.tell_trails(&trails, pace.now).await?;
    }
    let mut fed = Fed::default();
    for place in &options.places {
        fed.add(match place {
            FeedPlace::Folder(path) => folder(&office.state, path, pace).await?,
            #[cfg(feature = "aws")]
            place => live::add(&office, options, place, pace).await?,
            #[cfg(not(feature = "aws"))]
            _ => anyhow::bail!("this repokid was built without what talks to AWS"),
        });
    }
    if let Some(keys) = &keys {
        fed.add(settle(&office.state, keys, None).await?);
    }
    #[cfg(feature = "aws")]
    if keys.is_none() && options.places.iter().any(is_bucket) {
        fed.add(live::settle(&office, options, now).await?);
    }
    if keys.is_none() && signatures && !options.places.iter().any(is_bucket) {
        let waiting: Vec<_> = office.state.unsettled_regions().await?.into_iter().map(|(region, _)| region).collect();
        if !waiting.is_empty() {
            report::note(format_args!("digests of {} wait for their signatures to be checked: give --public-keys", waiting.join(", ")));
        }
    }
    let pruned = office.state.prune_usage(oldest).await?;
    for problem in &fed.problems {
        report::warning(report::shown(problem));
    }
    let untold = fed.faults.saturating_sub(fed.problems.len() as u64);
    if untold > 0 {
        report::warning(format_args!("and {untold} more"));
    }
    match options.format {
        ListFormat::Human => {
            let (read, known, changed) = (fed.read, fed.known, fed.changed);
            report::data(format_args!(
                "{read} read ({changed} of them anew), {known} known already; {} events of {}\n",
                fed.events,
                report::size(fed.bytes)
            ))?;
            if pruned.uses + pruned.files > 0 {
                report::note(format_args!("{} uses and {} files are older than anything is kept, and went", pruned.uses, pruned.files));
            }
        }
        ListFormat::Json => report::json(&json!({
            "schema": "repokid.usage-added/1", "read": fed.read, "known": fed.known, "changed": fed.changed, "events": fed.events,
            "bytes": fed.bytes, "faults": fed.faults, "errors": fed.problems, "pruned": pruned.uses,
        }))?,
    }
    Ok(if fed.faults == 0 { Exit::Fine } else { Exit::Incomplete })
}

/// The public keys that digests are signed with.
pub(super) fn public_keys(files: &[PathBuf]) -> anyhow::Result<PublicKeys> {
    PublicKeys::parse(&texts(files)?).context("--public-keys is no answer of list-public-keys")
}

fn texts(files: &[PathBuf]) -> anyhow::Result<String> {
    let mut texts = String::new();
    for path in files {
        texts.push_str(&text(path, MAX_TRAIL)?);
        texts.push('\n');
    }
    Ok(texts)
}

/// What is told of trails.
pub(super) fn trails(files: &[PathBuf]) -> anyhow::Result<Trails> {
    Trails::parse(&texts(files)?).context("--trail is no answer of describe-trails and get-event-selectors")
}

async fn show(office: &Office, principal: &str, format: ListFormat) -> anyhow::Result<Exit> {
    let tuples = office.state.usage(principal).await?;
    match format {
        ListFormat::Human => {
            let rows: Vec<_> = tuples
                .iter()
                .map(|one| {
                    let (first, last) = (minute(Some(one.first)), minute(Some(one.last)));
                    vec![one.action.clone(), one.resource.clone(), one.outcome.to_string(), first, last, one.count.to_string()]
                })
                .collect();
            report::data(table(&["Action", "Resource", "Outcome", "First", "Last", "Count"], &rows))?;
        }
        ListFormat::Json => {
            let uses: Vec<_> = tuples
                .iter()
                .map(|one| {
                    json!({
                        "action": one.action, "resource": one.resource, "outcome": one.outcome.as_str(), "first": one.first, "last": one.last,
                        "count": one.count,
                    })
                })
                .collect();
            report::json(&json!({ "schema": "repokid.usage/1", "principal": principal, "uses": uses }))?;
        }
    }
    if tuples.is_empty() {
        report::note("nothing is known of its use: `repokid usage list` says whose is");
        return Ok(Exit::Found);
    }
    Ok(Exit::Fine)
}

async fn list(office: &Office, format: ListFormat) -> anyhow::Result<Exit> {
    let principals = office.state.usage_principals().await?;
    match format {
        ListFormat::Human => {
            let row = |one: &crate::state::UsagePrincipal| vec![one.principal.clone(), one.actions.to_string(), minute(Some(one.last))];
            report::data(table(&["Principal", "Actions", "Last"], &principals.iter().map(row).collect::<Vec<_>>()))?;
        }
        ListFormat::Json => {
            let of = |one: &crate::state::UsagePrincipal| json!({ "principal": one.principal, "actions": one.actions, "last": one.last });
            let principals: Vec<_> = principals.iter().map(of).collect();
            report::json(&json!({ "schema": "repokid.usage-principals/1", "principals": principals }))?;
        }
    }
    Ok(Exit::Fine)
}

async fn list_files(office: &Office, format: ListFormat) -> anyhow::Result<Exit> {
    let files = office.state.usage_files().await?;
    match format {
        ListFormat::Human => {
            let row = |file: &crate::state::UsageFile| {
                vec![
                    file.name.clone(),
                    minute(Some(file.read)),
                    file.records.to_string(),
                    file.faults.to_string(),
                    report::size(file.bytes),
                ]
            };
            report::data(table(&["Name", "Read", "Events", "Faults", "Size"], &files.iter().map(row).collect::<Vec<_>>()))?;
        }
        ListFormat::Json => {
            let of = |file: &crate::state::UsageFile| {
                json!({
                    "name": file.name, "version": file.version, "bytes": file.bytes, "events": file.records, "faults": file.faults,
                    "read": file.read,
                })
            };
            let files: Vec<_> = files.iter().map(of).collect();
            report::json(&json!({ "schema": "repokid.usage-files/1", "files": files }))?;
        }
    }
    Ok(Exit::Fine)
}

#[cfg(feature = "aws")]
mod live {
    //! The places that AWS has.

    use menagerie_aws::{AccountId, Session, SessionOptions};
    use menagerie_aws_access_analyzer::AccessAnalyzer;
    use menagerie_aws_athena::{Athena, Place};
    use menagerie_aws_cloudtrail::CloudTrail;
    use menagerie_aws_s3::S3;

    use super::{Exit, Fed, FeedPlace, ListFormat, Office, Pace, PublicKeys, UsageAdd, json, minute, report, table};
    use crate::compat::config::Connection;
    use crate::feed;
    use crate::reach::Reach;
    use jiff::Timestamp;

    /// The session of an account, or of the credentials that there are.
    async fn session(office: &Office, account: Option<&AccountId>, region: Option<&str>) -> anyhow::Result<Session> {
        let connection = office.config.connection_iam.clone();
        let region = region.map(str::to_owned).or_else(|| connection.region.clone());
        Ok(match account {
            Some(account) => Reach::new(&Connection { region, ..connection }).await?.account(account).await,
            None => Session::load(SessionOptions { region, ..SessionOptions::default() }).await?,
        })
    }

    pub(super) async fn add(office: &Office, options: &UsageAdd, place: &FeedPlace, pace: Pace) -> anyhow::Result<Fed> {
        let region = match place {
            FeedPlace::Lookup { region } => region.as_deref(),
            _ => None,
        };
        let session = session(office, options.account.as_ref(), region).await?;
        Ok(match place {
            FeedPlace::Folder(path) => feed::folder(&office.state, path, pace).await?,
            FeedPlace::Bucket { bucket, prefix } => feed::bucket(&office.state, &S3::new(&session, false), bucket, prefix, pace).await?,
            FeedPlace::Athena { database, table, workgroup, output, partition } => {
                let place = Place { workgroup: workgroup.clone(), database: Some(database.clone()), output: output.clone() };
                feed::athena(&office.state, &Athena::new(&session), table, partition.as_deref(), &place, pace).await?
            }
            FeedPlace::Lookup { .. } => {
                let account = options.account.as_ref().map_or("own", AccountId::as_str);
                let of = format!("{account}/{}", session.region());
                feed::lookup(&office.state, &CloudTrail::new(&session), &of, pace).await?
            }
        })
    }

    /// Checks the signatures of what was read of S3, by the keys of each Region. Where they cannot be had, and never could, digests count as
    /// they did without them.
    pub(super) async fn settle(office: &Office, options: &UsageAdd, now: Timestamp) -> anyhow::Result<Fed> {
        let mut fed = Fed::default();
        for (region, first) in office.state.unsettled_regions().await? {
            let session = session(office, options.account.as_ref(), Some(&region)).await?;
            let keys = match CloudTrail::new(&session).public_keys(first.into(), now.into()).await {
                Ok(answer) => PublicKeys::parse(&answer.to_string()).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match keys {
                Ok(keys) => fed.add(feed::settle(&office.state, &keys, Some(&region)).await?),
                Err(reason) => {
                    let counts = office.state.leave_unchecked(&region).await?;
                    let then = if counts { "they count without" } else { "they prove nothing until they are" };
                    let said = format!("the signatures of digests of {region} are not checked, and {then}: {reason}");
                    if counts {
                        report::note(report::shown(&said));
                    } else {
                        fed.problem(said);
                    }
                }
            }
        }
        Ok(fed)
    }

    pub(super) async fn findings(office: &Office, accounts: &[AccountId], format: ListFormat) -> anyhow::Result<Exit> {
        let mut found = Vec::new();
        let accounts = if accounts.is_empty() { vec![None] } else { accounts.iter().map(Some).collect() };
        for account in accounts {
            let session = session(office, account, None).await?;
            found.extend(feed::findings(&AccessAnalyzer::new(&session)).await?);
        }
        match format {
            ListFormat::Human => {
                let row = |one: &feed::UnusedAccess| {
                    let last = one.last.map_or_else(|| "never seen".to_owned(), |time| minute(Some(time)));
                    vec![one.principal.clone(), one.what.clone(), last, minute(one.analyzed)]
                };
                report::data(table(&["Principal", "Unused", "Last used", "Analyzed"], &found.iter().map(row).collect::<Vec<_>>()))?;
            }
            ListFormat::Json => report::json(&json!({ "schema": "repokid.findings/1", "findings": found }))?,
        }
        Ok(if found.is_empty() { Exit::Fine } else { Exit::Found })
    }
}
