//! Reading a log back, line by line, from the first to the last.

use std::future::Future;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::Pin;

/// What [`Source::read_lines`] returns.
pub type SourceFuture<'a> = Pin<Box<dyn Future<Output = Result<(), SourceError>> + Send + 'a>>;

/// What is done with each line. Breaking ends the reading.
pub type Each<'a> = dyn FnMut(RawLine<'_>) -> ControlFlow<()> + Send + 'a;

/// A line as it was found. Nothing is known of it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Its bytes without the newline. Of a line longer than [`super::MAX_LINE`], that many bytes and one more.
    pub bytes: &'a [u8],
    /// Whether it ended: false for a file's last line if no newline closes it.
    pub ended: bool,
}

/// A log that can be read from its beginning. Each writer's lines come in the order in which they were appended; those of different
/// writers may be interleaved. Memory is bounded by a page, or by the writers' names where the store keeps each writer apart.
pub trait Source: Send {
    /// Hands every line to `each`, all pages, until the end or until `each` breaks.
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a>;
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        (**self).read_lines(each)
    }
}

/// Why a log could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    File {
        /// The log's path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database could not be read.
    #[cfg(feature = "sqlite")]
    #[error("the log's database: {0}")]
    Database(#[from] sqlx::Error),
    /// The tool's own database could not be read.
    #[cfg(feature = "database")]
    #[error(transparent)]
    Table(#[from] crate::database::DatabaseError),
    /// A call to AWS failed.
    #[cfg(any(feature = "cloudwatch", feature = "dynamodb"))]
    #[error(transparent)]
    Call(#[from] menagerie_aws::CallError),
}
