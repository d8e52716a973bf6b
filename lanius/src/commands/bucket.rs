//! `lanius scan s3://bucket/prefix`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use menagerie_report::Exit;

use super::policy::Prepared;
use crate::cli::{Scan, Sources};
use crate::coverage::Ledger;
use crate::rules::Level;
use crate::scan::Engine;
use crate::triage::Sighting;

/// Whether a path is a place in S3.
pub(super) fn is_object(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with("s3://"))
}

/// Places in S3, and other paths.
pub(super) fn split(paths: Vec<PathBuf>) -> (Vec<String>, Vec<PathBuf>) {
    let (objects, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_object(path));
    (objects.iter().map(|path| path.to_string_lossy().into_owned()).collect(), others)
}

#[cfg(not(feature = "aws"))]
pub(super) fn scan(_: &Sources, _: &Arc<Engine>, objects: &[String]) -> anyhow::Result<(Vec<Sighting>, Ledger)> {
    anyhow::bail!("{} cannot be scanned: {}", objects.join(", "), super::worker::LACKING)
}

#[cfg(not(feature = "aws"))]
pub(super) fn resumable(scan: &Scan, _: &Arc<Engine>, _: &mut Prepared, _: Level) -> anyhow::Result<Option<Exit>> {
    anyhow::ensure!(scan.sources.bucket.resume.is_none(), "--resume is for s3://bucket/prefix: {}", super::worker::LACKING);
    Ok(None)
}

#[cfg(feature = "aws")]
pub(super) use with_aws::{resumable, scan};

#[cfg(feature = "aws")]
mod with_aws {
    use std::fs::File;
    use std::io::{self, Write as _};
    use std::os::fd::AsFd as _;

    use anyhow::Context as _;
    use menagerie_aws::{Session, SessionOptions};
    use menagerie_aws_s3::S3;
    use menagerie_report::{self as output, count};

    use super::*;
    use crate::archive;
    use crate::bucket::{self, Address, Done, Journal, Options, Reader};
    use crate::cli::Format;
    use crate::report::{self, Shown};
    use crate::source::Progress;

    /// Keeps what was found, to be reported with all else.
    #[derive(Default)]
    struct Kept(Vec<Sighting>);

    impl Done for Kept {
        fn take(&mut self, found: Vec<Sighting>) -> io::Result<u64> {
            let places = found.len() as u64;
            self.0.extend(found);
            Ok(places)
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes what was found, an object at a time.
    struct Written<'a> {
        engine: &'a Engine,
        prepared: &'a mut Prepared,
        level: Level,
        shown: Shown,
        out: File,
    }

    impl Done for Written<'_> {
        fn take(&mut self, found: Vec<Sighting>) -> io::Result<u64> {
            let run = crate::commands::scan::settle(found, Ledger::default(), self.engine, self.prepared, self.level);
            self.out.write_all(report::jsonl(&run, self.engine, self.shown).as_bytes())?;
            Ok(run.findings.iter().map(|finding| finding.places.len() as u64).sum())
        }

        fn sync(&mut self) -> io::Result<()> {
            // A pipe or a terminal cannot be synced, and has not to be.
            if self.out.metadata()?.is_file() { self.out.sync_data() } else { Ok(()) }
        }
    }

    fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("the program cannot start")
    }

    async fn reader(sources: &Sources, engine: &Arc<Engine>) -> anyhow::Result<Reader> {
        let session = Session::load(SessionOptions::default()).await?;
        let archives = sources.archives.then(|| archive::Limits::new(std::env::temp_dir()));
        Ok(Reader::new(S3::new(&session, sources.bucket.requester_pays), Arc::clone(engine), usize::from(sources.bucket.at_once), archives))
    }

    fn options(sources: &Sources) -> Options {
        Options { at_once: usize::from(sources.bucket.at_once), sample: sources.sample }
    }

    pub(in crate::commands) fn scan(
        sources: &Sources,
        engine: &Arc<Engine>,
        objects: &[String],
    ) -> anyhow::Result<(Vec<Sighting>, Ledger)> {
        let addresses = objects.iter().map(|text| text.parse()).collect::<Result<Vec<Address>, _>>()?;
        runtime()?.block_on(async {
            let reader = reader(sources, engine).await?;
            let (mut kept, mut ledger) = (Kept::default(), Ledger::keeping_all(sources.ledger.is_some()));
            for address in &addresses {
                let mut seen = Ledger::keeping_all(sources.ledger.is_some());
                bucket::scan(&reader, address, options(sources), None, &mut seen, &Progress::default(), &mut kept).await?;
                ledger.merge(seen);
            }
            Ok((kept.0, ledger))
        })
    }

    /// A scan whose progress is written down, if that is asked for.
    pub(in crate::commands) fn resumable(
        scan: &Scan,
        engine: &Arc<Engine>,
        prepared: &mut Prepared,
        level: Level,
    ) -> anyhow::Result<Option<Exit>> {
        let Some(file) = &scan.sources.bucket.resume else { return Ok(None) };
        let (objects, others) = split(scan.sources.paths.clone());
        let [place] = objects.as_slice() else { anyhow::bail!("--resume is for a scan of one s3://bucket/prefix") };
        anyhow::ensure!(
            others.is_empty() && scan.sources.git.is_empty(),
            "--resume is for a scan of one s3://bucket/prefix and nothing else"
        );
        anyhow::ensure!(
            scan.format == Format::Jsonl,
            "--resume needs --format jsonl: lines are written as objects are done, and not again by a later run"
        );
        let address: Address = place.parse()?;
        let rules = crate::rules::version(engine.rules(), &format!("{:?} {} {}", level, scan.show_secrets, scan.sources.archives));
        let mut journal = Journal::open(file, &address.to_string(), &rules, scan.sources.sample)?;
        let out = File::from(io::stdout().as_fd().try_clone_to_owned().context("standard output cannot be written")?);
        let mut written =
            Written { engine, prepared, level, shown: Shown { secrets: scan.show_secrets, now: crate::commands::output::now() }, out };
        let mut ledger = Ledger::keeping_all(scan.sources.ledger.is_some());
        let totals = runtime()?.block_on(async {
            let reader = reader(&scan.sources, engine).await?;
            let progress = Progress::default();
            Ok::<_, anyhow::Error>(
                bucket::scan(&reader, &address, options(&scan.sources), Some(&mut journal), &mut ledger, &progress, &mut written).await?,
            )
        })?;
        if let Some(path) = &scan.sources.ledger {
            crate::commands::sources::write_ledger(path, &ledger)?;
        }
        for (entry, reason) in ledger.errors() {
            output::error(format_args!("{}: {}", output::shown(&entry.source), output::shown(reason)));
        }
        output::note(format_args!(
            "{} scanned now; since the beginning {}, {}",
            count(ledger.scanned, "object", "objects"),
            count(totals.scanned, "object", "objects"),
            count(totals.found, "place", "places")
        ));
        Ok(Some(if ledger.errors().next().is_some() {
            Exit::Incomplete
        } else if totals.found > 0 {
            Exit::Found
        } else {
            Exit::Fine
        }))
    }
}
