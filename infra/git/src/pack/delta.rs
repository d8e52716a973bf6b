//! Deltas: an object as pieces copied from another and pieces inserted (git's `gitformat-pack`). Everything is checked against the
//! lengths that the delta states, so that a broken one is an error and never a panic or an over-long result.

use std::ops::Range;

/// A piece of what a delta makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeltaPiece {
    /// `at` of the result equals `from` of the base.
    Copied {
        /// In the base.
        from: Range<usize>,
        /// In the result.
        at: Range<usize>,
    },
    /// `at` of the result came with the delta.
    Inserted {
        /// In the result.
        at: Range<usize>,
    },
}

/// A delta's head and instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delta<'a> {
    /// How long its base must be.
    pub base_len: u64,
    /// How long its result is.
    pub result_len: u64,
    instructions: &'a [u8],
}

impl<'a> Delta<'a> {
    /// Reads the head; the instructions are checked when they are applied.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (base_len, rest) = varint(bytes)?;
        let (result_len, instructions) = varint(rest)?;
        Some(Self { base_len, result_len, instructions })
    }

    /// Appends the result to `out`, which must be empty. `None` if the delta is broken or is one for another base; then `out` holds
    /// nothing of use.
    #[must_use]
    pub fn apply(&self, base: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let len = usize::try_from(self.result_len).ok()?;
        if self.base_len != base.len() as u64 || !out.is_empty() {
            return None;
        }
        out.reserve(len);
        let mut rest = self.instructions;
        while let Some((instruction, after)) = step(rest)? {
            let piece = match instruction {
                Step::Copy { from, len } => base.get(from..from.checked_add(len)?)?,
                Step::Insert(bytes) => bytes,
            };
            if piece.len() > len - out.len() {
                return None;
            }
            out.extend_from_slice(piece);
            rest = after;
        }
        (out.len() == len).then_some(())
    }

    /// The pieces of the result, in its order; they end where the instructions are broken.
    pub fn pieces(&self) -> impl Iterator<Item = DeltaPiece> + use<'a> {
        let (mut rest, mut at) = (self.instructions, 0_usize);
        std::iter::from_fn(move || {
            let (instruction, after) = step(rest)??;
            rest = after;
            let start = at;
            Some(match instruction {
                Step::Copy { from, len } => {
                    at = at.checked_add(len)?;
                    DeltaPiece::Copied { from: from..from.checked_add(len)?, at: start..at }
                }
                Step::Insert(bytes) => {
                    at = at.checked_add(bytes.len())?;
                    DeltaPiece::Inserted { at: start..at }
                }
            })
        })
    }
}

enum Step<'a> {
    Copy { from: usize, len: usize },
    Insert(&'a [u8]),
}

/// The first instruction and what follows; `Some(None)` at the end, `None` if it is broken.
#[allow(clippy::option_option)]
#[inline]
fn step(instructions: &[u8]) -> Option<Option<(Step<'_>, &[u8])>> {
    let Some((code, mut rest)) = instructions.split_first() else { return Some(None) };
    if code & 0x80 == 0 {
        let len = usize::from(*code);
        if len == 0 || len > rest.len() {
            return None;
        }
        let (bytes, rest) = rest.split_at(len);
        return Some(Some((Step::Insert(bytes), rest)));
    }
    let mut part = |bit: u8, shift: u32| -> Option<usize> {
        if code & 1 << bit == 0 {
            return Some(0);
        }
        let (byte, after) = rest.split_first()?;
        rest = after;
        Some(usize::from(*byte) << shift)
    };
    let from = part(0, 0)? | part(1, 8)? | part(2, 16)? | part(3, 24)?;
    let len = part(4, 0)? | part(5, 8)? | part(6, 16)?;
    Some(Some((Step::Copy { from, len: if len == 0 { 0x10000 } else { len } }, rest)))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut shift, mut rest) = (0_u64, 0_u32, bytes);
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        let part = u64::from(byte & 0x7f);
        if shift >= 64 || part << shift >> shift != part {
            return None;
        }
        value |= part << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a delta does, by byte and index, without a shared line with the code above.
    fn slow(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
        let mut at = 0;
        let mut next = || {
            at += 1;
            delta.get(at - 1).copied()
        };
        let mut lens = [0_u128; 2];
        for len in &mut lens {
            for place in 0.. {
                let byte = next()?;
                *len += u128::from(byte % 128) << (7 * place).min(100);
                if byte < 128 {
                    break;
                }
            }
        }
        let mut out = Vec::new();
        while let Some(code) = next() {
            if code == 0 {
                return None;
            } else if code < 128 {
                for _ in 0..code {
                    out.push(next()?);
                }
            } else {
                let mut numbers = [0_usize; 7];
                for (bit, number) in numbers.iter_mut().enumerate() {
                    *number = if code >> bit & 1 == 1 { next()?.into() } else { 0 };
                }
                let [a, b, c, d, e, f, g] = numbers;
                let from = a + b * 256 + c * 65536 + d * 16_777_216;
                let len = match e + f * 256 + g * 65536 {
                    0 => 65536,
                    len => len,
                };
                for index in from..from + len {
                    out.push(*base.get(index)?);
                }
            }
        }
        (lens == [base.len() as u128, out.len() as u128]).then_some(out)
    }

    fn number(mut value: usize, out: &mut Vec<u8>) {
        while value >= 128 {
            out.push(u8::try_from(value % 128).expect("below 128") | 128);
            value /= 128;
        }
        out.push(u8::try_from(value).expect("below 128"));
    }

    /// Instructions that are mostly right for a base of some length, so that applying gets far.
    fn delta(base_len: usize) -> impl Strategy<Value = Vec<u8>> {
        let copy = (0..base_len.max(1), 1..300_usize).prop_map(move |(from, len)| {
            let len = len.min(base_len.saturating_sub(from)).max(1);
            let bytes = [from.to_le_bytes()[0], from.to_le_bytes()[1], len.to_le_bytes()[0], len.to_le_bytes()[1]];
            (vec![0x80 | 0x33, bytes[0], bytes[1], bytes[2], bytes[3]], len)
        });
        let insert = proptest::collection::vec(any::<u8>(), 1..40).prop_map(|bytes| {
            let len = bytes.len();
            ([vec![u8::try_from(len).expect("short")], bytes].concat(), len)
        });
        let wild = proptest::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| (bytes, 3));
        proptest::collection::vec(prop_oneof![6 => copy, 4 => insert, 1 => wild], 0..12).prop_map(move |steps| {
            let mut out = Vec::new();
            number(base_len, &mut out);
            number(steps.iter().map(|(_, len)| len).sum(), &mut out);
            steps.into_iter().for_each(|(bytes, _)| out.extend(bytes));
            out
        })
    }

    proptest! {
        #[test]
        fn applies_as_the_slow_way((base, delta) in proptest::collection::vec(any::<u8>(), 0..2000)
            .prop_flat_map(|base| { let len = base.len(); (Just(base), delta(len)) })) {
            let mut out = Vec::new();
            let fast = Delta::parse(&delta).and_then(|delta| delta.apply(&base, &mut out)).map(|()| out);
            prop_assert_eq!(&fast, &slow(&base, &delta));
            if let Some(result) = fast {
                let mut end = 0;
                for piece in Delta::parse(&delta).expect("it was applied").pieces() {
                    let at = match piece {
                        DeltaPiece::Copied { from, at } => {
                            prop_assert_eq!(&base[from], &result[at.clone()]);
                            at
                        }
                        DeltaPiece::Inserted { at } => at,
                    };
                    prop_assert_eq!(at.start, end);
                    end = at.end;
                }
                prop_assert_eq!(end, result.len());
            }
        }

        #[test]
        fn any_bytes_do_not_panic(base in proptest::collection::vec(any::<u8>(), 0..100), delta in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut out = Vec::new();
            if let Some(delta) = Delta::parse(&delta) {
                if delta.result_len < 1 << 20 {
                    let _ = delta.apply(&base, &mut out);
                }
                let _ = delta.pieces().count();
            }
        }
    }
}
