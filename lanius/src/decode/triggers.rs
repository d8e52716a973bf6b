//! The bytes that tell of an encoding outside of runs, found for all encodings in one pass. A block of 64 bytes is first judged as a
//! whole in code without branches, which the compiler makes into vector instructions; only a block with a trigger is gone through.

use fearless_simd::{Level, Simd, dispatch};

const BLOCK: usize = 64;
const AHEAD: usize = 2;

/// A mark of what is a trigger by itself.
const ALONE: u8 = 1;
/// A mark of a number in an array: one in a sentence means nothing, so that it counts only among [`DENSE`] in a block.
const NUMBER: u8 = 2;
/// How many numbers a block has at least that an array of twelve reaches into, or the one after it: its numbers are six bytes apart.
const DENSE: u8 = 5;

/// Calls `found` with each place where a trigger stands, in order. It may be none: two or three bytes are all that was looked at.
pub(super) fn each(level: Level, text: &[u8], mut found: impl FnMut(usize)) {
    dispatch!(level, simd => blocks(simd, text, &mut found));
}

/// [`each`], compiled for each set of vector instructions that a processor may have.
#[inline(always)]
fn blocks<S: Simd>(_: S, text: &[u8], found: &mut dyn FnMut(usize)) {
    let mut marks = [0; BLOCK];
    let mut at = 0;
    while at < text.len() {
        let mut copy = [0; BLOCK + AHEAD];
        let block = match text[at..].first_chunk() {
            Some(block) => block,
            None => {
                copy[..text.len() - at].copy_from_slice(&text[at..]);
                &copy
            }
        };
        let (alone, numbers) = mark(block, &mut marks);
        if alone || numbers >= DENSE {
            let wanted = if numbers >= DENSE { ALONE | NUMBER } else { ALONE };
            let wanted = u64::from_le_bytes([wanted; 8]);
            for (number, eight) in marks.as_chunks::<8>().0.iter().enumerate() {
                let mut places = u64::from_le_bytes(*eight) & wanted;
                while places != 0 {
                    found(at + number * 8 + places.trailing_zeros() as usize / 8);
                    places &= places - 1;
                }
            }
        }
        at += BLOCK;
    }
}

/// Marks where a trigger may stand, and gives whether one does alone and how many numbers there are.
#[inline(always)]
fn mark(block: &[u8; BLOCK + AHEAD], marks: &mut [u8; BLOCK]) -> (bool, u8) {
    let (mut any, mut numbers) = (0, 0);
    for place in 0..BLOCK {
        let (first, second, third) = (block[place], block[place + 1], block[place + 2]);
        let quote = is(first, b'"') | is(first, b'\'');
        let line_end = is(second, b'\n') | is(second, b'\r');
        let joined = quote & (joins(second) | line_end | is(second, b' ') & joins(third));
        let alone = joined | is(first, b'=') & line_end | escape(first, second, third);
        let number = within(first, b'0', b'9') & is(third, b',');
        any |= alone;
        numbers += number;
        marks[place] = alone | number << 1;
    }
    (any != 0, numbers)
}

#[inline(always)]
fn is(byte: u8, other: u8) -> u8 {
    u8::from(byte == other)
}

#[inline(always)]
fn within(byte: u8, first: u8, last: u8) -> u8 {
    u8::from(byte.wrapping_sub(first) <= last - first)
}

/// What stands between two literals that are joined: `"` `&` `'` `+` `.` `\` `|`, where two that differ in a bit are told at once.
#[inline(always)]
fn joins(byte: u8) -> u8 {
    is(byte & 0xfb, b'"') | is(byte, b'\'') | is(byte, b'+') | is(byte, b'.') | is(byte | 0x20, b'|')
}

/// 1 if an escape may begin with these bytes, else 0. Without branches.
#[inline(always)]
fn escape(first: u8, second: u8, third: u8) -> u8 {
    let literal = is(first, b'\\') & (is(second, b'x') | is(second | 0x20, b'u') | is(second & 0xfe, b'0'));
    let percent = is(first, b'%') & within(second, b'2', b'7');
    let entity = is(first, b'&') & (is(second, b'#') | is(second, b'a') & is(third, b'm'));
    literal | percent | entity
}
