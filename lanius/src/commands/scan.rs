//! `lanius scan`.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use menagerie_report::{self as output, Exit};

use crate::archive;
use crate::cli::{Format, Scan};
use crate::coverage::{Ledger, State};
use crate::personal::Scope;
use crate::report::{self, Run, Shown, least};
use crate::rules::Level;
use crate::scan::{Buffer, Engine, Scratch, stream};
use crate::source::files::{self, How};
use crate::source::history::{self, Extent};
use crate::source::{Progress, Tables};
use crate::table::Sample;
use crate::triage::{Fingerprints, Sighting, group};

pub(super) fn run(scan: &Scan) -> anyhow::Result<Exit> {
    let engine = Arc::new(engine(scan)?);
    if let Some(exit) = super::bucket::resumable(scan, &engine)? {
        return Ok(exit);
    }
    anyhow::ensure!(
        scan.sample.is_none() || scan.tables || scan.paths.iter().any(|path| super::bucket::is_object(path)),
        "--sample is for --tables, or for s3://bucket/prefix"
    );
    let threads = scan.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let how = How {
        threads,
        keep_all: scan.ledger.is_some(),
        archives: scan.archives.then(|| archive::Limits::new(std::env::temp_dir())),
        tables: scan.tables.then(|| Tables { sample: scan.sample.map_or(Sample::All, Sample::Spread) }),
    };
    let of_change = scan.staged || scan.diff.is_some();
    let listed = if of_change { &[][..] } else { &scan.paths };
    let (input, paths): (Vec<_>, Vec<_>) = listed.iter().cloned().partition(|path| path.as_os_str() == "-");
    let (objects, paths) = super::bucket::split(paths);
    let (servers, paths): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_server(path));
    let (mut scanned, mut ledger) = files::scan(&engine, &paths, &how, &Progress::default());
    for url in &servers {
        let (more, seen) = server(&engine, &url.to_string_lossy(), &how)?;
        scanned.extend(more);
        ledger.merge(seen);
    }
    if !input.is_empty() {
        let mut found = Vec::new();
        match stream(&engine, &mut Scratch::default(), &mut Buffer::default(), &mut io::stdin().lock(), "-", &mut found) {
            Ok(bytes) => ledger.add("-", bytes, State::Scanned),
            Err(error) => ledger.add("-", 0, State::Error { reason: error.to_string() }),
        }
        scanned.extend(found.into_iter().map(|found| Sighting { path: "-".to_owned(), found, lineage: None }));
    }
    if of_change {
        let Some((more, seen)) = super::changes::gather(scan, &engine, threads)? else { return Ok(Exit::Incomplete) };
        scanned.extend(more);
        ledger.merge(seen);
    }
    if !objects.is_empty() {
        let (more, seen) = super::bucket::scan(scan, &engine, &objects)?;
        scanned.extend(more);
        ledger.merge(seen);
    }
    let extent = Extent { since: scan.since.clone(), branches: scan.branch.clone(), unreachable: scan.unreachable };
    for repository in &scan.git {
        let (more, seen) = history::scan(&engine, repository, &extent, threads, &Progress::default())?;
        scanned.extend(more);
        ledger.merge(seen);
    }
    if let Some(path) = &scan.ledger {
        write_ledger(path, &ledger)?;
    }
    let run = settle(scanned, ledger, &engine, scan.confidence);
    let shown = Shown { secrets: scan.show_secrets };
    match scan.format {
        Format::Human => output::data(report::human(&run, &engine, shown))?,
        Format::Json => output::json(&report::json(&run, &engine, shown))?,
        Format::Jsonl => output::data(report::jsonl(&run, &engine, shown))?,
    }
    for (entry, reason) in run.ledger.errors() {
        output::error(format_args!("{}: {}", output::shown(&entry.source), output::shown(reason)));
    }
    let places: usize = run.findings.iter().map(|finding| finding.places.len()).sum();
    output::note(format_args!(
        "{} findings at {places} places; {} sources, {} bytes; {} findings below the level",
        run.findings.len(),
        run.ledger.scanned,
        run.ledger.bytes,
        run.below
    ));
    Ok(run.exit(|_| true))
}

/// What of the finds is reported.
pub(super) fn settle(scanned: Vec<Sighting>, ledger: Ledger, engine: &Engine, confidence: Level) -> Run {
    let least = least(confidence);
    let mut findings = group(scanned, engine, &Fingerprints::default());
    let all = findings.len();
    findings.retain_mut(|finding| {
        finding.places.retain(|place| place.confidence >= least);
        !finding.places.is_empty()
    });
    Run { below: all - findings.len(), findings, ledger }
}

/// The rules that were asked for. Tables are searched for personal data, texts only with `--rules pii`.
fn engine(scan: &Scan) -> anyhow::Result<Engine> {
    let (personal, files): (Vec<_>, Vec<_>) = scan.rules.iter().partition(|file| file.as_os_str() == "pii");
    let rules = super::rules::load(&files)?;
    if personal.is_empty() && !scan.tables {
        anyhow::ensure!(scan.jurisdiction.is_empty(), "--jurisdiction is for personal data: add --rules pii or --tables");
        return Ok(Engine::new(rules));
    }
    let scope = if scan.jurisdiction.is_empty() { Scope::everywhere() } else { Scope::of(scan.jurisdiction.iter().map(String::as_str))? };
    Ok(Engine::with_personal(rules, scope, !personal.is_empty()))
}

fn is_server(path: &Path) -> bool {
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
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut out = io::BufWriter::new(file.as_file_mut());
        for entry in &ledger.entries {
            serde_json::to_writer(&mut out, entry)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        drop(out);
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("the ledger {} cannot be written", path.display()))
}
