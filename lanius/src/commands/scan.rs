//! `lanius scan`.

use std::io;

use menagerie_report::{self as output, Exit};

use crate::cli::{Format, Scan};
use crate::coverage::State;
use crate::report::{self, Run, Shown, least};
use crate::scan::{Buffer, Engine, Scratch, stream};
use crate::source::history::{self, Extent};
use crate::source::{Progress, files};
use crate::triage::{Fingerprints, Sighting, group};

pub(super) fn run(scan: &Scan) -> anyhow::Result<Exit> {
    let engine = Engine::new(super::rules::load(&scan.rules)?);
    let threads = scan.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let (input, paths): (Vec<_>, Vec<_>) = scan.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    let (mut scanned, mut ledger) = files::scan(&engine, &paths, threads, false, &Progress::default());
    if !input.is_empty() {
        let mut found = Vec::new();
        match stream(&engine, &mut Scratch::default(), &mut Buffer::default(), &mut io::stdin().lock(), "-", &mut found) {
            Ok(bytes) => ledger.add("-", bytes, State::Scanned),
            Err(error) => ledger.add("-", 0, State::Error { reason: error.to_string() }),
        }
        scanned.extend(found.into_iter().map(|found| Sighting { path: "-".to_owned(), found, lineage: None }));
    }
    let extent = Extent { since: scan.since.clone(), branches: scan.branch.clone(), unreachable: scan.unreachable };
    for repository in &scan.git {
        let (more, seen) = history::scan(&engine, repository, &extent, threads, &Progress::default())?;
        scanned.extend(more);
        ledger.merge(seen);
    }
    let least = least(scan.confidence);
    let mut findings = group(scanned, &engine, &Fingerprints::default());
    let all = findings.len();
    findings.retain_mut(|finding| {
        finding.places.retain(|place| place.confidence >= least);
        !finding.places.is_empty()
    });
    let run = Run { below: all - findings.len(), findings, ledger };
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
