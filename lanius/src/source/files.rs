//! Files and folders, walked and scanned by several threads at once. The answer is put in the order of the paths, whatever the
//! threads did.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::Progress;
use super::columns::{Columns, Tables};
use crate::archive;
use crate::coverage::{Ledger, State};
use crate::named;
use crate::scan::{BLOCK, Buffer, CONTEXT, Engine, Found, Going, Kind, LeftOut, Scratch, stream};
use crate::table;
use crate::triage::Sighting;

/// How many files make a job.
const BATCH: usize = 32;
/// How much of a large file is a job, in whole blocks.
const PART: u64 = 4 * BLOCK as u64;

/// How files are read.
#[derive(Debug, Clone)]
pub struct How {
    /// How many threads work.
    pub threads: usize,
    /// Whether the ledger keeps each source by name.
    pub keep_all: bool,
    /// Whether archives are opened, and within which bounds.
    pub archives: Option<archive::Limits>,
    /// Whether tables are read by column.
    pub tables: Option<Tables>,
}

/// A part of the work.
enum Job {
    Folder(PathBuf),
    Files(Vec<PathBuf>),
    Part(Arc<Large>, usize),
}

/// A file that several threads scan, each a part of it at a time.
struct Large {
    name: String,
    path: PathBuf,
    parts: usize,
    /// What is done, by the number of the part.
    scanned: Mutex<BTreeMap<usize, Scanned>>,
}

impl Large {
    fn new(name: &str, path: &Path, parts: usize) -> Self {
        Self { name: name.to_owned(), path: path.to_owned(), parts, scanned: Mutex::default() }
    }
}

/// What is in a part of a file.
struct Scanned {
    bytes: u64,
    /// How many lines end in it, from where its reader stood at first to where that of the next part does.
    lines: u64,
    found: Vec<Found>,
    /// Whether it begins as a compiled program does.
    program: bool,
    left: LeftOut,
    error: Option<io::Error>,
}

struct Queue {
    jobs: Mutex<(Vec<Job>, usize)>,
    changed: Condvar,
}

impl Queue {
    /// The next job; none once all are done. A worker that took one must say `done`.
    fn take(&self) -> Option<Job> {
        let mut state = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = state.0.pop() {
                state.1 += 1;
                return Some(job);
            }
            if state.1 == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn add(&self, jobs: impl IntoIterator<Item = Job>) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).0.extend(jobs);
        self.changed.notify_all();
    }

    fn done(&self) {
        let mut state = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 -= 1;
        if state.1 == 0 && state.0.is_empty() {
            self.changed.notify_all();
        }
    }
}

struct Worker<'a> {
    engine: &'a Engine,
    how: &'a How,
    queue: &'a Queue,
    progress: &'a Progress,
    opener: Option<archive::Opener>,
    excluded: Excluded<'a>,
    scratch: Scratch,
    buffer: Buffer,
    scanned: Vec<Sighting>,
    ledger: Ledger,
}

/// Whether the caller wants nothing of a path.
pub type Excluded<'a> = &'a (dyn Fn(&str) -> bool + Sync);

/// Scans files and folders, but for what is excluded. Of a folder, `.git` is left to the scan of the history.
#[must_use]
pub fn scan(engine: &Engine, roots: &[PathBuf], how: &How, excluded: Excluded<'_>, progress: &Progress) -> (Vec<Sighting>, Ledger) {
    let (threads, keep_all) = (how.threads, how.keep_all);
    let queue = Queue { jobs: Mutex::new((Vec::new(), 0)), changed: Condvar::new() };
    let mut ledger = Ledger::keeping_all(keep_all);
    for root in roots.iter().rev() {
        // What a user names is followed, also through a link.
        match fs::metadata(root) {
            Ok(kind) if kind.is_dir() => queue.add([Job::Folder(root.clone())]),
            Ok(kind) => match named::refuse(kind.file_type()) {
                Err(error) if menagerie_report::descriptor(root).is_none() => {
                    ledger.add(&shown(root), 0, State::Error { reason: error.to_string() });
                }
                _ => queue.add([Job::Files(vec![root.clone()])]),
            },
            Err(error) => ledger.add(&shown(root), 0, State::Error { reason: error.to_string() }),
        }
    }
    let mut scanned = Vec::new();
    std::thread::scope(|scope| {
        let work = || {
            let mut worker = Worker {
                engine,
                how,
                queue: &queue,
                progress,
                opener: how.archives.clone().map(archive::Opener::new),
                excluded,
                scratch: Scratch::default(),
                buffer: Buffer::default(),
                scanned: Vec::new(),
                ledger: Ledger::keeping_all(keep_all),
            };
            while let Some(job) = queue.take() {
                match job {
                    Job::Folder(folder) => worker.list(&folder),
                    Job::Files(files) => files.iter().for_each(|file| worker.scan(file)),
                    Job::Part(large, number) => worker.part(&large, number),
                }
                queue.done();
            }
            (worker.scanned, worker.ledger)
        };
        let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mine = work();
        for (found, seen) in others.into_iter().map(|other| other.join().expect("a worker does not panic")).chain([mine]) {
            scanned.extend(found);
            ledger.merge(seen);
        }
    });
    scanned.sort_by(|a, b| (&a.path, a.found.start, a.found.rule).cmp(&(&b.path, b.found.start, b.found.rule)));
    ledger.sort();
    (scanned, ledger)
}

/// A path as it is shown.
#[must_use]
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

impl Worker<'_> {
    fn error(&mut self, path: &Path, error: &io::Error) {
        self.ledger.add(&shown(path), 0, State::Error { reason: error.to_string() });
    }

    fn list(&mut self, folder: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.error(folder, &error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.error(folder, &error);
                    break;
                }
            };
            let path = entry.path();
            if (self.excluded)(&shown(&path)) {
                self.ledger.add(&shown(&path), 0, State::Skipped { reason: "the configuration excludes it".to_owned() });
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if entry.file_name() == ".git" {
                        self.ledger.add(
                            &shown(&path),
                            0,
                            State::Skipped { reason: "a repository's own store; `--git` scans its history".to_owned() },
                        );
                    } else {
                        self.queue.add([Job::Folder(path)]);
                    }
                }
                Ok(kind) if kind.is_file() => files.push(path),
                Ok(kind) if kind.is_symlink() => self.ledger.add(&shown(&path), 0, State::Skipped { reason: "a symbolic link".to_owned() }),
                Ok(_) => self.ledger.add(&shown(&path), 0, State::Skipped { reason: "a device, pipe or socket".to_owned() }),
                Err(error) => self.error(&path, &error),
            }
            if files.len() == BATCH {
                self.queue.add([Job::Files(std::mem::take(&mut files))]);
            }
        }
        files.iter().for_each(|file| self.scan(file));
    }

    fn scan(&mut self, path: &Path) {
        let name = shown(path);
        let done = File::open(path).and_then(|mut file| {
            // A stream has no beginning to go back to.
            if self.opener.is_none() && self.how.tables.is_none() || !file.metadata()?.is_file() {
                return self.file(&name, path, &mut file);
            }
            let mut head = Vec::new();
            file.by_ref().take(table::HEAD as u64).read_to_end(&mut head)?;
            file.rewind()?;
            if self.opener.is_some() && archive::sniff(&head[..head.len().min(archive::HEAD)]).is_some() {
                self.archive(&name, file);
                return Ok(());
            }
            match self.how.tables {
                Some(tables) if table::sniff(&name, &head).is_some() => {
                    self.table(&name, path, tables);
                    Ok(())
                }
                _ => self.file(&name, path, &mut file),
            }
        });
        if let Err(error) = done {
            self.error(path, &error);
        }
        self.progress.sources.fetch_add(1, Ordering::Relaxed);
    }

    /// Scans a file as a text. What of it is beyond its first part is shared among the threads.
    fn file(&mut self, name: &str, path: &Path, file: &mut File) -> io::Result<()> {
        let (mut going, mut found) = (Going::default(), Vec::new());
        let _ = self.scratch.left_out();
        let mut read = self.on(&mut going, file, name, PART, &mut found);
        if matches!(read, Ok(false)) {
            let about = file.metadata();
            let parts = about.ok().filter(|about| about.is_file() && self.how.threads > 1).map_or(1, |about| about.len().div_ceil(PART));
            if parts > 1 {
                let rest = 1..usize::try_from(parts).unwrap_or(usize::MAX);
                let large = Arc::new(Large::new(name, path, rest.end));
                let first = Scanned {
                    bytes: going.done(),
                    lines: going.lines(),
                    found,
                    program: going.is_program(),
                    left: self.scratch.left_out(),
                    error: None,
                };
                self.scanned_part(&large, 0, first);
                self.queue.add(rest.rev().map(|number| Job::Part(Arc::clone(&large), number)));
                return Ok(());
            }
            read = self.on(&mut going, file, name, u64::MAX, &mut found);
        }
        let scanned =
            Scanned { bytes: going.done(), lines: 0, found, program: going.is_program(), left: self.scratch.left_out(), error: read.err() };
        self.whole(name, path, vec![scanned]);
        Ok(())
    }

    /// Scans on in a file.
    fn on(&mut self, going: &mut Going, file: &mut File, name: &str, until: u64, found: &mut Vec<Found>) -> io::Result<bool> {
        going.on(self.engine, &mut self.scratch, &mut self.buffer, file, name, until, found)
    }

    /// Scans a part of a large file.
    fn part(&mut self, large: &Arc<Large>, number: usize) {
        let start = number as u64 * PART;
        let until = if number + 1 == large.parts { u64::MAX } else { start + PART };
        let (mut going, mut found) = (Going::at(start), Vec::new());
        let _ = self.scratch.left_out();
        let read = File::open(&large.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(start - CONTEXT as u64))?;
            self.on(&mut going, &mut file, &large.name, until, &mut found)
        });
        let bytes = going.done().saturating_sub(start);
        let scanned = Scanned { bytes, lines: going.lines(), found, program: false, left: self.scratch.left_out(), error: read.err() };
        self.scanned_part(large, number, scanned);
    }

    /// Keeps what is in a part; with the last one, the file is done.
    fn scanned_part(&mut self, large: &Large, number: usize, scanned: Scanned) {
        let parts = {
            let mut parts = large.scanned.lock().unwrap_or_else(PoisonError::into_inner);
            parts.insert(number, scanned);
            if parts.len() < large.parts {
                return;
            }
            std::mem::take(&mut *parts)
        };
        self.whole(&large.name, &large.path, parts.into_values().collect());
    }

    /// Puts the parts of a file together. What was found before and after an error counts.
    fn whole(&mut self, name: &str, path: &Path, parts: Vec<Scanned>) {
        let (mut all, mut left, mut bytes, mut lines, mut failed) = (Vec::new(), LeftOut::default(), 0, 0, None);
        let program = parts.first().is_some_and(|first| first.program);
        for part in parts {
            all.extend(part.found.into_iter().map(|found| Found { line: found.line + lines, end_line: found.end_line + lines, ..found }));
            left.and(part.left);
            lines += part.lines;
            bytes += part.bytes;
            failed = failed.or(part.error);
        }
        if failed.is_none() {
            self.engine.doubt_crowds(Kind::of(name), program, &mut all);
        }
        self.scanned.extend(all.into_iter().map(|found| Sighting { path: name.to_owned(), found, lineage: None }));
        match failed {
            Some(error) => self.error(path, &error),
            None => {
                self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.ledger.add_scanned(name, bytes, left);
            }
        }
    }

    fn archive(&mut self, name: &str, file: File) {
        let Some(mut opener) = self.opener.take() else { return };
        let _ = opener.open_seekable(name, file, &mut |event| {
            match event {
                archive::Event::Member(member) => {
                    let mut found = Vec::new();
                    let _ = self.scratch.left_out();
                    let read = stream(self.engine, &mut self.scratch, &mut self.buffer, member.read, member.path, &mut found);
                    self.ledger.leave(member.path, self.scratch.left_out());
                    self.progress.bytes.fetch_add(read.unwrap_or_default(), Ordering::Relaxed);
                    self.scanned.extend(found.into_iter().map(|found| Sighting { path: member.path.to_owned(), found, lineage: None }));
                }
                archive::Event::Entry(entry) => self.ledger.add(entry.path, entry.bytes, State::from(&entry.status)),
            }
            ControlFlow::Continue(())
        });
        self.opener = Some(opener);
    }

    fn table(&mut self, name: &str, path: &Path, tables: Tables) {
        let mut columns = Columns::new(self.engine, &mut self.scratch, name);
        let read = table::open_file(path, tables.sample, table::Bounds::default(), &mut |event| columns.take(event));
        let Columns { sightings, ledger, .. } = columns;
        let told = ledger.iter().any(|(_, _, state)| matches!(state, State::Error { .. }));
        let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
        self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        for (number, (table, _, state)) in ledger.into_iter().enumerate() {
            self.ledger.add(&table, if number == 0 { bytes } else { 0 }, state);
        }
        if let (Err(failure), false) = (read, told) {
            self.ledger.add(name, 0, State::Error { reason: failure.to_string() });
        }
        self.scanned.extend(sightings);
    }
}
