//! The names of a received pack's entries. A first pass inflates every entry, since where one ends is known only so, names those that are
//! whole and takes the CRC-32 of each; then deltas are rebuilt in the order of the pack. Deltas on named objects wait until their base has
//! its name, or is appended from the repository.

use super::ReceiveError;
use super::table::Named;
use crate::error::ObjectError;
use crate::hash::ObjectHasher;
use crate::object::{Kind, Object};
use crate::oid::{HashKind, ObjectId};
use crate::pack::{AHEAD, EntryHeader, EntryKind, LONGEST_HEADER, PACK_HEADER, Span, Window};
use crate::read::{DEFAULT_CACHE, DEFAULT_LARGEST, Start, Unpacker};
use crate::repository::Repository;
use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::FileExt;

/// A delta whose name is not known yet.
#[derive(Debug, Clone, Copy)]
struct Unnamed {
    offset: u64,
    crc: u32,
}

pub(super) struct Naming<'f> {
    file: &'f File,
    end: u64,
    hash: HashKind,
    /// How many bytes may still be inflated or rebuilt.
    budget: u64,
    limit: u64,
    named: Vec<Named>,
    deltas: Vec<Unnamed>,
    /// The objects that deltas name as their bases, with their places once these are known.
    bases: HashMap<ObjectId, Option<u64>>,
    /// What waits for a base.
    waiting: BTreeMap<ObjectId, Vec<Unnamed>>,
    unpacker: Unpacker,
}

impl<'f> Naming<'f> {
    pub(super) fn new(file: &'f File, end: u64, hash: HashKind, budget: u64) -> Self {
        Self {
            file,
            end,
            hash,
            budget,
            limit: budget,
            named: Vec::new(),
            deltas: Vec::new(),
            bases: HashMap::new(),
            waiting: BTreeMap::new(),
            unpacker: Unpacker::new(DEFAULT_CACHE, DEFAULT_LARGEST),
        }
    }

    /// Where the entries end, with those that were appended.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn into_named(self) -> Vec<Named> {
        self.named
    }

    fn spend(&mut self, bytes: u64) -> Result<(), ObjectError> {
        self.budget = self.budget.checked_sub(bytes).ok_or(ObjectError::Budget { limit: self.limit })?;
        Ok(())
    }

    /// Walks the entries, which must be `count` and fill the pack.
    pub(super) fn walk(&mut self, count: u32) -> Result<(), ReceiveError> {
        let (mut at, mut window, mut piece) = (PACK_HEADER, Window::new(AHEAD), vec![0; 16 << 10]);
        for _ in 0..count {
            at = self.entry(&mut window, &mut piece, at).map_err(|why| ReceiveError::Entry { at, why })?;
        }
        if at == self.end { Ok(()) } else { Err(ReceiveError::Cut) }
    }

    /// Reads the entry at `at`, and says where the next one is.
    fn entry(&mut self, window: &mut Window, piece: &mut [u8], at: u64) -> Result<u64, ObjectError> {
        let head = window.slice(self.file, self.end, at, LONGEST_HEADER as u64)?;
        let header = EntryHeader::parse(head, self.hash).ok_or(ObjectError::Header)?;
        let mut crc = crc32fast::Hasher::new();
        crc.update(&head[..header.len]);
        let body = at + header.len as u64;
        let mut stream = ZlibDecoder::new(BufReader::with_capacity(16 << 10, Span { file: self.file, at: body, end: self.end }));
        let mut hasher = match header.kind {
            EntryKind::Whole(kind) => Some(ObjectHasher::new(self.hash, kind, header.size)),
            _ => None,
        };
        let mut size = 0_u64;
        loop {
            let read = stream.read(piece).map_err(|_| ObjectError::Compression)?;
            size += read as u64;
            if size > header.size {
                return Err(ObjectError::Length);
            }
            if read == 0 {
                break;
            }
            self.spend(read as u64)?;
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece[..read]);
            }
        }
        if size != header.size {
            return Err(ObjectError::Length);
        }
        let next = body + stream.total_in();
        let mut packed = Span { file: self.file, at: body, end: next };
        loop {
            let read = packed.read(piece)?;
            if read == 0 {
                break;
            }
            crc.update(&piece[..read]);
        }
        let crc = crc.finalize();
        match header.kind {
            EntryKind::RefDelta(base) => {
                self.bases.insert(base, None);
                self.deltas.push(Unnamed { offset: at, crc });
            }
            EntryKind::OffsetDelta(_) => self.deltas.push(Unnamed { offset: at, crc }),
            EntryKind::Whole(_) => {
                let oid = hasher.expect("a whole entry is hashed").finish();
                self.named.push(Named { oid, offset: at, crc });
            }
        }
        Ok(next)
    }

    /// Names the deltas; those on objects that are not in the pack wait.
    pub(super) fn resolve(&mut self) -> Result<(), ReceiveError> {
        for entry in &self.named {
            if let Some(place) = self.bases.get_mut(&entry.oid) {
                *place = Some(entry.offset);
            }
        }
        let mut deltas = std::mem::take(&mut self.deltas);
        deltas.reverse();
        while let Some(delta) = deltas.pop() {
            self.name(delta, &mut deltas)?;
        }
        Ok(())
    }

    /// Names a delta, or lets it wait. What waited for it is put among `next`.
    fn name(&mut self, delta: Unnamed, next: &mut Vec<Unnamed>) -> Result<(), ReceiveError> {
        let broken = |why| ReceiveError::Entry { at: delta.offset, why };
        let bases = &self.bases;
        let chain = self.unpacker.chain(self.file, self.end, self.hash, 0, delta.offset, &|oid| bases.get(oid).copied().flatten());
        let rebuilt = chain.and_then(|(links, start)| match start {
            Start::Object(base) => {
                let steps = links.len() as u64;
                Ok(Ok((self.unpacker.apply(self.file, self.end, 0, &links, base)?, steps)))
            }
            Start::Elsewhere(base) => Ok(Err(base)),
        });
        match rebuilt {
            Ok(Ok((object, steps))) => {
                self.spend(steps.saturating_mul(object.bytes.len() as u64)).map_err(broken)?;
                let mut hasher = ObjectHasher::new(self.hash, object.kind, object.bytes.len() as u64);
                hasher.update(&object.bytes);
                let named = Named { oid: hasher.finish(), offset: delta.offset, crc: delta.crc };
                self.enter(named, next);
            }
            Ok(Err(base)) => self.waiting.entry(base).or_default().push(delta),
            // It has no name, so the pack has no index; the rest is read all the same.
            Err(ObjectError::TooLarge { .. }) => {}
            Err(why) => return Err(broken(why)),
        }
        Ok(())
    }

    fn enter(&mut self, named: Named, next: &mut Vec<Unnamed>) {
        if let Some(place) = self.bases.get_mut(&named.oid) {
            place.get_or_insert(named.offset);
            next.extend(self.waiting.remove(&named.oid).into_iter().flatten());
        }
        self.named.push(named);
    }

    /// Appends the bases that the pack lacks and the repository has; says how many.
    pub(super) fn complete(&mut self, repository: &Repository) -> Result<u32, ReceiveError> {
        let missing: Vec<ObjectId> = self.waiting.keys().copied().collect();
        let (mut objects, mut appended) = (repository.objects(), 0);
        for base in missing {
            // It may have got its name by a base before it.
            let Some(waiting) = self.waiting.remove(&base) else { continue };
            let first = waiting.first().map_or(0, |delta| delta.offset);
            let broken = |why| ReceiveError::Entry { at: first, why };
            let object = objects.read(&base).map_err(|why| {
                broken(match why {
                    ObjectError::Missing => ObjectError::Base { base: Some(base) },
                    other => other,
                })
            })?;
            let named = self.append(base, &object)?;
            appended += 1;
            let mut next = waiting;
            self.bases.insert(base, Some(named.offset));
            self.named.push(named);
            while let Some(delta) = next.pop() {
                self.name(delta, &mut next)?;
            }
        }
        match self.waiting.iter().next() {
            Some((base, deltas)) => {
                let at = deltas.first().map_or(0, |delta| delta.offset);
                Err(ReceiveError::Entry { at, why: ObjectError::Base { base: Some(*base) } })
            }
            None => Ok(appended),
        }
    }

    fn append(&mut self, oid: ObjectId, object: &Object) -> Result<Named, ReceiveError> {
        let mut entry = header_of(object.kind, object.bytes.len() as u64);
        let mut stream = ZlibEncoder::new(&mut entry, Compression::fast());
        stream.write_all(&object.bytes)?;
        stream.finish()?;
        let offset = self.end;
        self.file.write_all_at(&entry, offset)?;
        self.end += entry.len() as u64;
        Ok(Named { oid, offset, crc: crc32fast::hash(&entry) })
    }
}

/// The header of an entry that is whole.
fn header_of(kind: Kind, size: u64) -> Vec<u8> {
    let code = match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    };
    let low = |value: u64, mask: u64| u8::try_from(value & mask).expect("at most seven bits");
    let (mut header, mut rest) = (vec![code << 4 | low(size, 15)], size >> 4);
    while rest > 0 {
        *header.last_mut().expect("it has a first byte") |= 0x80;
        header.push(low(rest, 0x7f));
        rest >>= 7;
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_were_written() {
        for size in [0, 1, 15, 16, 127, 2047, 2048, 1 << 31, u64::MAX] {
            let header = header_of(Kind::Blob, size);
            let parsed = EntryHeader::parse(&header, HashKind::Sha1).expect("a header");
            assert_eq!(parsed, EntryHeader { kind: EntryKind::Whole(Kind::Blob), size, len: header.len() });
        }
    }
}
