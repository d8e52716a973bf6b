//! A worker: takes what S3 or an inventory announces, scans the objects, and writes results to S3 before it says that it is done.
//!
//! Each object has one result, whose key is made of bucket, key, version, ETag and the version of the rules. It is put only where none
//! is, as the last thing that is done for the object. So it is both the result and the mark that the object was scanned: a message that
//! comes twice, or again after a worker died, finds it and scans nothing anew, and no result is ever changed. What an object says of
//! suppressions does not count.

mod columns;
mod inventory;
mod lambda;
mod notification;
mod queue;
mod record;

use std::io::{Seek as _, Write as _};
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use menagerie_aws::CallError;
use menagerie_aws_s3::{Put, ReadError, Wanted};
use menagerie_aws_sqs::Sqs;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};

pub use inventory::{InventoryError, Part};
pub use lambda::{Batch, Deadline};
pub use notification::{Notification, NotificationError, parse};
pub use queue::{Drained, Polling, QueueError, work};
pub use record::{Form, Record, Reporting, encode};

use crate::bucket::{Address, Failure, Object, Reader};

/// How many objects of a message are under way or wait for their turn.
const AHEAD: usize = 64;
/// How often an object that changes while it is asked for is asked for again.
const CHANGES: u32 = 3;
/// The largest manifest that is read.
const LONGEST_MANIFEST: u64 = 32 << 20;
/// The largest part of an inventory that is read: S3 writes files of some hundred megabytes.
const LONGEST_PART: u64 = 2 << 30;

/// Scans what messages ask for.
#[derive(Debug)]
pub struct Worker {
    /// Reads objects.
    pub reader: Reader,
    /// What is written of them.
    pub reporting: Reporting,
    /// Where to.
    pub results: Address,
    /// How.
    pub form: Form,
    /// Where manifests of inventories are believed: elsewhere a file of that name is an object as any other.
    pub inventory: Option<Address>,
    /// The queue that an inventory's parts are sent to, by its URL.
    pub queue: Option<(Sqs, String)>,
}

/// What came of a message, or of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Objects scanned, whose results were written.
    pub scanned: u64,
    /// Objects that had a result already.
    pub known: u64,
    /// Objects that are not there any more, or archived; events that ask for nothing.
    pub left: u64,
    /// Places written.
    pub places: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Parts of inventories that were sent to the queue.
    pub parts: u64,
}

impl Tally {
    /// Adds another.
    pub const fn add(&mut self, other: Self) {
        self.scanned += other.scanned;
        self.known += other.known;
        self.left += other.left;
        self.places += other.places;
        self.bytes += other.bytes;
        self.parts += other.parts;
    }
}

/// Why a message is not done. It stays in the queue, whose redrive policy says how often it is tried.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It cannot be understood.
    #[error(transparent)]
    Notification(#[from] NotificationError),
    /// Objects of it could not be scanned.
    #[error("{failed} objects could not be scanned; the first: {first}")]
    Objects {
        /// How many.
        failed: u64,
        /// One of them, with the reason.
        first: String,
    },
    /// An inventory cannot be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// A file of an inventory cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What was said.
        reason: String,
    },
    /// An inventory's parts have nowhere to go.
    #[error("an inventory's parts are sent to the queue, and none is named")]
    NoQueue,
    /// A part could not be sent.
    #[error(transparent)]
    Send(CallError),
    /// The worker was told to end before the message was done.
    #[error("the worker ends before the message is done")]
    Stopped,
}

/// Why an object has no result.
#[derive(Debug, thiserror::Error)]
enum ObjectError {
    #[error(transparent)]
    Scan(#[from] Failure),
    #[error("its result cannot be written: {0}")]
    Result(#[from] CallError),
}

impl From<ReadError> for ObjectError {
    fn from(error: ReadError) -> Self {
        Self::Scan(error.into())
    }
}

/// Says whether the worker is to end.
pub type Stop = watch::Receiver<bool>;

impl Worker {
    /// Does what a message asks for.
    ///
    /// # Errors
    /// [`MessageError`]. What was done until then has its results.
    pub async fn message(&self, body: &str, stop: &Stop) -> Result<Tally, MessageError> {
        let Notification { objects, part, left } = parse(body)?;
        let mut tally = Tally { left: left.len() as u64, ..Tally::default() };
        for left in &left {
            tracing::info!(event = left, "nothing to scan");
        }
        let (manifests, objects): (Vec<_>, Vec<_>) = objects.into_iter().partition(|object| self.is_manifest(object));
        for manifest in manifests {
            tally.parts += self.fan_out(&manifest).await?;
        }
        tally.add(self.objects(stream::iter(objects), stop).await?);
        if let Some(part) = part {
            tally.add(self.part(part, stop).await?);
        }
        Ok(tally)
    }

    fn is_manifest(&self, object: &Object) -> bool {
        let lies_there = self.inventory.as_ref().is_some_and(|place| place.holds(&object.bucket, &object.key));
        lies_there && object.key.ends_with("/manifest.json")
    }

    /// Whether an object is of the worker's own making, or of the inventory's: scanning its own results would never end.
    fn is_own(&self, object: &Object) -> bool {
        let holds = |place: &Address| place.holds(&object.bucket, &object.key);
        holds(&self.results) || self.inventory.as_ref().is_some_and(holds)
    }

    async fn objects(&self, objects: impl stream::Stream<Item = Object>, stop: &Stop) -> Result<Tally, MessageError> {
        let (mut tally, mut failed, mut first, mut stopped) = (Tally::default(), 0, None, false);
        let done = objects.map(|object| async move {
            if *stop.borrow() {
                return (object, None);
            }
            let outcome = self.object(&object).await;
            (object, Some(outcome))
        });
        let mut done = std::pin::pin!(done.buffer_unordered(AHEAD));
        while let Some((object, outcome)) = done.next().await {
            match outcome {
                Some(Ok(one)) => tally.add(one),
                Some(Err(error)) => {
                    tracing::error!(object = object.path(), %error, "the object was not scanned");
                    failed += 1;
                    first.get_or_insert_with(|| format!("{}: {error}", object.path()));
                }
                None => stopped = true,
            }
        }
        match first {
            Some(first) => Err(MessageError::Objects { failed, first }),
            None if stopped => Err(MessageError::Stopped),
            None => Ok(tally),
        }
    }

    /// Scans an object and writes its result, unless it has one.
    async fn object(&self, object: &Object) -> Result<Tally, ObjectError> {
        let left = Tally { left: 1, ..Tally::default() };
        if self.is_own(object) {
            return Ok(left);
        }
        let mut etag = object.etag.clone();
        for _ in 0..CHANGES {
            let now = match etag.take() {
                Some(etag) => etag,
                None => match self.reader.head(object).await {
                    Ok(head) => head.etag,
                    Err(ReadError::Gone) => return Ok(left),
                    Err(error) => return Err(error.into()),
                },
            };
            let key = self.result_key(object, &now);
            if self.reader.s3().exists(&self.results.bucket, &key).await? {
                return Ok(Tally { known: 1, ..Tally::default() });
            }
            let scanned = match self.reader.scan(object, &now).await {
                Ok(scanned) => scanned,
                // Another object by now, with another event or the same: what is there is what counts.
                Err(Failure::Read(ReadError::Changed)) => continue,
                Err(Failure::Read(error @ (ReadError::Gone | ReadError::Archived))) => {
                    tracing::info!(object = object.path(), reason = %error, "left out");
                    return Ok(left);
                }
                Err(error) => return Err(error.into()),
            };
            let bytes = scanned.bytes;
            let records = self.reporting.records(object, &now, scanned, self.reader.engine());
            let places = records.first().and_then(|record| record.places).unwrap_or_default();
            let put = self.reader.s3().put_new(&self.results.bucket, &key, encode(&records, self.form), self.form.media_type()).await?;
            return Ok(match put {
                Put::Made => Tally { scanned: 1, places, bytes, ..Tally::default() },
                // Somebody else was scanning the same, and was first.
                Put::Exists => Tally { known: 1, ..Tally::default() },
            });
        }
        Err(ReadError::Changed.into())
    }

    /// Where the result of an object lies.
    #[must_use]
    pub fn result_key(&self, object: &Object, etag: &str) -> String {
        let mut hash = Sha256::new();
        for part in [&object.bucket, &object.key, object.version.as_deref().unwrap_or_default(), etag] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let name = hex::encode(hash.finalize());
        let (begin, extension) = (&name[..2], self.form.extension());
        self.results.below(&format!("rules={}/{begin}/{name}.{extension}", self.reporting.version))
    }

    /// Sends the parts of an inventory to the queue, a message each.
    async fn fan_out(&self, manifest: &Object) -> Result<u64, MessageError> {
        let (sqs, queue) = self.queue.as_ref().ok_or(MessageError::NoQueue)?;
        let mut text = Vec::new();
        self.fetch(&manifest.bucket, &manifest.key, LONGEST_MANIFEST, &mut text).await?;
        let parts = inventory::parts(&text, &manifest.bucket)?;
        for part in &parts {
            let message = serde_json::to_string(part).expect("a part is JSON");
            sqs.send(queue, &message).await.map_err(MessageError::Send)?;
        }
        Ok(parts.len() as u64)
    }

    async fn part(&self, part: Part, stop: &Stop) -> Result<Tally, MessageError> {
        let path = format!("s3://{}/{}", part.bucket, part.key);
        let failed = |error: std::io::Error| MessageError::File { path: path.clone(), reason: error.to_string() };
        // A Parquet file is read from its end, so a part is kept in a file that has no name.
        let mut file = tempfile::tempfile().map_err(failed)?;
        self.fetch(&part.bucket, &part.key, LONGEST_PART, &mut file).await?;
        file.flush().and_then(|()| file.rewind()).map_err(failed)?;
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let rows = tokio::task::spawn_blocking(move || inventory::objects(&part, file, &mut |object| sender.blocking_send(object).is_ok()));
        let objects = stream::poll_fn(move |context| receiver.poll_recv(context));
        let done = self.objects(objects.take_while(|_| std::future::ready(!*stop.borrow())), stop).await;
        let rows = rows.await.unwrap_or_else(|_| Err(InventoryError::Damaged("a fault in this program while it read the part".to_owned())));
        let tally = done?;
        rows?;
        if *stop.borrow() { Err(MessageError::Stopped) } else { Ok(tally) }
    }

    /// Copies a file of an inventory.
    async fn fetch(&self, bucket: &str, key: &str, most: u64, into: &mut impl std::io::Write) -> Result<(), MessageError> {
        let failed = |reason: String| MessageError::File { path: format!("s3://{bucket}/{key}"), reason };
        let wanted = Wanted { bucket, key, version: None, etag: None };
        let mut opened = self.reader.s3().open(wanted).await.map_err(|error| failed(error.to_string()))?;
        let mut bytes = 0;
        while let Some(chunk) = opened.body.next().await.map_err(|error| failed(error.to_string()))? {
            bytes += chunk.as_ref().len() as u64;
            if bytes > most {
                return Err(failed(format!("it is larger than {most} bytes")));
            }
            into.write_all(chunk.as_ref()).map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }
}

/// A way to tell a worker to end.
#[must_use]
pub fn stopping() -> (Arc<watch::Sender<bool>>, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Arc::new(sender), receiver)
}
