//! A pack: its file, its index, and how pieces of it are read. Packs are read by position, a window at a time, and not mapped: a file
//! that shrinks while it is read is then an error and not a fault.

mod build;
mod delta;
mod entry;
mod index;
mod inflate;

pub use delta::{Delta, DeltaPiece};
pub use entry::{EntryHeader, EntryKind};
pub use index::PackIndex;

pub(crate) use build::{Unindexed, index_of};
pub(crate) use entry::LONGEST_HEADER;
pub(crate) use inflate::{Inflater, Span, longest_compressed};

use crate::error::ObjectError;
use crate::oid::HashKind;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// An open pack.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) file: File,
    /// Where the entries end and the checksum begins.
    pub(crate) end: u64,
    pub(crate) index: PackIndex,
    pub(crate) hash: HashKind,
}

/// The first twelve bytes of a pack: the magic, the version, how many entries.
pub(crate) const PACK_HEADER: u64 = 12;

/// An empty object: a byte of header, and the shortest stream of zlib. So a pack's length bounds what is held of its index.
const SHORTEST_ENTRY: u64 = 9;

/// Opens a pack's file: the file, where its entries end, and how many it says it has.
pub(crate) fn open_file(path: &Path, hash: HashKind) -> Result<(File, u64, u32), ObjectError> {
    let (file, len) = crate::disk::open(path)?;
    let mut header = [0; 12];
    file.read_exact_at(&mut header, 0).map_err(|_| ObjectError::Header)?;
    let [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, count @ ..] = header else { return Err(ObjectError::Header) };
    let end = len.checked_sub(hash.len() as u64).filter(|end| *end >= PACK_HEADER).ok_or(ObjectError::Header)?;
    let count = u32::from_be_bytes(count);
    if u64::from(count) > (end - PACK_HEADER) / SHORTEST_ENTRY {
        return Err(ObjectError::Header);
    }
    Ok((file, end, count))
}

/// A part of a file in memory, moved along as it is read.
#[derive(Debug)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: u64,
    at_once: u64,
}

/// How much is read at once where reading goes on from there.
pub(crate) const AHEAD: u64 = 128 << 10;
/// How much is read at once where the next place may be anywhere.
pub(crate) const HERE: u64 = 4 << 10;

impl Window {
    pub(crate) const fn new(at_once: u64) -> Self {
        Self { bytes: Vec::new(), start: 0, at_once }
    }

    /// Up to `len` bytes at `offset` of a file whose readable part stops at `end`; fewer only there.
    pub(crate) fn slice(&mut self, file: &File, end: u64, offset: u64, len: u64) -> io::Result<&[u8]> {
        let stop = offset.saturating_add(len).min(end);
        if offset >= end {
            return Ok(&[]);
        }
        if offset < self.start || stop > self.start + self.bytes.len() as u64 {
            let wanted = (stop - offset).max(self.at_once).min(end - offset);
            // What is read ahead of a failure must not be taken for the file.
            self.start = 0;
            self.bytes.resize(usize::try_from(wanted).map_err(|_| io::ErrorKind::FileTooLarge)?, 0);
            if let Err(error) = file.read_exact_at(&mut self.bytes, offset) {
                self.bytes.clear();
                return Err(error);
            }
            self.start = offset;
        }
        let from = usize::try_from(offset - self.start).expect("it stands in the window");
        let to = usize::try_from(stop - self.start).expect("it stands in the window");
        Ok(&self.bytes[from..to])
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }
}
