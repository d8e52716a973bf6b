//! Where three bytes stand of which each is of a set: the first sieve of a search for short marks in a whole text.

use crate::marks::{AHEAD, BATCH, BLOCK, Halves};
use crate::triple_kernel;

/// How many alternatives there may be beside that which is counted.
const MOST: usize = 7;
/// The bit of the alternative that is counted.
pub(crate) const COUNTED: u8 = 1 << MOST;

/// Alternatives of three sets of bytes each. Sets are kept by the halves of their bytes: a byte passes whose halves are those of two bytes
/// of the set, so that what passes may be none.
#[derive(Debug, Clone, Default)]
pub struct Triples {
    pub(crate) sets: [Halves; 3],
}

/// Where triples begin in a block, a bit for each of its 64 places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// Those of the alternatives.
    pub any: u64,
    /// Those of the alternative that is counted.
    pub counted: u64,
}

impl Triples {
    /// Triples of so many alternatives, and of one that is told by itself. A set without a byte holds every byte.
    ///
    /// # Panics
    /// When there are more than seven alternatives.
    #[must_use]
    pub fn new(alternatives: &[[&[u8]; 3]], counted: [&[u8]; 3]) -> Self {
        assert!(alternatives.len() <= MOST, "a bit of a byte stands for each alternative");
        let mut triples = Self::default();
        let bits = (0..alternatives.len()).map(|number| 1_u8 << number);
        for (bit, sets) in bits.zip(alternatives).chain([(COUNTED, &counted)]) {
            for (halves, set) in triples.sets.iter_mut().zip(sets) {
                if set.is_empty() {
                    halves.insert_all(bit);
                }
                set.iter().for_each(|byte| halves.insert(*byte, bit));
            }
        }
        triples
    }

    /// The places of one block.
    pub(crate) fn of_block(&self, bytes: &[u8; BLOCK + AHEAD]) -> Places {
        let [first, second, third] = &self.sets;
        let mut places = Places::default();
        for at in 0..BLOCK {
            let found = first.of(bytes[at]) & second.of(bytes[at + 1]) & third.of(bytes[at + 2]);
            places.any |= u64::from(found & !COUNTED != 0) << at;
            places.counted |= u64::from(found & COUNTED != 0) << at;
        }
        places
    }

    /// Calls `found` for each 64 bytes of `text` with where they begin. What stands behind the text passes for zeros.
    pub fn each(&self, text: &[u8], found: impl FnMut(usize, Places)) {
        self.each_with(triple_kernel(), text, found);
    }

    /// As [`Triples::each`], without vector instructions; the answer is the same.
    pub fn each_portably(&self, text: &[u8], found: impl FnMut(usize, Places)) {
        self.each_with(crate::portable::triples, text, found);
    }

    fn each_with(&self, kernel: Kernel, text: &[u8], mut found: impl FnMut(usize, Places)) {
        let mut batch = [Places::default(); BATCH];
        let mut at = 0;
        while at < text.len() {
            let blocks = kernel(self, &text[at..], &mut batch);
            for places in &batch[..blocks] {
                found(at, *places);
                at += BLOCK;
            }
        }
    }
}

impl Places {
    /// Only those of the first `kept` bytes.
    pub(crate) fn up_to(self, kept: usize) -> Self {
        let mask = if kept >= BLOCK { u64::MAX } else { (1 << kept) - 1 };
        Self { any: self.any & mask, counted: self.counted & mask }
    }
}

/// Fills in the places of the first blocks of a text that is not empty, and says of how many: of all, or of [`BATCH`].
pub(crate) type Kernel = fn(&Triples, &[u8], &mut [Places; BATCH]) -> usize;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(each: impl FnOnce(&mut dyn FnMut(usize, Places))) -> Vec<(usize, Places)> {
        let mut all = Vec::new();
        each(&mut |at, places| all.push((at, places)));
        all
    }

    #[test]
    fn each_byte_is_of_its_set() {
        let triples = Triples::new(&[[b"\"'", b"+", b""], [b"=", b"\r\n", b""]], [b"0123456789", b"", b","]);
        let text = b"'+ \"- =\n1x, +' 2,,";
        assert_eq!(places(|found| triples.each(text, found)), [(0, Places { any: 1 | 1 << 6, counted: 1 << 8 | 1 << 15 })]);
    }

    proptest! {
        #[test]
        fn every_kernel_gives_what_each_place_says(
            sets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 24),
            text in proptest::collection::vec(any::<u8>(), 0..3000),
        ) {
            let alternatives: Vec<[&[u8]; 3]> = sets.chunks(3).map(|sets| [&*sets[0], &*sets[1], &*sets[2]]).collect();
            let triples = Triples::new(&alternatives[..7], alternatives[7]);
            let told = places(|found| triples.each(&text, found));
            prop_assert_eq!(&told, &places(|found| triples.each_portably(&text, found)));
            // Whatever is of the sets is told.
            let byte = |at: usize| text.get(at).copied().unwrap_or_default();
            let is = |[a, b, c]: &[&[u8]; 3], at: usize| {
                [(a, 0), (b, 1), (c, 2)].iter().all(|(set, ahead)| set.is_empty() || set.contains(&byte(at + ahead)))
            };
            for at in 0..text.len() {
                let (_, places) = told[at / 64];
                prop_assert!(places.any >> (at % 64) & 1 == 1 || !alternatives[..7].iter().any(|sets| is(sets, at)));
                prop_assert!(places.counted >> (at % 64) & 1 == 1 || !is(&alternatives[7], at));
            }
        }
    }
}
