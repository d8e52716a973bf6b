//! Reads the events of files: gzip or plain, by what they are and not by their names, in whatever events come: as delivered
//! (`{"Records": […]}`), bare arrays, one event a line, answers of `LookupEvents` (`{"Events": [{"CloudTrailEvent": "…"}]}`) and
//! messages of EventBridge (`{"detail": {…}}`).
//!
//! Memory is bounded by the longest record, not by the file. What is wrong is told by file and byte ([`Problems`]) and passed over: a broken
//! record costs that record, a file that is cut off what is missing of it. CloudTrail may deliver an event twice; so are they read.

mod parallel;
mod problems;
mod records;
mod walk;
mod window;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;

pub use parallel::fold;
pub use problems::{Problem, Problems, Trouble};
pub use walk::{Found, walk};

use crate::event::Event;
use crate::json::Json;
use records::Records;
use window::{PIECE, Window};

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record. An event of CloudTrail has 256 KB at most, or 1 MB where the trail says so.
    pub record: usize,
    /// Bytes that one compressed file may hold.
    pub inflated: u64,
    /// How many places of problems are kept.
    pub places: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record: 4 << 20, inflated: 8 << 30, places: 100 }
    }
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its number among the files that are read.
    pub number: usize,
    /// The byte of its text, after decompression, where the record begins.
    pub at: u64,
}

/// What takes events.
pub trait Sink {
    /// Takes an event.
    fn event(&mut self, event: &Event<'_>, place: &Place<'_>);

    /// Takes a digest file, which says what log files there are.
    fn digest(&mut self, _digest: Json<'_>, _place: &Place<'_>) {}
}

/// Each closure over events takes them.
impl<F: FnMut(&Event<'_>, &Place<'_>)> Sink for F {
    fn event(&mut self, event: &Event<'_>, place: &Place<'_>) {
        self(event, place);
    }
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were opened.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of their text.
    pub text: u64,
    /// Events in them.
    pub events: u64,
    /// Digest files among them.
    pub digests: u64,
    /// What was wrong.
    pub problems: Problems,
}

impl Summary {
    /// Takes over what was read of other files; `places` is how many places of problems are kept.
    pub fn merge(&mut self, other: Self, places: usize) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.text += other.text;
        self.events += other.events;
        self.digests += other.digests;
        self.problems.merge(other.problems, places);
    }
}

/// Files up to this length are inflated at once, if they say that they hold no more than [`WHOLE_TEXT`].
const WHOLE: u64 = 16 << 20;
const WHOLE_TEXT: usize = 128 << 20;
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// How much a byte of deflate can make.
const MOST_OF_A_BYTE: usize = 1032;

/// Reads files one after the other, in memory that is kept between them.
pub struct Reader {
    limits: Limits,
    inflater: Decompressor,
    packed: Vec<u8>,
    text: Vec<u8>,
    /// How much is read at once.
    piece: usize,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Reader({:?})", self.limits)
    }
}

impl Reader {
    /// A reader within these bounds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, inflater: Decompressor::new(), packed: Vec::new(), text: Vec::new(), piece: PIECE }
    }

    /// Hands the events of a file to `sink`, in order, and notes in `summary` what was read and what was wrong.
    pub fn file<S: Sink>(&mut self, found: &Found, number: usize, sink: &mut S, summary: &mut Summary) {
        let place = Place { file: &found.path, number, at: 0 };
        if let Some(problem) = &found.problem {
            summary.problems.add(number, &found.path, 0, problem.clone(), self.limits.places);
        } else if let Err(error) = self.open(place, sink, summary) {
            summary.problems.add(number, &found.path, 0, Problem::Unreadable(error.to_string()), self.limits.places);
        }
    }

    fn open<S: Sink>(&mut self, place: Place<'_>, sink: &mut S, summary: &mut Summary) -> io::Result<()> {
        let mut file = File::open(place.file)?;
        let length = file.metadata()?.len();
        summary.files += 1;
        summary.bytes += length;
        let mut magic = [0; MAGIC.len()];
        let begins = read_up_to(&mut file, &mut magic)?;
        file.seek(SeekFrom::Start(0))?;
        if magic[..begins] != MAGIC {
            self.records(file, 0, u64::MAX, place, sink, summary);
            return Ok(());
        }
        if length <= WHOLE {
            self.packed.clear();
            file.read_to_end(&mut self.packed)?;
            if let Some(size) = self.inflate() {
                self.records(io::empty(), size, u64::MAX, place, sink, summary);
            } else {
                let packed = std::mem::take(&mut self.packed);
                self.records(MultiGzDecoder::new(packed.as_slice()), 0, self.limits.inflated, place, sink, summary);
                self.packed = packed;
            }
            return Ok(());
        }
        let packed = MultiGzDecoder::new(BufReader::with_capacity(256 << 10, file));
        self.records(packed, 0, self.limits.inflated, place, sink, summary);
        Ok(())
    }

    /// Hands the events of a stream to `sink`. It is gzip if it begins as that.
    pub fn stream<S: Sink>(&mut self, mut source: impl Read, place: Place<'_>, sink: &mut S, summary: &mut Summary) {
        summary.files += 1;
        let mut magic = [0; MAGIC.len()];
        match read_up_to(&mut source, &mut magic) {
            Err(error) => summary.problems.add(place.number, place.file, 0, Problem::Unreadable(error.to_string()), self.limits.places),
            Ok(begins) => {
                let whole = (&magic[..begins]).chain(source);
                if magic[..begins] == MAGIC {
                    let text = MultiGzDecoder::new(BufReader::with_capacity(256 << 10, whole));
                    self.records(text, 0, self.limits.inflated, place, sink, summary);
                } else {
                    self.records(whole, 0, u64::MAX, place, sink, summary);
                }
            }
        }
    }

    /// Inflates what is packed, if it is one whole member, and gives the length of its text.
    fn inflate(&mut self) -> Option<usize> {
        let length = u32::from_le_bytes(*self.packed.last_chunk()?) as usize;
        let second = memmem::find(&self.packed[MAGIC.len()..], &MAGIC).is_some();
        if second || length > WHOLE_TEXT || length as u64 > self.limits.inflated || length / MOST_OF_A_BYTE > self.packed.len() {
            return None;
        }
        if self.text.len() < length {
            self.text.resize(length, 0);
        }
        let made = self.inflater.gzip_decompress(&self.packed, &mut self.text[..length]).ok()?;
        (made == length).then_some(length)
    }

    fn records<S: Sink>(&mut self, source: impl Read, filled: usize, most: u64, place: Place<'_>, sink: &mut S, summary: &mut Summary) {
        let Self { limits, text, piece, .. } = self;
        let mut window = Window::new(source, text, filled, most, *piece);
        let problems = &mut summary.problems;
        let seen = Records::new(&mut window, limits, sink, place, |at, problem| {
            problems.add(place.number, place.file, at, problem, limits.places);
        })
        .run();
        summary.events += seen.events;
        summary.digests += seen.digests;
        summary.text += window.position() + window.bytes().len() as u64;
    }
}

/// Reads until `out` is full or the source ends, and gives how much that was.
fn read_up_to(source: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < out.len() {
        match source.read(&mut out[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
