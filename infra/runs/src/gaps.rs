//! Blanks between two words, counted backwards: how far left of a value its name may stand.

use crate::gap_kernel;
use crate::marks::{BLOCK, Halves};

/// What a word may end or go on with: ASCII letters and digits, `-`, `_`, `.`, `]`, `)`, `*` and `&`. `0`–`9` are bit 0, `A`–`O` and
/// `a`–`o` bit 1, `P`–`Z` and `p`–`z` bit 2, the signs of the row of `-` bit 3, `]` and `_` bit 4.
pub(crate) const WORD: Halves =
    Halves { low: [5, 7, 7, 7, 7, 7, 15, 7, 7, 15, 14, 2, 2, 26, 10, 18], high: [0, 0, 8, 1, 2, 20, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0] };

/// Whether a byte may stand in a word.
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b']' | b')' | b'*' | b'&')
}

/// Where the blank stands that is the `count`th before `end` to stand between two words, none of which reaches beyond `from`.
///
/// # Panics
/// When `end` is not within the text.
#[must_use]
pub fn gap_before(text: &[u8], from: usize, end: usize, count: usize) -> Option<usize> {
    gap_with(gap_kernel(), text, from, end, count)
}

/// A bit for each byte that is a blank between two words, of those after the first byte and before the last.
pub(crate) type Kernel = fn(&[u8; BLOCK + 2]) -> u64;

pub(crate) fn gap_with(kernel: Kernel, text: &[u8], from: usize, end: usize, count: usize) -> Option<usize> {
    let (mut left, mut end) = (count, end);
    // A blank has a byte on both sides.
    while end > from + 1 {
        let begin = end.saturating_sub(BLOCK).max(1);
        let mut gaps = match text[begin - 1..].first_chunk() {
            Some(bytes) => kernel(bytes),
            None => {
                let rest = &text[begin - 1..];
                let mut bytes = [0; BLOCK + 2];
                bytes[..rest.len()].copy_from_slice(rest);
                kernel(&bytes)
            }
        };
        // Those from `from + 1` to `end`.
        gaps &= u64::MAX >> (BLOCK - (end - begin));
        gaps &= u64::MAX << (from + 1).saturating_sub(begin);
        let known = gaps.count_ones() as usize;
        if known >= left {
            for _ in 1..left {
                gaps &= !(1 << gaps.ilog2());
            }
            return Some(begin + gaps.ilog2() as usize);
        }
        left -= known;
        end = begin;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_beside_words_only() {
        let text = b"one two,  three [four] five= six";
        assert_eq!((1..=4).map(|count| gap_before(text, 0, 32, count)).collect::<Vec<_>>(), [Some(22), Some(3), None, None]);
        assert_eq!(gap_before(text, 3, 32, 2), None);
        assert_eq!(gap_before(text, 0, 22, 1), Some(3));
    }

    proptest! {
        #[test]
        fn as_going_back_byte_by_byte(text in "[ -~\\n]{0,3}([a-z0-9]{0,3}[ .,]){0,90}[^ ]{0,9}", from in 0_usize..300, end in 0_usize..300, count in 1_usize..9) {
            let text = text.as_bytes();
            let end = end.min(text.len().saturating_sub(1));
            let gap = |at: &usize| text[*at] == b' ' && is_word(text[at - 1]) && is_word(text[at + 1]);
            let expected = (from + 1..end).rev().filter(gap).nth(count - 1);
            prop_assert_eq!(gap_before(text, from, end, count), expected);
            prop_assert_eq!(gap_with(crate::portable::gaps, text, from, end, count), expected);
        }

        #[test]
        fn every_kernel_gives_what_each_place_says(bytes in proptest::collection::vec(any::<u8>(), BLOCK + 2), blank in 0_usize..64) {
            let mut bytes: [u8; BLOCK + 2] = bytes.try_into().expect("it has that length");
            bytes[blank + 1] = b' ';
            prop_assert_eq!(gap_kernel()(&bytes), crate::portable::gaps(&bytes));
        }
    }
}
