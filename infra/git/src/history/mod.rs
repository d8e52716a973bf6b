//! History: every commit with the blobs that it brings, ancestors first. A blob is brought by a commit if it does not stand at that path
//! in any of its parents; so a file that a merge takes from one side is not brought again. Only the trees that differ are read.

mod graph;
mod introduce;
mod versions;

use crate::error::{ObjectError, Problem};
use crate::object::{Commit, Kind, Mode};
use crate::oid::ObjectId;
use crate::read::ObjectReader;
pub(crate) use graph::Graph;
pub(crate) use introduce::Introducer;
use std::ops::ControlFlow;

/// A blob that stands at a path since a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Introduced<'a> {
    /// From the top of the tree, with `/` between its parts. It is foreign: not a path to open.
    pub path: &'a [u8],
    /// The blob.
    pub oid: ObjectId,
    /// What it is: a file, or a link whose target is the blob. Never a submodule.
    pub mode: Mode,
}

/// What a walk of the history came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryEnd {
    /// How many commits were shown.
    pub commits: usize,
    /// What could not be read: commits without which their descendants bring all they hold, and trees that are then not looked into.
    pub problems: Vec<Problem>,
}

impl ObjectReader<'_> {
    /// Shows each commit that `tips` lead to and `hidden` do not, after its parents, with the blobs that it brings, in the order of
    /// their paths, until `visit` breaks off. The same repository and tips give the same order.
    pub fn history(
        &mut self,
        tips: &[ObjectId],
        hidden: &[ObjectId],
        mut visit: impl FnMut(&ObjectId, &Commit<'_>, &[Introduced<'_>]) -> ControlFlow<()>,
    ) -> HistoryEnd {
        let mut end = HistoryEnd::default();
        let graph = Graph::gather(self, tips, hidden, &mut end.problems);
        let mut introducer = Introducer::default();
        for number in graph.parents_first() {
            let node = graph.node(number);
            let Ok(object) = self.read_kind(&node.oid, Kind::Commit) else { continue };
            let Some(commit) = Commit::parse(&object.bytes) else { continue };
            let parents: Vec<_> = graph.parents(number).iter().map(|parent| graph.node(*parent).tree).collect();
            introducer.compare(self, &node.tree, &parents, &mut end.problems);
            end.commits += 1;
            if visit(&node.oid, &commit, &introducer.found()).is_break() {
                break;
            }
        }
        end
    }

    /// Every blob of a commit's tree with its path, in the order of paths.
    ///
    /// # Errors
    /// If the commit cannot be read. Trees below it that cannot are added to `problems`.
    pub fn tree_paths(
        &mut self,
        commit: &ObjectId,
        problems: &mut Vec<Problem>,
        mut visit: impl FnMut(&Introduced<'_>),
    ) -> Result<(), ObjectError> {
        let object = self.read_kind(commit, Kind::Commit)?;
        let tree = Commit::parse(&object.bytes).ok_or(ObjectError::Content { expected: Kind::Commit })?.tree;
        let mut introducer = Introducer::default();
        introducer.compare(self, &tree, &[], problems);
        introducer.found().iter().for_each(&mut visit);
        Ok(())
    }
}
