//! What can be wrong with a repository, by what it costs: `OpenError` ends the reading, `ObjectError` is data about one object while
//! the rest goes on, `RevisionError` says why a revision names nothing.

use crate::oid::ObjectId;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a repository cannot be read at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Neither a worktree nor a bare repository.
    #[error("{} is not a git repository", path.display())]
    NotARepository {
        /// What was asked for.
        path: PathBuf,
    },
    /// A file that everything hangs on cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A `.git` file or `commondir` that leads nowhere.
    #[error("{} does not lead to a repository", path.display())]
    BrokenLink {
        /// The file with the link.
        path: PathBuf,
    },
    /// The configuration is not understood as far as it is read.
    #[error("line {line} of {} is not git configuration", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A format later than version 1.
    #[error("the repository is of format version {version:?}; versions 0 and 1 are known")]
    Version {
        /// As it is written, cut to 64 characters.
        version: String,
    },
    /// An extension that is not known, in a repository of version 1.
    #[error("the repository uses the extension {name:?}, which is not known")]
    UnknownExtension {
        /// As it is written, cut to 64 characters.
        name: String,
    },
    /// An extension that version 0 must not have.
    #[error("the repository is of format version 0 but uses the extension {name:?} of version 1")]
    ExtensionOfVersion1 {
        /// Its name.
        name: String,
    },
    /// A value of a known extension that is not known.
    #[error("the repository's extension {name} has the value {value:?}, which is not supported")]
    UnsupportedExtension {
        /// Its name.
        name: &'static str,
        /// As it is written, cut to 64 characters.
        value: String,
    },
    /// More packs, alternates or links than a repository has.
    #[error("the repository has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
}

/// Why one object cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// No pack and no file has it. A partial or shallow clone lacks objects rightly.
    #[error("it is not in the repository")]
    Missing,
    /// The system refused.
    #[error("it cannot be read: {0}")]
    Io(io::ErrorKind),
    /// Its header is none.
    #[error("its header is broken")]
    Header,
    /// Its compressed bytes are broken, or cut off.
    #[error("its compressed data is broken")]
    Compression,
    /// It is not as long as its header says.
    #[error("its length is not what its header says")]
    Length,
    /// It is a delta that does not fit its base.
    #[error("its delta is broken")]
    Delta,
    /// It is a delta whose base is not to be had.
    #[error("the base {base:?} of its delta is not to be had")]
    Base {
        /// The base, where its name is known.
        base: Option<ObjectId>,
    },
    /// It hangs on itself, or on a longer chain of deltas than is followed.
    #[error("its chain of deltas has no end within {limit} steps")]
    Chain {
        /// How many are followed.
        limit: usize,
    },
    /// It, or a base it needs, is longer than what is held in memory.
    #[error("it has {size} bytes, or a base of so many, and is a delta: more than is held in memory")]
    TooLarge {
        /// Its length, or that of the base.
        size: u64,
    },
    /// It is there, but another type of object.
    #[error("it is not a {expected}")]
    Kind {
        /// What it should be.
        expected: crate::object::Kind,
    },
    /// Its content is not that of its type.
    #[error("its content is not that of a {expected}")]
    Content {
        /// What it should be.
        expected: crate::object::Kind,
    },
    /// Its folders hold more paths than are followed.
    #[error("more paths lead on from it than are followed; {count} of them were")]
    Paths {
        /// How many were followed.
        count: usize,
    },
    /// The bound on all that is rebuilt was reached before it.
    #[error("the repository expands to more than the {limit} bytes that may be rebuilt")]
    Budget {
        /// The bound.
        limit: u64,
    },
}

impl From<io::Error> for ObjectError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Compression,
            kind => Self::Io(kind),
        }
    }
}

/// Something of a repository that could not be read, while the rest was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}: {why}")]
pub struct Problem {
    /// Which object, or which file of the repository.
    pub what: Lost,
    /// Why.
    pub why: ObjectError,
}

impl Problem {
    pub(crate) fn object(oid: ObjectId, why: ObjectError) -> Self {
        Self { what: Lost::Object(oid), why }
    }

    pub(crate) fn file(path: PathBuf, why: impl Into<ObjectError>) -> Self {
        Self { what: Lost::File(path), why: why.into() }
    }
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// One object.
    Object(ObjectId),
    /// An entry of a pack whose name is not known, by the pack and the place in it.
    Entry(PathBuf, u64),
    /// A file or folder of the repository: a pack, an index, a ref.
    File(PathBuf),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(oid) => write!(f, "object {oid}"),
            Self::Entry(path, offset) => write!(f, "the entry at {offset} of {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why a revision names no object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// No ref and no object has that name.
    #[error("no ref and no object is called {name:?}")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// An abbreviation of several objects.
    #[error("{name:?} is the start of several objects' names")]
    Ambiguous {
        /// What was asked for.
        name: String,
    },
    /// A form of git's that is not read, or none at all.
    #[error("{name:?} is not a form of revision that is read: a name or object ID, then ~N, ^N, ^0 or ^{{commit}}")]
    Form {
        /// What was asked for.
        name: String,
    },
    /// The object it leads to is not to be had.
    #[error("{name:?} leads to {oid}, but {why}")]
    Object {
        /// What was asked for.
        name: String,
        /// Where it stopped.
        oid: ObjectId,
        /// Why.
        why: ObjectError,
    },
    /// A commit without that many parents.
    #[error("{name:?} goes past the first commit")]
    NoParent {
        /// What was asked for.
        name: String,
    },
}
