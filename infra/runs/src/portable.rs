//! The kernel in portable code: what every other kernel is compared with.

use crate::Masks;
use crate::marks::{AHEAD, Anchors, BLOCK, is_token};

/// The masks of one block.
pub(crate) fn masks(anchors: &Anchors, bytes: &[u8; BLOCK + AHEAD]) -> Masks {
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
