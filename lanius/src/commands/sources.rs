//! The sources of a scan, read one after the other.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use menagerie_git::Repository;
use menagerie_report as output;

use super::policy::Prepared;
use super::progress;
use crate::archive;
use crate::cli::Sources;
use crate::coverage::{Ledger, State};
use crate::hosting::Pending;
use crate::personal::Scope;
use crate::policy;
use crate::report::least;
use crate::rules::Level;
use crate::scan::{Buffer, Engine, Scratch, stream};
use crate::source::files::{self, How};
use crate::source::history::{self, Extent, Memory};
use crate::source::{Progress, Tables};
use crate::table::Sample;
use crate::triage::Sighting;

/// What stands of the histories that were scanned before, by repository.
pub(super) trait Memories {
    fn recall(&self, repository: &Path) -> Option<Memory>;
    fn keep(&mut self, repository: &Path, memory: Memory);
}

/// No memory of any history.
pub(super) struct Forgetful;

impl Memories for Forgetful {
    fn recall(&self, _: &Path) -> Option<Memory> {
        None
    }

    fn keep(&mut self, _: &Path, _: Memory) {}
}

/// What was read of the sources.
pub(super) struct Read {
    pub(super) sightings: Vec<Sighting>,
    pub(super) ledger: Ledger,
    /// What is to be noted of code hosts when the report is out.
    pub(super) pending: Pending,
}

/// Whether something to look at was named; else what to do is told.
pub(super) fn named(sources: &Sources, verb: &str) -> bool {
    if !sources.paths.is_empty() || !sources.git.is_empty() || sources.staged || sources.diff.is_some() {
        return true;
    }
    output::error("nothing was named that could be scanned");
    output::hint(format_args!("lanius {verb} .            this folder"));
    output::hint(format_args!("lanius {verb} --git .      the history of the repository here"));
    output::hint(format_args!("lanius {verb} --help       all there is"));
    false
}

/// Says that a history is empty, which else would look like one without findings.
fn tell_unborn(repository: &Path) -> anyhow::Result<()> {
    if Repository::open(repository)?.refs().tips().is_empty() {
        let shown = output::shown(&repository.to_string_lossy()).into_owned();
        output::warning(format_args!("the repository {shown} has no commits: there is no history to scan"));
        output::hint(format_args!("what is in its folder: lanius scan {shown}"));
    }
    Ok(())
}

/// Everything found in the sources, and what was looked at; none if there was nothing to compare with, which was told.
pub(super) fn read(
    sources: &Sources,
    prepared: &Prepared,
    engine: &Arc<Engine>,
    memories: &mut dyn Memories,
) -> anyhow::Result<Option<Read>> {
    let threads = sources.threads.map(usize::from).unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let of_change = sources.staged || sources.diff.is_some();
    let listed = if of_change { &[][..] } else { &sources.paths };
    let (input, paths): (Vec<PathBuf>, Vec<PathBuf>) = listed.iter().cloned().partition(|path| path.as_os_str() == "-");
    let globs = policy::globs(&prepared.config.scan.exclude).map_err(anyhow::Error::msg)?;
    let excluded =
        |path: &str| !globs.is_empty() && prepared.policy.tops.iter().filter_map(|top| top.name(path)).any(|name| globs.is_match(name));
    let how = How {
        threads,
        keep_all: sources.ledger.is_some(),
        archives: sources.archives.then(|| archive::Limits::new(std::env::temp_dir())),
        tables: sources.tables.then(|| Tables { sample: sources.sample.map_or(Sample::All, Sample::Spread) }),
    };
    let (objects, paths) = super::bucket::split(paths);
    anyhow::ensure!(
        sources.sample.is_none() || sources.tables || !objects.is_empty(),
        "--sample is for --tables, or for s3://bucket/prefix"
    );
    anyhow::ensure!(
        !sources.tables || objects.is_empty(),
        "--tables is for tables on this machine and in PostgreSQL; objects in S3 are scanned as texts and archives: leave it out, or copy the \
         tables here"
    );
    let (hosted, paths) = super::hosting::targets(paths)?;
    let (servers, paths): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_server(path));
    let reached = Arc::new(Progress::default());
    let countable =
        input.is_empty() && hosted.is_empty() && objects.is_empty() && servers.is_empty() && sources.git.is_empty() && !of_change;
    let line = (!sources.no_progress).then(|| progress::watch(&reached, &paths, countable));
    let (mut scanned, mut ledger) = files::scan(engine, &paths, &how, &excluded, &reached);
    for url in &servers {
        let (more, seen) = server(engine, &url.to_string_lossy(), &how)?;
        scanned.extend(more);
        ledger.merge(seen);
    }
    if !input.is_empty() {
        let (mut found, mut scratch) = (Vec::new(), Scratch::default());
        match stream(engine, &mut scratch, &mut Buffer::default(), &mut io::stdin().lock(), "-", &mut found) {
            Ok(bytes) => ledger.add_scanned("-", bytes, scratch.left_out()),
            Err(error) => ledger.add("-", 0, State::Error { reason: error.to_string() }),
        }
        scanned.extend(found.into_iter().map(|found| Sighting { path: "-".to_owned(), found, lineage: None }));
    }
    if of_change {
        let Some((more, seen)) = super::changes::gather(sources, engine, threads)? else { return Ok(None) };
        scanned.extend(more.into_iter().filter(|sighting| globs.is_empty() || !globs.is_match(&sighting.path)));
        ledger.merge(seen);
    }
    if !objects.is_empty() {
        let (more, seen) = super::bucket::scan(sources, engine, &objects)?;
        scanned.extend(more);
        ledger.merge(seen);
    }
    let extent = Extent { since: sources.since.clone(), branches: sources.branch.clone(), unreachable: sources.unreachable };
    let level = sources.confidence.or(prepared.config.scan.confidence).unwrap_or(Level::Medium);
    for repository in &sources.git {
        tell_unborn(repository)?;
        let known = memories.recall(repository);
        let seen = history::scan_on(engine, repository, &extent, known.as_ref(), least(level), threads, &reached)?;
        scanned.extend(seen.sightings.into_iter().filter(|sighting| globs.is_empty() || !globs.is_match(&sighting.path)));
        ledger.merge(seen.ledger);
        if let Some(memory) = seen.memory {
            memories.keep(repository, memory);
        }
    }
    let (more, seen, pending) = super::hosting::scan(&hosted, sources, level, engine, threads)?;
    scanned.extend(more);
    ledger.merge(seen);
    drop(line);
    if let Some(path) = &sources.ledger {
        write_ledger(path, &ledger)?;
    }
    Ok(Some(Read { sightings: scanned, ledger, pending }))
}

/// The rules that were asked for. Tables are searched for personal data, texts only with `--rules pii`.
pub(super) fn engine(sources: &Sources, prepared: &mut Prepared) -> anyhow::Result<Engine> {
    let rules = std::mem::take(&mut prepared.rules);
    let personal = sources.rules.iter().any(|file| file.as_os_str() == "pii");
    if !personal && !sources.tables {
        anyhow::ensure!(sources.jurisdiction.is_empty(), "--jurisdiction is for personal data: add --rules pii or --tables");
        return Ok(Engine::new(rules));
    }
    let scope =
        if sources.jurisdiction.is_empty() { Scope::everywhere() } else { Scope::of(sources.jurisdiction.iter().map(String::as_str))? };
    Ok(Engine::with_personal(rules, scope, personal))
}

pub(super) fn is_server(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.starts_with("postgres://") || path.starts_with("postgresql://"))
}

#[cfg(feature = "postgres")]
fn server(engine: &Engine, url: &str, how: &How) -> anyhow::Result<(Vec<Sighting>, Ledger)> {
    let tables = how.tables.context("a database is read by column: add --tables")?;
    Ok(crate::source::server(engine, url, tables, how.keep_all))
}

#[cfg(not(feature = "postgres"))]
fn server(_: &Engine, _: &str, _: &How) -> anyhow::Result<(Vec<Sighting>, Ledger)> {
    anyhow::bail!("this lanius was built without PostgreSQL; build it with `--features postgres`")
}

/// Writes a JSON line for each source; the file is whole or not there.
pub(super) fn write_ledger(path: &Path, ledger: &Ledger) -> anyhow::Result<()> {
    let lines = ledger.entries.iter().map(output::json_line).collect::<Result<String, _>>()?;
    output::replace(path, lines.as_bytes()).with_context(|| format!("the ledger {} cannot be written", path.display()))
}
