//! Threads that read files and objects to tuples, and the store that takes them in, several at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use menagerie_cloudtrail::digest::{hash, hash_of};
use menagerie_cloudtrail::layout::{Kind, Name};
use menagerie_cloudtrail::read::{Found, Limits, Place, Reader, Summary};
use menagerie_cloudtrail::signature::Standing;
use tokio::sync::mpsc;

use super::{Fed, FeedError, Pace};
use crate::state::{Absorbed, Damage, Delivered, State, Taken, UsageFile, UsageTuple};
use crate::usage::{Observer, delivered, tuples};

/// How many files are taken in at once, if they have no more tuples together than [`MOST_TUPLES`].
const MOST_FILES: usize = 128;
const MOST_TUPLES: usize = 20_000;

/// Something to read.
#[derive(Debug)]
pub(super) struct Job {
    /// What the state knows it by.
    pub(super) name: String,
    /// What changes when its content does.
    pub(super) version: String,
    /// Its size, as stored.
    pub(super) size: u64,
    /// Its bytes, or where they are.
    pub(super) bytes: Bytes,
    /// The signature that CloudTrail gave it, if that is known.
    pub(super) signature: Option<String>,
}

/// The bytes of a job.
#[derive(Debug)]
pub(super) enum Bytes {
    File(PathBuf),
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "objects are of S3"))]
    Here(Vec<u8>),
}

/// Somebody who finds what is to be read, and sends it.
pub(super) type Jobs = mpsc::Sender<Job>;

/// The most bytes that a log file holds whose hash is taken.
const LARGEST_LOG: u64 = 8 << 30;

struct Gathered {
    file: UsageFile,
    tuples: Vec<UsageTuple>,
    delivered: Delivered,
    summary: Summary,
    /// Digests that cannot be read.
    bad_digests: Vec<String>,
}

/// Reads what `find` sends, on several threads, and takes it in. `find` gives what it has to tell beside.
pub(super) async fn gather<F>(state: &State, pace: Pace, find: impl FnOnce(Jobs) -> F) -> Result<Fed, FeedError>
where
    F: Future<Output = Result<Fed, FeedError>>,
{
    let threads = pace.threads.get();
    let (jobs, waiting) = mpsc::channel(threads * 2);
    let (done, mut gathered) = mpsc::channel(threads * 2);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..threads {
        let (waiting, done) = (Arc::clone(&waiting), done.clone());
        // A thread ends when there are no more jobs, or nobody takes what it has read.
        std::thread::Builder::new().name("usage".to_owned()).spawn(move || work(&waiting, &done, pace))?;
    }
    drop((done, waiting));
    let absorb = async {
        let mut fed = Fed::default();
        let mut batch = Vec::new();
        while let Some(one) = gathered.recv().await {
            batch.push(one);
            // Whatever is ready goes with it.
            while batch.len() < MOST_FILES && batch.iter().map(|one: &Gathered| one.tuples.len()).sum::<usize>() < MOST_TUPLES {
                match gathered.try_recv() {
                    Ok(one) => batch.push(one),
                    Err(_) => break,
                }
            }
            absorb(state, std::mem::take(&mut batch), pace.now, &mut fed).await?;
        }
        Ok::<_, FeedError>(fed)
    };
    let (found, fed) = tokio::join!(find(jobs), absorb);
    let mut fed = fed?;
    fed.add(found?);
    Ok(fed)
}

async fn absorb(state: &State, batch: Vec<Gathered>, now: Timestamp, fed: &mut Fed) -> Result<(), FeedError> {
    let (read, lost): (Vec<_>, Vec<_>) = batch.iter().partition(|one| one.summary.files > 0);
    let files: Vec<_> = read.iter().map(|one| Taken { file: &one.file, tuples: &one.tuples, delivered: &one.delivered }).collect();
    for (absorbed, Taken { file, .. }) in state.absorb_all(&files).await?.into_iter().zip(&files) {
        match absorbed {
            Absorbed::Known => {
                fed.known += 1;
                continue;
            }
            Absorbed::New => {}
            Absorbed::Changed => fed.changed += 1,
        }
        fed.read += 1;
        fed.events += file.records;
        fed.bytes += file.bytes;
    }
    let lost: Vec<_> = lost.iter().map(|one| (one.file.name.clone(), Damage::Log)).collect();
    if !lost.is_empty() {
        state.note_damaged(&lost, now).await?;
    }
    for one in &batch {
        let told = one.summary.problems.places().count() as u64;
        one.summary.problems.places().for_each(|trouble| fed.problem(trouble.to_string()));
        fed.faults += one.summary.problems.count() - told;
        one.bad_digests.iter().for_each(|problem| fed.problem(problem.clone()));
    }
    Ok(())
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>, done: &mpsc::Sender<Gathered>, pace: Pace) {
    let (mut reader, mut observer) = (Reader::new(Limits::default()), Observer::default());
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        let gathered = read(job, &mut reader, &mut observer, pace);
        if done.blocking_send(gathered).is_err() {
            return;
        }
    }
}

fn read(job: Job, reader: &mut Reader, observer: &mut Observer, pace: Pace) -> Gathered {
    let mut summary = Summary::default();
    // What a digest would be compared with, and what was signed of a digest.
    let is_log = Name::parse(&job.name).is_some_and(|name| name.kind == Kind::Log);
    let is_hashed = |observer: &Observer| is_log || (pace.signatures && !observer.digests.is_empty());
    let hashed = match job.bytes {
        Bytes::File(path) => {
            let found = Found { path, problem: None };
            reader.file(&found, 0, observer, &mut summary);
            is_hashed(observer).then(|| hash(&found.path, LARGEST_LOG))
        }
        Bytes::Here(bytes) => {
            let file = PathBuf::from(&job.name);
            reader.stream(bytes.as_slice(), Place { file: &file, number: 0, at: 0 }, observer, &mut summary);
            is_hashed(observer).then(|| hash_of(bytes.as_slice(), LARGEST_LOG))
        }
    };
    let hashed = hashed.and_then(Result::ok);
    for digest in &mut observer.digests {
        digest.seal = digest.seal.take().filter(|_| pace.signatures).map(|mut seal| {
            (seal.hash, seal.signature, seal.place) = (hashed.clone(), job.signature.clone(), job.name.clone());
            seal
        });
        if pace.signatures {
            digest.standing = Standing::Unsigned;
        }
    }
    let file = UsageFile {
        name: job.name,
        version: job.version,
        bytes: job.size,
        records: summary.events,
        faults: summary.problems.count(),
        read: pace.now,
    };
    let mut delivered = delivered(observer, &file.name, &summary.problems, hashed);
    if let Some(log) = &mut delivered.log {
        // Of an hour before, other files may not be read.
        log.hours.retain(|hour| *hour >= pace.first_hour());
    }
    let bad_digests = observer.bad_digests.iter().map(|(file, reason)| format!("{}: {reason}", file.display())).collect();
    Gathered { file, tuples: tuples(observer.take_seen()), delivered, summary, bad_digests }
}
