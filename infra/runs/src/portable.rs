//! The kernel in portable code: what every other kernel is compared with.

use crate::gaps::is_word;
use crate::marks::{AHEAD, Anchors, BATCH, BLOCK, is_token};
use crate::{Masks, Pairs, Places, Triples, each_block};

/// The masks of the first blocks of a text.
pub(crate) fn masks(anchors: &Anchors, text: &[u8], batch: &mut [Masks; BATCH]) -> usize {
    each_block(text, batch, |bytes| block(anchors, bytes), Masks::up_to)
}

fn block(anchors: &Anchors, bytes: &[u8; BLOCK + AHEAD]) -> Masks {
    let mut masks = Masks::default();
    for at in 0..BLOCK {
        let bit = 1_u64 << at;
        if is_token(bytes[at]) {
            masks.token |= bit;
        }
        if bytes[at].is_ascii_digit() {
            masks.digit |= bit;
        }
        if matches!(bytes[at], b'-' | b'_') {
            masks.joint |= bit;
        }
        if anchors.may_begin([bytes[at], bytes[at + 1], bytes[at + 2]]) {
            masks.anchor |= bit;
        }
    }
    masks
}

/// Where pairs begin in one block.
pub(crate) fn pairs(pairs: &Pairs, bytes: &[u8; BLOCK + 1]) -> u64 {
    (0..BLOCK).filter(|at| pairs.has([bytes[*at], bytes[at + 1]])).fold(0, |mask, at| mask | 1 << at)
}

/// Which bytes but the first and the last are blanks between two words.
pub(crate) fn gaps(bytes: &[u8; BLOCK + 2]) -> u64 {
    let gap = |at: &usize| bytes[at + 1] == b' ' && is_word(bytes[*at]) && is_word(bytes[at + 2]);
    (0..BLOCK).filter(gap).fold(0, |mask, at| mask | 1 << at)
}

/// Where triples begin in the first blocks of a text.
pub(crate) fn triples(triples: &Triples, text: &[u8], batch: &mut [Places; BATCH]) -> usize {
    each_block(text, batch, |bytes| triples.of_block(bytes), Places::up_to)
}
