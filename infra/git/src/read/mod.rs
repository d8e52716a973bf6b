//! Reading one object by its name, from whichever pack or file has it, with the bases of deltas kept in a cache that is bounded in
//! bytes. One reader belongs to one thread; the repository behind it is shared.

mod unpack;

pub(crate) use unpack::{Start, Unpacker};

use crate::error::ObjectError;
use crate::loose;
use crate::object::{Kind, Object};
use crate::oid::ObjectId;
use crate::pack::{EntryHeader, EntryKind, LONGEST_HEADER};
use crate::repository::Repository;

/// How many bytes of objects a reader keeps.
pub(crate) const DEFAULT_CACHE: usize = 64 << 20;
/// The longest object that is loaded.
pub(crate) const DEFAULT_LARGEST: u64 = 64 << 20;
/// How many packs a chain of deltas may lead through.
const MOST_PACKS_OF_A_CHAIN: usize = 16;
/// How many deltas a chain may have; git writes at most 4095.
pub(crate) const LONGEST_CHAIN: usize = 10_000;

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Packed { pack: usize, offset: u64 },
    Loose { store: usize },
}

/// Reads objects of a repository.
#[derive(Debug)]
pub struct ObjectReader<'r> {
    repository: &'r Repository,
    unpacker: Unpacker,
    largest: u64,
    /// The pack that had the last object: the next is likely there too.
    last: usize,
}

impl<'r> ObjectReader<'r> {
    pub(crate) fn new(repository: &'r Repository, cache: usize, largest: u64) -> Self {
        Self { repository, unpacker: Unpacker::new(cache, largest), largest, last: 0 }
    }

    /// The repository that is read.
    #[must_use]
    pub const fn repository(&self) -> &'r Repository {
        self.repository
    }

    /// Reads an object.
    ///
    /// # Errors
    /// If no pack or file has it, or none has it whole, or it is larger than may be loaded.
    pub fn read(&mut self, oid: &ObjectId) -> Result<Object, ObjectError> {
        let mut error = ObjectError::Missing;
        if let Some(place) = self.find(oid) {
            match self.read_at(oid, place) {
                Ok(object) => return Ok(object),
                Err(why) => error = why,
            }
            // A copy elsewhere may be whole.
            for other in self.repository.places(oid) {
                if other != place
                    && let Ok(object) = self.read_at(oid, other)
                {
                    return Ok(object);
                }
            }
        }
        Err(error)
    }

    /// Reads an object that must be of one type.
    ///
    /// # Errors
    /// As [`ObjectReader::read`], and if it is of another type.
    pub fn read_kind(&mut self, oid: &ObjectId, expected: Kind) -> Result<Object, ObjectError> {
        let object = self.read(oid)?;
        if object.kind == expected { Ok(object) } else { Err(ObjectError::Kind { expected }) }
    }

    /// The type of an object, without reading its content.
    ///
    /// # Errors
    /// If it is not there or its header, or that of a base, is broken.
    pub fn kind(&mut self, oid: &ObjectId) -> Result<Kind, ObjectError> {
        let (mut oid, mut place) = (*oid, self.find(oid).ok_or(ObjectError::Missing)?);
        for _ in 0..LONGEST_CHAIN {
            let (pack, offset) = match place {
                Place::Loose { store } => return Ok(loose::open(&self.repository.stores[store], &oid)?.kind),
                Place::Packed { pack, offset } => (pack, offset),
            };
            let held = &self.repository.packs[pack];
            let head = self.unpacker.window(pack).slice(&held.file, held.end, offset, LONGEST_HEADER as u64)?;
            match EntryHeader::parse(head, held.hash).ok_or(ObjectError::Header)?.kind {
                EntryKind::Whole(kind) => return Ok(kind),
                EntryKind::OffsetDelta(distance) => {
                    place = Place::Packed { pack, offset: offset.checked_sub(distance).ok_or(ObjectError::Header)? };
                }
                EntryKind::RefDelta(base) => {
                    oid = base;
                    let here = held.index.find(&base).map(|offset| Place::Packed { pack, offset });
                    place = here.or_else(|| self.find(&base)).ok_or(ObjectError::Base { base: Some(base) })?;
                }
            }
        }
        Err(ObjectError::Chain { limit: LONGEST_CHAIN })
    }

    fn read_at(&mut self, oid: &ObjectId, place: Place) -> Result<Object, ObjectError> {
        let (mut oid, mut place, mut pending) = (*oid, place, Vec::new());
        let mut object = loop {
            let (pack, offset) = match place {
                Place::Loose { store } => break loose::read(&self.repository.stores[store], &oid, self.largest, self.unpacker.inflater())?,
                Place::Packed { pack, offset } => (pack, offset),
            };
            let held = &self.repository.packs[pack];
            let (links, start) = self.unpacker.chain(&held.file, held.end, held.hash, pack, offset, &|base| held.index.find(base))?;
            pending.push((pack, links));
            match start {
                Start::Object(object) => break object,
                Start::Elsewhere(base) if pending.len() <= MOST_PACKS_OF_A_CHAIN => {
                    place = self.find(&base).ok_or(ObjectError::Base { base: Some(base) })?;
                    oid = base;
                }
                Start::Elsewhere(_) => return Err(ObjectError::Chain { limit: MOST_PACKS_OF_A_CHAIN }),
            }
        };
        for (pack, links) in pending.into_iter().rev() {
            let held = &self.repository.packs[pack];
            object = self.unpacker.apply(&held.file, held.end, pack, &links, object)?;
        }
        Ok(object)
    }

    fn find(&mut self, oid: &ObjectId) -> Option<Place> {
        let packs = &self.repository.packs;
        if let Some(offset) = packs.get(self.last).and_then(|pack| pack.index.find(oid)) {
            return Some(Place::Packed { pack: self.last, offset });
        }
        let place = self.repository.places(oid).next()?;
        if let Place::Packed { pack, .. } = place {
            self.last = pack;
        }
        Some(place)
    }
}
