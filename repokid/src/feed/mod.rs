//! Brings usage into the store: from folders of CloudTrail's logs, and with the feature `aws` from S3, Athena and `LookupEvents`.
//!
//! What is read is remembered under a name and a version (a file's path with its size and time, an object's key with its ETag, a day of a
//! table, an hour of the event history) in the same transaction as its uses: however often a run is killed, nothing is lost and nothing is
//! counted twice, and what was read is not read again. Memory is bounded by what is read at once, not by how much there is.

mod folder;
mod gather;
mod place;
mod signatures;

#[cfg(feature = "aws")]
mod athena;
#[cfg(feature = "aws")]
mod bucket;
#[cfg(feature = "aws")]
mod findings;
#[cfg(feature = "aws")]
mod lookup;

use jiff::Timestamp;
use menagerie_cloudtrail::layout::Name;

use crate::state::StateError;

pub use folder::folder;
pub use place::{FeedPlace, PlaceError};
pub use signatures::settle;

#[cfg(feature = "aws")]
pub use athena::{athena, query};
#[cfg(feature = "aws")]
pub use bucket::bucket;
#[cfg(feature = "aws")]
pub use findings::{UnusedAccess, findings};
#[cfg(feature = "aws")]
pub use lookup::lookup;

/// Why a place could not be read to its end. What was taken in before stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// AWS refused a call, or could not be reached.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Call(#[from] menagerie_aws::CallError),
    /// An answer of Athena has not the columns that were asked for.
    #[error("a row of Athena's answer has not the columns that were asked for: {0}")]
    Row(String),
    /// A thread that reads could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// How a place is read.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Now.
    pub now: Timestamp,
    /// How many files are read at once.
    pub threads: std::num::NonZero<usize>,
    /// How many objects are got at once.
    pub objects: std::num::NonZero<usize>,
    /// What is of the hours before that is not looked for. It chooses files, objects, days and hours, never events of a file: what is
    /// remembered as read was read whole.
    pub since: Timestamp,
    /// Whether digests prove nothing until their signatures are checked ([`settle`]).
    pub signatures: bool,
}

const HOUR: i64 = 3600;

impl Pace {
    /// The first hour, by its number since 1970, all of whose files are read.
    fn first_hour(self) -> i64 {
        self.since.as_second().div_euclid(HOUR)
    }

    /// When the first file that is read was delivered: an hour before the first hour that counts. What a run read up to before, this one goes
    /// on from there, or an hour is missing in between.
    fn first_file(self) -> Timestamp {
        Timestamp::from_second((self.first_hour() - 1).saturating_mul(HOUR)).unwrap_or(Timestamp::MIN)
    }

    /// Whether a file is read that CloudTrail named so: one holds events of the time before it was delivered, never later ones.
    fn wants(self, name: &Name<'_>) -> bool {
        name.time >= self.first_file()
    }
}

/// What was taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fed {
    /// Files, objects, days or hours that were read.
    pub read: u64,
    /// Those that had been read before.
    pub known: u64,
    /// Those that had been read in another version: their counts are at least what they should be.
    pub changed: u64,
    /// Events.
    pub events: u64,
    /// Bytes, as they are stored.
    pub bytes: u64,
    /// What was wrong, by place; the first hundred.
    pub problems: Vec<String>,
    /// How much was wrong.
    pub faults: u64,
}

/// How many problems are told one by one.
const PROBLEMS: usize = 100;

impl Fed {
    /// Adds what is wrong.
    pub fn problem(&mut self, problem: String) {
        self.faults += 1;
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Adds what was taken in from elsewhere.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.known += other.known;
        self.changed += other.changed;
        self.events += other.events;
        self.bytes += other.bytes;
        self.faults += other.faults;
        let room = PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(other.problems.into_iter().take(room));
    }
}
