//! Where one of a set of pairs of bytes stands: the first sieve of a search for many literals at once, each of which has one of the pairs.
//! Bytes are told apart by 32 kinds, so that a set is 32 rows of 32 bits, which byte shuffles look up for many places at once.

use std::ops::Range;

use crate::PairKernel;
use crate::marks::BLOCK;

/// How many kinds of bytes there are.
pub const KINDS: usize = 32;

/// The kinds of ` ` to `/`.
pub(crate) const SIGNS: [u8; 16] = [0, 30, 29, 30, 30, 30, 30, 29, 30, 30, 30, 30, 30, 28, 28, 29];
/// The kinds of `0` to `?`.
pub(crate) const DIGITS: [u8; 16] = [30, 27, 27, 27, 27, 27, 27, 27, 27, 27, 29, 30, 30, 29, 30, 30];

/// The kind of a byte: one for each letter in either case, one for the digits from 1 on, some for what else is in ASCII.
#[must_use]
pub const fn kind(byte: u8) -> u8 {
    let folded = byte | 0x20;
    if folded & 0x40 != 0 {
        folded & 0x1f
    } else if folded & 0x10 != 0 {
        DIGITS[(folded & 0xf) as usize]
    } else {
        SIGNS[(folded & 0xf) as usize]
    }
}

/// A set of pairs of bytes. A pair of the same kinds as one of the set passes for it.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    /// Eight kinds of the second byte for each kind of the first, four times.
    pub(crate) quarters: [[u8; KINDS]; 4],
}

impl Pairs {
    /// Adds a pair.
    pub fn insert(&mut self, [first, second]: [u8; 2]) {
        let second = kind(second);
        self.quarters[usize::from(second >> 3)][usize::from(kind(first))] |= 1 << (second & 7);
    }

    /// Whether a pair passes for one of the set.
    #[must_use]
    pub fn has(&self, [first, second]: [u8; 2]) -> bool {
        let second = kind(second);
        self.quarters[usize::from(second >> 3)][usize::from(kind(first))] >> (second & 7) & 1 == 1
    }

    /// Calls `found` for each 64 places of `range` with the first place and a bit for each place at which a pair begins. What stands
    /// behind the text passes for zeros.
    pub fn each(&self, text: &[u8], range: Range<usize>, found: impl FnMut(usize, u64)) {
        self.each_with(crate::pair_kernel(), text, range, found);
    }

    /// As [`Pairs::each`], without vector instructions; the answer is the same.
    pub fn each_portably(&self, text: &[u8], range: Range<usize>, found: impl FnMut(usize, u64)) {
        self.each_with(crate::portable::pairs, text, range, found);
    }

    fn each_with(&self, kernel: PairKernel, text: &[u8], range: Range<usize>, mut found: impl FnMut(usize, u64)) {
        let end = range.end.min(text.len());
        let mut at = range.start;
        while at < end {
            let mut mask = match text[at..].first_chunk() {
                Some(bytes) => kernel(self, bytes),
                None => {
                    let mut bytes = [0; BLOCK + 1];
                    bytes[..text.len() - at].copy_from_slice(&text[at..]);
                    kernel(self, &bytes)
                }
            };
            if end - at < BLOCK {
                mask &= (1 << (end - at)) - 1;
            }
            if mask != 0 {
                found(at, mask);
            }
            at += BLOCK;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(each: impl FnOnce(&mut dyn FnMut(usize, u64))) -> Vec<usize> {
        let mut places = Vec::new();
        each(&mut |base, mask| places.extend((0..64).filter(|bit| mask >> bit & 1 == 1).map(|bit| base + bit)));
        places
    }

    #[test]
    fn letters_are_one_in_either_case_and_digits_are_one() {
        let mut pairs = Pairs::default();
        pairs.insert(*b"k_");
        pairs.insert(*b"a1");
        let text = b"sk_K_-k-_ A2 aa b1 k";
        assert_eq!(places(|found| pairs.each(text, 0..text.len(), found)), [1, 3, 10]);
        assert_eq!(places(|found| pairs.each(text, 2..10, found)), [3]);
    }

    proptest! {
        #[test]
        fn every_kernel_gives_what_each_place_says(
            pairs in proptest::collection::vec(any::<[u8; 2]>(), 0..200),
            text in proptest::collection::vec(any::<u8>(), 0..300),
            from in 0_usize..300,
            length in 0_usize..300,
        ) {
            let mut set = Pairs::default();
            pairs.iter().for_each(|pair| set.insert(*pair));
            let to = text.len().min(from + length);
            let second = |at: usize| text.get(at + 1).copied().unwrap_or_default();
            let alike = |at: usize| pairs.iter().any(|pair| kind(pair[0]) == kind(text[at]) && kind(pair[1]) == kind(second(at)));
            let expected: Vec<_> = (from..to).filter(|at| alike(*at)).collect();
            prop_assert_eq!(&expected, &(from..to).filter(|at| set.has([text[*at], second(*at)])).collect::<Vec<_>>());
            prop_assert_eq!(&expected, &places(|found| set.each(&text, from..to, found)));
            prop_assert_eq!(&expected, &places(|found| set.each_portably(&text, from..to, found)));
        }
    }
}
