//! A tree's entries: `<octal mode> <name>\0<object name>`, one after another. Names are bytes and foreign: `..`, `.git` or a slash in one
//! are data here, and no path to write to.

use crate::oid::{HashKind, ObjectId};
use memchr::memchr;

/// What an entry of a tree or an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A folder.
    Tree,
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A link: its blob is where it leads.
    Symlink,
    /// A commit of another repository, a submodule.
    Gitlink,
}

impl Mode {
    /// The mode by its bits, which old trees have in more forms than today's.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        match bits & 0o170_000 {
            0o040_000 => Self::Tree,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Gitlink,
            _ if bits & 0o100 != 0 => Self::Executable,
            _ => Self::File,
        }
    }

    /// Whether its object is a blob.
    #[must_use]
    pub const fn is_blob(self) -> bool {
        matches!(self, Self::File | Self::Executable | Self::Symlink)
    }
}

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// What it is.
    pub mode: Mode,
    /// Its name in the folder.
    pub name: &'a [u8],
    /// The object.
    pub oid: ObjectId,
}

impl TreeEntry<'_> {
    /// Git's order of a tree: by bytes, a folder as though its name ended in a slash.
    pub(crate) fn order(&self, other: &TreeEntry<'_>) -> std::cmp::Ordering {
        let shared = self.name.len().min(other.name.len());
        let tail = |entry: &TreeEntry<'_>| entry.name.get(shared).copied().unwrap_or(if entry.mode == Mode::Tree { b'/' } else { 0 });
        self.name[..shared].cmp(&other.name[..shared]).then_with(|| tail(self).cmp(&tail(other)))
    }
}

/// The entries of a tree's bytes. A broken entry ends them, and [`Tree::is_broken`] tells.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    rest: &'a [u8],
    hash: HashKind,
    broken: bool,
}

impl<'a> Tree<'a> {
    /// Reads these bytes as a tree.
    #[must_use]
    pub const fn new(bytes: &'a [u8], hash: HashKind) -> Self {
        Self { rest: bytes, hash, broken: false }
    }

    /// Whether the entries ended at something that is none.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    fn entry(&mut self) -> Option<TreeEntry<'a>> {
        let mut bits: u32 = 0;
        let space = self.rest.iter().take(12).position(|byte| *byte == b' ')?;
        for digit in &self.rest[..space] {
            bits = bits.checked_mul(8)? | u32::from(digit.checked_sub(b'0').filter(|value| *value < 8)?);
        }
        let after = &self.rest[space + 1..];
        let end = memchr(0, after)?;
        let oid = ObjectId::at_start(&after[end + 1..], self.hash)?;
        self.rest = &after[end + 1 + self.hash.len()..];
        (space > 0 && end > 0).then_some(TreeEntry { mode: Mode::from_bits(bits), name: &after[..end], oid })
    }
}

impl<'a> Iterator for Tree<'a> {
    type Item = TreeEntry<'a>;

    fn next(&mut self) -> Option<TreeEntry<'a>> {
        if self.rest.is_empty() || self.broken {
            return None;
        }
        let entry = self.entry();
        self.broken = entry.is_none();
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_what_is_none() {
        let mut bytes = b"100644 a\0".to_vec();
        bytes.extend([1; 20]);
        bytes.extend(b"40000 b\0");
        bytes.extend([2; 20]);
        let entries: Vec<_> = Tree::new(&bytes, HashKind::Sha1).map(|entry| (entry.mode, entry.name.to_vec())).collect();
        assert_eq!(entries, [(Mode::File, b"a".to_vec()), (Mode::Tree, b"b".to_vec())]);
        for end in 1..bytes.len() {
            let mut tree = Tree::new(&bytes[..end], HashKind::Sha1);
            let whole = tree.by_ref().count();
            assert_eq!(tree.is_broken(), end != 29, "cut at {end} after {whole}");
        }
        assert!(Tree::new(b"9 a\0", HashKind::Sha1).next().is_none());
    }
}
