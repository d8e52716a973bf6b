//! What was wrong with what was read: a count of each kind, and the first places of all, by file and byte.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::event::EventError;

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A file or folder could not be read, or not to its end.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It is neither a file nor a folder.
    #[error("is neither a file nor a folder")]
    NotAFile,
    /// Folders are nested too deep.
    #[error("folders are nested too deep here")]
    TooDeep,
    /// The compressed data ends too early: what is before that was used.
    #[error("the compressed file is cut off")]
    CompressedCut,
    /// The compressed data is damaged: what is before that was used.
    #[error("the compressed file is damaged")]
    CompressedDamaged,
    /// More comes out of a compressed file than any log has: what is before that was used.
    #[error("the compressed file holds more than {0} bytes, and was read no further")]
    TooMuch(u64),
    /// The text ends within a record or an array of them.
    #[error("the file ends within a record or a list of records")]
    Cut,
    /// A record is malformed: the next ones were used.
    #[error("broken record: {0}")]
    Record(EventError),
    /// So much of the file is malformed that it was left.
    #[error("too much of the file is malformed, it was read no further")]
    GivenUp,
    /// The file is something else than a log.
    #[error("not a log of CloudTrail")]
    NotALog,
}

impl Problem {
    /// A short name of its kind, which [`Problems::counts`] counts by.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NotAFile => "not-a-file",
            Self::TooDeep => "too-deep",
            Self::CompressedCut => "compressed-cut",
            Self::CompressedDamaged => "compressed-damaged",
            Self::TooMuch(_) => "too-much",
            Self::Cut => "cut",
            Self::Record(EventError::TooLong(_)) => "record-too-long",
            Self::Record(EventError::Missing(_) | EventError::Time) => "record-unknown",
            Self::Record(_) => "record-broken",
            Self::GivenUp => "given-up",
            Self::NotALog => "not-a-log",
        }
    }
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The file.
    pub file: PathBuf,
    /// The byte of its text, after decompression.
    pub at: u64,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, byte {}: {}", self.file.display(), self.at, self.problem)
    }
}

/// All that was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    counts: std::collections::BTreeMap<&'static str, u64>,
    /// With the number of the file among those read.
    places: Vec<(usize, Trouble)>,
}

impl Problems {
    /// Counts a problem, and keeps its place if there are fewer than `most`. Files come in the order of their numbers.
    pub(crate) fn add(&mut self, number: usize, file: &Path, at: u64, problem: Problem, most: usize) {
        *self.counts.entry(problem.kind()).or_default() += 1;
        if self.places.len() < most {
            self.places.push((number, Trouble { file: file.to_owned(), at, problem }));
        }
    }

    /// Takes over those of other files; of the places the first `most` stay, in the order of the files.
    pub(crate) fn merge(&mut self, other: Self, most: usize) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        self.places.extend(other.places);
        self.places.sort_by_key(|(number, _)| *number);
        self.places.truncate(most);
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many there are of each kind, by [`Problem::kind`].
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    /// The first of them, in the order of files and of bytes: at most as many as the limits say.
    pub fn places(&self) -> impl Iterator<Item = &Trouble> {
        self.places.iter().map(|(_, trouble)| trouble)
    }
}
