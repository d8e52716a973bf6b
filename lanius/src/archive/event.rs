//! What reading an archive tells: the members as streams, and what became of each of them, for the ledger.

use std::fmt;
use std::io::{self, Read};

use super::Format;

/// What [`Opener::open`](super::Opener::open) shows.
pub enum Event<'a> {
    /// A member's bytes. They can be read until this call returns.
    Member(Member<'a>),
    /// What became of a member or a container, said once for each, after its bytes and its own members.
    Entry(Entry<'a>),
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(member) => member.fmt(out),
            Self::Entry(entry) => entry.fmt(out),
        }
    }
}

/// A member's bytes.
pub struct Member<'a> {
    /// Where it is: the file's name, then `!` and a name for each container. For display and for rules by path; it names nothing on disk.
    pub path: &'a str,
    /// The bytes it should have, as its container says. It may lie.
    pub listed: Option<u64>,
    /// The bytes. Never gives an error: a member that breaks off ends, and its [`Entry`] says why.
    pub read: &'a mut dyn Read,
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Member").field("path", &self.path).field("listed", &self.listed).finish_non_exhaustive()
    }
}

/// What became of a member or a container.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    /// As in [`Member::path`].
    pub path: &'a str,
    /// What became of it.
    pub status: Status,
    /// The bytes of it that were read; of a container, its own bytes, not its members'.
    pub bytes: u64,
    /// The bytes it should have, as its container says. It may lie.
    pub listed: Option<u64>,
}

/// What became of a member or a container.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Read to its end.
    Read,
    /// Shown whole, but the visitor did not read to its end.
    Left,
    /// A container, read to its end; its members have entries of their own.
    Opened(Format),
    /// Not read, or not to its end.
    Skipped(Skip),
    /// It could not be read, or not to its end.
    Failed(Failure),
}

/// Why something was not read, or not to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Skip {
    /// [`Limits::depth`](super::Limits::depth)
    #[error("too many containers within one another")]
    TooDeep,
    /// [`Limits::member`](super::Limits::member), or [`Limits::spool`](super::Limits::spool) for a zip file in a stream.
    #[error("larger than the limit for one member")]
    TooLarge,
    /// [`Limits::total`](super::Limits::total)
    #[error("the limit for all expanded bytes was reached")]
    Total,
    /// [`Limits::members`](super::Limits::members). The members after it have no entries.
    #[error("the limit for members was reached; the rest was not listed")]
    TooMany,
    /// [`Limits::ratio`](super::Limits::ratio)
    #[error("expands beyond the limit, as a decompression bomb does")]
    Ratio,
    /// [`Limits::window`](super::Limits::window)
    #[error("needs more memory to expand than the limit")]
    Window,
    /// Encrypted.
    #[error("encrypted")]
    Encrypted,
    /// A zip member compressed by a method that is not supported, by its number in the APPNOTE.
    #[error("compressed by method {0}, which is not supported")]
    Method(u16),
    /// A kind of archive that is not supported.
    #[error("{0} archives are not supported")]
    Unsupported(&'static str),
    /// A zip member whose bytes are another's too, as in a bomb.
    #[error("shares its bytes with another member, as in a decompression bomb")]
    Overlap,
    /// A symbolic or hard link. Not followed.
    #[error("a link")]
    Link,
    /// A device, a pipe or a socket: it has no content.
    #[error("not a file")]
    Special,
    /// A picture or a document in a notebook's output, in base64.
    #[error("binary output of a notebook")]
    Binary,
    /// A layer of a container image that was read before, under the same digest.
    #[error("a layer that was read before")]
    SeenLayer,
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// It ends before it should.
    #[error("truncated")]
    Truncated,
    /// Its structure or a checksum is wrong.
    #[error("damaged")]
    Damaged,
    /// The system could not read it, or could not keep it in a temporary file.
    #[error("cannot be read: {0}")]
    Io(io::ErrorKind),
}

/// What reading one file came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Members read to their end, or as far as the visitor wanted.
    pub read: u64,
    /// Containers opened and read to their end, the file itself included.
    pub opened: u64,
    /// Members and containers that were skipped.
    pub skipped: u64,
    /// Members and containers that failed.
    pub failed: u64,
    /// Bytes of members that the visitor read.
    pub bytes: u64,
    /// The visitor ended it.
    pub stopped: bool,
}

impl Outcome {
    pub(super) fn count(&mut self, entry: &Entry<'_>) {
        match entry.status {
            Status::Read | Status::Left => self.read += 1,
            Status::Opened(_) => self.opened += 1,
            Status::Skipped(_) => self.skipped += 1,
            Status::Failed(_) => self.failed += 1,
        }
    }
}
