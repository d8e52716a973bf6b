//! The ledger of what was looked at: every byte that was listed is scanned, skipped with a reason, or an error. A run that lost a
//! source never ends well.

use serde::Serialize;

use crate::archive;
use crate::scan::LeftOut;

/// How the reason ends of what was looked at before and has not changed.
const EARLIER: &str = "since an earlier run";

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// All of it was scanned.
    Scanned,
    /// It is a container whose members were looked at, each with a line of its own.
    Opened,
    /// It was left out, and why.
    Skipped {
        /// The reason.
        reason: String,
    },
    /// It could not be read, or not to its end.
    Error {
        /// The reason.
        reason: String,
    },
}

/// What became of an archive's member.
impl From<&archive::Status> for State {
    fn from(status: &archive::Status) -> Self {
        match status {
            archive::Status::Read => Self::Scanned,
            archive::Status::Opened(_) => Self::Opened,
            archive::Status::Left => Self::Error { reason: "it was not read to its end".to_owned() },
            archive::Status::Skipped(skip) => Self::Skipped { reason: skip.to_string() },
            archive::Status::Failed(failure) => Self::Error { reason: failure.to_string() },
        }
    }
}

/// One source: a file, an object, a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its path.
    pub source: String,
    /// How many bytes were read of it.
    pub bytes: u64,
    /// What became of it.
    #[serde(flatten)]
    pub state: State,
}

/// Sums over all sources, with each that was not scanned.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// How many sources were scanned.
    pub scanned: u64,
    /// How many bytes of them.
    pub bytes: u64,
    /// What was skipped or failed; all sources, if the ledger is to be written.
    pub entries: Vec<Entry>,
    keep_all: bool,
}

impl Ledger {
    /// A ledger that keeps each source by name, also those that were scanned.
    #[must_use]
    pub fn keeping_all(keep_all: bool) -> Self {
        Self { keep_all, ..Self::default() }
    }

    /// Writes down a source.
    pub fn add(&mut self, source: &str, bytes: u64, state: State) {
        self.bytes += bytes;
        if state == State::Scanned {
            self.scanned += 1;
        }
        if !self.keep_all && matches!(state, State::Scanned | State::Opened) {
            return;
        }
        self.entries.push(Entry { source: source.to_owned(), bytes, state });
    }

    /// Writes down a source that was scanned, and what of it was not.
    pub fn add_scanned(&mut self, source: &str, bytes: u64, left: LeftOut) {
        self.add(source, bytes, State::Scanned);
        self.leave(source, left);
    }

    /// Writes down what of a source was left out, although it was scanned; its bytes are counted with the source.
    pub fn leave(&mut self, source: &str, left: LeftOut) {
        for reason in left.reasons() {
            self.add(source, 0, State::Skipped { reason: reason.to_owned() });
        }
    }

    /// Takes over what another worker wrote down.
    pub fn merge(&mut self, other: Self) {
        self.scanned += other.scanned;
        self.bytes += other.bytes;
        self.entries.extend(other.entries);
    }

    /// Puts the entries in the order of their sources.
    pub fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.source.cmp(&b.source));
    }

    /// The sources that could not be read.
    pub fn errors(&self) -> impl Iterator<Item = (&Entry, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.state {
            State::Error { reason } => Some((entry, reason.as_str())),
            _ => None,
        })
    }

    /// Whether there was something, and none of it was looked at.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        self.scanned == 0 && self.skipped().next().is_some() && self.skipped().all(|(_, reason)| !reason.ends_with(EARLIER))
    }

    /// The sources that were left out.
    pub fn skipped(&self) -> impl Iterator<Item = (&Entry, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.state {
            State::Skipped { reason } => Some((entry, reason.as_str())),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_of_a_source_is_told_beside_it() {
        let mut ledger = Ledger::default();
        ledger.add_scanned("a", 10, LeftOut::default());
        ledger.add_scanned("b", 20, LeftOut { encoded: true, matches: false });
        ledger.add_scanned("c", 30, LeftOut { encoded: true, matches: true });
        assert_eq!((ledger.scanned, ledger.bytes), (3, 60));
        let skipped: Vec<_> = ledger.skipped().map(|(entry, _)| entry.source.as_str()).collect();
        assert_eq!(skipped, ["b", "c", "c"]);
        assert!(!ledger.is_of_nothing() && ledger.errors().next().is_none());
    }
}
