//! `repokid analyze`: the analysis of saved files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter};
use std::num::NonZero;

use anyhow::{Context as _, bail};
use globset::{Glob, GlobSet, GlobSetBuilder};
use menagerie_cloudtrail::read::{Found, Limits, Summary, fold, walk};
use menagerie_cloudtrail::selectors::Trails;
use menagerie_report::{self as report, Exit};

use super::usage::{public_keys, trails};
use super::{code, now, text};
use crate::account::{Inventory, MAX_BYTES, Principal, Problem, read};
use crate::advice;
use crate::analysis::{Guards, Outcome, Setting, analyze};
use crate::cli::{Analyze, Format};
use crate::compat::advisor;
use crate::iac::Proposed;
use crate::organization::{self, Organization};
use crate::permission_set::{self, Gathered, PermissionSet};
use crate::ranking::{self, Entry};
use crate::report::{Files, Head, Html, Human, Json, Tail, Totals};
use crate::rewrite::Options;
use crate::sight::{Observation, Trust, regions_of_use};
use crate::usage::Observer;
use crate::verdict::{Sights, Universe, Window};

/// The names that stay out of it whatever is said.
const BREAK_GLASS: [&str; 2] = ["*break-glass*", "*breakglass*"];

pub(super) fn run(options: &Analyze) -> anyhow::Result<Exit> {
    let mut problems = Vec::new();
    let inventory = inventory(options, &mut problems)?;
    let universe = Universe::new();
    let (mut observer, summary, files) = logs(options)?;
    problems.extend(
        summary
            .problems
            .places()
            .map(|trouble| Problem::new(trouble.file.display().to_string(), format!("byte {}: {}", trouble.at, trouble.problem))),
    );
    if !options.public_keys.is_empty() {
        observer.check_signatures(&public_keys(&options.public_keys)?, &mut problems);
    }
    let to = options.as_of.or_else(|| observer.seen_up_to()).unwrap_or_else(now);
    let window = Window::of_days(options.window, to);

    let mut usage = observer.usage(&universe, &inventory, window.from);
    for path in &options.access_advisor {
        let text = text(path, MAX_BYTES)?;
        let saved = advisor::saved(&text, now()).with_context(|| format!("{} cannot be used", path.display()))?;
        problems.extend(saved.faults.iter().map(|fault| Problem::new(format!("{}: {}", path.display(), fault.of), fault.reason.as_str())));
        for (arn, rows) in saved.rows {
            let advice = advice::of_rows(&rows, to, advice::OLDEST_DAYS);
            usage.entry(arn.as_str().to_owned()).or_default().advice = Some(advice);
        }
    }
    let observation = Observation::new(trust(options)?, &observer, &summary, &files, &mut problems);
    let sights = sights(&inventory, &universe, &observation, window, &mut problems);
    let blind = Sights::none(&universe, "no logs of the account were read");
    let guards = Guards {
        protected: globs(options.protect.iter().map(String::as_str).chain(BREAK_GLASS))?,
        minimum_age_days: options.minimum_age,
        whole_window: false,
    };
    let organization = organization(options)?;
    let controls = match &organization {
        Some((source, organization)) => {
            let accounts: BTreeSet<&str> = inventory.principals.iter().map(Principal::account).collect();
            organization.controls(accounts, &universe, source, &mut problems)
        }
        None => BTreeMap::new(),
    };
    let attachments = inventory.attachments();
    let setting = Setting {
        universe: &universe,
        inventory: &inventory,
        attachments: &attachments,
        usage: &usage,
        sights: &sights,
        blind: &blind,
        window,
        guards: &guards,
        organization: &controls,
        options: Options { resources: options.resources },
    };
    let mut notes = observation.notes().to_vec();
    notes.extend(controls.iter().map(|(account, controls)| controls.note(account)));
    let head = Head {
        window,
        accounts: sights.keys().cloned().collect(),
        made: now(),
        data: universe.catalogue().versions().iter().map(|version| (version.package.to_owned(), version.version.to_owned())).collect(),
        notes,
    };
    let only = if options.only.is_empty() { None } else { Some(globs(options.only.iter().map(String::as_str))?) };
    let chosen = inventory.principals.iter().filter(|principal| only.as_ref().is_none_or(|only| is_chosen(only, principal)));
    let entries = credential_entries(options, &window)?;
    let sets = permission_sets(options)?;
    let totals = write(options, &setting, &head, chosen, &problems, entries, &sets)?;
    for problem in &problems {
        report::warning(report::shown(&problem.to_string()));
    }
    Ok(if !problems.is_empty() {
        Exit::Incomplete
    } else if totals.narrowed + totals.refused > 0 {
        Exit::Found
    } else {
        Exit::Fine
    })
}

fn inventory(options: &Analyze, problems: &mut Vec<Problem>) -> anyhow::Result<Inventory> {
    let mut inventory = Inventory::default();
    for path in &options.authorization_details {
        let text = text(path, MAX_BYTES)?;
        let details = read(&text, &path.display().to_string());
        problems.extend(details.problems);
        inventory.principals.extend(details.inventory.principals);
        inventory.managed.extend(details.inventory.managed);
    }
    inventory.principals.sort_by(|left, right| left.arn.cmp(&right.arn));
    inventory.principals.dedup_by(|left, right| left.arn == right.arn);
    if inventory.principals.is_empty() {
        bail!(
            "there is no role, user or group in {}",
            options.authorization_details.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(inventory)
}

fn logs(options: &Analyze) -> anyhow::Result<(Observer, Summary, Vec<Found>)> {
    let from = options.as_of.map(|to| Window::of_days(options.window, to).from);
    let threads =
        options.threads.and_then(NonZero::new).or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    for path in &options.cloudtrail {
        if !path.exists() {
            bail!("{} is not there", path.display());
        }
    }
    let files = walk(&options.cloudtrail);
    let (observers, summary) = fold(&files, threads, Limits::default(), || Observer::new(from, options.as_of));
    let mut observers = observers.into_iter();
    let mut all = observers.next().unwrap_or_else(|| Observer::new(from, options.as_of));
    observers.for_each(|observer| all.merge(observer));
    Ok((all, summary, files))
}

/// How far the logs are trusted.
fn trust(options: &Analyze) -> anyhow::Result<Trust> {
    let told = !options.trail.is_empty();
    let trails = if told { trails(&options.trail)? } else { Trails::default() };
    Ok(match (options.assume_complete, told) {
        _ if options.cloudtrail.is_empty() => Trust::NoLogs,
        (true, _) => Trust::Assumed(trails),
        (false, true) => Trust::Judged(trails),
        (false, false) => Trust::NoTrail,
    })
}

/// What would have shown in each account. That most of it would not is a problem: the verdicts are weaker for it.
fn sights(
    inventory: &Inventory,
    universe: &Universe,
    observation: &Observation,
    window: Window,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Sights> {
    let mut sights = BTreeMap::new();
    for (account, also) in regions_of_use(inventory, window.from) {
        let of_account = observation.sights(account, window, &also, universe);
        if let Some(reason) = of_account.mostly_missing().filter(|_| observation.was_asked()) {
            problems.push(Problem::new(format!("account {account}"), format!("most verdicts are unknown: {reason}")));
        }
        sights.insert(account.to_owned(), of_account);
    }
    sights
}

fn globs<'a>(patterns: impl Iterator<Item = &'a str>) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(&pattern.to_ascii_lowercase()).with_context(|| format!("{pattern:?} is no pattern of names"))?);
    }
    Ok(set.build()?)
}

fn is_chosen(only: &GlobSet, principal: &Principal) -> bool {
    only.is_match(principal.name.to_ascii_lowercase()) || only.is_match(principal.arn.as_str().to_ascii_lowercase())
}

fn write<'a>(
    options: &Analyze,
    setting: &Setting<'a>,
    head: &Head,
    principals: impl Iterator<Item = &'a Principal>,
    problems: &[Problem],
    mut ranking: Vec<Entry>,
    sets: &[PermissionSet],
) -> anyhow::Result<Totals> {
    let files = options.output.as_deref().map(Files::new).transpose()?;
    let mut code = options.iac.as_deref().map(code::sources).transpose()?.map(Proposed::new);
    let ownership = code::ownership(&options.terraform_tag, options.iac_map.as_deref(), &options.terraform_state)?;
    let mut owners = BTreeMap::new();
    let mut totals = Totals::default();
    let human = Human::new(setting.universe);
    let mut json = match options.format {
        Format::Json => {
            Some(Json::begin(BufWriter::with_capacity(1 << 16, io::stdout()), setting.universe, head, env!("CARGO_PKG_VERSION"))?)
        }
        _ => None,
    };
    let mut html = (options.format == Format::Html).then(|| Html::new(setting.universe, head));
    let mut gathered = Gathered::default();
    if options.format == Format::Human {
        report::data(human.head(head))?;
    }
    for principal in principals {
        let analysis = analyze(principal, setting);
        totals.principals += 1;
        totals.counts = totals.counts.plus(analysis.counts());
        match analysis.outcome {
            Outcome::Narrowed(_) => totals.narrowed += 1,
            Outcome::Refused(_) => totals.refused += 1,
            Outcome::Left(_) => totals.left += 1,
            Outcome::Same => {}
        }
        let owner = ownership.owner_of(&analysis);
        if let Some(json) = &mut json {
            json.principal(&analysis)?;
        } else if let Some(html) = &mut html {
            html.principal(&analysis, owner.as_ref());
        } else {
            report::data(human.principal(&analysis))?;
        }
        if let Some(files) = &files {
            files.principal(&analysis)?;
        }
        owners.extend(owner.map(|owner| (principal.arn.as_str().to_owned(), owner)));
        ranking.extend(ranking::of_principal(&analysis, setting));
        gathered.add(&analysis);
        if let Some(proposed) = &mut code {
            proposed.add(&analysis, &ownership, setting.universe);
        }
    }
    if let (Some(proposed), Some(output)) = (&mut code, &options.output) {
        proposed.finish();
        proposed.write(&output.join("iac"))?;
    }
    ranking::sort(&mut ranking);
    let proposals = gathered.proposals(setting, sets);
    if let Some(files) = &files {
        files.proposals(&proposals)?;
    }
    let tail = Tail { totals, problems, owners: &owners, ranking: &ranking, proposals: &proposals };
    match (json, html) {
        (Some(json), _) => json.end(&tail)?,
        (None, Some(html)) => match html.end(&mut BufWriter::with_capacity(1 << 16, io::stdout()), &tail, env!("CARGO_PKG_VERSION")) {
            // A reader that closes the pipe early is no error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        },
        (None, None) => report::data(human.tail(&tail))?,
    }
    Ok(totals)
}

fn credential_entries(options: &Analyze, window: &Window) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in &options.credential_report {
        let text = text(path, MAX_BYTES)?;
        entries.extend(ranking::credentials(&text, window).with_context(|| format!("{} cannot be used", path.display()))?);
    }
    Ok(entries)
}

/// What is told of the organisation, and where.
fn organization(options: &Analyze) -> anyhow::Result<Option<(String, Organization)>> {
    if options.organization.is_empty() {
        return Ok(None);
    }
    let (mut texts, mut source) = (String::new(), Vec::new());
    for path in &options.organization {
        texts.push_str(&text(path, MAX_BYTES)?);
        texts.push('\n');
        source.push(path.display().to_string());
    }
    let source = source.join(", ");
    let organization = organization::saved(&texts).with_context(|| format!("{source} cannot be used"))?;
    Ok(Some((source, organization)))
}

fn permission_sets(options: &Analyze) -> anyhow::Result<Vec<PermissionSet>> {
    let mut sets = Vec::new();
    for path in &options.permission_sets {
        let text = text(path, MAX_BYTES)?;
        sets.extend(permission_set::saved(&text).with_context(|| format!("{} cannot be used", path.display()))?);
    }
    Ok(sets)
}
