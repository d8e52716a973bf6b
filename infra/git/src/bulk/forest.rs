//! The deltas of one pack as a forest: every entry below the one it is a delta of. Built from the entries' headers alone, by one pass
//! over the pack in its order, without recursion, so that cycles and chains of any length are harmless: what hangs on no object is
//! never reached.

use crate::error::ObjectError;
use crate::object::Kind;
use crate::oid::ObjectId;
use crate::pack::{AHEAD, EntryHeader, EntryKind, LONGEST_HEADER, Pack, Window};

/// No entry.
pub(crate) const NONE: u32 = u32::MAX;

/// An entry of a pack, numbered in the order of the pack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) offset: u64,
    /// Of what is compressed.
    pub(crate) size: u64,
    /// In the index.
    pub(crate) position: u32,
    pub(crate) base: u32,
    pub(crate) child: u32,
    pub(crate) sibling: u32,
    /// How many entries of the subtree are wanted, itself included; those of no use are not descended to.
    pub(crate) wanted: u32,
    pub(crate) header: u8,
    pub(crate) state: State,
    /// A root of its own: its base is rebuilt for it.
    pub(crate) cut: bool,
    /// It is itself wanted, and not only a base.
    pub(crate) itself: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not an object's, or nothing hangs it on one.
    Unreached,
    Whole(Kind),
    /// A delta on an object of this pack.
    Delta,
    /// A delta on an object elsewhere.
    Foreign,
    Broken,
}

/// The entry at an offset, among the first `before`. Bases mostly stand shortly before: the steps back double.
fn find(offsets: &[u64], offset: u64, before: usize) -> Option<u32> {
    let (mut low, mut high, mut stride) = (before, before, 1);
    while low > 0 && offsets[low - 1] >= offset {
        high = low;
        low = low.saturating_sub(stride);
        stride *= 2;
    }
    let low = low.saturating_sub(1);
    let found = low + offsets[low..high].partition_point(|other| *other < offset);
    (found < before && offsets[found] == offset).then(|| number(found))
}

/// The forest of a pack.
#[derive(Debug)]
pub(crate) struct Forest {
    pub(crate) nodes: Vec<Node>,
    /// The entries at which work begins, most of it first.
    pub(crate) starts: Vec<u32>,
    /// Wanted entries that hang on nothing.
    pub(crate) lost: Vec<(u32, ObjectError)>,
}

fn at(number: u32) -> usize {
    usize::try_from(number).expect("an index of 32 bits fits in memory")
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a pack counts its entries in 32 bits")
}

impl Forest {
    pub(crate) fn node(&self, number: u32) -> &Node {
        &self.nodes[at(number)]
    }

    /// Where an entry ends.
    pub(crate) fn end(&self, number: u32, pack: &Pack) -> u64 {
        self.nodes.get(at(number) + 1).map_or(pack.end, |next| next.offset)
    }

    /// The next child to visit: `from` or a later sibling of it that is of use and not a root of its own.
    pub(crate) fn useful(&self, mut from: u32) -> u32 {
        while from != NONE && (self.node(from).wanted == 0 || self.node(from).cut) {
            from = self.node(from).sibling;
        }
        from
    }

    /// Reads all headers of a pack. `wanted` says which blobs are; `kind_of` knows the type of objects that are not in the pack. Trees
    /// with more than `heavy` wanted entries are cut into several pieces of work.
    pub(crate) fn of(
        pack: &Pack,
        wanted: &dyn Fn(&ObjectId) -> bool,
        kind_of: &mut dyn FnMut(&ObjectId) -> Option<Kind>,
        heavy: u32,
    ) -> Self {
        let mut places: Vec<_> =
            (0..pack.index.len()).map(|position| (pack.index.offset(position).unwrap_or(u64::MAX), number(position))).collect();
        places.sort_unstable();
        let nodes = places.iter().map(|(offset, position)| Node {
            offset: *offset,
            size: 0,
            position: *position,
            base: NONE,
            child: NONE,
            sibling: NONE,
            wanted: 0,
            header: 0,
            state: State::Broken,
            cut: false,
            itself: false,
        });
        let nodes = nodes.collect();
        let offsets: Vec<_> = places.into_iter().map(|(offset, _)| offset).collect();
        let mut forest = Self { nodes, starts: Vec::new(), lost: Vec::new() };
        let foreign = forest.read_headers(pack, &offsets);
        forest.link();
        let order = forest.reach(&foreign, kind_of);
        forest.weigh(pack, &order, wanted);
        forest.choose(&order, heavy);
        forest.lose(pack, wanted);
        forest
    }

    /// Reads the headers; gives the bases that are not in the pack.
    fn read_headers(&mut self, pack: &Pack, offsets: &[u64]) -> Vec<(u32, ObjectId)> {
        let (mut window, mut foreign) = (Window::new(AHEAD), Vec::new());
        for index in 0..self.nodes.len() {
            let offset = self.nodes[index].offset;
            let Ok(head) = window.slice(&pack.file, pack.end, offset, LONGEST_HEADER as u64) else { continue };
            let Some(header) = EntryHeader::parse(head, pack.hash) else { continue };
            let base = match header.kind {
                EntryKind::Whole(_) => None,
                EntryKind::OffsetDelta(distance) => offset.checked_sub(distance).and_then(|base| find(offsets, base, index)),
                EntryKind::RefDelta(oid) => match pack.index.find(&oid) {
                    Some(base) => find(offsets, base, offsets.len()),
                    None => {
                        foreign.push((number(index), oid));
                        None
                    }
                },
            };
            let node = &mut self.nodes[index];
            node.size = header.size;
            node.header = u8::try_from(header.len).expect("a header is short");
            node.state = match (header.kind, base) {
                (EntryKind::Whole(kind), _) => State::Whole(kind),
                (_, Some(base)) => {
                    node.base = base;
                    State::Unreached
                }
                (EntryKind::RefDelta(_), None) => State::Foreign,
                (_, None) => State::Unreached,
            };
        }
        foreign
    }

    /// Makes the lists of children, each in the order of the pack.
    fn link(&mut self) {
        for index in (0..self.nodes.len()).rev() {
            let base = self.nodes[index].base;
            if base != NONE {
                self.nodes[index].sibling = self.nodes[at(base)].child;
                self.nodes[at(base)].child = number(index);
            }
        }
    }

    /// The entries that hang on blobs, bases before their deltas.
    fn reach(&mut self, foreign: &[(u32, ObjectId)], kind_of: &mut dyn FnMut(&ObjectId) -> Option<Kind>) -> Vec<u32> {
        let is_blob = |node: &Node| node.state == State::Whole(Kind::Blob);
        let mut order: Vec<u32> = self.nodes.iter().enumerate().filter(|(_, node)| is_blob(node)).map(|(index, _)| number(index)).collect();
        for (entry, base) in foreign {
            match kind_of(base) {
                Some(Kind::Blob) => order.push(*entry),
                Some(kind) => self.nodes[at(*entry)].state = State::Whole(kind),
                None => self.nodes[at(*entry)].state = State::Unreached,
            }
        }
        self.mark_others();
        let mut next = 0;
        while let Some(entry) = order.get(next) {
            let mut child = self.node(*entry).child;
            while child != NONE {
                self.nodes[at(child)].state = State::Delta;
                order.push(child);
                child = self.node(child).sibling;
            }
            next += 1;
        }
        order
    }

    /// Marks what hangs on trees, commits and tags, so that it is not taken for lost.
    fn mark_others(&mut self) {
        let other = |node: &Node| matches!(node.state, State::Whole(kind) if kind != Kind::Blob);
        let mut left: Vec<u32> = self.nodes.iter().enumerate().filter(|(_, node)| other(node)).map(|(index, _)| number(index)).collect();
        while let Some(entry) = left.pop() {
            let kind = self.node(entry).state;
            let mut child = self.node(entry).child;
            while child != NONE {
                self.nodes[at(child)].state = kind;
                left.push(child);
                child = self.node(child).sibling;
            }
        }
    }

    /// Counts, from the leaves up, what is wanted.
    fn weigh(&mut self, pack: &Pack, order: &[u32], wanted: &dyn Fn(&ObjectId) -> bool) {
        for entry in order.iter().rev() {
            let node = &mut self.nodes[at(*entry)];
            node.itself = wanted(&pack.index.oid(at(node.position)));
            node.wanted = node.wanted.saturating_add(u32::from(node.itself));
            let (base, count) = (node.base, node.wanted);
            if base != NONE {
                let above = &mut self.nodes[at(base)].wanted;
                *above = above.saturating_add(count);
            }
        }
    }

    /// Puts each entry's heaviest child last, so that few bases wait at a time, and lists where work begins.
    fn choose(&mut self, order: &[u32], heavy: u32) {
        for entry in order {
            let node = *self.node(*entry);
            let root = node.state != State::Delta;
            // A part of a tree that is too heavy for one worker is a piece of work of its own, if the rest is one too.
            let cut = !root && node.wanted >= heavy && self.node(node.base).wanted >= node.wanted + heavy / 2;
            self.nodes[at(*entry)].cut = cut;
            if (root || cut) && node.wanted > 0 {
                self.starts.push(*entry);
            }
            self.heaviest_last(*entry);
        }
        let nodes = &self.nodes;
        self.starts.sort_by_key(|entry| (nodes[at(*entry)].wanted < heavy, *entry));
    }

    fn heaviest_last(&mut self, entry: u32) {
        let (mut child, mut last, mut heaviest, mut before) = (self.node(entry).child, NONE, NONE, NONE);
        while child != NONE {
            if heaviest == NONE || self.node(child).wanted >= self.node(heaviest).wanted {
                (heaviest, before) = (child, last);
            }
            (last, child) = (child, self.node(child).sibling);
        }
        if heaviest == last {
            return;
        }
        let after = self.node(heaviest).sibling;
        match before {
            NONE => self.nodes[at(entry)].child = after,
            before => self.nodes[at(before)].sibling = after,
        }
        self.nodes[at(last)].sibling = heaviest;
        self.nodes[at(heaviest)].sibling = NONE;
    }

    /// Lists what is wanted and hangs on nothing.
    fn lose(&mut self, pack: &Pack, wanted: &dyn Fn(&ObjectId) -> bool) {
        for index in 0..self.nodes.len() {
            let node = self.nodes[index];
            let why = match node.state {
                State::Broken => ObjectError::Header,
                State::Unreached => ObjectError::Base { base: None },
                _ => continue,
            };
            if wanted(&pack.index.oid(at(node.position))) {
                self.lost.push((number(index), why));
            }
        }
    }
}
