//! Following chains of deltas in packs: down from a delta to its base, then up again, with every step kept in a cache.

use super::LONGEST_CHAIN;
use crate::error::ObjectError;
use crate::object::Object;
use crate::oid::{HashKind, ObjectId};
use crate::pack::{Delta, EntryHeader, EntryKind, HERE, Inflater, LONGEST_HEADER, Span, Window, longest_compressed};
use quick_cache::Weighter;
use quick_cache::unsync::Cache;
use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<(usize, u64), Object> for Bytes {
    fn weight(&self, _: &(usize, u64), object: &Object) -> u64 {
        // What the cache itself spends counts too: a million empty objects are not free.
        object.bytes.capacity() as u64 + 128
    }
}

/// Unpacks entries of packs, which are known to it by numbers.
#[derive(Debug)]
pub(crate) struct Unpacker {
    inflater: Inflater,
    windows: HashMap<usize, Window>,
    cache: Cache<(usize, u64), Object, Bytes>,
    cache_bytes: u64,
    largest: u64,
    delta: Vec<u8>,
}

/// A delta on the way to a base.
#[derive(Debug)]
pub(crate) struct Link {
    offset: u64,
    body: u64,
    size: u64,
}

/// Where a chain of deltas begins.
#[derive(Debug)]
pub(crate) enum Start {
    Object(Object),
    /// Not in this pack.
    Elsewhere(ObjectId),
}

/// How many bytes are made for the sake of one object.
const MOST_OF_A_CHAIN: u64 = 8 << 30;
/// How many packs have a window at once.
const MOST_WINDOWS: usize = 16;

impl Unpacker {
    pub(crate) fn new(cache: usize, largest: u64) -> Self {
        let cache_bytes = cache as u64;
        Self {
            inflater: Inflater::new(),
            windows: HashMap::new(),
            cache: Cache::with_weighter((cache >> 12).max(16), cache_bytes, Bytes),
            cache_bytes,
            largest,
            delta: Vec::new(),
        }
    }

    pub(crate) fn inflater(&mut self) -> &mut Inflater {
        &mut self.inflater
    }

    pub(crate) fn window(&mut self, pack: usize) -> &mut Window {
        if self.windows.len() >= MOST_WINDOWS && !self.windows.contains_key(&pack) {
            self.windows.clear();
        }
        self.windows.entry(pack).or_insert(const { Window::new(HERE) })
    }

    /// The deltas from the entry at `offset` down to an object that is whole, in the cache, or not in this pack.
    pub(crate) fn chain(
        &mut self,
        file: &File,
        end: u64,
        hash: HashKind,
        pack: usize,
        offset: u64,
        find: &dyn Fn(&ObjectId) -> Option<u64>,
    ) -> Result<(Vec<Link>, Start), ObjectError> {
        let (mut links, mut at) = (Vec::new(), offset);
        while links.len() < LONGEST_CHAIN {
            if let Some(object) = self.cache.get(&(pack, at)) {
                return Ok((links, Start::Object(object.clone())));
            }
            let head = self.window(pack).slice(file, end, at, LONGEST_HEADER as u64)?;
            let header = EntryHeader::parse(head, hash).ok_or(ObjectError::Header)?;
            if header.size > self.largest {
                return Err(ObjectError::TooLarge { size: header.size });
            }
            let link = Link { offset: at, body: at + header.len as u64, size: header.size };
            match header.kind {
                EntryKind::Whole(kind) => {
                    let mut bytes = Vec::new();
                    self.inflate(file, end, pack, &link, &mut bytes)?;
                    let object = Object { kind, bytes: Arc::new(bytes) };
                    self.keep(pack, at, &object);
                    return Ok((links, Start::Object(object)));
                }
                EntryKind::OffsetDelta(distance) => at = at.checked_sub(distance).ok_or(ObjectError::Header)?,
                EntryKind::RefDelta(base) => match find(&base) {
                    Some(offset) => at = offset,
                    None => {
                        links.push(link);
                        return Ok((links, Start::Elsewhere(base)));
                    }
                },
            }
            links.push(link);
        }
        Err(ObjectError::Chain { limit: LONGEST_CHAIN })
    }

    /// Applies the deltas of a chain to its base.
    pub(crate) fn apply(&mut self, file: &File, end: u64, pack: usize, links: &[Link], base: Object) -> Result<Object, ObjectError> {
        let (mut object, mut made) = (base, 0_u64);
        let mut delta = std::mem::take(&mut self.delta);
        for link in links.iter().rev() {
            self.inflate(file, end, pack, link, &mut delta)?;
            let parsed = Delta::parse(&delta).ok_or(ObjectError::Delta)?;
            if parsed.result_len > self.largest {
                return Err(ObjectError::TooLarge { size: parsed.result_len });
            }
            made = made.saturating_add(parsed.result_len);
            if made > MOST_OF_A_CHAIN {
                return Err(ObjectError::Budget { limit: MOST_OF_A_CHAIN });
            }
            let mut bytes = Vec::new();
            parsed.apply(&object.bytes, &mut bytes).ok_or(ObjectError::Delta)?;
            object = Object { kind: object.kind, bytes: Arc::new(bytes) };
            self.keep(pack, link.offset, &object);
        }
        self.delta = delta;
        self.delta.shrink_to(1 << 20);
        Ok(object)
    }

    fn inflate(&mut self, file: &File, end: u64, pack: usize, link: &Link, out: &mut Vec<u8>) -> Result<(), ObjectError> {
        let size = usize::try_from(link.size).map_err(|_| ObjectError::TooLarge { size: link.size })?;
        if self.windows.len() >= MOST_WINDOWS && !self.windows.contains_key(&pack) {
            self.windows.clear();
        }
        let window = self.windows.entry(pack).or_insert(const { Window::new(HERE) });
        let input = window.slice(file, end, link.body, longest_compressed(link.size))?;
        self.inflater.entry(input, size, out, Span { file, at: link.body, end })
    }

    fn keep(&mut self, pack: usize, offset: u64, object: &Object) {
        if (object.bytes.len() as u64) < self.cache_bytes / 8 {
            self.cache.insert((pack, offset), object.clone());
        }
    }
}
