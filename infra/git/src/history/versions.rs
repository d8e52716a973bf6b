//! Single versions: what a commit has at a path, and what it has that another lacks.

use super::{Introduced, Introducer};
use crate::error::{ObjectError, Problem};
use crate::object::{Commit, Kind, Mode, Tree};
use crate::oid::ObjectId;
use crate::read::ObjectReader;

impl ObjectReader<'_> {
    /// The blob that a commit has at a path, if it has one there: neither a folder nor a submodule.
    ///
    /// # Errors
    /// If the commit or a tree on the way cannot be read.
    pub fn blob_at(&mut self, commit: &ObjectId, path: &[u8]) -> Result<Option<ObjectId>, ObjectError> {
        let mut oid = self.tree_of(commit)?;
        let hash = self.repository().hash_kind();
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let tree = self.read_kind(&oid, Kind::Tree)?;
            let Some(entry) = Tree::new(&tree.bytes, hash).find(|entry| entry.name == part) else { return Ok(None) };
            match (entry.mode, parts.peek()) {
                (Mode::Tree, Some(_)) => oid = entry.oid,
                (mode, None) if mode.is_blob() => return Ok(Some(entry.oid)),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The parents of a commit; none where a shallow clone ends.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn parents(&mut self, commit: &ObjectId) -> Result<Vec<ObjectId>, ObjectError> {
        if self.repository().shallow().contains(commit) {
            return Ok(Vec::new());
        }
        let object = self.read_kind(commit, Kind::Commit)?;
        Ok(Commit::parse(&object.bytes).ok_or(ObjectError::Content { expected: Kind::Commit })?.parents)
    }

    /// Every blob of a commit that does not stand at the same path in `other`, in the order of paths. Folders that both have are not read.
    ///
    /// # Errors
    /// If one of the commits cannot be read. Trees below them that cannot are added to `problems`.
    pub fn changed(
        &mut self,
        commit: &ObjectId,
        other: &ObjectId,
        problems: &mut Vec<Problem>,
        mut visit: impl FnMut(&Introduced<'_>),
    ) -> Result<(), ObjectError> {
        let (tree, other) = (self.tree_of(commit)?, self.tree_of(other)?);
        let mut introducer = Introducer::default();
        introducer.compare(self, &tree, &[other], problems);
        introducer.found().iter().for_each(&mut visit);
        Ok(())
    }

    fn tree_of(&mut self, commit: &ObjectId) -> Result<ObjectId, ObjectError> {
        let object = self.read_kind(commit, Kind::Commit)?;
        Ok(Commit::parse(&object.bytes).ok_or(ObjectError::Content { expected: Kind::Commit })?.tree)
    }
}
