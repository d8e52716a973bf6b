//! What the store holds and no ref leads to: dropped stashes, amended commits, files that were staged and never committed.

use crate::error::{ObjectError, Problem};
use crate::object::{Commit, Kind, Mode, Tree, parse_tag_target};
use crate::oid::ObjectId;
use crate::read::ObjectReader;

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
        self.mark(&mut all, tips.to_vec(), BY_REF, problems);
        let logged = self.repository().reflog_objects(problems).into_iter().map(|(_, oid)| oid);
        // Reflogs rightly name what is gone.
        let logged = logged.filter(|oid| all.position(oid).is_some()).collect();
        self.mark(&mut all, logged, BY_REFLOG, problems);
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

    /// Marks all that these objects lead to and that has no mark yet.
    fn mark(&mut self, all: &mut Marks, tips: Vec<ObjectId>, mark: u8, problems: &mut Vec<Problem>) {
        let hash = self.repository().hash_kind();
        // What an object is said to be where it is named; of a tip or a tag's target that is not said.
        let mut left: Vec<_> = tips.into_iter().map(|oid| (oid, false)).collect();
        while let Some((oid, is_read)) = left.pop() {
            if all.position(&oid).is_none() {
                problems.push(Problem::object(oid, ObjectError::Missing));
            }
            if !all.mark(&oid, mark) {
                continue;
            }
            let object = match if is_read { Ok(Kind::Tree) } else { self.kind(&oid) } {
                Ok(Kind::Blob) => continue,
                Ok(_) => self.read(&oid),
                Err(why) => Err(why),
            };
            match object {
                Ok(object) if object.kind == Kind::Tree => {
                    for entry in Tree::new(&object.bytes, hash) {
                        match entry.mode {
                            Mode::Tree => left.push((entry.oid, true)),
                            Mode::Gitlink => {}
                            _ => drop(all.mark(&entry.oid, mark)),
                        }
                    }
                }
                Ok(object) if object.kind == Kind::Commit => match Commit::parse(&object.bytes) {
                    Some(commit) => {
                        left.push((commit.tree, true));
                        if !self.repository().shallow().contains(&oid) {
                            left.extend(commit.parents.into_iter().map(|parent| (parent, true)));
                        }
                    }
                    None => problems.push(Problem::object(oid, ObjectError::Content { expected: Kind::Commit })),
                },
                Ok(object) => left.extend(parse_tag_target(&object.bytes).map(|target| (target, false))),
                Err(why) => problems.push(Problem::object(oid, why)),
            }
        }
    }
}

impl Marks {
    fn position(&self, oid: &ObjectId) -> Option<usize> {
        self.ids.binary_search(oid).ok()
    }

    /// Marks an object; whether it is there and had no mark.
    fn mark(&mut self, oid: &ObjectId, mark: u8) -> bool {
        match self.position(oid) {
            Some(place) if self.marks[place] == UNSEEN => {
                self.marks[place] = mark;
                true
            }
            _ => false,
        }
    }
}
