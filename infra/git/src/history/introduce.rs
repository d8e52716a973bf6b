//! The comparison of a commit's tree with those of its parents, all at once and entry by entry, as all are in the same order. What is not
//! in order only makes more seem new, never less.

use super::Introduced;
use crate::error::{ObjectError, Problem};
use crate::object::{Kind, Mode, Tree, TreeEntry};
use crate::oid::{HashKind, ObjectId};
use crate::read::ObjectReader;
use memchr::memchr;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// How many parents of a commit are compared with; what only later ones have seems new.
const MOST_PARENTS: usize = 256;
/// How deep folders are followed.
const DEEPEST: usize = 2048;
/// How many blobs one commit can bring. Trees that hold one tree many times over have more paths than there is time.
const MOST_PATHS: usize = 4_000_000;
/// How many folders and blobs all commits of a walk can bring, for the same reason.
const MOST_OF_A_WALK: usize = 400_000_000;
/// How many bytes the paths of one commit can have.
const LONGEST_PATHS: usize = 256 << 20;

/// How much of two trees is compared at once.
const BLOCK: usize = 32;

/// Compares trees; kept from commit to commit for its memory.
#[derive(Debug, Default)]
pub(crate) struct Introducer {
    frames: Vec<Frame>,
    path: Vec<u8>,
    paths: Vec<u8>,
    found: Vec<(Range<usize>, ObjectId, Mode)>,
    trees: Vec<ObjectId>,
    /// Folders and blobs of all comparisons.
    brought: usize,
}

#[derive(Debug)]
struct Frame {
    tree: Cursor,
    parents: Vec<Cursor>,
    path_len: usize,
    oid: ObjectId,
}

/// A place in a tree.
#[derive(Debug)]
struct Cursor {
    bytes: Arc<Vec<u8>>,
    at: usize,
}

impl Cursor {
    /// The entry here and where the next one is.
    fn entry(&self, hash: HashKind) -> Option<(TreeEntry<'_>, usize)> {
        let mut tree = Tree::new(&self.bytes[self.at..], hash);
        let entry = tree.next()?;
        Some((entry, self.bytes.len() - tree.left()))
    }
}

impl Frame {
    /// Moves past the entries that the tree has from here on just as its first parent has them: most, where a folder is large.
    fn skip_same(&mut self, hash: HashKind) {
        let Some(parent) = self.parents.first_mut() else { return };
        let (own, other) = (&self.tree.bytes[self.tree.at..], &parent.bytes[parent.at..]);
        let blocks = own.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK)).take_while(|(own, other)| own == other).count() * BLOCK;
        let tail = own[blocks..].iter().zip(&other[blocks..]).take_while(|(own, other)| own == other).count();
        let same = &own[..blocks + tail];
        let mut past = 0;
        while let Some(zero) = memchr(0, &same[past..]) {
            let next = past + zero + 1 + hash.len();
            if next > same.len() {
                break;
            }
            past = next;
        }
        self.tree.at += past;
        parent.at += past;
    }
}

impl Introducer {
    /// The trees that the last comparison looked into: those that are in no parent at their path.
    pub(crate) fn trees(&self) -> &[ObjectId] {
        &self.trees
    }

    /// What the last comparison found, in the order of paths.
    pub(crate) fn found(&self) -> Vec<Introduced<'_>> {
        self.found.iter().map(|(path, oid, mode)| Introduced { path: &self.paths[path.clone()], oid: *oid, mode: *mode }).collect()
    }

    /// Finds the blobs of `tree` that do not stand at the same path in any of `parents`.
    pub(crate) fn compare(&mut self, reader: &mut ObjectReader<'_>, tree: &ObjectId, parents: &[ObjectId], problems: &mut Vec<Problem>) {
        self.frames.clear();
        self.path.clear();
        self.paths.clear();
        self.found.clear();
        self.trees.clear();
        if !parents.contains(tree) {
            let mut distinct: Vec<_> = parents.iter().take(MOST_PARENTS).copied().collect();
            distinct.sort_unstable();
            distinct.dedup();
            self.enter(reader, tree, &distinct, problems);
        }
        let hash = reader.repository().hash_kind();
        while let Some(frame) = self.frames.last_mut() {
            self.path.truncate(frame.path_len);
            frame.skip_same(hash);
            let Some((entry, next)) = frame.tree.entry(hash) else {
                // A tree that was cut off is looked into as far as it goes.
                if frame.tree.at < frame.tree.bytes.len() {
                    problems.push(Problem::object(frame.oid, ObjectError::Content { expected: Kind::Tree }));
                }
                self.frames.pop();
                continue;
            };
            let mut before = Vec::new();
            let mut same = false;
            for parent in &mut frame.parents {
                if let Some((oid, mode)) = seek(parent, &entry, hash) {
                    same |= oid == entry.oid && (mode == Mode::Tree) == (entry.mode == Mode::Tree);
                    if mode == Mode::Tree && !before.contains(&oid) {
                        before.push(oid);
                    }
                }
            }
            let (mode, oid) = (entry.mode, entry.oid);
            if !same {
                if frame.path_len > 0 {
                    self.path.push(b'/');
                }
                self.path.extend_from_slice(entry.name);
            }
            frame.tree.at = next;
            if same || mode == Mode::Gitlink {
                continue;
            }
            let count = self.found.len() + self.trees.len();
            if count >= MOST_PATHS || self.paths.len() >= LONGEST_PATHS || self.brought >= MOST_OF_A_WALK {
                return problems.push(Problem::object(*tree, ObjectError::Paths { count }));
            }
            if mode == Mode::Tree {
                self.enter(reader, &oid, &before, problems);
            } else {
                self.brought += 1;
                let start = self.paths.len();
                self.paths.extend_from_slice(&self.path);
                self.found.push((start..self.paths.len(), oid, mode));
            }
        }
    }

    /// Goes down into a folder.
    fn enter(&mut self, reader: &mut ObjectReader<'_>, tree: &ObjectId, parents: &[ObjectId], problems: &mut Vec<Problem>) {
        if self.frames.len() >= DEEPEST {
            return problems.push(Problem::object(*tree, ObjectError::Chain { limit: DEEPEST }));
        }
        let read = match reader.read_kind(tree, Kind::Tree) {
            Ok(object) => object.bytes,
            Err(why) => return problems.push(Problem::object(*tree, why)),
        };
        // A parent's tree that cannot be read hides nothing: all seems new.
        let parents = parents.iter().filter_map(|parent| reader.read_kind(parent, Kind::Tree).ok());
        let parents = parents.map(|object| Cursor { bytes: object.bytes, at: 0 }).collect();
        self.frames.push(Frame { tree: Cursor { bytes: read, at: 0 }, parents, path_len: self.path.len(), oid: *tree });
        self.trees.push(*tree);
        self.brought += 1;
    }
}

/// Moves a parent's cursor up to an entry; gives the entry of the same name, if it has one.
fn seek(parent: &mut Cursor, entry: &TreeEntry<'_>, hash: HashKind) -> Option<(ObjectId, Mode)> {
    loop {
        let (other, next) = parent.entry(hash)?;
        match other.order(entry) {
            Ordering::Less => {}
            Ordering::Equal if other.name == entry.name => {
                let found = (other.oid, other.mode);
                // Past it, so that both stand side by side again.
                parent.at = next;
                return Some(found);
            }
            Ordering::Equal | Ordering::Greater => return None,
        }
        parent.at = next;
    }
}
