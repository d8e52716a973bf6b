//! Receiving a pack: bytes that another side sends become a pack of a repository of ours, with its index (git's `gitformat-pack`, version 2).
//!
//! The bytes go to a file beside the packs, hashed on the way, and are bounded. Then every entry is walked and named by its content, deltas
//! on objects that the repository has already (a thin pack) get these appended, and the index and the pack are renamed to their names, in
//! that order: whoever reads the repository meanwhile sees the pack whole or not at all. Nothing of what the other side says becomes a path.

mod naming;
mod table;

use crate::error::ObjectError;
use crate::oid::{HashKind, ObjectId};
use crate::pack::PACK_HEADER;
use crate::repository::Repository;
use naming::Naming;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use table::Checksum;
use thiserror::Error;

/// The names of what is not yet whole; a process that was killed leaves them, and the next overwrites them.
const INCOMING_PACK: &str = "incoming-pack";
const INCOMING_INDEX: &str = "incoming-idx";

/// How much may be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveLimits {
    /// Bytes of the pack.
    pub bytes: u64,
    /// Entries of the pack; each takes about 60 bytes of memory while the pack is indexed.
    pub entries: u32,
    /// Bytes that are inflated and rebuilt to name the entries.
    pub rebuilt: u64,
}

impl Default for ReceiveLimits {
    fn default() -> Self {
        Self { bytes: 10 << 30, entries: 32 << 20, rebuilt: 1 << 40 }
    }
}

/// Why a pack was not received. The repository is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The file system refused.
    #[error("the pack cannot be written: {0}")]
    Io(#[from] io::Error),
    /// It is longer than may be.
    #[error("the pack is longer than the {limit} bytes that may be received")]
    TooLong {
        /// The bound.
        limit: u64,
    },
    /// It says that it has more entries than may be.
    #[error("the pack has {entries} entries; {limit} may be received")]
    TooMany {
        /// How many it says it has.
        entries: u32,
        /// The bound.
        limit: u32,
    },
    /// It does not begin as a pack of version 2 or 3.
    #[error("what was sent does not begin as a pack")]
    NotAPack,
    /// It ends early, or goes on after its last entry.
    #[error("the pack does not end where its last entry does")]
    Cut,
    /// Its checksum is not that of its bytes.
    #[error("the pack's checksum is not that of its bytes")]
    Checksum,
    /// An entry of it is broken.
    #[error("the entry at byte {at} of the pack: {why}")]
    Entry {
        /// Where it begins.
        at: u64,
        /// What is wrong with it.
        why: ObjectError,
    },
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The pack's file.
    pub path: PathBuf,
    /// How many entries it has, with those that were appended.
    pub entries: u32,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many bases were appended: objects that the repository had.
    pub appended: u32,
    /// Whether it has an index. One with deltas on objects that are too long for memory has none, and is walked when it is opened.
    pub indexed: bool,
}

/// Takes the bytes of one pack, as a [`Write`], and makes a pack of them. One folder takes one pack at a time; the caller sees to that.
#[derive(Debug)]
pub struct PackReceiver {
    folder: PathBuf,
    file: File,
    hash: HashKind,
    limits: ReceiveLimits,
    checksum: Checksum,
    /// The last bytes, which are the checksum if nothing follows, and are not hashed before something does.
    tail: Vec<u8>,
    head: Vec<u8>,
    written: u64,
    refused: Option<ReceiveError>,
}

impl PackReceiver {
    /// A receiver that makes a pack in `folder`: a repository's `objects/pack`, which must be there.
    ///
    /// # Errors
    /// If a file cannot be made in the folder.
    pub fn new(folder: &Path, hash: HashKind, limits: ReceiveLimits) -> Result<Self, ReceiveError> {
        let file = fresh(&folder.join(INCOMING_PACK))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            hash,
            limits,
            checksum: Checksum::new(hash),
            tail: Vec::new(),
            head: Vec::new(),
            written: 0,
            refused: None,
        })
    }

    /// How many bytes have come.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Whether it takes no more; finishing it says why.
    #[must_use]
    pub const fn has_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Removes what has come.
    pub fn discard(self) {
        // The next receiver overwrites what cannot be removed now.
        let _ = std::fs::remove_file(self.folder.join(INCOMING_PACK));
    }

    /// Makes a pack of what has come; of a pack without entries, nothing. `repository` has the bases of a thin pack.
    ///
    /// # Errors
    /// What is wrong with the pack; it is removed again.
    pub fn finish(mut self, repository: &Repository) -> Result<Option<Received>, ReceiveError> {
        let made = self.make(repository);
        if !matches!(made, Ok(Some(_))) {
            let _ = std::fs::remove_file(self.folder.join(INCOMING_PACK));
            let _ = std::fs::remove_file(self.folder.join(INCOMING_INDEX));
        }
        made
    }

    fn make(&mut self, repository: &Repository) -> Result<Option<Received>, ReceiveError> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let count = pack_count(&self.head).ok_or(ReceiveError::NotAPack)?;
        let end = self.written.checked_sub(self.hash.len() as u64).filter(|end| *end >= PACK_HEADER).ok_or(ReceiveError::Cut)?;
        let mut name = std::mem::replace(&mut self.checksum, Checksum::new(self.hash)).finish();
        if name.as_bytes() != self.tail {
            return Err(ReceiveError::Checksum);
        }
        if count == 0 {
            return if end == PACK_HEADER { Ok(None) } else { Err(ReceiveError::Cut) };
        }
        let mut naming = Naming::new(&self.file, end, self.hash, self.limits.rebuilt);
        naming.walk(count)?;
        naming.resolve()?;
        let appended = naming.complete(repository)?;
        let (end, entries) = (naming.end(), count.saturating_add(appended));
        if end.saturating_sub(PACK_HEADER) > self.limits.bytes {
            return Err(ReceiveError::TooLong { limit: self.limits.bytes });
        }
        let named = naming.into_named();
        if appended > 0 {
            name = self.seal(end, entries)?;
        }
        let indexed = named.len() as u64 == u64::from(entries);
        let stem = self.folder.join(format!("pack-{name}"));
        if indexed {
            let incoming = self.folder.join(INCOMING_INDEX);
            table::write(fresh(&incoming)?, named, &name)?.sync_all()?;
            std::fs::rename(incoming, stem.with_extension("idx"))?;
        }
        self.file.sync_all()?;
        let path = stem.with_extension("pack");
        std::fs::rename(self.folder.join(INCOMING_PACK), &path)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(Some(Received { path, entries, bytes: end + self.hash.len() as u64, appended, indexed }))
    }

    /// Writes the number of entries and the checksum of a pack that has grown.
    fn seal(&mut self, end: u64, entries: u32) -> Result<ObjectId, ReceiveError> {
        self.file.write_all_at(&entries.to_be_bytes(), 8)?;
        let (mut checksum, mut piece, mut left) = (Checksum::new(self.hash), vec![0; 128 << 10], end);
        self.file.seek(SeekFrom::Start(0))?;
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            self.file.read_exact(&mut piece[..len])?;
            checksum.update(&piece[..len]);
            left -= len as u64;
        }
        let name = checksum.finish();
        self.file.write_all_at(name.as_bytes(), end)?;
        self.file.set_len(end + self.hash.len() as u64)?;
        Ok(name)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ReceiveError> {
        if self.written.saturating_add(bytes.len() as u64) > self.limits.bytes {
            return Err(ReceiveError::TooLong { limit: self.limits.bytes });
        }
        if self.head.len() < 12 {
            self.head.extend(bytes.iter().take(12 - self.head.len()));
            if self.head.len() == 12 {
                let entries = pack_count(&self.head).ok_or(ReceiveError::NotAPack)?;
                if entries > self.limits.entries {
                    return Err(ReceiveError::TooMany { entries, limit: self.limits.entries });
                }
            }
        }
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        let keep = self.hash.len();
        let last = bytes.len().saturating_sub(keep);
        let moved = (self.tail.len() + bytes.len()).saturating_sub(keep).min(self.tail.len());
        self.checksum.update(&self.tail[..moved]);
        self.tail.drain(..moved);
        self.checksum.update(&bytes[..last]);
        self.tail.extend_from_slice(&bytes[last..]);
        Ok(())
    }
}

impl Write for PackReceiver {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.refused.is_none() {
            match self.take(bytes) {
                Ok(()) => return Ok(bytes.len()),
                Err(error) => self.refused = Some(error),
            }
        }
        Err(io::Error::other("the pack is refused; finishing it says why"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of our own that is empty, in place of whatever has its name.
fn fresh(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// How many entries the pack that begins with these twelve bytes says it has; none if it is no pack.
#[must_use]
pub fn pack_count(head: &[u8]) -> Option<u32> {
    match *head.first_chunk::<12>()? {
        [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    }
}
