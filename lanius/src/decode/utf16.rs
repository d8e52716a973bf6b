//! Texts in UTF-16, of either byte order, with a byte order mark or told by every second byte being zero.

use std::ops::Range;

use super::looks;

/// How many code units are judged.
const JUDGED: usize = 64;
/// The fewest code units that tell without a mark.
const LEAST: usize = 8;

/// A byte order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// The code unit that two bytes are.
    pub(crate) unit: fn([u8; 2]) -> u16,
    /// The two bytes of a code unit.
    pub(crate) bytes: fn(u16) -> [u8; 2],
}

const LITTLE: Order = Order { unit: u16::from_le_bytes, bytes: u16::to_le_bytes };
const BIG: Order = Order { unit: u16::from_be_bytes, bytes: u16::to_be_bytes };

/// The byte order, if `text` is in UTF-16.
pub(crate) fn order(text: &[u8]) -> Option<Order> {
    let (little, big) = ((0, 1, LITTLE), (1, 0, BIG));
    let marked = match text.first_chunk() {
        Some([0xff, 0xfe]) => Some(LITTLE),
        Some([0xfe, 0xff]) => Some(BIG),
        Some([0, _] | [_, 0]) => None,
        _ => return None,
    };
    let units = text.len() / 2;
    let (units, least) = if marked.is_some() { ((units - 1).min(JUDGED), 1) } else { (units.min(JUDGED), LEAST) };
    if units < least {
        return None;
    }
    let judged = &text[if marked.is_some() { 2 } else { 0 }..];
    let orders = [little, big];
    let plain = orders.iter().find(|(low, high, _)| {
        let ascii = judged.chunks_exact(2).take(units).filter(|pair| pair[*high] == 0 && looks::readable(pair[*low])).count();
        ascii * 10 >= units * 9
    });
    marked.or(plain.map(|order| order.2))
}

/// Whether `text` is in UTF-16.
pub(super) fn looks_so(text: &[u8]) -> bool {
    order(text).is_some()
}

/// Puts `text` into `out` in UTF-8, at most `most` bytes, and gives how much of it that is.
pub(super) fn decode(text: &[u8], most: usize, out: &mut Vec<u8>) -> Range<usize> {
    out.clear();
    let Some(Order { unit, .. }) = order(text) else { return 0..0 };
    let units = text.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut end = 0;
    for character in char::decode_utf16(units) {
        let (character, width) = character.map_or((char::REPLACEMENT_CHARACTER, 2), |c| (c, 2 * c.len_utf16()));
        if out.len() + character.len_utf8() > most {
            break;
        }
        end += width;
        if character != '\u{feff}' {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    0..end
}
