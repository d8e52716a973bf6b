//! Escapes within a token: of URLs (RFC 3986), HTML, string literals, and quoted-printable (RFC 2045). A region is what stands
//! without a blank or a quote around an escape; it is decoded as a whole, so that a token is seen with its plain characters.

use std::ops::{Range, RangeInclusive};

use super::{Encoding, looks};

/// How far a region reaches back from its first escape.
const BACK: usize = 1 << 10;
/// The longest region; what goes on after it is another.
const LONGEST: usize = 64 << 10;
/// The shortest text that is worth a layer.
const LEAST: usize = 12;

/// How long a line of quoted-printable is that was broken because it was full: RFC 2045 allows 76 characters.
const FULL: RangeInclusive<usize> = 50..=76;

/// The kinds of escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Backslash,
    Percent,
    Entity,
    QuotedPrintable,
}

impl Kind {
    pub(super) const COUNT: usize = 4;

    /// The kind of an encoding that is made of escapes.
    pub(super) fn of(encoding: Encoding) -> Option<Self> {
        [Self::Backslash, Self::Percent, Self::Entity, Self::QuotedPrintable].into_iter().find(|kind| kind.encoding() == encoding)
    }

    pub(super) fn encoding(self) -> Encoding {
        match self {
            Self::Backslash => Encoding::Escapes,
            Self::Percent => Encoding::Percent,
            Self::Entity => Encoding::Entities,
            Self::QuotedPrintable => Encoding::QuotedPrintable,
        }
    }
}

/// What an escape stands for, and its length. `None` in the place of the character: it stands for nothing (a soft line break).
fn escape(kind: Kind, text: &[u8]) -> Option<(Option<char>, usize)> {
    match kind {
        Kind::Backslash => backslash(text).map(|(code, length)| (Some(code), length)),
        Kind::Percent => Some((Some(hex_pair(text.get(1..3)?)?), 3)),
        Kind::Entity => entity(text).map(|(code, length)| (Some(code), length)),
        Kind::QuotedPrintable => match text {
            [b'=', b'\n', ..] => Some((None, 2)),
            [b'=', b'\r', b'\n', ..] => Some((None, 3)),
            [b'=', pair @ ..] => Some((Some(hex_pair(pair.get(..2)?)?), 3)),
            _ => None,
        },
    }
}

/// Whether an escape stands at `at` that makes a region worth decoding.
pub(super) fn begins(kind: Kind, text: &[u8], at: usize) -> bool {
    escape(kind, &text[at..]).is_some_and(|(character, length)| match character {
        Some(character) => character.is_ascii_graphic(),
        None => text.get(at + length).is_some_and(|byte| looks::token(*byte)) && FULL.contains(&column(text, at)),
    })
}

/// How far `at` is from the beginning of its line, as far as that matters.
fn column(text: &[u8], at: usize) -> usize {
    text[..at].iter().rev().take(*FULL.end() + 1).take_while(|byte| **byte != b'\n').count()
}

fn mark(kind: Kind) -> u8 {
    match kind {
        Kind::Backslash => b'\\',
        Kind::Percent => b'%',
        Kind::Entity => b'&',
        Kind::QuotedPrintable => b'=',
    }
}

/// The region around the escape at `at`, which does not begin before `floor`.
pub(super) fn region(text: &[u8], at: usize, floor: usize, kind: Kind) -> Range<usize> {
    let before = text[floor..at].iter().rev().take(BACK).take_while(|byte| inside(kind, **byte)).count();
    let mut end = at;
    let last = text.len().min(at + LONGEST);
    while end < last {
        if kind == Kind::QuotedPrintable && text[end] == b'=' {
            end += escape(kind, &text[end..]).map_or(1, |(_, length)| length);
        } else if inside(kind, text[end]) {
            end += 1;
        } else {
            break;
        }
    }
    at - before..end.min(text.len())
}

/// What a region is made of.
fn inside(kind: Kind, byte: u8) -> bool {
    match byte {
        b'"' | b'\'' | b'`' | b'<' | b'>' => false,
        b',' | b'(' | b')' | b'[' | b']' => kind == Kind::Entity,
        byte => byte.is_ascii_graphic() || byte >= 0x80,
    }
}

/// An escape: where it stands in a region, and what it stands for in what that says.
pub(super) struct Piece {
    pub(super) encoded: Range<usize>,
    pub(super) decoded: Range<usize>,
}

/// The escapes of a region, in order; what is between them stands for itself.
pub(super) fn pieces(region: &[u8], kind: Kind) -> Vec<Piece> {
    let (mut pieces, mut at, mut decoded, mut out) = (Vec::new(), 0, 0, Vec::new());
    while let Some(next) = region[at..].iter().position(|byte| *byte == mark(kind)) {
        (at, decoded) = (at + next, decoded + next);
        let Some((character, length)) = escape(kind, &region[at..]) else {
            (at, decoded) = (at + 1, decoded + 1);
            continue;
        };
        out.clear();
        push(&mut out, kind, character, &region[at..]);
        pieces.push(Piece { encoded: at..at + length, decoded: decoded..decoded + out.len() });
        (at, decoded) = (at + length, decoded + out.len());
    }
    pieces
}

/// Puts the decoded region into `out`. False when it is no text or holds no token.
pub(super) fn decode(region: &[u8], kind: Kind, out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut rest = region;
    while let Some(next) = rest.iter().position(|byte| *byte == mark(kind)) {
        out.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
        if let Some((character, length)) = escape(kind, rest) {
            push(out, kind, character, rest);
            rest = &rest[length..];
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out.extend_from_slice(rest);
    // Soft breaks stand in prose, and what looks like one in code.
    let worth = if kind == Kind::QuotedPrintable { looks::has_token(out, LEAST) } else { out.len() >= LEAST };
    worth && looks::is_text(out)
}

/// Appends what an escape stands for: a byte where the escape is one of bytes, else a character in UTF-8.
fn push(out: &mut Vec<u8>, kind: Kind, character: Option<char>, escape: &[u8]) {
    let Some(character) = character else { return };
    let of_bytes = match kind {
        Kind::Percent | Kind::QuotedPrintable => true,
        Kind::Backslash => !matches!(escape.get(1), Some(b'u' | b'U')),
        Kind::Entity => false,
    };
    match u8::try_from(character) {
        Ok(byte) if of_bytes => out.push(byte),
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn hex_pair(digits: &[u8]) -> Option<char> {
    let mut byte = [0];
    hex::decode_to_slice(digits, &mut byte).ok()?;
    Some(char::from(byte[0]))
}

/// The character of a number in `radix` with `least` to `most` digits, and how many it has.
fn coded(digits: &[u8], radix: u32, least: usize, most: usize) -> Option<(char, usize)> {
    let mut value = 0_u32;
    let mut length = 0;
    for byte in digits.iter().take(most) {
        let Some(digit) = char::from(*byte).to_digit(radix) else { break };
        value = value * radix + digit;
        length += 1;
    }
    (length >= least).then_some((char::from_u32(value)?, length))
}

/// An escape of a string literal.
fn backslash(text: &[u8]) -> Option<(char, usize)> {
    let braced = |prefix: usize| {
        let (character, length) = coded(text.get(prefix..)?, 16, 1, 6)?;
        (text.get(prefix + length) == Some(&b'}')).then_some((character, prefix + length + 1))
    };
    let fixed = |digits: usize| coded(text.get(2..)?, 16, digits, digits).map(|(character, length)| (character, 2 + length));
    match *text.get(1)? {
        b'x' if text.get(2) == Some(&b'{') => braced(3),
        b'u' if text.get(2) == Some(&b'{') => braced(3),
        b'x' => fixed(2),
        b'u' => fixed(4),
        b'U' => fixed(8),
        b'0' | b'1' => coded(&text[1..], 8, 3, 3).map(|(character, length)| (character, 1 + length)),
        b'n' => Some(('\n', 2)),
        b'r' => Some(('\r', 2)),
        b't' => Some(('\t', 2)),
        byte @ (b'\\' | b'/' | b'"' | b'\'') => Some((char::from(byte), 2)),
        _ => None,
    }
}

/// A character reference of HTML: a number, or one of the names of characters that HTML itself is made of.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    const NAMED: [(&[u8], char); 6] =
        [(b"&amp;", '&'), (b"&lt;", '<'), (b"&gt;", '>'), (b"&quot;", '"'), (b"&apos;", '\''), (b"&nbsp;", ' ')];
    if let Some((name, character)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*character, name.len()));
    }
    let (prefix, radix) = match text {
        [b'&', b'#', b'x' | b'X', ..] => (3, 16),
        [b'&', b'#', ..] => (2, 10),
        _ => return None,
    };
    let (character, length) = coded(&text[prefix..], radix, 1, 7)?;
    (text.get(prefix + length) == Some(&b';')).then_some((character, prefix + length + 1))
}
