//! The verifier: reads a log once, front to back, and names what is wrong with its chains.
//!
//! It keeps some 200 bytes for each writer (number and hash of the last line), the last 16,384 lines' hashes (about 2 MB), the first
//! [`MAX_PROBLEMS`] problems and what is expected; nothing grows with the number of lines. A chain shows that what stands before its last
//! line is unchanged and whole. That the last line itself is unchanged and that nothing followed it is shown only by an expected
//! [`Position`] noted elsewhere.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;

use serde::Serialize;

use super::chain::{self, LineHead, MAX_LINE};
use super::position::{Digest, Position, WriterId};
use super::source::{RawLine, Source, SourceError};

/// How many problems, and how many notices, are kept one by one. Further ones are counted.
pub const MAX_PROBLEMS: usize = 1000;

/// How far back an identical repeated line is known again. A repeated CloudWatch Logs call has 10,000 lines at most.
const RECENT: usize = 1 << 14;

/// What is wrong with a log. `place` is a line's place in reading order, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Problem {
    /// A line does not name the hash of the line before it: that line or this one was changed.
    #[error("line {place}: line {seq} of writer {writer} does not follow from the line before it: one of the two was changed")]
    BrokenLink {
        /// Where.
        place: u64,
        /// Whose.
        writer: WriterId,
        /// Its number.
        seq: u64,
    },
    /// Lines are not where their numbers say they should be.
    #[error("line {place}: of writer {writer}, the lines {first} to {last} are missing here")]
    Missing {
        /// Where.
        place: u64,
        /// Whose.
        writer: WriterId,
        /// The first missing number.
        first: u64,
        /// The last missing number.
        last: u64,
    },
    /// A line comes after one with a higher number, and is no repetition of a recent line.
    #[error("line {place}: line {seq} of writer {writer} is out of order")]
    OutOfOrder {
        /// Where.
        place: u64,
        /// Whose.
        writer: WriterId,
        /// Its number.
        seq: u64,
    },
    /// A line has the number of an earlier one, and another content.
    #[error("line {place}: line {seq} of writer {writer} is there twice with different content")]
    Conflict {
        /// Where.
        place: u64,
        /// Whose.
        writer: WriterId,
        /// Its number.
        seq: u64,
    },
    /// What stands there is no line of a log.
    #[error("line {place} is no line of a log")]
    Garbage {
        /// Where.
        place: u64,
    },
    /// The log has no line of an expected writer.
    #[error("nothing of writer {} is in the log, but its line {} was expected", expected.writer, expected.seq)]
    UnknownWriter {
        /// What was expected.
        expected: Position,
    },
    /// A writer's chain ends before an expected line.
    #[error("the end of writer {}'s chain is cut off: it ends with line {found}, but line {} was expected", expected.writer, expected.seq)]
    CutTail {
        /// What was expected.
        expected: Position,
        /// The number of its last line.
        found: u64,
    },
    /// The log has lines that whoever keeps its head never wrote.
    #[error("writer {}'s chain ends with line {}, which nobody wrote by the log's own head", found.writer, found.seq)]
    Unaccounted {
        /// The end of that chain.
        found: Position,
    },
    /// A line has a number that no line gets: they are counted from 1.
    #[error("line {place} has the number {id} in its table, and the first that a line gets is 1")]
    Number {
        /// Where.
        place: u64,
        /// Its number.
        id: i64,
    },
    /// The columns beside a line, which lists and searches are made from, say something else than the line.
    #[error("line {place}: its columns `writer`, `seq` and `time_ms` are not what the line says")]
    Columns {
        /// Where.
        place: u64,
    },
    /// The row that keeps the end of the log is not there, or cannot be read. It is made before the first line.
    #[error("the row of `log_head` that keeps the log's end is missing or unreadable: what followed the last line is not known")]
    NoHead,
    /// The log has no line, and what it tells of is there.
    #[error("the log is empty, and the database has what it would tell of")]
    Emptied,
    /// The line in the place of an expected one is another.
    #[error("line {} of writer {} is not the expected one", expected.seq, expected.writer)]
    NotExpected {
        /// What was expected.
        expected: Position,
    },
}

/// What is worth knowing and no sign of tampering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Notice {
    /// A write was broken off here, by a crash or a full disk. Nothing of it was acknowledged.
    #[error("line {place} was broken off by a crash or a full disk; nothing of it was acknowledged")]
    Torn {
        /// The line's place in reading order, from 1.
        place: u64,
    },
    /// A line is there again, unchanged, as after a repeated call.
    #[error("line {place} repeats line {seq} of writer {writer} unchanged")]
    Repeated {
        /// The line's place in reading order, from 1.
        place: u64,
        /// Whose.
        writer: WriterId,
        /// Its number.
        seq: u64,
    },
    /// A chain is from a version that wrote one for each process. It is whole up to its end, and that it ended there nothing holds.
    #[error(
        "writer {}'s chain ends with line {}: it is from before this log was one chain, when each process had one of its own; it is whole up to there, \
         and only its end, kept elsewhere, would show that nothing followed", found.writer, found.seq
    )]
    Before {
        /// The end of that chain.
        found: Position,
    },
}

/// What a verifier found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verification {
    /// How many entries the log has, repetitions left out.
    pub entries: u64,
    /// Each chain's last line, by writer.
    pub writers: Vec<Position>,
    /// What is wrong, [`MAX_PROBLEMS`] at most.
    pub problems: Vec<Problem>,
    /// How many problems there were beyond those kept.
    pub further_problems: u64,
    /// What else was seen, [`MAX_PROBLEMS`] at most.
    pub notices: Vec<Notice>,
    /// How many notices there were beyond those kept.
    pub further_notices: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Notes what is wrong.
    pub fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.further_problems += 1;
        }
    }
}

#[derive(Debug)]
struct Expected {
    position: Position,
    met: bool,
}

/// Checks lines one after the other. [`verify`] does so with a whole [`Source`].
#[derive(Debug, Default)]
pub struct Verifier {
    found: Verification,
    place: u64,
    heads: HashMap<WriterId, (u64, Digest)>,
    expected: HashMap<(WriterId, u64), Vec<Expected>>,
    recent: HashMap<(WriterId, u64), Digest>,
    recent_order: VecDeque<(WriterId, u64)>,
    /// Lines just read that may be torn; what follows decides.
    torn: VecDeque<u64>,
    /// The chains' ends as they were when the log became one chain.
    before: HashMap<WriterId, (u64, Digest)>,
}

/// Reads a log to its end and checks it. `expected` are positions that must be in it.
///
/// # Errors
/// [`SourceError`] if it cannot be read to its end: then nothing is known.
pub async fn verify(source: &mut dyn Source, expected: &[Position]) -> Result<Verification, SourceError> {
    let mut verifier = Verifier::new(expected);
    source
        .read_lines(&mut |line| {
            verifier.line(line);
            ControlFlow::Continue(())
        })
        .await?;
    Ok(verifier.finish())
}

impl Verifier {
    /// One that wants the positions `expected`, each at or before its chain's end.
    #[must_use]
    pub fn new(expected: &[Position]) -> Self {
        let mut verifier = Self::default();
        for position in expected {
            verifier.expected.entry((position.writer, position.seq)).or_default().push(Expected { position: *position, met: false });
        }
        verifier
    }

    /// Checks the next line.
    pub fn line(&mut self, line: RawLine<'_>) {
        self.place += 1;
        let head = if line.bytes.len() <= MAX_LINE { chain::read(line.bytes) } else { None };
        match head {
            Some(head) => {
                self.settle_torn(head.is_first() && !self.heads.contains_key(&head.writer));
                self.link(head, Digest::of(line.bytes));
            }
            None => self.unread(line),
        }
    }

    /// How many lines there were until now.
    pub(super) const fn place(&self) -> u64 {
        self.place
    }

    /// Ends the check.
    #[must_use]
    pub fn finish(mut self) -> Verification {
        self.settle_torn(false);
        let expected = std::mem::take(&mut self.expected);
        let mut unmet: Vec<Position> = expected.into_values().flatten().filter(|one| !one.met).map(|one| one.position).collect();
        unmet.sort_unstable();
        for expected in unmet {
            self.problem(match self.heads.get(&expected.writer) {
                None => Problem::UnknownWriter { expected },
                Some((found, _)) if *found < expected.seq => Problem::CutTail { expected, found: *found },
                Some(_) => Problem::NotExpected { expected },
            });
        }
        self.found.writers = self.heads.into_iter().map(|(writer, (seq, hash))| Position { writer, seq, hash }).collect();
        self.found.writers.sort_unstable();
        self.found
    }

    /// The lines until now are from before the log was one chain: there was one for each process then, and none of their ends is kept.
    pub fn begins_here(&mut self) {
        self.before = self.heads.clone();
    }

    /// Ends the check of a log of one chain, whose head is known: it ends with that, and what other chains there are is a problem, unless they are
    /// from before ([`Verifier::begins_here`]).
    #[must_use]
    pub fn finish_at(mut self, head: Option<Position>) -> Verification {
        let ends = self.heads.iter().map(|(writer, (seq, hash))| Position { writer: *writer, seq: *seq, hash: *hash });
        let mut ends: Vec<Position> = ends.collect();
        ends.sort_unstable();
        for found in ends.iter().copied() {
            match head.filter(|head| head.writer == found.writer) {
                Some(head) if found == head => {}
                Some(expected) if found.seq < expected.seq => self.problem(Problem::CutTail { expected, found: found.seq }),
                Some(expected) if found.seq == expected.seq => self.problem(Problem::NotExpected { expected }),
                None if self.before.get(&found.writer) == Some(&(found.seq, found.hash)) => self.notice(Notice::Before { found }),
                _ => self.problem(Problem::Unaccounted { found }),
            }
        }
        if let Some(expected) = head.filter(|head| ends.iter().all(|found| found.writer != head.writer)) {
            self.problem(Problem::UnknownWriter { expected });
        }
        self.finish()
    }

    fn unread(&mut self, line: RawLine<'_>) {
        let place = self.place;
        if !chain::may_be_torn(line.bytes) {
            self.settle_torn(false);
            self.problem(Problem::Garbage { place });
        } else if line.ended {
            self.torn.push_back(place);
            if self.torn.len() > MAX_PROBLEMS {
                // So many broken writes in a row are none.
                self.settle_torn(false);
            }
        } else {
            self.settle_torn(true);
            self.notice(Notice::Torn { place });
        }
    }

    /// Torn lines stand at the end of a file or before another writer's first line.
    fn settle_torn(&mut self, as_it_should_be: bool) {
        while let Some(place) = self.torn.pop_front() {
            if as_it_should_be {
                self.notice(Notice::Torn { place });
            } else {
                self.problem(Problem::Garbage { place });
            }
        }
    }

    fn link(&mut self, head: LineHead, hash: Digest) {
        let LineHead { writer, seq, prev } = head;
        let place = self.place;
        let (last, last_hash) = self.heads.get(&writer).copied().unwrap_or((0, Digest::ZERO));
        if seq <= last {
            match self.recent.get(&(writer, seq)) {
                Some(known) if *known == hash => self.notice(Notice::Repeated { place, writer, seq }),
                Some(_) => self.problem(Problem::Conflict { place, writer, seq }),
                None => self.problem(Problem::OutOfOrder { place, writer, seq }),
            }
            return;
        }
        if seq > last + 1 {
            self.problem(Problem::Missing { place, writer, first: last + 1, last: seq - 1 });
        } else if prev != last_hash {
            self.problem(Problem::BrokenLink { place, writer, seq });
        }
        self.heads.insert(writer, (seq, hash));
        self.found.entries += 1;
        self.remember((writer, seq), hash);
        for expected in self.expected.get_mut(&(writer, seq)).into_iter().flatten() {
            expected.met |= expected.position.hash == hash;
        }
    }

    fn remember(&mut self, line: (WriterId, u64), hash: Digest) {
        if self.recent_order.len() == RECENT
            && let Some(oldest) = self.recent_order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        self.recent.insert(line, hash);
        self.recent_order.push_back(line);
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.found.problem(problem);
    }

    fn notice(&mut self, notice: Notice) {
        if self.found.notices.len() < MAX_PROBLEMS {
            self.found.notices.push(notice);
        } else {
            self.found.further_notices += 1;
        }
    }
}
