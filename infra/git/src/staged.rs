//! What is staged: the index against the tree of HEAD.

use crate::error::{ObjectError, Problem};
use crate::index::{Index, IndexError};
use crate::object::{Commit, Kind, Mode, Tree};
use crate::oid::ObjectId;
use crate::read::ObjectReader;
use crate::refs::Refs;
use std::collections::{HashMap, HashSet};
use thiserror::Error;

/// A file that the next commit adds or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// From the worktree's top, with `/` between its parts.
    pub path: Vec<u8>,
    /// Its blob.
    pub oid: ObjectId,
    /// What it is.
    pub mode: Mode,
    /// The blob at that path in HEAD, if it has one.
    pub before: Option<ObjectId>,
}

/// A file that the next commit removes: its path, and the blob that it had.
pub type Removed = (Vec<u8>, ObjectId);

/// Why it cannot be said what is staged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StagedError {
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The commit of HEAD cannot be read.
    #[error("HEAD cannot be read: {0}")]
    Head(#[from] ObjectError),
}

impl ObjectReader<'_> {
    /// The blobs of the index that HEAD does not have at the same path, in the order of the index. Before the first commit that is all of
    /// them. Of a conflict every side is given. Trees that cannot be read are added to `problems`; what they hold seems new.
    ///
    /// # Errors
    /// If the index or HEAD cannot be read.
    pub fn staged(&mut self, refs: &Refs, problems: &mut Vec<Problem>) -> Result<Vec<Staged>, StagedError> {
        self.staged_and_removed(refs, problems).map(|(staged, _)| staged)
    }

    /// As [`ObjectReader::staged`], and with it the files of HEAD that the index no longer has, in the order of their paths.
    ///
    /// # Errors
    /// If the index or HEAD cannot be read.
    pub fn staged_and_removed(&mut self, refs: &Refs, problems: &mut Vec<Problem>) -> Result<(Vec<Staged>, Vec<Removed>), StagedError> {
        let Index { entries, trees } = self.repository().whole_index()?;
        let Committed { mut blobs, clean } = match refs.head() {
            Some(head) => self.committed(&head, &trees, problems)?,
            None => Committed::default(),
        };
        let mut clean = clean.iter().peekable();
        let (mut staged, mut kept, mut sparse) = (Vec::new(), HashSet::new(), Vec::new());
        for entry in entries {
            // Both are in the order of paths.
            while clean.next_if(|folder| **folder < entry.path && !entry.path.starts_with(folder)).is_some() {}
            if clean.peek().is_some_and(|folder| entry.path.starts_with(folder)) {
                continue;
            }
            if entry.mode == Mode::Tree {
                sparse.push(entry.path);
                continue;
            }
            let before = blobs.get(&entry.path).copied();
            if entry.mode.is_blob() && !entry.intended && before != Some(entry.oid) {
                staged.push(Staged { path: entry.path.clone(), oid: entry.oid, mode: entry.mode, before });
            }
            kept.insert(entry.path);
        }
        blobs.retain(|path, _| !kept.contains(path) && !sparse.iter().any(|folder| path.starts_with(folder)));
        let mut removed: Vec<_> = blobs.into_iter().collect();
        removed.sort_unstable();
        Ok((staged, removed))
    }

    /// What HEAD has, without going into folders of which the index says that they did not change.
    fn committed(
        &mut self,
        head: &ObjectId,
        trees: &HashMap<Vec<u8>, ObjectId>,
        problems: &mut Vec<Problem>,
    ) -> Result<Committed, ObjectError> {
        let head = self.peel(head).map_err(|(_, why)| why)?;
        let object = self.read_kind(&head, Kind::Commit)?;
        let top = Commit::parse(&object.bytes).ok_or(ObjectError::Content { expected: Kind::Commit })?.tree;
        let hash = self.repository().hash_kind();
        let (mut committed, mut left, mut count) = (Committed::default(), vec![(Vec::new(), top)], 0_usize);
        while let Some((path, oid)) = left.pop() {
            let prefix = if path.is_empty() { Vec::new() } else { [&path[..], b"/"].concat() };
            if trees.get(&path) == Some(&oid) {
                committed.clean.push(prefix);
                continue;
            }
            let tree = match self.read_kind(&oid, Kind::Tree) {
                Ok(tree) => tree,
                Err(why) => {
                    problems.push(Problem::object(oid, why));
                    continue;
                }
            };
            for entry in Tree::new(&tree.bytes, hash) {
                count += 1;
                if count > MOST_PATHS || prefix.len() > LONGEST_PATH {
                    problems.push(Problem::object(oid, ObjectError::Paths { count }));
                    return Ok(committed);
                }
                let below = [&prefix[..], entry.name].concat();
                if entry.mode == Mode::Tree {
                    left.push((below, entry.oid));
                } else {
                    committed.blobs.insert(below, entry.oid);
                }
            }
        }
        committed.clean.sort_unstable();
        Ok(committed)
    }
}

/// How many files and folders of HEAD are looked at.
const MOST_PATHS: usize = 4_000_000;
/// The longest path of a folder that is looked into.
const LONGEST_PATH: usize = 64 << 10;

/// What HEAD has.
#[derive(Debug, Default)]
struct Committed {
    blobs: HashMap<Vec<u8>, ObjectId>,
    /// Folders that are the same in the index, each with a slash at its end.
    clean: Vec<Vec<u8>>,
}
