//! Arrays of bytes as programs write them: `0x41, 0x42` and `{65, 66}`, each number a readable character.

use std::ops::Range;

use super::looks;

/// The fewest numbers.
const LEAST: usize = 12;
/// The most blanks between two numbers: a line end and an indent.
const BLANKS: usize = 64;

/// Reads the numbers around the one whose digits stand at `at`, of which nothing stands before `floor`. Gives up to where it looked,
/// and the place of the array if it is a text with a digit in it, which is then in `out`.
pub(super) fn decode(text: &[u8], at: usize, floor: usize, out: &mut Vec<u8>) -> (usize, Option<Range<usize>>) {
    out.clear();
    let mut start = word(text, at, floor);
    while let Some(earlier) = previous(text, start, floor) {
        start = earlier;
    }
    // Nothing is read twice: the next to look is after this number at least.
    let (mut next, mut end) = (start, at + 1);
    while let Some((byte, after)) = number(text, next) {
        out.push(byte);
        end = after;
        let comma = after + blanks(text, after);
        if text.get(comma) != Some(&b',') {
            break;
        }
        next = comma + 1 + blanks(text, comma + 1);
    }
    let telling = out.len() >= LEAST && out.iter().any(u8::is_ascii_digit);
    (end, telling.then_some(start..end))
}

/// Where the letters and digits begin that end at `at`.
fn word(text: &[u8], at: usize, floor: usize) -> usize {
    at - text[floor..at].iter().rev().take(4).take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

/// Where the number begins that stands before the one at `at`.
fn previous(text: &[u8], at: usize, floor: usize) -> Option<usize> {
    let back = |at: usize| at - text[floor..at].iter().rev().take(BLANKS).take_while(|byte| blank(**byte)).count();
    let comma = back(at).checked_sub(1).filter(|comma| *comma >= floor && text[*comma] == b',')?;
    let end = back(comma);
    let start = word(text, end, floor);
    number(text, start).filter(|(_, to)| *to == end).map(|_| start)
}

/// The readable character whose number stands at `at`, and where its number ends.
fn number(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = text.get(at..)?;
    let (radix, prefix) = if rest.starts_with(b"0x") || rest.starts_with(b"0X") { (16, 2) } else { (10, 0) };
    let mut value = 0;
    let mut length = 0;
    for byte in rest[prefix..].iter().take(4) {
        let Some(digit) = char::from(*byte).to_digit(radix) else { break };
        value = value * radix + digit;
        length += 1;
    }
    let ends = rest.get(prefix + length).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.');
    let byte = u8::try_from(value).ok()?;
    (length > 0 && ends && looks::readable(byte)).then_some((byte, at + prefix + length))
}

fn blanks(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(BLANKS).take_while(|byte| blank(**byte)).count()
}

fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
