//! The edge of `lanius scan` to code hosts: what is typed, the environment and the clock become a host and options.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context as _, bail};
use etcetera::BaseStrategy as _;
use menagerie_secret::Secret;

use crate::cli::Sources;
use crate::coverage::Ledger;
use crate::hosting::{self, Clock, Endpoint, Forge, Host, Options, Pending, Target};
use crate::named;
use crate::rules::Level;
use crate::scan::Engine;
use crate::source::Progress;
use crate::triage::Sighting;

/// The longest file that may hold a token.
const LONGEST_TOKEN: u64 = 4096;

/// Parts what names a code host's things from the paths.
pub(super) fn targets(paths: Vec<PathBuf>) -> anyhow::Result<(Vec<Target>, Vec<PathBuf>)> {
    let (mut targets, mut rest) = (Vec::new(), Vec::new());
    for path in paths {
        match path.to_str().and_then(Target::parse) {
            Some(target) => targets.push(target?),
            None => rest.push(path),
        }
    }
    Ok((targets, rest))
}

/// Whether a path names a code host's things.
pub(super) fn is_target(path: &Path) -> bool {
    path.to_str().and_then(Target::parse).is_some()
}

/// Scans what code hosts have. What was looked at is to be noted when the report is out.
pub(super) fn scan(
    targets: &[Target],
    sources: &Sources,
    level: Level,
    engine: &Engine,
    threads: usize,
) -> anyhow::Result<(Vec<Sighting>, Ledger, Pending)> {
    let (mut sightings, mut ledger, mut pending) = (Vec::new(), Ledger::keeping_all(sources.ledger.is_some()), Pending::default());
    let Some(first) = targets.first() else { return Ok((sightings, ledger, pending)) };
    let typed = &sources.hosting;
    if typed.endpoint.is_some() && targets.iter().any(|target| target.forge != first.forge) {
        bail!("--endpoint is one host: scan github:// and gitlab:// one after the other");
    }
    let cache = match &typed.cache {
        Some(folder) => folder.clone(),
        None => etcetera::choose_base_strategy().context("there is no cache folder: name one with --cache")?.cache_dir().join("lanius"),
    };
    let options = Options {
        cache,
        no_forks: typed.no_forks,
        no_archived: typed.no_archived,
        no_issues: typed.no_issues,
        include: hosting::globs(&typed.include)?,
        exclude: hosting::globs(&typed.exclude)?,
        largest: typed.max_repository_size,
        threads,
        keep_all: sources.ledger.is_some(),
        // Personal data is no rule of the engine's.
        asked: crate::rules::version(engine.rules(), &format!("{level:?} {:?} {:?}", sources.rules, sources.jurisdiction)),
    };
    let clock = Clock { now: || jiff::Timestamp::now().as_second(), sleep: |span: Duration| thread::sleep(span) };
    for target in targets {
        let endpoint = match &typed.endpoint {
            Some(url) => Endpoint::at(target.forge, url)?,
            None => Endpoint::public(target.forge),
        };
        let host = Host::new(endpoint, token(sources, target.forge)?, clock)?;
        let (found, seen, notes) = hosting::scan(engine, target, &host, &options, &Progress::default());
        sightings.extend(found);
        ledger.merge(seen);
        pending.merge(notes);
    }
    Ok((sightings, ledger, pending))
}

/// The token from the file that was named, else from the environment.
fn token(sources: &Sources, forge: Forge) -> anyhow::Result<Option<Secret<String>>> {
    let name = match forge {
        Forge::GitHub => "GITHUB_TOKEN",
        Forge::GitLab => "GITLAB_TOKEN",
    };
    let token = match &sources.hosting.token_file {
        Some(file) => {
            let shown = file.display();
            let mut text = String::new();
            let read = named::open(file).and_then(|file| file.take(LONGEST_TOKEN + 1).read_to_string(&mut text));
            let token = Secret::new(text);
            read.with_context(|| format!("the token file {shown} cannot be read"))?;
            if token.expose().len() as u64 > LONGEST_TOKEN {
                bail!("the token file {shown} has more than {LONGEST_TOKEN} bytes");
            }
            Some(token)
        }
        None => env::var(name).ok().map(Secret::new),
    };
    let token = token.map(|token| Secret::new(token.expose().trim().to_owned())).filter(|token| !token.expose().is_empty());
    if token.as_ref().is_some_and(|token| !token.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
        bail!("the token has characters that no token has");
    }
    Ok(token)
}
