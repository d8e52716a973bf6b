//! The index, `.git/index`: what the next commit will hold (git's `gitformat-index`, versions 2 to 4). Of its extensions only those
//! matter that change what the entries mean; they are named in lower case, and are refused.

use crate::disk;
use crate::object::Mode;
use crate::oid::{HashKind, ObjectId};
use crate::repository::Repository;
use std::collections::HashMap;
use std::path::PathBuf;
use thiserror::Error;

/// The longest index that is read.
const LONGEST_INDEX: u64 = 512 << 20;
/// The longest path that is followed in the extension `TREE`.
const LONGEST_PATH: usize = 64 << 10;

/// Why an index cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The system refused.
    #[error("{} cannot be read: {kind}", path.display())]
    Io {
        /// The index.
        path: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// It is no index, or cut off.
    #[error("the index is broken")]
    Broken,
    /// A version later than 4.
    #[error("the index is of version {version}; versions 2 to 4 are known")]
    Version {
        /// As it says.
        version: u32,
    },
    /// An extension without which its entries mean nothing.
    #[error("the index needs the extension {name:?}, which is not known")]
    Extension {
        /// Its four letters.
        name: String,
    },
}

/// An entry of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// From the worktree's top, with `/` between its parts. It is foreign: not a path to open as it is.
    pub path: Vec<u8>,
    /// The blob, or the commit of a submodule.
    pub oid: ObjectId,
    /// What it is. A folder stands for all below it in a sparse index.
    pub mode: Mode,
    /// 0, or the side of a conflict: 1 is the ancestor, 2 ours, 3 theirs.
    pub stage: u8,
    /// It was announced with `git add --intent-to-add`: nothing of it is staged yet.
    pub intended: bool,
}

/// Reads the entries of an index's bytes.
///
/// # Errors
/// If they are none, or of a version or with an extension that is not known.
pub fn parse_index(bytes: &[u8], hash: HashKind) -> Result<Vec<IndexEntry>, IndexError> {
    parse(bytes, hash).map(|index| index.entries)
}

/// An index with what it knows of its folders.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) entries: Vec<IndexEntry>,
    /// The trees that folders would be if they were committed now, by path; the top is the empty path. Git keeps them to commit by, and
    /// leaves out what changed.
    pub(crate) trees: HashMap<Vec<u8>, ObjectId>,
}

fn parse(bytes: &[u8], hash: HashKind) -> Result<Index, IndexError> {
    let word = |at: usize| bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes);
    let (version, count) = (word(4).ok_or(IndexError::Broken)?, word(8).ok_or(IndexError::Broken)?);
    if !bytes.starts_with(b"DIRC") {
        return Err(IndexError::Broken);
    }
    if !(2..=4).contains(&version) {
        return Err(IndexError::Version { version });
    }
    let end = bytes.len().checked_sub(hash.len()).ok_or(IndexError::Broken)?;
    let (mut entries, mut at): (Vec<IndexEntry>, usize) = (Vec::new(), 12);
    for _ in 0..count {
        let last = entries.last().map(|entry| entry.path.as_slice()).unwrap_or_default();
        let (entry, next) = entry(&bytes[..end], at, version, hash, last).ok_or(IndexError::Broken)?;
        entries.push(entry);
        at = next;
    }
    let mut trees = HashMap::new();
    while at + 8 <= end {
        let name = &bytes[at..at + 4];
        // Sparse folders are entries that say what they are.
        if !name[0].is_ascii_uppercase() && name != b"sdir" {
            return Err(IndexError::Extension { name: name.escape_ascii().to_string() });
        }
        let len = word(at + 4).and_then(|len| usize::try_from(len).ok()).ok_or(IndexError::Broken)?;
        let body = at + 8;
        at = body.checked_add(len).filter(|at| *at <= end).ok_or(IndexError::Broken)?;
        if name == b"TREE" {
            trees = folders(&bytes[body..at], hash);
        }
    }
    Ok(Index { entries, trees })
}

/// The trees of the extension `TREE`: for each folder its name, `\0`, how many entries it covers (-1 if it changed), how many folders it
/// has, and its tree if it did not change; then its folders. What is broken ends it: nothing hangs on it but time.
fn folders(mut rest: &[u8], hash: HashKind) -> HashMap<Vec<u8>, ObjectId> {
    let (mut found, mut open) = (HashMap::new(), Vec::<(usize, usize)>::new());
    let mut path: Vec<u8> = Vec::new();
    let mut next = || {
        let zero = rest.iter().position(|byte| *byte == 0)?;
        let line = rest[zero + 1..].iter().position(|byte| *byte == b'\n')?;
        let (count, below) = std::str::from_utf8(&rest[zero + 1..zero + 1 + line]).ok()?.split_once(' ')?;
        let name = &rest[..zero];
        rest = &rest[zero + line + 2..];
        let tree = if count.starts_with('-') { None } else { Some(ObjectId::at_start(rest, hash)?) };
        rest = &rest[tree.map_or(0, |_| hash.len())..];
        Some((name, below.parse::<usize>().ok()?, tree))
    };
    while let Some((name, below, tree)) = next() {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        found.extend(tree.map(|tree| (path.clone(), tree)));
        if path.len() > LONGEST_PATH {
            break;
        }
        // Each open folder: how many below it are to come, and how long its path is.
        open.push((below, path.len()));
        while open.last().is_some_and(|(left, _)| *left == 0) {
            open.pop();
        }
        let Some((left, len)) = open.last_mut() else { break };
        *left -= 1;
        path.truncate(*len);
    }
    found
}

/// The entry at `at`, and where the next begins.
fn entry(bytes: &[u8], at: usize, version: u32, hash: HashKind, last: &[u8]) -> Option<(IndexEntry, usize)> {
    // Times, device, inode, owner and size stand around the mode.
    let bits = u32::from_be_bytes(bytes.get(at + 24..at + 28)?.try_into().ok()?);
    let oid = ObjectId::at_start(bytes.get(at + 40..)?, hash)?;
    let flags_at = at + 40 + hash.len();
    let flags = u16::from_be_bytes(bytes.get(flags_at..flags_at + 2)?.try_into().ok()?);
    let extended = flags & 0x4000 != 0;
    let more = if extended { u16::from_be_bytes(bytes.get(flags_at + 2..flags_at + 4)?.try_into().ok()?) } else { 0 };
    let mut name_at = flags_at + if extended { 4 } else { 2 };
    let mut path = Vec::new();
    if version == 4 {
        let (cut, used) = cut(bytes.get(name_at..)?)?;
        path.extend_from_slice(last.get(..last.len().checked_sub(cut)?)?);
        name_at += used;
    }
    let rest = bytes.get(name_at..)?;
    let len = rest.iter().position(|byte| *byte == 0)?;
    path.extend_from_slice(&rest[..len]);
    let next = if version == 4 { name_at + len + 1 } else { at + ((name_at + len - at) / 8 + 1) * 8 };
    let stage = u8::try_from(flags >> 12 & 3).expect("two bits");
    Some((IndexEntry { path, oid, mode: Mode::from_bits(bits), stage, intended: more & 0x2000 != 0 }, next))
}

/// How much of the last path to cut off, in the varint of offset deltas.
fn cut(bytes: &[u8]) -> Option<(usize, usize)> {
    let (mut value, mut used) = (0_usize, 0);
    loop {
        let byte = *bytes.get(used)?;
        used += 1;
        value = value.checked_add(usize::from(used > 1))?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, used));
        }
    }
}

impl Repository {
    /// The entries of this worktree's index; none if nothing was ever added.
    ///
    /// # Errors
    /// If there is an index that cannot be read.
    pub fn index(&self) -> Result<Vec<IndexEntry>, IndexError> {
        self.whole_index().map(|index| index.entries)
    }

    /// The index with what it knows of its folders.
    pub(crate) fn whole_index(&self) -> Result<Index, IndexError> {
        let path = self.index.clone();
        match disk::read_if_there(&path, LONGEST_INDEX) {
            Ok(None) => Ok(Index::default()),
            Ok(Some(bytes)) => parse(&bytes, self.hash_kind()),
            Err(error) => Err(IndexError::Io { path, kind: error.kind() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An index of version 2 with two files.
    fn sample() -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x02".to_vec();
        for name in ["a/file", "b"] {
            let start = bytes.len();
            bytes.extend([0; 24]);
            bytes.extend(0o100_644_u32.to_be_bytes());
            bytes.extend([0; 12]);
            bytes.extend([7; 20]);
            bytes.extend([0, u8::try_from(name.len()).expect("short")]);
            bytes.extend(name.as_bytes());
            let padded = ((bytes.len() - start) / 8 + 1) * 8;
            bytes.resize(start + padded, 0);
        }
        bytes.extend(b"TREE\0\0\0\x01x");
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn entries_and_extensions() {
        let entries = parse_index(&sample(), HashKind::Sha1).expect("an index");
        let paths: Vec<_> = entries.iter().map(|entry| (entry.path.as_slice(), entry.mode, entry.stage)).collect();
        assert_eq!(paths, [(&b"a/file"[..], Mode::File, 0), (b"b", Mode::File, 0)]);
        let mut split = sample();
        let at = split.windows(4).position(|name| name == b"TREE").expect("it is there");
        split[at..at + 4].copy_from_slice(b"link");
        assert_eq!(parse_index(&split, HashKind::Sha1), Err(IndexError::Extension { name: "link".into() }));
        let mut later = sample();
        later[7] = 5;
        assert_eq!(parse_index(&later, HashKind::Sha1), Err(IndexError::Version { version: 5 }));
    }

    proptest! {
        #[test]
        fn any_change_is_safe(at in 0..1000_usize, value: u8, cut in 0..1000_usize, version in 2..5_u8) {
            let mut bytes = sample();
            bytes[7] = version;
            let len = bytes.len();
            bytes[at % len] = value;
            bytes.truncate(len.saturating_sub(cut / 5));
            let _ = parse_index(&bytes, HashKind::Sha1);
        }
    }
}
