//! Arrays of bytes as programs write them: `0x41, 0x42` and `{65, 66}`, each number a readable character.

use std::ops::Range;

use super::looks;

/// The fewest numbers.
const LEAST: usize = 12;
/// The most blanks between two numbers: a line end and an indent.
const BLANKS: usize = 64;

/// Reads the numbers from the one whose digits stand at `at` on, of which nothing stands before `floor`. Gives up to where it looked,
/// and the place of the array if it is a text with a token in it, which is then in `out`.
pub(super) fn decode(text: &[u8], at: usize, floor: usize, out: &mut Vec<u8>) -> (usize, Option<Range<usize>>) {
    out.clear();
    let before = text[floor..at].iter().rev().take(3).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let start = at - before;
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
    let telling = out.len() >= LEAST && looks::has_token(out, LEAST);
    (end, telling.then_some(start..end))
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
    text[at..].iter().take(BLANKS).take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}
