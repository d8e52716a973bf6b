//! String literals that a program joins: with an operator (`"a" + "b"`), by standing beside each other (C, Python, shells), or by a
//! call on a list (`["a", "b"].join("")`). They are a layer only where a joint stands within a token.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::memrchr;

use super::looks;

/// The longest literal, and how far back the first of a chain or list may begin.
const LONGEST: usize = 4 << 10;
/// The longest joined text.
const MOST: usize = 64 << 10;
/// The shortest token around a joint.
const LEAST: usize = 16;
/// The most blanks between two literals.
const BLANKS: usize = 256;

const OPERATORS: [&[u8]; 10] = [b"++", b"+", b"..", b".", b"&", b"||", b"<>", b"\\\r\n", b"\\\n", b""];

/// What is joined so far, and whether a joint stands within a token.
struct Pieces<'a> {
    out: &'a mut Vec<u8>,
    joints: usize,
    /// Where the token that is being judged begins.
    token: usize,
    /// Whether it has a joint.
    split: bool,
    telling: bool,
}

impl<'a> Pieces<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        out.clear();
        Self { out, joints: 0, token: 0, split: false, telling: false }
    }

    fn push(&mut self, piece: &[u8]) {
        if !self.out.is_empty() {
            self.joints += 1;
            self.split |= self.token < self.out.len();
        }
        // Only a token that reaches over a joint counts: the piece's last may yet, and its first ends one that does.
        let begin = self.out.len();
        self.out.extend_from_slice(piece);
        if let Some(last) = piece.iter().rposition(|byte| !looks::token(*byte)) {
            if self.split {
                let first = piece.iter().position(|byte| !looks::token(*byte)).unwrap_or(last);
                self.judge(begin + first);
            }
            self.token = begin + last + 1;
            self.split = false;
        }
    }

    /// Judges the token that ends at `end`.
    fn judge(&mut self, end: usize) {
        self.telling |= self.split && looks::telling(&self.out[self.token..end], LEAST);
    }

    /// Whether a joint stands within a telling token.
    fn finish(mut self) -> bool {
        self.judge(self.out.len());
        self.joints > 0 && self.telling
    }
}

/// Joins the literals from the one that ends with the quote at `at` on; nothing before `floor` is a part. Gives up to where it looked,
/// and the place of all if they are telling, with the joined text in `out`.
pub(super) fn chain(text: &[u8], at: usize, floor: usize, out: &mut Vec<u8>) -> (usize, Option<Range<usize>>) {
    let Some(mut next) = opening(text, at + 1) else { return (floor, None) };
    // Two quotes beside each other are a joint only between two texts.
    let adjoining = next == at + 1;
    let solid = |place: Option<&u8>| place.is_some_and(|byte| looks::token(*byte));
    if adjoining && !(at > floor && solid(text.get(at - 1)) && solid(text.get(at + 2))) {
        return (floor, None);
    }
    let Some(start) = begin(text, at, floor) else { return (floor, None) };
    let mut pieces = Pieces::new(out);
    pieces.push(&text[start + 1..at]);
    let mut end = at + 1;
    while let Some(length) = literal(text, next) {
        if pieces.out.len() + length > MOST {
            break;
        }
        pieces.push(&text[next + 1..next + 1 + length]);
        end = next + length + 2;
        match opening(text, end) {
            Some(quote) => next = quote,
            None => break,
        }
    }
    (end, pieces.finish().then_some(start..end))
}

/// Where the literal begins whose last quote stands at `at`, on the same line.
fn begin(text: &[u8], at: usize, floor: usize) -> Option<usize> {
    let from = floor.max(at.saturating_sub(LONGEST));
    let line = memrchr(b'\n', &text[from..at]).map_or(from, |end| from + end + 1);
    let mut end = at;
    loop {
        let start = line + memrchr(text[at], &text[line..end])?;
        // An escaped quote is in the midst of a literal.
        let escapes = text[line..start].iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return Some(start);
        }
        end = start - escapes;
    }
}

/// How long the literal is whose first quote stands at `at`.
fn literal(text: &[u8], at: usize) -> Option<usize> {
    let quote = *text.get(at)?;
    let mut escaped = false;
    for (length, byte) in text[at + 1..].iter().take(LONGEST).enumerate() {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' => return None,
            byte if byte == quote => return Some(length),
            _ => {}
        }
    }
    None
}

/// Where the quote stands that opens the next literal of a chain, if one is joined to what ends at `at`.
fn opening(text: &[u8], at: usize) -> Option<usize> {
    let operator = at + blanks(text, at);
    let length = OPERATORS.iter().find(|operators| text[operator..].starts_with(operators)).map_or(0, |operator| operator.len());
    let next = operator + length + blanks(text, operator + length);
    // A prefix such as Python's.
    let prefix = usize::from(
        next > at && matches!(text.get(next), Some(b'b' | b'B' | b'f' | b'F' | b'r' | b'R' | b'u' | b'U' | b'L' | b'@' | b'$')),
    );
    matches!(text.get(next + prefix), Some(b'"' | b'\'')).then_some(next + prefix)
}

fn blanks(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(BLANKS).take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Where calls stand that may join a list.
pub(super) fn calls(text: &[u8]) -> impl Iterator<Item = usize> {
    static CALL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b".join("));
    CALL.find_iter(text)
}

/// Joins the list of the call at `at`: before it (JavaScript, Ruby) or in it (Python). As [`chain`].
pub(super) fn list(text: &[u8], at: usize, floor: usize, out: &mut Vec<u8>) -> (usize, Option<Range<usize>>) {
    let inner = at + b".join(".len();
    let empty = |place: usize| matches!(text.get(place..place + 2), Some(b"\"\"" | b"''"));
    let first = if at > floor && text[at - 1] == b']' && empty(inner) {
        memrchr(b'[', &text[floor.max(at.saturating_sub(LONGEST))..at]).map(|back| floor.max(at.saturating_sub(LONGEST)) + back)
    } else if at >= floor + 2 && empty(at - 2) && matches!(text.get(inner), Some(b'[' | b'(')) {
        Some(inner)
    } else {
        None
    };
    let Some(first) = first else { return (inner, None) };
    let mut pieces = Pieces::new(out);
    let mut next = first + 1 + blanks(text, first + 1);
    let mut end = next;
    while matches!(text.get(next), Some(b'"' | b'\'')) {
        let Some(length) = literal(text, next) else { break };
        if pieces.out.len() + length > MOST {
            break;
        }
        pieces.push(&text[next + 1..next + 1 + length]);
        end = next + length + 2;
        let comma = end + blanks(text, end);
        if text.get(comma) != Some(&b',') {
            break;
        }
        next = comma + 1 + blanks(text, comma + 1);
    }
    let start = first.min(at);
    (inner.max(end), pieces.finish().then_some(start..end.max(inner)))
}
