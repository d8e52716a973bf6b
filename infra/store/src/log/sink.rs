//! Where lines go, and why they did not get there.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use super::chain::Line;
use super::position::WriterId;

/// What a sink's acts return.
pub type SinkFuture<'a> = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send + 'a>>;

/// A durable place for lines. One log's writer task is the only caller, one call at a time.
pub trait Sink: Send {
    /// Makes ready for a new chain. Called before a writer's first batch; after a failed append, always with a new writer.
    fn begin<'a>(&'a mut self, writer: &'a WriterId) -> SinkFuture<'a>;

    /// Adds a batch of the writer's next lines, in their order. It returns success only when all of them will outlast a crash; after an
    /// error, any number of them may be there.
    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a>;
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn begin<'a>(&'a mut self, writer: &'a WriterId) -> SinkFuture<'a> {
        (**self).begin(writer)
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        (**self).append(batch)
    }
}

/// Why a sink did not take a batch.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The log holds an entry with this unique key.
    #[error("an entry with the unique key {unique:?} is in the log already")]
    Duplicate {
        /// The key.
        unique: String,
    },
    /// The file could not be opened, locked or written.
    #[error("{act} {path}: {source}", path = path.display())]
    File {
        /// What was tried, such as `cannot write`.
        act: &'static str,
        /// The log's path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The log's file was removed while it was open.
    #[error("the log {path} was removed while it was being written", path = path.display())]
    Removed {
        /// The log's path.
        path: PathBuf,
    },
    /// The database did not take the lines.
    #[cfg(feature = "sqlite")]
    #[error("the log's database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database was written by a newer version.
    #[cfg(feature = "sqlite")]
    #[error("the log's database has schema version {found}, and this program knows up to {known}: use a newer program")]
    NewerSchema {
        /// The database's schema version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A call to AWS failed.
    #[cfg(any(feature = "cloudwatch", feature = "dynamodb"))]
    #[error(transparent)]
    Call(#[from] menagerie_aws::CallError),
    /// CloudWatch Logs answered, yet did not keep every line.
    #[cfg(feature = "cloudwatch")]
    #[error("{reason}")]
    NotKept {
        /// What the service said.
        reason: String,
    },
    /// The table holds another item where this batch belongs.
    #[cfg(feature = "dynamodb")]
    #[error("the table {table} holds other lines of writer {writer} from {seq} on")]
    Occupied {
        /// The table.
        table: String,
        /// The writer.
        writer: WriterId,
        /// The number of the batch's first line.
        seq: u64,
    },
    /// There is no randomness for a writer ID.
    #[error("the system gives no randomness for a writer ID")]
    NoRandomness,
    /// A sink was asked to append before it was made ready.
    #[error("the sink was not made ready for this writer")]
    NotReady,
    /// A failure that a test asked for.
    #[error("{reason}")]
    Asked {
        /// What it is to say.
        reason: String,
    },
}
