//! The header of a pack's entry: type and length in a varint, then the base of a delta (git's `gitformat-pack`). Pure functions.

use crate::object::Kind;
use crate::oid::{HashKind, ObjectId};

/// What a pack's entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// An object, whole.
    Whole(Kind),
    /// A delta on the entry this many bytes before.
    OffsetDelta(u64),
    /// A delta on a named object.
    RefDelta(ObjectId),
}

/// The header of a pack's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHeader {
    /// What it holds.
    pub kind: EntryKind,
    /// The length of what is compressed: of the object, or of the delta.
    pub size: u64,
    /// How many bytes the header has.
    pub len: usize,
}

/// The most bytes a header has: 10 of length, 10 of distance or 32 of a name.
pub(crate) const LONGEST_HEADER: usize = 42;

impl EntryHeader {
    /// Reads the header at the start of `bytes`.
    #[must_use]
    pub fn parse(bytes: &[u8], hash: HashKind) -> Option<Self> {
        let first = *bytes.first()?;
        let (mut size, mut shift, mut len, mut more) = (u64::from(first & 15), 4_u32, 1, first & 0x80 != 0);
        while more {
            let byte = *bytes.get(len)?;
            let part = u64::from(byte & 0x7f);
            if shift >= 64 || part << shift >> shift != part {
                return None;
            }
            size |= part << shift;
            (shift, len, more) = (shift + 7, len + 1, byte & 0x80 != 0);
        }
        let kind = match first >> 4 & 7 {
            1 => EntryKind::Whole(Kind::Commit),
            2 => EntryKind::Whole(Kind::Tree),
            3 => EntryKind::Whole(Kind::Blob),
            4 => EntryKind::Whole(Kind::Tag),
            6 => {
                let (distance, used) = distance(&bytes[len..])?;
                len += used;
                EntryKind::OffsetDelta(distance)
            }
            7 => {
                let base = ObjectId::at_start(&bytes[len..], hash)?;
                len += hash.len();
                EntryKind::RefDelta(base)
            }
            _ => return None,
        };
        Some(Self { kind, size, len })
    }
}

/// The distance to an offset delta's base, and how many bytes it takes.
fn distance(bytes: &[u8]) -> Option<(u64, usize)> {
    let (mut value, mut used) = (0_u64, 0);
    loop {
        let byte = *bytes.get(used)?;
        used += 1;
        value = value.checked_add(u64::from(used > 1))?.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return (value > 0).then_some((value, used));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_what_is_none() {
        let blob = EntryHeader::parse(&[0xb5, 0x01], HashKind::Sha1).expect("a header");
        assert_eq!(blob, EntryHeader { kind: EntryKind::Whole(Kind::Blob), size: 21, len: 2 });
        let delta = EntryHeader::parse(&[0x65, 0x81, 0x00], HashKind::Sha1).expect("a header");
        assert_eq!(delta, EntryHeader { kind: EntryKind::OffsetDelta(256), size: 5, len: 3 });
        for none in [&[][..], &[0x00], &[0x50], &[0xb5], &[0x65], &[0x65, 0x00], &[0x75, 1, 2], &[0xff; 40]] {
            assert_eq!(EntryHeader::parse(none, HashKind::Sha1), None, "{none:?}");
        }
    }
}
