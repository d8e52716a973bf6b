//! What the store holds and no ref leads to: dropped stashes, amended commits, files that were staged and never committed.

use crate::error::{ObjectError, Problem};
use crate::history::{Graph, Introducer};
use crate::object::{Kind, Mode, parse_tag_target};
use crate::oid::ObjectId;
use crate::read::ObjectReader;
use crate::refs::MOST_TAGS;
use std::collections::BTreeSet;

/// By what an object that no ref leads to is still held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// By a reflog, as older stashes are.
    ByReflog,
    /// By the index: it is staged.
    ByIndex,
    /// By nothing: git will remove it.
    ByNothing,
}

/// An object that no ref leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreachable {
    /// Its name.
    pub oid: ObjectId,
    /// Its type, if its header can be read.
    pub kind: Option<Kind>,
    /// What still holds it.
    pub held: Held,
}

const UNSEEN: u8 = 0;
const BY_REF: u8 = 1;
const BY_REFLOG: u8 = 2;
const BY_INDEX: u8 = 3;

/// All objects of the store in their order, each with the first thing that was found to hold it.
struct Marks {
    ids: Vec<ObjectId>,
    marks: Vec<u8>,
}

impl ObjectReader<'_> {
    /// Every object of the store that `tips` do not lead to, in the order of names. What the walk could not read is added to `problems`.
    ///
    /// # Errors
    /// If the store cannot be listed.
    pub fn unreachable(&mut self, tips: &[ObjectId], problems: &mut Vec<Problem>) -> Result<Vec<Unreachable>, ObjectError> {
        let ids = self.repository().object_ids()?;
        let mut all = Marks { marks: vec![UNSEEN; ids.len()], ids };
        self.mark(&mut all, tips, BY_REF, problems);
        let logged = self.repository().reflog_objects(problems).into_iter().map(|(_, oid)| oid);
        // Reflogs rightly name what is gone.
        let logged: Vec<_> = logged.filter(|oid| all.position(oid).is_some()).collect();
        self.mark(&mut all, &logged, BY_REFLOG, problems);
        let staged = self.repository().index().unwrap_or_default().into_iter().filter(|entry| entry.mode.is_blob());
        for entry in staged {
            all.mark(&entry.oid, BY_INDEX);
        }
        let left = all.ids.iter().zip(&all.marks).filter(|(_, mark)| **mark != BY_REF);
        Ok(left
            .map(|(oid, mark)| {
                let held = match *mark {
                    BY_REFLOG => Held::ByReflog,
                    BY_INDEX => Held::ByIndex,
                    _ => Held::ByNothing,
                };
                Unreachable { oid: *oid, kind: self.kind(oid).ok(), held }
            })
            .collect())
    }

    /// Marks all that these objects lead to.
    fn mark(&mut self, all: &mut Marks, tips: &[ObjectId], mark: u8, problems: &mut Vec<Problem>) {
        for tip in tips {
            self.mark_tip(all, *tip, mark, problems);
        }
        let graph = Graph::gather(self, tips, &[], problems);
        let mut introducer = Introducer::default();
        for number in graph.parents_first() {
            let node = graph.node(number);
            all.mark(&node.oid, mark);
            let parents: Vec<_> = graph.parents(number).iter().map(|parent| graph.node(*parent).tree).collect();
            introducer.compare(self, &node.tree, &parents, problems);
            introducer.trees().iter().for_each(|tree| all.mark(tree, mark));
            introducer.found().iter().for_each(|blob| all.mark(&blob.oid, mark));
        }
    }

    /// Marks the tags that lead from a ref to a commit, or the tree or blob that it leads to instead.
    fn mark_tip(&mut self, all: &mut Marks, tip: ObjectId, mark: u8, problems: &mut Vec<Problem>) {
        let (end, kind) = self.follow(tip, |tag| all.mark(tag, mark));
        match kind {
            Some(Kind::Tree) => {
                let mut introducer = Introducer::default();
                introducer.compare(self, &end, &[], problems);
                introducer.trees().iter().for_each(|tree| all.mark(tree, mark));
                introducer.found().iter().for_each(|blob| all.mark(&blob.oid, mark));
            }
            Some(Kind::Blob) => all.mark(&end, mark),
            // The walk of the commits says what is wrong.
            _ => {}
        }
    }

    /// The blobs to which refs lead past every commit: a tag may name a blob, or a tree. Symbolic links are none of them. What a tree
    /// lacks is added to `problems`; that a tip itself cannot be read is told by [`ObjectReader::history`].
    pub fn blobs_beside_history(&mut self, tips: &[ObjectId], problems: &mut Vec<Problem>) -> BTreeSet<ObjectId> {
        let mut blobs = BTreeSet::new();
        for tip in tips {
            let (end, kind) = self.follow(*tip, |_| {});
            match kind {
                Some(Kind::Tree) => {
                    let mut introducer = Introducer::default();
                    introducer.compare(self, &end, &[], problems);
                    blobs.extend(introducer.found().iter().filter(|blob| blob.mode != Mode::Symlink).map(|blob| blob.oid));
                }
                Some(Kind::Blob) => drop(blobs.insert(end)),
                _ => {}
            }
        }
        blobs
    }

    /// What a ref's object leads to, past all tags, which `passed` is shown; with its type, if that can be read and is no tag.
    fn follow(&mut self, tip: ObjectId, mut passed: impl FnMut(&ObjectId)) -> (ObjectId, Option<Kind>) {
        let mut oid = tip;
        for _ in 0..MOST_TAGS {
            match self.kind(&oid) {
                Ok(Kind::Tag) => {
                    passed(&oid);
                    let Some(target) = self.read(&oid).ok().and_then(|tag| parse_tag_target(&tag.bytes)) else { break };
                    oid = target;
                }
                kind => return (oid, kind.ok()),
            }
        }
        (oid, None)
    }
}

impl Marks {
    fn position(&self, oid: &ObjectId) -> Option<usize> {
        self.ids.binary_search(oid).ok()
    }

    /// Marks an object, if it is there and has no mark.
    fn mark(&mut self, oid: &ObjectId, mark: u8) {
        if let Some(place) = self.position(oid)
            && self.marks[place] == UNSEEN
        {
            self.marks[place] = mark;
        }
    }
}
