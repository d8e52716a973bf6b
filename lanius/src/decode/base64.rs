//! Base64 (RFC 4648, in either alphabet) and its wrapped form (RFC 2045), also with the line ends escaped as in a string literal.
//! The first sixteen characters tell: random tokens, digests, identifiers and binary data give other bytes than text there.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{inflate, looks};

/// How many characters are judged; fewer are not looked at.
const JUDGED: usize = 16;
/// The shortest line that goes on in the next.
const WRAPPED: usize = 32;
/// The most spaces before a line.
const INDENT: usize = 64;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// No digit.
const NONE: u8 = 0x80;

/// What each byte is worth in either alphabet.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0_u8;
    while value < 64 {
        values[digits[value as usize] as usize] = value;
        value += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

/// The first bytes of compressed data and of a mark of UTF-8.
const BEGINS_BINARY: [u8; 3] = [0x1f, 0x78, 0xef];

/// The bytes that are neither readable nor of UTF-16 or its marks.
const BEGINS_NOTHING: [bool; 256] = {
    let mut nothing = [false; 256];
    let mut byte = 0_u8;
    while byte < 0xfe {
        nothing[byte as usize] = byte != 0 && !looks::readable(byte);
        byte += 1;
    }
    nothing
};

/// What the first characters say is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Utf16,
    Compressed(inflate::Form),
}

fn is_digit(byte: u8) -> bool {
    VALUES[usize::from(byte)] != NONE
}

/// Where base64 begins at or before the run at `run` (not before `floor`), and what is in it.
pub(super) fn promising(text: &[u8], run: usize, floor: usize) -> Option<(usize, Content)> {
    let before = text[floor..run].iter().rev().take_while(|byte| is_digit(**byte)).count();
    // The letter of an escaped line end is none of it.
    let escaped = usize::from(before == 0 && run > floor && text[run - 1] == b'\\' && matches!(text[run], b'n' | b'r' | b't'));
    let start = run - before + escaped;
    let found = |start: usize| content(&text[start..]).filter(|_| !is_web_token(text, start)).map(|content| (start, content));
    let (start, content) = found(start).or_else(|| if before > 0 { found(run) } else { None })?;
    Some((first_line(text, start, floor), content))
}

/// Where the lines begin of which one begins at `start`: a line without digits is in no run.
fn first_line(text: &[u8], mut start: usize, floor: usize) -> usize {
    let length = line(text, start, usize::MAX);
    while let Some(end) = previous_end(text, start, floor) {
        let before = text[floor..end].iter().rev().take_while(|byte| is_digit(**byte)).count();
        // The line that was found may be the last, which is shorter.
        if before < length.max(WRAPPED) || !before.is_multiple_of(4) {
            break;
        }
        start = end - before;
    }
    start
}

/// Where the line ends that is before the one that begins at `start`.
fn previous_end(text: &[u8], start: usize, floor: usize) -> Option<usize> {
    let indent = text[floor..start].iter().rev().take(INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let before = &text[floor..start - indent];
    let end = before.strip_suffix(b"\r\n").or_else(|| before.strip_suffix(b"\n"))?;
    Some(floor + end.len())
}

/// What the characters at the beginning of `text` stand for.
fn content(text: &[u8]) -> Option<Content> {
    let judged: &[u8; JUDGED] = text.first_chunk()?;
    let (mut zeros, mut high) = ([0; 2], 0);
    for (number, quad) in judged.chunks_exact(4).enumerate() {
        let bytes = three([quad[0], quad[1], quad[2], quad[3]])?;
        // What most tokens at random and digests say, told without a guess at each byte.
        if number == 0
            && bytes.iter().fold(false, |none, byte| none | BEGINS_NOTHING[usize::from(*byte)])
            && !BEGINS_BINARY.contains(&bytes[0])
        {
            return None;
        }
        if number == 0
            && let Some(form) = inflate::form(bytes)
        {
            return Some(Content::Compressed(form));
        }
        if bytes.iter().all(|byte| looks::readable(*byte)) || number == 0 && bytes == [0xef, 0xbb, 0xbf] {
            continue;
        }
        for (place, byte) in bytes.iter().enumerate() {
            match byte {
                0 => zeros[(number * 3 + place) % 2] += 1,
                0x80.. if number > 0 => high += 1,
                byte if looks::readable(*byte) => {}
                // The marks of UTF-16.
                0xfe | 0xff if number == 0 && place < 2 => {}
                _ => return None,
            }
        }
    }
    match zeros {
        [0, 0] if high <= JUDGED / 4 => Some(Content::Text),
        [0, 5 | 6] | [5 | 6, 0] => Some(Content::Utf16),
        _ => None,
    }
}

/// The bytes that four characters stand for.
#[inline]
fn three(quad: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = quad.map(|character| VALUES[usize::from(character)]);
    if (a | b | c | d) & NONE != 0 {
        return None;
    }
    Some([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d])
}

/// Whether this is a part of a JSON Web Token, which begins with `{"` and has dots between its parts.
fn is_web_token(text: &[u8], start: usize) -> bool {
    text[start..].starts_with(b"eyJ")
        && (start > 0 && text[start - 1] == b'.' || text[start..].iter().find(|byte| !is_digit(**byte)) == Some(&b'.'))
}

/// Puts the characters from `start` on into `packed`, in the standard alphabet, without line ends and padding, and only as many as
/// give `most` bytes. Gives where they end, and whether these are all.
pub(super) fn gather(text: &[u8], start: usize, most: usize, packed: &mut Vec<u8>) -> (usize, bool) {
    packed.clear();
    let most = most.saturating_mul(4) / 3;
    let first = line(text, start, most);
    let mut at = start + first;
    packed.extend_from_slice(&text[start..at]);
    while let Some(next) = next_line(text, at, first) {
        let length = line(text, next, most - packed.len());
        if length == 0 || length > first || length < first && !closes(text, next + length) {
            break;
        }
        packed.extend_from_slice(&text[next..next + length]);
        at = next + length;
        if length < first {
            break;
        }
    }
    let whole = packed.len() < most;
    for byte in packed.iter_mut() {
        *byte = match *byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        };
    }
    if packed.len() % 4 == 1 {
        packed.pop();
    }
    (at + text[at..].iter().take(2).take_while(|byte| **byte == b'=').count(), whole)
}

fn line(text: &[u8], at: usize, most: usize) -> usize {
    text[at..].iter().take(most).take_while(|byte| is_digit(**byte)).count()
}

/// Where the line after a line of `length` begins, if a line ends at `at`.
fn next_line(text: &[u8], at: usize, length: usize) -> Option<usize> {
    if length < WRAPPED || !length.is_multiple_of(4) {
        return None;
    }
    let rest = &text[at..];
    let ends: [&[u8]; 6] = [b"\n", b"\r\n", b"\\r\\n", b"\\n\\\n", b"\\n", b"\\\n"];
    let end = ends.iter().find(|end| rest.starts_with(end))?.len();
    let indent = rest[end..].iter().take(INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(at + end + indent)
}

/// Whether what stands at `at` may follow the last line.
fn closes(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| matches!(byte, b'=' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'\\' | b'<' | b')'))
}

/// Puts into `out` what `packed` stands for.
pub(super) fn decode(packed: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    ENGINE.decode_vec(packed, out).ok()
}
