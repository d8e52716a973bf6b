//! The index of a pack as a file (git's `gitformat-pack`, version 2), and the checksum that packs and indexes end with.

use crate::oid::{HashKind, ObjectId};
use sha1::Digest;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// An entry of a pack, with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) oid: ObjectId,
    pub(super) offset: u64,
    pub(super) crc: u32,
}

/// The running hash of a file.
#[derive(Debug)]
pub(super) enum Checksum {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Checksum {
    pub(super) fn new(hash: HashKind) -> Self {
        match hash {
            HashKind::Sha1 => Self::Sha1(sha1::Sha1::new()),
            HashKind::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// The checksum, which has the form of a name.
    pub(super) fn finish(self) -> ObjectId {
        match self {
            Self::Sha1(hasher) => ObjectId::from_bytes(&hasher.finalize()),
            Self::Sha256(hasher) => ObjectId::from_bytes(&hasher.finalize()),
        }
        .expect("a digest has the length of a name")
    }
}

struct Hashed {
    file: BufWriter<File>,
    checksum: Checksum,
}

impl Hashed {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.file.write_all(bytes)
    }
}

/// Writes the index of the pack whose checksum is `pack`.
pub(super) fn write(file: File, mut named: Vec<Named>, pack: &ObjectId) -> io::Result<File> {
    named.sort_unstable();
    let mut out = Hashed { file: BufWriter::new(file), checksum: Checksum::new(pack.hash_kind()) };
    out.put(b"\xfftOc\0\0\0\x02")?;
    let mut below = 0;
    for first in 0..=255_u8 {
        below += named[below..].partition_point(|entry| entry.oid.as_bytes()[0] == first);
        out.put(&u32::try_from(below).expect("a pack counts its entries in 32 bits").to_be_bytes())?;
    }
    named.iter().try_for_each(|entry| out.put(entry.oid.as_bytes()))?;
    named.iter().try_for_each(|entry| out.put(&entry.crc.to_be_bytes()))?;
    let mut long = Vec::new();
    for entry in &named {
        let short = u32::try_from(entry.offset).ok().filter(|short| short >> 31 == 0).unwrap_or_else(|| {
            long.push(entry.offset);
            1 << 31 | u32::try_from(long.len() - 1).expect("fewer than the entries")
        });
        out.put(&short.to_be_bytes())?;
    }
    long.iter().try_for_each(|offset| out.put(&offset.to_be_bytes()))?;
    out.put(pack.as_bytes())?;
    let Hashed { mut file, checksum } = out;
    file.write_all(checksum.finish().as_bytes())?;
    file.into_inner().map_err(io::IntoInnerError::into_error)
}
