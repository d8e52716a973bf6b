//! Texts in UTF-16, of either byte order, with a byte order mark or told by every second byte being zero.

use std::ops::Range;

use super::looks;

/// How many code units are judged.
const JUDGED: usize = 64;
/// The fewest code units that tell without a mark.
const LEAST: usize = 8;

/// The byte order, if `text` is in UTF-16.
fn order(text: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    let little = (0, 1, u16::from_le_bytes as fn([u8; 2]) -> u16);
    let big = (1, 0, u16::from_be_bytes as fn([u8; 2]) -> u16);
    let marked = match text.first_chunk() {
        Some([0xff, 0xfe]) => Some(little.2),
        Some([0xfe, 0xff]) => Some(big.2),
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
    let Some(unit) = order(text) else { return 0..0 };
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
