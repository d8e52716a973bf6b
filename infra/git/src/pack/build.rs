//! The index of a pack that has none: every entry is walked, since where one ends is known only by inflating it, and named by its hash.
//! Deltas are named in turn as their bases are.

use super::{AHEAD, EntryHeader, EntryKind, LONGEST_HEADER, PACK_HEADER, PackIndex, Window, inflate::Span};
use crate::error::{Lost, ObjectError, Problem};
use crate::hash::ObjectHasher;
use crate::oid::{HashKind, ObjectId};
use crate::read::{DEFAULT_CACHE, DEFAULT_LARGEST, Start, Unpacker};
use flate2::bufread::ZlibDecoder;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// A pack's file while it has no index.
pub(crate) struct Unindexed<'a> {
    pub(crate) path: &'a Path,
    pub(crate) file: &'a File,
    pub(crate) end: u64,
    pub(crate) hash: HashKind,
}

/// Builds the index of a pack, with what of it could not be read. Entries behind a broken one cannot be found.
pub(crate) fn index_of(pack: &Unindexed<'_>, count: u32, problems: &mut Vec<Problem>) -> PackIndex {
    let mut walk = Walk { pack, named: Vec::new(), deltas: Vec::new() };
    if let Err((at, why)) = walk.entries(count) {
        problems.push(Problem { what: Lost::Entry(pack.path.to_owned(), at), why });
    }
    let Walk { mut named, deltas, .. } = walk;
    name_deltas(pack, &mut named, deltas, problems);
    PackIndex::build(named, pack.hash)
}

struct Walk<'a> {
    pack: &'a Unindexed<'a>,
    named: Vec<(ObjectId, u64)>,
    /// By offset, with the base where it is named and not placed.
    deltas: Vec<(u64, Option<ObjectId>)>,
}

impl Walk<'_> {
    fn entries(&mut self, count: u32) -> Result<(), (u64, ObjectError)> {
        let (mut at, mut window) = (PACK_HEADER, Window::new(AHEAD));
        for _ in 0..count {
            at = self.entry(&mut window, at).map_err(|why| (at, why))?;
        }
        Ok(())
    }

    /// Reads the entry at `at`, and says where the next one is.
    fn entry(&mut self, window: &mut Window, at: u64) -> Result<u64, ObjectError> {
        let Unindexed { file, end, hash, .. } = *self.pack;
        let head = window.slice(file, end, at, LONGEST_HEADER as u64)?;
        let header = EntryHeader::parse(head, hash).ok_or(ObjectError::Header)?;
        let body = at + header.len as u64;
        let mut stream = ZlibDecoder::new(BufReader::with_capacity(16 << 10, Span { file, at: body, end }));
        let mut hasher = match header.kind {
            EntryKind::Whole(kind) => Some(ObjectHasher::new(hash, kind, header.size)),
            _ => None,
        };
        let (mut piece, mut size) = (vec![0; 16 << 10], 0_u64);
        loop {
            let read = stream.read(&mut piece).map_err(|_| ObjectError::Compression)?;
            size += read as u64;
            if size > header.size {
                return Err(ObjectError::Length);
            }
            if read == 0 {
                break;
            }
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece[..read]);
            }
        }
        if size != header.size {
            return Err(ObjectError::Length);
        }
        match (header.kind, hasher) {
            (EntryKind::RefDelta(base), _) => self.deltas.push((at, Some(base))),
            (_, Some(hasher)) => self.named.push((hasher.finish(), at)),
            (_, None) => self.deltas.push((at, None)),
        }
        Ok(body + stream.total_in())
    }
}

/// Names deltas in the order of the pack, where bases mostly stand before; what waits for a named base follows it.
fn name_deltas(pack: &Unindexed<'_>, named: &mut Vec<(ObjectId, u64)>, deltas: Vec<(u64, Option<ObjectId>)>, problems: &mut Vec<Problem>) {
    let mut places: HashMap<ObjectId, u64> = named.iter().copied().collect();
    let mut unpacker = Unpacker::new(DEFAULT_CACHE, DEFAULT_LARGEST);
    let mut ready: Vec<u64> = Vec::new();
    // What waits, by the base that it waits for.
    let mut waiting: BTreeMap<ObjectId, Vec<u64>> = BTreeMap::new();
    for (offset, base) in deltas {
        match base {
            Some(base) if !places.contains_key(&base) => waiting.entry(base).or_default().push(offset),
            _ => ready.push(offset),
        }
        while let Some(offset) = ready.pop() {
            let mut unnamed = None;
            let read =
                unpacker.chain(pack.file, pack.end, pack.hash, 0, offset, &|oid| places.get(oid).copied()).and_then(|(links, start)| {
                    match start {
                        Start::Object(base) => unpacker.apply(pack.file, pack.end, 0, &links, base),
                        Start::Elsewhere(oid) => {
                            unnamed = Some(oid);
                            Err(ObjectError::Base { base: Some(oid) })
                        }
                    }
                });
            match (read, unnamed) {
                (Ok(object), _) => {
                    let mut hasher = ObjectHasher::new(pack.hash, object.kind, object.bytes.len() as u64);
                    hasher.update(&object.bytes);
                    let oid = hasher.finish();
                    places.insert(oid, offset);
                    named.push((oid, offset));
                    ready.extend(waiting.remove(&oid).unwrap_or_default());
                }
                (Err(_), Some(oid)) => waiting.entry(oid).or_default().push(offset),
                (Err(why), None) => problems.push(Problem { what: Lost::Entry(pack.path.to_owned(), offset), why }),
            }
        }
    }
    for (base, offsets) in waiting {
        for offset in offsets {
            let why = ObjectError::Base { base: Some(base) };
            problems.push(Problem { what: Lost::Entry(pack.path.to_owned(), offset), why });
        }
    }
}
