//! One thread of the bulk route: walks trees of deltas depth first, holding the bases on the way.

use super::forest::{Forest, NONE, State};
use super::pool::Pool;
use super::{Blob, BlobVisitor, DeltaView, Shared, is_blob};
use crate::error::{ObjectError, Problem};
use crate::loose;
use crate::oid::ObjectId;
use crate::pack::{AHEAD, Delta, Inflater, Pack, Span, Window, longest_compressed};
use crate::read::ObjectReader;
use flate2::read::ZlibDecoder;
use std::io::{BufReader, Read};

pub(crate) struct Worker<'r, V: BlobVisitor> {
    shared: &'r Shared<'r>,
    visitor: V,
    inflater: Inflater,
    window: Window,
    window_of: usize,
    pool: Pool,
    delta: Vec<u8>,
    frames: Vec<Frame<V::Kept>>,
    live: usize,
    most_live: usize,
    reader: Option<ObjectReader<'r>>,
    failed: Vec<(ObjectId, ObjectError)>,
}

/// A base whose deltas are being visited.
struct Frame<K> {
    entry: u32,
    bytes: Option<Vec<u8>>,
    kept: Option<K>,
    next: u32,
}

fn size_of(size: u64, largest: u64) -> Result<usize, ObjectError> {
    if size > largest {
        return Err(ObjectError::TooLarge { size });
    }
    usize::try_from(size).map_err(|_| ObjectError::TooLarge { size })
}

fn name(pack: &Pack, forest: &Forest, entry: u32) -> ObjectId {
    pack.index.oid(usize::try_from(forest.node(entry).position).expect("a position of 32 bits"))
}

impl<'r, V: BlobVisitor> Worker<'r, V> {
    pub(crate) fn new(shared: &'r Shared<'r>, visitor: V) -> Self {
        let most_live = shared.options.live / shared.options.threads;
        Self {
            shared,
            visitor,
            inflater: Inflater::new(),
            window: Window::new(AHEAD),
            window_of: usize::MAX,
            pool: Pool::new(most_live / 4),
            delta: Vec::new(),
            frames: Vec::new(),
            live: 0,
            most_live,
            reader: None,
            failed: Vec::new(),
        }
    }

    pub(crate) fn into_visitor(self) -> V {
        self.visitor
    }

    pub(crate) fn take_failed(&mut self) -> Vec<(ObjectId, ObjectError)> {
        std::mem::take(&mut self.failed)
    }

    pub(crate) fn failed(&mut self, oid: ObjectId, why: ObjectError) {
        self.failed.push((oid, why));
    }

    fn reader(&mut self) -> &mut ObjectReader<'r> {
        let shared = self.shared;
        self.reader.get_or_insert_with(|| shared.repository.objects_within(8 << 20, shared.options.largest))
    }

    /// Shows all that is wanted of one tree of deltas.
    pub(crate) fn tree(&mut self, number: usize, pack: &Pack, forest: &Forest, start: u32) {
        if self.window_of != number {
            self.window.clear();
            self.window_of = number;
        }
        let node = forest.node(start);
        let first = match node.state {
            State::Whole(_) if node.size > self.shared.options.largest => self.large(pack, forest, start),
            State::Whole(_) => self.root(pack, forest, start),
            _ => self.grafted(pack, forest, start),
        };
        if let Err(why) = first {
            self.fail(pack, forest, start, &why);
        }
        while let Some(top) = self.frames.last() {
            let child = forest.useful(top.next);
            if child == NONE {
                self.pop();
                continue;
            }
            if let Err(why) = self.child(pack, forest, child) {
                self.fail(pack, forest, child, &why);
            }
        }
    }

    fn pop(&mut self) {
        if let Some(bytes) = self.frames.pop().and_then(|frame| frame.bytes) {
            self.release(bytes);
        }
    }

    fn release(&mut self, bytes: Vec<u8>) {
        self.live -= bytes.capacity();
        self.pool.give(bytes);
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let bytes = self.pool.take(len);
        self.live += bytes.capacity();
        bytes
    }

    /// An object that is whole in the pack.
    fn root(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<(), ObjectError> {
        let bytes = self.whole(pack, forest, entry)?;
        let kept = forest.node(entry).itself.then(|| {
            let is_base = forest.useful(forest.node(entry).child) != NONE;
            self.visitor.blob(&Blob { oid: name(pack, forest, entry), bytes: &bytes, delta: None, is_base }, None)
        });
        self.push(forest, entry, bytes, kept);
        Ok(())
    }

    fn whole(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<Vec<u8>, ObjectError> {
        let size = size_of(forest.node(entry).size, self.shared.options.largest)?;
        self.shared.spend(size as u64)?;
        let mut bytes = self.take(size);
        let room = bytes.capacity();
        if let Err(why) = inflate(&mut self.window, &mut self.inflater, pack, forest, entry, size, &mut bytes) {
            self.live -= room;
            return Err(why);
        }
        Ok(bytes)
    }

    /// A delta whose base this walk does not hold: one on an object elsewhere, or the first of a piece that was cut off its tree.
    fn grafted(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<(), ObjectError> {
        let node = forest.node(entry);
        let (base_name, base) = if node.base == NONE {
            let oid = self.foreign_base(pack, forest, entry)?;
            let object = self.reader().read(&oid).map_err(|_| ObjectError::Base { base: Some(oid) })?;
            let mut base = self.take(object.bytes.len());
            base.extend_from_slice(&object.bytes);
            (oid, base)
        } else {
            (name(pack, forest, node.base), self.rebuild(pack, forest, node.base)?)
        };
        let made = self.apply(pack, forest, entry, &base);
        let made = made.map(|bytes| {
            let kept = self.show(pack, forest, entry, &bytes, (base_name, &base), None);
            (bytes, kept)
        });
        self.release(base);
        let (bytes, kept) = made?;
        self.push(forest, entry, bytes, kept);
        Ok(())
    }

    fn foreign_base(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<ObjectId, ObjectError> {
        // The name of the base ends the header.
        let node = forest.node(entry);
        let wide = pack.hash.len() as u64;
        let start = (node.offset + u64::from(node.header)).checked_sub(wide).ok_or(ObjectError::Header)?;
        let bytes = self.window.slice(&pack.file, pack.end, start, wide)?;
        ObjectId::at_start(bytes, pack.hash).ok_or(ObjectError::Header)
    }

    /// The next delta of the base on top.
    fn child(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<(), ObjectError> {
        let top = self.frames.last_mut().expect("the caller saw it");
        top.next = forest.node(entry).sibling;
        let (base_entry, last) = (top.entry, forest.useful(top.next) == NONE);
        let base = match top.bytes.take() {
            Some(bytes) => bytes,
            None => self.rebuild(pack, forest, base_entry)?,
        };
        let kept_of_base = self.frames.last_mut().and_then(|top| top.kept.take());
        let made = self.apply(pack, forest, entry, &base).map(|bytes| {
            let kept = self.show(pack, forest, entry, &bytes, (name(pack, forest, base_entry), &base), kept_of_base.as_ref());
            (bytes, kept)
        });
        if last {
            self.release(base);
            self.frames.pop();
        } else {
            let top = self.frames.last_mut().expect("nothing was pushed since");
            (top.bytes, top.kept) = (Some(base), kept_of_base);
        }
        let (bytes, kept) = made?;
        self.push(forest, entry, bytes, kept);
        Ok(())
    }

    fn show(
        &mut self,
        pack: &Pack,
        forest: &Forest,
        entry: u32,
        bytes: &[u8],
        (base, base_bytes): (ObjectId, &[u8]),
        kept: Option<&V::Kept>,
    ) -> Option<V::Kept> {
        let node = forest.node(entry);
        node.itself.then(|| {
            let delta = Delta::parse(&self.delta).map(|delta| DeltaView { base, base_bytes, delta });
            let is_base = forest.useful(node.child) != NONE;
            self.visitor.blob(&Blob { oid: name(pack, forest, entry), bytes, delta, is_base }, kept)
        })
    }

    /// Holds an object while deltas on it are to come.
    fn push(&mut self, forest: &Forest, entry: u32, bytes: Vec<u8>, kept: Option<V::Kept>) {
        let next = forest.useful(forest.node(entry).child);
        if next == NONE {
            return self.release(bytes);
        }
        self.frames.push(Frame { entry, bytes: Some(bytes), kept, next });
        // Too much waits: what is farthest from being used goes, and is rebuilt when its turn comes.
        let above = self.frames.len() - 1;
        let mut lowest = 0;
        while self.live > self.most_live && lowest < above {
            if let Some(bytes) = self.frames[lowest].bytes.take() {
                self.live -= bytes.capacity();
            }
            lowest += 1;
        }
    }

    /// Inflates an entry's delta and applies it.
    fn apply(&mut self, pack: &Pack, forest: &Forest, entry: u32, base: &[u8]) -> Result<Vec<u8>, ObjectError> {
        let size = size_of(forest.node(entry).size, self.shared.options.largest)?;
        inflate(&mut self.window, &mut self.inflater, pack, forest, entry, size, &mut self.delta)?;
        let delta = std::mem::take(&mut self.delta);
        let made = self.apply_to(&delta, base);
        self.delta = delta;
        made
    }

    fn apply_to(&mut self, delta: &[u8], base: &[u8]) -> Result<Vec<u8>, ObjectError> {
        let delta = Delta::parse(delta).ok_or(ObjectError::Delta)?;
        let len = size_of(delta.result_len, self.shared.options.largest)?;
        self.shared.spend(delta.result_len)?;
        let mut out = self.take(len);
        match delta.apply(base, &mut out) {
            Some(()) => Ok(out),
            None => {
                self.release(out);
                Err(ObjectError::Delta)
            }
        }
    }

    /// Makes a base again, from the nearest of its own bases that is held or is whole.
    fn rebuild(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<Vec<u8>, ObjectError> {
        let (mut chain, mut at) = (Vec::new(), entry);
        let mut bytes = loop {
            let held = self.frames.iter().rev().find(|frame| frame.entry == at).and_then(|frame| frame.bytes.as_deref());
            if let Some(held) = held {
                let copy = held.to_vec();
                self.live += copy.capacity();
                break copy;
            }
            let node = forest.node(at);
            match node.state {
                State::Whole(_) => break self.whole(pack, forest, at)?,
                State::Foreign => {
                    let oid = self.foreign_base(pack, forest, at)?;
                    let copy = self.reader().read(&oid).map_err(|_| ObjectError::Base { base: Some(oid) })?.bytes.to_vec();
                    self.live += copy.capacity();
                    chain.push(at);
                    break copy;
                }
                _ => chain.push(at),
            }
            at = node.base;
        };
        while let Some(link) = chain.pop() {
            let made = self.apply(pack, forest, link, &bytes);
            self.release(bytes);
            bytes = made?;
        }
        Ok(bytes)
    }

    /// Notes a failed entry and all that hangs on it.
    fn fail(&mut self, pack: &Pack, forest: &Forest, entry: u32, why: &ObjectError) {
        let mut left = vec![(entry, true)];
        while let Some((entry, first)) = left.pop() {
            let node = forest.node(entry);
            if node.itself {
                let why = if first { why.clone() } else { because(why, name(pack, forest, node.base)) };
                self.failed.push((name(pack, forest, entry), why));
            }
            let mut child = forest.useful(node.child);
            while child != NONE {
                left.push((child, false));
                child = forest.useful(forest.node(child).sibling);
            }
        }
    }

    /// A blob that is too long to be loaded: streamed, and of no use as a base.
    fn large(&mut self, pack: &Pack, forest: &Forest, entry: u32) -> Result<(), ObjectError> {
        let node = forest.node(entry);
        if node.itself {
            let at = node.offset + u64::from(node.header);
            let span = Span { file: &pack.file, at, end: forest.end(entry, pack).min(pack.end) };
            let mut content = ZlibDecoder::new(BufReader::with_capacity(64 << 10, span)).take(node.size);
            self.visitor.large(&name(pack, forest, entry), node.size, &mut content);
        }
        let mut child = forest.useful(node.child);
        while child != NONE {
            self.fail(pack, forest, child, &ObjectError::TooLarge { size: node.size });
            child = forest.useful(forest.node(child).sibling);
        }
        Ok(())
    }

    /// A loose object, if it is a blob.
    pub(crate) fn loose(&mut self, store: usize, oid: &ObjectId) {
        let folder = &self.shared.repository.stores[store];
        let largest = self.shared.options.largest;
        let read = loose::open(folder, oid).and_then(|head| match head {
            head if !is_blob(head.kind) => Ok(None),
            mut head if head.size > largest => {
                self.visitor.large(oid, head.size, &mut head.content.by_ref().take(head.size));
                Ok(None)
            }
            head => {
                self.shared.spend(head.size)?;
                loose::read(folder, oid, largest, &mut self.inflater).map(Some)
            }
        });
        match read {
            Ok(Some(object)) => drop(self.visitor.blob(&Blob { oid: *oid, bytes: &object.bytes, delta: None, is_base: false }, None)),
            Ok(None) => {}
            Err(why) => self.failed.push((*oid, why)),
        }
    }

    /// A blob that could not be read where it was found first.
    pub(crate) fn again(&mut self, oid: &ObjectId, why: &ObjectError) {
        let worth = !matches!(why, ObjectError::TooLarge { .. } | ObjectError::Budget { .. });
        let elsewhere = worth && self.shared.repository.places(oid).nth(1).is_some();
        match elsewhere.then(|| self.reader().read(oid)) {
            Some(Ok(object)) if is_blob(object.kind) => {
                drop(self.visitor.blob(&Blob { oid: *oid, bytes: &object.bytes, delta: None, is_base: false }, None));
            }
            Some(Ok(_)) => {}
            _ => self.visitor.lost(Problem::object(*oid, why.clone())),
        }
    }
}

/// Why a delta cannot be had whose base cannot.
fn because(why: &ObjectError, base: ObjectId) -> ObjectError {
    match why {
        ObjectError::TooLarge { .. } | ObjectError::Budget { .. } => why.clone(),
        _ => ObjectError::Base { base: Some(base) },
    }
}

fn inflate(
    window: &mut Window,
    inflater: &mut Inflater,
    pack: &Pack,
    forest: &Forest,
    entry: u32,
    size: usize,
    out: &mut Vec<u8>,
) -> Result<(), ObjectError> {
    let node = forest.node(entry);
    let at = node.offset + u64::from(node.header);
    let end = forest.end(entry, pack).clamp(at, pack.end.max(at));
    let input = window.slice(&pack.file, end, at, longest_compressed(size as u64))?;
    inflater.entry(input, size, out, Span { file: &pack.file, at, end })
}
