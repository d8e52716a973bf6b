//! A pack's index: where each object stands (git's `gitformat-pack`, versions 1 and 2). It is kept as the bytes of the file, or as bytes
//! of the same form where it was built here; names are looked up by the fan-out table and halving.

use crate::oid::{HashKind, ObjectId};
use std::ops::Range;

const MAGIC: &[u8] = b"\xfftOc";
const FAN_OUT: usize = 256 * 4;

/// The index of a pack.
#[derive(Clone)]
pub struct PackIndex {
    bytes: Vec<u8>,
    hash: HashKind,
    count: usize,
    layout: Layout,
}

#[derive(Clone, Copy)]
enum Layout {
    /// Offset and name, one after another.
    V1,
    /// Tables of names, checksums, short offsets, long offsets.
    V2 { long_offsets: usize },
}

impl std::fmt::Debug for PackIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackIndex").field("count", &self.count).finish_non_exhaustive()
    }
}

impl PackIndex {
    /// Checks the form of an index file: its version, that the fan-out rises, that the tables fit its length.
    #[must_use]
    pub fn parse(bytes: Vec<u8>, hash: HashKind) -> Option<Self> {
        let v2 = bytes.starts_with(MAGIC);
        if v2 && word(&bytes, 4)? != 2 {
            return None;
        }
        let fan = if v2 { 8 } else { 0 };
        let mut last = 0;
        for slot in 0..256 {
            let value = word(&bytes, fan + slot * 4)?;
            if value < last {
                return None;
            }
            last = value;
        }
        let count = usize::try_from(last).ok()?;
        let trailer = 2 * hash.len();
        let body = bytes.len().checked_sub(fan + FAN_OUT + trailer)?;
        let layout = if v2 {
            let long = body.checked_sub(count.checked_mul(hash.len() + 8)?)?;
            if long % 8 != 0 {
                return None;
            }
            Layout::V2 { long_offsets: long / 8 }
        } else {
            if body != count.checked_mul(hash.len() + 4)? {
                return None;
            }
            Layout::V1
        };
        Some(Self { bytes, hash, count, layout })
    }

    /// Builds one from names and offsets.
    pub(crate) fn build(mut entries: Vec<(ObjectId, u64)>, hash: HashKind) -> Self {
        entries.sort_unstable();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(2_u32.to_be_bytes());
        let mut below = 0;
        for first in 0..=255_u8 {
            below += entries[below..].iter().take_while(|(oid, _)| oid.as_bytes()[0] == first).count();
            bytes.extend(u32::try_from(below).expect("a pack counts its entries in 32 bits").to_be_bytes());
        }
        entries.iter().for_each(|(oid, _)| bytes.extend(oid.as_bytes()));
        bytes.resize(bytes.len() + 4 * entries.len(), 0);
        let mut long = Vec::new();
        for (_, offset) in &entries {
            let short = u32::try_from(*offset).ok().filter(|short| short >> 31 == 0).unwrap_or_else(|| {
                long.push(*offset);
                1 << 31 | u32::try_from(long.len() - 1).expect("fewer than the entries")
            });
            bytes.extend(short.to_be_bytes());
        }
        long.iter().for_each(|offset| bytes.extend(offset.to_be_bytes()));
        bytes.resize(bytes.len() + 2 * hash.len(), 0);
        Self { count: entries.len(), layout: Layout::V2 { long_offsets: long.len() }, bytes, hash }
    }

    /// How many objects the pack has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether the pack is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    const fn names(&self) -> usize {
        match self.layout {
            Layout::V1 => FAN_OUT + 4,
            Layout::V2 { .. } => FAN_OUT + 8,
        }
    }

    const fn stride(&self) -> usize {
        match self.layout {
            Layout::V1 => 4 + self.hash.len(),
            Layout::V2 { .. } => self.hash.len(),
        }
    }

    fn name(&self, position: usize) -> &[u8] {
        let start = self.names() + position * self.stride();
        &self.bytes[start..start + self.hash.len()]
    }

    /// The name at a position below [`PackIndex::len`].
    ///
    /// # Panics
    /// Past the last position.
    #[must_use]
    pub fn oid(&self, position: usize) -> ObjectId {
        assert!(position < self.count, "a position in the index");
        ObjectId::from_bytes(self.name(position)).expect("a name has the length of its kind")
    }

    /// The offset at a position, if the index has one for it.
    #[must_use]
    pub fn offset(&self, position: usize) -> Option<u64> {
        match self.layout {
            Layout::V1 => word(&self.bytes, FAN_OUT + position * self.stride()).map(u64::from),
            Layout::V2 { long_offsets } => {
                let shorts = self.names() + self.count * (self.hash.len() + 4);
                let short = word(&self.bytes, shorts + position * 4)?;
                if short >> 31 == 0 {
                    return Some(short.into());
                }
                let slot = usize::try_from(short & !(1 << 31)).ok().filter(|slot| *slot < long_offsets)?;
                let start = shorts + self.count * 4 + slot * 8;
                Some(u64::from_be_bytes(self.bytes[start..start + 8].try_into().expect("eight bytes")))
            }
        }
    }

    fn bucket(&self, first: u8) -> Range<usize> {
        let fan = self.names() - FAN_OUT - if matches!(self.layout, Layout::V1) { 4 } else { 0 };
        let at = |slot: usize| word(&self.bytes, fan + slot * 4).and_then(|value| usize::try_from(value).ok()).unwrap_or(0);
        let start = if first == 0 { 0 } else { at(usize::from(first) - 1) };
        start..at(usize::from(first))
    }

    /// Where an object stands in the index.
    #[must_use]
    pub fn position(&self, oid: &ObjectId) -> Option<usize> {
        let wanted = oid.as_bytes();
        let Range { mut start, mut end } = self.bucket(wanted[0]);
        while start < end {
            let middle = start + (end - start) / 2;
            match self.name(middle).cmp(wanted) {
                std::cmp::Ordering::Less => start = middle + 1,
                std::cmp::Ordering::Greater => end = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Where an object stands in the pack.
    #[must_use]
    pub fn find(&self, oid: &ObjectId) -> Option<u64> {
        self.offset(self.position(oid)?)
    }

    /// The positions of names between two names, both included.
    #[must_use]
    pub fn between(&self, low: &ObjectId, high: &ObjectId) -> Range<usize> {
        let below = |bound: &[u8], included: bool| {
            let Range { mut start, mut end } = self.bucket(bound[0]);
            while start < end {
                let middle = start + (end - start) / 2;
                let name = self.name(middle);
                if name < bound || (included && name == bound) { start = middle + 1 } else { end = middle }
            }
            start
        };
        below(low.as_bytes(), false)..below(high.as_bytes(), true)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().expect("four bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn oid(seed: u32) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&seed.wrapping_mul(0x9E37_79B9).to_be_bytes());
        ObjectId::from_bytes(&bytes).expect("20 bytes")
    }

    #[test]
    fn finds_what_it_was_built_from() {
        let entries: Vec<_> = (1..3000).map(|seed| (oid(seed), u64::from(seed) * 5_000_000)).collect();
        let index = PackIndex::build(entries.clone(), HashKind::Sha1);
        let index = PackIndex::parse(index.bytes, HashKind::Sha1).expect("it is of the form of a file");
        assert_eq!(index.len(), entries.len());
        for (oid, offset) in &entries {
            assert_eq!(index.find(oid), Some(*offset));
        }
        assert_eq!(index.find(&oid(3001)), None);
        let (low, high) = (ObjectId::zero(HashKind::Sha1), ObjectId::from_bytes(&[255; 20]).expect("20 bytes"));
        assert_eq!(index.between(&low, &high), 0..entries.len());
    }

    proptest! {
        #[test]
        fn any_change_is_safe(at in 0..2000_usize, value: u8, cut in 0..2000_usize) {
            let mut bytes = PackIndex::build((1..20).map(|seed| (oid(seed), u64::from(seed) << 30)).collect(), HashKind::Sha1).bytes;
            let len = bytes.len();
            bytes[at % len] = value;
            bytes.truncate(len.saturating_sub(cut / 20));
            if let Some(index) = PackIndex::parse(bytes, HashKind::Sha1) {
                for position in 0..index.len() {
                    let oid = index.oid(position);
                    let _ = (index.offset(position), index.find(&oid), index.between(&oid, &oid));
                }
            }
        }
    }
}
