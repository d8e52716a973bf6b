//! A bucket, or what lies under a prefix: listed window by window, many objects at once, results in the order of the plan.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt as _, stream};
use menagerie_aws::CallError;
use menagerie_aws_s3::{Listed, ReadError};

use super::journal::{Checkpoint, RETRIES};
use super::object::{Failure, Object, Reader, Scanned};
use super::window::{self, Window};
use super::{Address, Journal, JournalError};
use crate::coverage::{Ledger, State};
use crate::source::Progress;
use crate::triage::Sighting;

/// How many objects may be planned or wait for those before them, for each that is read.
const AHEAD: usize = 4;
/// How many objects that are done are written down together.
const TOGETHER: usize = 64;
/// How often an object that changes while it is asked for is asked for again.
const CHANGES: u32 = 3;

/// How a bucket is scanned.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How many objects at once.
    pub at_once: usize,
    /// How many objects of each folder, the newest; none is all.
    pub sample: Option<u64>,
}

/// What takes what was found.
pub trait Done {
    /// Takes what was found in an object; says how many places are reported.
    ///
    /// # Errors
    /// What the system said where it was written.
    fn take(&mut self, found: Vec<Sighting>) -> io::Result<u64>;

    /// Makes what was taken durable.
    ///
    /// # Errors
    /// What the system said where it was written.
    fn sync(&mut self) -> io::Result<()>;
}

/// Sums over a scan, with what was done before it was taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Objects scanned.
    pub scanned: u64,
    /// Places found.
    pub found: u64,
}

/// Why a scan ended early.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Its progress cannot be written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Its results cannot be written.
    #[error("the results cannot be written: {0}")]
    Output(#[from] io::Error),
}

struct Run<'a> {
    reader: &'a Reader,
    options: Options,
    journal: Option<&'a mut Journal>,
    state: Checkpoint,
    ledger: &'a mut Ledger,
    progress: &'a Progress,
    done: &'a mut dyn Done,
}

/// Scans what lies under an address. What could not be read stands in the ledger.
///
/// # Errors
/// [`ScanError`]: results or progress cannot be written.
pub async fn scan(
    reader: &Reader,
    address: &Address,
    options: Options,
    journal: Option<&mut Journal>,
    ledger: &mut Ledger,
    progress: &Progress,
    done: &mut dyn Done,
) -> Result<Totals, ScanError> {
    let state = journal.as_ref().map(|journal| journal.checkpoint.clone()).unwrap_or_default();
    let mut run = Run { reader, options, journal, state, ledger, progress, done };
    let earlier = run.state.retry.clone();
    while !run.state.finished {
        let window = window::list(reader.s3(), address, run.state.after.as_deref()).await;
        let window = match window {
            Ok(window) => window,
            Err(error) => {
                run.ledger.add(&address.to_string(), 0, State::Error { reason: listing(&error) });
                break;
            }
        };
        run.window(address, window).await?;
        if run.state.retry.len() > RETRIES {
            let reason = format!("more than {RETRIES} objects could not be read: the scan stopped, and what lies further was not listed");
            run.ledger.add(&address.to_string(), 0, State::Error { reason });
            break;
        }
    }
    // Only once the listing is done with, since the journal then forgets what was done of the last window.
    if run.state.finished && !earlier.is_empty() {
        run.retry(address, earlier).await?;
    }
    let totals = Totals { scanned: run.state.scanned, found: run.state.found };
    if run.state.finished && run.state.scanned == 0 && run.state.listed > 0 && run.state.retry.is_empty() {
        run.ledger.add(&address.to_string(), 0, State::Error { reason: "it is not empty, and nothing of it could be scanned".to_owned() });
    }
    ledger.sort();
    Ok(totals)
}

/// What a failed listing means for who asked.
fn listing(error: &CallError) -> String {
    match error.code.as_deref() {
        Some("AccessDenied" | "AllAccessDisabled") => {
            "access denied: the credentials need s3:ListBucket on the bucket (and --requester-pays where the requester pays)".to_owned()
        }
        Some("NoSuchBucket") => "there is no such bucket".to_owned(),
        _ => error.to_string(),
    }
}

impl Run<'_> {
    /// What could not be read when the scan ran before.
    async fn retry(&mut self, address: &Address, keys: BTreeSet<String>) -> Result<(), ScanError> {
        self.state.retry.retain(|key| !keys.contains(key));
        let object = |key| Object { bucket: address.bucket.clone(), key, ..Object::default() };
        self.objects(keys.into_iter().map(object).collect()).await?;
        self.write_down()
    }

    async fn window(&mut self, address: &Address, mut window: Window) -> Result<(), ScanError> {
        let mut taken = self.state.taken.clone();
        if let Some(most) = self.options.sample {
            window::sample(&mut window, most, &mut taken);
        }
        let mut todo = Vec::new();
        for Listed { key, etag, size, archived, .. } in window.objects {
            let object = Object { bucket: address.bucket.clone(), key, version: None, etag: Some(etag), size: Some(size) };
            let is_done = |journal: &&mut Journal| journal.is_done(&object.key, object.etag.as_deref().unwrap_or_default());
            if let Some(class) = archived {
                let reason = format!("archived ({class}): it has to be restored before it can be read");
                self.ledger.add(&object.path(), 0, State::Skipped { reason });
            } else if !self.journal.as_ref().is_some_and(is_done) {
                todo.push(object);
            }
        }
        self.objects(todo).await?;
        self.state.listed += window.listed;
        self.state.after = window.next;
        self.state.finished = self.state.after.is_none();
        self.state.taken = taken;
        self.write_down()
    }

    fn write_down(&mut self) -> Result<(), ScanError> {
        if let Some(journal) = &mut self.journal {
            // The sums of the objects were kept by the journal as they were done.
            let (scanned, bytes, found) = (journal.checkpoint.scanned, journal.checkpoint.bytes, journal.checkpoint.found);
            journal.checkpoint = Checkpoint { scanned, bytes, found, ..self.state.clone() };
            journal.advance()?;
        }
        Ok(())
    }

    async fn objects(&mut self, objects: Vec<Object>) -> Result<(), ScanError> {
        let reader = self.reader;
        let ahead = self.options.at_once.max(1) * AHEAD;
        let scanned = stream::iter(objects).map(|object| one(reader, object)).buffered(ahead);
        let mut scanned = std::pin::pin!(scanned.ready_chunks(TOGETHER));
        while let Some(chunk) = scanned.next().await {
            let mut written = Vec::new();
            for (object, outcome) in chunk {
                if let Some(done) = self.take(&object, outcome)? {
                    written.push((object.key, done));
                }
            }
            if let Some(journal) = &mut self.journal {
                self.done.sync()?;
                journal.done(written.iter().map(|(key, (etag, bytes, found))| (key.as_str(), etag.as_str(), *bytes, *found)))?;
            }
        }
        Ok(())
    }

    /// The ETag, bytes and reported places of an object that was scanned.
    fn take(&mut self, object: &Object, outcome: Result<(String, Scanned), Failure>) -> Result<Option<(String, u64, u64)>, ScanError> {
        let path = object.path();
        self.progress.sources.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Ok((etag, Scanned { sightings, gaps, bytes })) => {
                self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.ledger.add(&path, bytes, State::Scanned);
                for (member, state) in gaps {
                    self.ledger.add(&member, 0, state);
                }
                let found = self.done.take(sightings)?;
                self.state.scanned += 1;
                self.state.bytes += bytes;
                self.state.found += found;
                return Ok(Some((etag, bytes, found)));
            }
            Err(Failure::Read(ReadError::Gone)) => {
                self.ledger.add(&path, 0, State::Skipped { reason: "deleted since it was listed".to_owned() });
            }
            Err(Failure::Read(ReadError::Archived)) => {
                self.ledger.add(&path, 0, State::Skipped { reason: "archived: it has to be restored before it can be read".to_owned() });
            }
            Err(error) => {
                self.ledger.add(&path, 0, State::Error { reason: error.to_string() });
                self.state.retry.insert(object.key.clone());
            }
        }
        Ok(None)
    }
}

/// Scans an object as it is now, with the ETag that it then had.
async fn one(reader: &Reader, object: Object) -> (Object, Result<(String, Scanned), Failure>) {
    let mut etag = object.etag.clone();
    for _ in 0..CHANGES {
        let now = match etag.take() {
            Some(etag) => etag,
            None => match reader.head(&object).await {
                Ok(head) => head.etag,
                Err(error) => return (object, Err(error.into())),
            },
        };
        match reader.scan(&object, &now).await {
            Err(Failure::Read(ReadError::Changed)) => {}
            Ok(scanned) => return (object, Ok((now, scanned))),
            Err(error) => return (object, Err(error)),
        }
    }
    (object, Err(ReadError::Changed.into()))
}
