//! What is staged: the index against the tree of HEAD.

use crate::error::{ObjectError, Problem};
use crate::index::IndexError;
use crate::object::Mode;
use crate::oid::ObjectId;
use crate::read::ObjectReader;
use crate::refs::Refs;
use std::collections::HashMap;
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
        let entries = self.repository().index()?;
        let mut committed = HashMap::new();
        if let Some(head) = refs.head() {
            self.tree_paths(&head, problems, |entry| {
                committed.insert(entry.path.to_vec(), entry.oid);
            })?;
        }
        let blobs = entries.into_iter().filter(|entry| entry.mode.is_blob() && !entry.intended);
        let staged = blobs.filter_map(|entry| {
            let before = committed.get(&entry.path).copied();
            (before != Some(entry.oid)).then_some(Staged { path: entry.path, oid: entry.oid, mode: entry.mode, before })
        });
        Ok(staged.collect())
    }
}
