//! The commits of a walk. They are read newest first, so that a walk with a hidden side ends soon after the two sides meet, as git's does;
//! dates are foreign, and where they lie the walk only shows commits that it need not have.

use crate::error::{ObjectError, Problem};
use crate::object::{Commit, Kind};
use crate::oid::ObjectId;
use crate::read::ObjectReader;
use std::collections::{BinaryHeap, HashMap};

/// How many hidden commits are still read after the last that is not, against clocks that went wrong.
const SLOP: u32 = 5;

/// A commit that was read, or is about to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) oid: ObjectId,
    pub(crate) tree: ObjectId,
    /// In the list of all parents.
    first_parent: u32,
    parents: u32,
    hidden: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Read, and in the queue.
    Queued,
    /// Its parents were read too.
    Done,
    /// It cannot be read.
    Lost,
}

/// The commits of a walk, with their parents.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    numbers: HashMap<ObjectId, u32>,
    parents: Vec<u32>,
    starts: Vec<u32>,
    queue: BinaryHeap<(i64, u32)>,
    /// How many in the queue are not hidden.
    shown_in_queue: usize,
    /// Names of the parents of what is in the queue.
    named: HashMap<u32, Vec<ObjectId>>,
}

fn at(number: u32) -> usize {
    usize::try_from(number).expect("32 bits fit")
}

impl Graph {
    pub(crate) fn node(&self, number: u32) -> &Node {
        &self.nodes[at(number)]
    }

    /// The parents of a commit that could be read.
    pub(crate) fn parents(&self, number: u32) -> &[u32] {
        let node = self.node(number);
        &self.parents[at(node.first_parent)..at(node.first_parent + node.parents)]
    }

    /// Reads the commits that `tips` lead to, up to where `hidden` lead to the same.
    pub(crate) fn gather(reader: &mut ObjectReader<'_>, tips: &[ObjectId], hidden: &[ObjectId], problems: &mut Vec<Problem>) -> Self {
        let mut graph = Self::default();
        for (oid, is_hidden) in hidden.iter().map(|oid| (oid, true)).chain(tips.iter().map(|oid| (oid, false))) {
            match reader.peel(oid) {
                Ok(commit) => {
                    if let Some(number) = graph.enter(reader, &commit, is_hidden, problems)
                        && !is_hidden
                    {
                        graph.starts.push(number);
                    }
                }
                // A ref may lead to a tree or a blob: that is no fault, and no history.
                Err((_, ObjectError::Kind { .. })) => {}
                Err((oid, why)) => problems.push(Problem::object(oid, why)),
            }
        }
        graph.walk(reader, problems);
        graph
    }

    fn walk(&mut self, reader: &mut ObjectReader<'_>, problems: &mut Vec<Problem>) {
        let (mut slop, mut earliest) = (SLOP, i64::MAX);
        while let Some((seconds, number)) = self.queue.pop() {
            let hidden = self.node(number).hidden;
            if hidden && self.shown_in_queue == 0 && seconds < earliest {
                slop -= 1;
                if slop == 0 {
                    break;
                }
            }
            if !hidden {
                self.shown_in_queue -= 1;
                earliest = earliest.min(seconds);
            }
            self.nodes[at(number)].state = State::Done;
            let names = self.named.remove(&number).unwrap_or_default();
            let known: Vec<_> = names.iter().filter_map(|parent| self.enter(reader, parent, hidden, problems)).collect();
            let first = u32::try_from(self.parents.len()).expect("fewer than 2^32 parents");
            let count = u32::try_from(known.len()).expect("fewer than 2^32 parents");
            self.parents.extend(known);
            (self.nodes[at(number)].first_parent, self.nodes[at(number)].parents) = (first, count);
        }
        self.named.clear();
    }

    /// The number of a commit, which is read if it was not yet.
    fn enter(&mut self, reader: &mut ObjectReader<'_>, oid: &ObjectId, hidden: bool, problems: &mut Vec<Problem>) -> Option<u32> {
        if let Some(number) = self.numbers.get(oid).copied() {
            if hidden {
                self.hide(number);
            }
            return (self.node(number).state != State::Lost).then_some(number);
        }
        let number = u32::try_from(self.nodes.len()).ok()?;
        self.numbers.insert(*oid, number);
        let lost = Node { oid: *oid, tree: *oid, first_parent: 0, parents: 0, hidden, state: State::Lost };
        let object = reader.read_kind(oid, Kind::Commit);
        let commit = object.as_ref().map_err(Clone::clone);
        let commit = commit.and_then(|object| Commit::parse(&object.bytes).ok_or(ObjectError::Content { expected: Kind::Commit }));
        match commit {
            Ok(commit) => {
                let seconds = commit.committer.seconds;
                self.nodes.push(Node { tree: commit.tree, state: State::Queued, ..lost });
                if !reader.repository().shallow().contains(oid) {
                    self.named.insert(number, commit.parents);
                }
                self.queue.push((seconds, number));
                self.shown_in_queue += usize::from(!hidden);
                Some(number)
            }
            Err(why) => {
                self.nodes.push(lost);
                // What lies on the hidden side is not asked for.
                if !hidden {
                    problems.push(Problem::object(*oid, why));
                }
                None
            }
        }
    }

    /// Hides a commit, and its ancestors as far as they were read.
    fn hide(&mut self, number: u32) {
        let mut left = vec![number];
        while let Some(number) = left.pop() {
            let node = &mut self.nodes[at(number)];
            if node.hidden {
                continue;
            }
            node.hidden = true;
            if node.state == State::Queued {
                self.shown_in_queue -= 1;
            } else {
                left.extend_from_slice(self.parents(number));
            }
        }
    }

    /// The commits that are not hidden, each after its parents.
    pub(crate) fn parents_first(&self) -> Vec<u32> {
        let (mut order, mut entered) = (Vec::new(), vec![false; self.nodes.len()]);
        let mut left = Vec::new();
        for start in &self.starts {
            left.push((*start, 0));
            while let Some((number, next)) = left.pop() {
                if next == 0 && (self.node(number).hidden || std::mem::replace(&mut entered[at(number)], true)) {
                    continue;
                }
                match self.parents(number).get(next) {
                    Some(parent) => {
                        left.push((number, next + 1));
                        left.push((*parent, 0));
                    }
                    None => order.push(number),
                }
            }
        }
        order
    }
}
