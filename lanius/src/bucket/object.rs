//! One object: read by its ETag and scanned as it arrives, again if it breaks off.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use menagerie_aws_s3::{Head, ReadError, S3, Wanted};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::body::Waiting;
use crate::archive;
use crate::coverage::State;
use crate::scan::{BLOCK, Buffer, CONTEXT, Engine, LeftOut, Scratch, stream};
use crate::triage::Sighting;

/// What all objects that are being read may hold together, in KiB.
const BUDGET_KIB: u32 = 96 << 10;
/// What any object takes, however small, in KiB.
const LEAST_KIB: u64 = 192;
/// What the largest takes, in KiB: a block with its context, in memory that grows by doubling, and marks beside it.
const MOST_KIB: u64 = (2 * (BLOCK + CONTEXT) as u64 + (2 << 20)) >> 10;

/// How often an object that breaks off is read from its beginning.
const ATTEMPTS: u32 = 3;

/// An object that is to be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; none is the newest.
    pub version: Option<String>,
    /// Its ETag, where that is known.
    pub etag: Option<String>,
    /// Its size, where that is known.
    pub size: Option<u64>,
}

impl Object {
    /// Its path in reports.
    #[must_use]
    pub fn path(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    fn wanted<'a>(&'a self, etag: Option<&'a str>) -> Wanted<'a> {
        Wanted { bucket: &self.bucket, key: &self.key, version: self.version.as_deref(), etag }
    }
}

/// What was found in an object.
#[derive(Debug)]
pub struct Scanned {
    /// What was found, with the path: the object's, or that of a member of an archive.
    pub sightings: Vec<Sighting>,
    /// Members of an archive that were not scanned, or not to their end.
    pub gaps: Vec<(String, State)>,
    /// How many bytes were read.
    pub bytes: u64,
}

/// Why an object was not scanned.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It broke off, each time.
    #[error("{0}")]
    Broken(String),
    /// This program failed.
    #[error("a fault in this program while it scanned the object")]
    Fault,
}

/// Reads and scans objects.
#[derive(Debug, Clone)]
pub struct Reader {
    s3: S3,
    engine: Arc<Engine>,
    /// How many objects at once.
    places: Arc<Semaphore>,
    archives: Option<archive::Limits>,
    memory: Arc<Semaphore>,
}

impl Reader {
    /// Reads at most `at_once` objects at once; opens archives within limits, if there are any.
    #[must_use]
    pub fn new(s3: S3, engine: Arc<Engine>, at_once: usize, archives: Option<archive::Limits>) -> Self {
        let memory = Semaphore::new(BUDGET_KIB as usize);
        Self { s3, engine, places: Arc::new(Semaphore::new(at_once.max(1))), archives, memory: Arc::new(memory) }
    }

    /// The client.
    #[must_use]
    pub const fn s3(&self) -> &S3 {
        &self.s3
    }

    /// The rules.
    #[must_use]
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// What an object is now.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn head(&self, object: &Object) -> Result<Head, ReadError> {
        self.s3.head(object.wanted(None)).await
    }

    /// Scans the object if it still has the ETag.
    ///
    /// # Errors
    /// [`Failure`]; [`ReadError::Changed`] if it has another ETag.
    pub async fn scan(&self, object: &Object, etag: &str) -> Result<Scanned, Failure> {
        let _place = self.places.acquire().await.map_err(|_| Failure::Fault)?;
        let kib = object.size.map_or(MOST_KIB, |size| (2 * (size >> 10) + LEAST_KIB).min(MOST_KIB));
        let kib = u32::try_from(kib).unwrap_or(BUDGET_KIB).min(BUDGET_KIB);
        let _memory = self.memory.acquire_many(kib).await.map_err(|_| Failure::Fault)?;
        let mut attempt = 1;
        loop {
            match self.read(object, etag).await {
                Err(Failure::Broken(_)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(pause(&object.key, attempt)).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn read(&self, object: &Object, etag: &str) -> Result<Scanned, Failure> {
        let opened = self.s3.open(object.wanted(Some(etag))).await?;
        let (engine, path, runtime, archives) = (Arc::clone(&self.engine), object.path(), Handle::current(), self.archives.clone());
        let scanned = tokio::task::spawn_blocking(move || {
            let mut reader = Waiting::new(opened.body, runtime);
            let mut scanned = Scanned { sightings: Vec::new(), gaps: Vec::new(), bytes: 0 };
            match archives {
                Some(limits) => members(&engine, &path, &mut reader, &limits, &mut scanned),
                None => text(&engine, &path, &mut reader, &mut scanned),
            }
            scanned.bytes = reader.bytes;
            reader.broken.map_or(Ok(scanned), Err)
        });
        match scanned.await {
            Ok(Ok(scanned)) => Ok(scanned),
            Ok(Err(reason)) => Err(Failure::Broken(reason)),
            Err(_) => Err(Failure::Fault),
        }
    }
}

impl Scanned {
    fn leave(&mut self, path: &str, left: LeftOut) {
        self.gaps.extend(left.reasons().map(|reason| (path.to_owned(), State::Skipped { reason: reason.to_owned() })));
    }
}

/// The object as one text. Where it breaks off, the reader knows why.
fn text(engine: &Engine, path: &str, reader: &mut dyn Read, scanned: &mut Scanned) {
    let mut found = Vec::new();
    let mut scratch = Scratch::default();
    let _ = stream(engine, &mut scratch, &mut Buffer::default(), reader, path, &mut found);
    scanned.leave(path, scratch.left_out());
    scanned.sightings.extend(found.into_iter().map(|found| Sighting { path: path.to_owned(), found, lineage: None }));
}

/// The object, or what is in it if it is an archive.
fn members(engine: &Engine, path: &str, reader: &mut Waiting, limits: &archive::Limits, scanned: &mut Scanned) {
    let (mut scratch, mut buffer) = (Scratch::default(), Buffer::default());
    let _ = archive::open(path, reader, limits, &mut |event| {
        match event {
            archive::Event::Member(member) => {
                let mut found = Vec::new();
                // A member ends where it breaks off; its entry says so.
                let _ = stream(engine, &mut scratch, &mut buffer, member.read, member.path, &mut found);
                scanned.leave(member.path, scratch.left_out());
                scanned.sightings.extend(found.into_iter().map(|found| Sighting { path: member.path.to_owned(), found, lineage: None }));
            }
            archive::Event::Entry(entry) => match State::from(&entry.status) {
                State::Scanned | State::Opened => {}
                gap => scanned.gaps.push((entry.path.to_owned(), gap)),
            },
        }
        ControlFlow::Continue(())
    });
}

/// Longer after each attempt, and not the same for all objects.
fn pause(key: &str, attempt: u32) -> Duration {
    let spread = u64::from(crc32fast::hash(key.as_bytes()) % 250);
    Duration::from_millis((250 << attempt) + spread)
}
