//! Lines: how an entry becomes the next link of its writer's chain, and how a line's head is read back.
//!
//! A line is built by putting the three chain fields in front of the entry's own text; nothing is parsed again on the way.

use std::fmt::Write as _;

use super::position::{Digest, Position, WriterId};
use super::writer::{Entry, LogError};

/// The most bytes of a line, without its newline.
pub const MAX_LINE: usize = 64 * 1024;

/// The chain fields' bytes at most: names and punctuation, writer, a number of 20 digits, hash.
const MAX_HEAD: usize = 48 + 32 + 20 + 64;

const WRITER: &str = r#"{"writer":""#;
const SEQ: &str = r#"","seq":"#;
const PREV: &str = r#","prev":""#;
const ZEROS: [u8; 64] = [b'0'; 64];

/// A line on its way into a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place in its writer's chain.
    pub position: Position,
    /// When its entry happened, in milliseconds since 1970.
    pub time_ms: i64,
    /// What may be in the log once only, for sinks that hold to it.
    pub unique: Option<String>,
    /// The JSON object, without a newline.
    pub text: String,
}

/// The end of a writer's chain, for whoever keeps lines in a table of its own and commits them with what they tell of.
#[derive(Debug)]
pub struct Chain {
    writer: WriterId,
    seq: u64,
    head: Digest,
}

impl Chain {
    /// Before its first line.
    #[must_use]
    pub const fn new(writer: WriterId) -> Self {
        Self { writer, seq: 0, head: Digest::ZERO }
    }

    /// After the line `head`.
    #[must_use]
    pub const fn after(head: Position) -> Self {
        Self { writer: head.writer, seq: head.seq, head: head.hash }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`LogError`] if it cannot be a line; the chain is then as it was.
    pub fn add(&mut self, entry: Entry) -> Result<Line, LogError> {
        check(&entry.body)?;
        Ok(self.link(entry))
    }

    /// Adds an entry that [`check`] has let pass.
    pub(crate) fn link(&mut self, entry: Entry) -> Line {
        self.seq += 1;
        let mut text = String::with_capacity(entry.body.len() + MAX_HEAD);
        text.push_str(WRITER);
        push_hex(&mut text, &self.writer.to_hex());
        text.push_str(SEQ);
        write!(text, "{}", self.seq).expect("writing to a String does not fail");
        text.push_str(PREV);
        push_hex(&mut text, &self.head.to_hex());
        text.push('"');
        let fields = entry.body[1..].trim_start_matches(' ');
        if !fields.starts_with('}') {
            text.push(',');
        }
        text.push_str(fields);
        self.head = Digest::of(text.as_bytes());
        let position = Position { writer: self.writer, seq: self.seq, hash: self.head };
        Line { position, time_ms: entry.time_ms, unique: entry.unique, text }
    }
}

fn push_hex(text: &mut String, digits: &[u8]) {
    text.push_str(std::str::from_utf8(digits).expect("hexadecimal digits are ASCII"));
}

/// Whether an entry's body can be a line's rest: one JSON object on one line. A cheap look; builds with debug assertions parse it all.
pub(crate) fn check(body: &str) -> Result<(), LogError> {
    let bytes = body.as_bytes();
    // No control character may stand in a JSON string, and as white space they would end or blur the line.
    if bytes.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
        return Err(LogError::Control);
    }
    if bytes.len() < 2 || bytes[0] != b'{' || bytes[bytes.len() - 1] != b'}' {
        return Err(LogError::NotAnObject);
    }
    if bytes.len() + MAX_HEAD > MAX_LINE {
        return Err(LogError::TooLong { bytes: bytes.len() + MAX_HEAD, limit: MAX_LINE });
    }
    debug_assert!(is_own_object(body), "an entry's body is a JSON object without writer, seq and prev: {body}");
    Ok(())
}

fn is_own_object(body: &str) -> bool {
    let fields: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(body);
    fields.is_ok_and(|fields| !["writer", "seq", "prev"].iter().any(|name| fields.contains_key(*name)))
}

/// The chain fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineHead {
    pub(crate) writer: WriterId,
    pub(crate) seq: u64,
    pub(crate) prev: Digest,
}

impl LineHead {
    pub(crate) fn is_first(&self) -> bool {
        self.seq == 1 && self.prev == Digest::ZERO
    }
}

/// Reads a whole line: the chain fields exactly as [`Chain::link`] writes them, and a JSON object in all.
pub(crate) fn read(line: &[u8]) -> Option<LineHead> {
    let rest = line.strip_prefix(WRITER.as_bytes())?;
    let (writer, rest) = rest.split_at_checked(32)?;
    let rest = rest.strip_prefix(SEQ.as_bytes())?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (seq, rest) = rest.split_at(digits);
    let rest = rest.strip_prefix(PREV.as_bytes())?;
    let (prev, rest) = rest.split_at_checked(64)?;
    let closed = rest.strip_prefix(b"\"")?.first().is_some_and(|byte| matches!(byte, b',' | b'}'));
    // What skips values keeps no stack: a deep value costs its length, no more.
    if !closed || seq.first() == Some(&b'0') || serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err() {
        return None;
    }
    std::str::from_utf8(line).ok()?;
    let seq = std::str::from_utf8(seq).ok()?.parse().ok()?;
    let prev = if prev == ZEROS { Digest::ZERO } else { Digest::from_hex(prev)? };
    Some(LineHead { writer: WriterId::from_hex(writer)?, seq, prev })
}

/// Whether `bytes` could be what a broken-off write left of a line: its beginning, and JSON that lacks nothing but its end.
pub(crate) fn may_be_torn(bytes: &[u8]) -> bool {
    let common = bytes.len().min(WRITER.len());
    bytes[..common] == WRITER.as_bytes()[..common]
        && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err_and(|error| error.is_eof())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(body: &str) -> Entry {
        Entry { body: body.to_owned(), unique: None, time_ms: 0 }
    }

    #[test]
    fn lines_are_chained_as_described() {
        let mut chain = Chain::new(WriterId::from_bytes([0x0f; 16]));
        let first = chain.link(entry(r#"{"a":1}"#));
        let w = "0f".repeat(16);
        assert_eq!(first.text, format!(r#"{{"writer":"{w}","seq":1,"prev":"{}","a":1}}"#, "0".repeat(64)));
        let second = chain.link(entry("{ }"));
        assert_eq!(second.text, format!(r#"{{"writer":"{w}","seq":2,"prev":"{}"}}"#, Digest::of(first.text.as_bytes())));
        let head = read(second.text.as_bytes()).expect("a line");
        assert_eq!((head.writer, head.seq, head.prev), (first.position.writer, 2, first.position.hash));
    }

    #[test]
    fn bodies_that_are_refused() {
        for body in ["", "{", "[]", "{\"a\":1", "1", " {}"] {
            assert!(matches!(check(body), Err(LogError::NotAnObject)), "{body}");
        }
        for body in ["{\n}", "{}\n", "{\"a\":\r\n1}", "{\t}", "{\"a\":\"\u{0}\"}"] {
            assert!(matches!(check(body), Err(LogError::Control)), "{body}");
        }
        let fits = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_LINE - MAX_HEAD - 8));
        assert!(check(&fits).is_ok());
        let mut chain = Chain { writer: WriterId::from_bytes([0; 16]), seq: u64::MAX - 1, head: Digest::ZERO };
        assert!(chain.link(entry(&fits)).text.len() <= MAX_LINE);
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_LINE - MAX_HEAD - 7));
        assert!(matches!(check(&long), Err(LogError::TooLong { .. })));
    }

    #[test]
    fn what_is_no_line() {
        let good = Chain::new(WriterId::from_bytes([1; 16])).link(entry(r#"{"a":[1]}"#)).text;
        assert!(read(good.as_bytes()).is_some());
        for bad in [
            good.replace(r#""seq":1"#, r#""seq":01"#),
            good.replace(r#""seq":1"#, r#""seq":"#),
            good.replace(r#""seq":1"#, r#""seq":99999999999999999999"#),
            good.replace("writer", "Writer"),
            good.replace("[1]", "[1"),
            format!("{good} x"),
            format!(" {good}"),
            good[..good.len() - 1].to_owned(),
            good.replace("0101", "0G01"),
        ] {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
        let mut bytes = good.replace("[1]", "\"x\"").into_bytes();
        let at = bytes.len() - 3;
        bytes[at] = 0xff;
        assert!(read(&bytes).is_none());
    }

    #[test]
    fn a_deep_line_is_read_without_a_deep_stack() {
        let depth = 30_000;
        let body = format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let line = format!(r#"{{"writer":"{}","seq":1,"prev":"{}",{}"#, "1".repeat(32), "0".repeat(64), &body[1..]);
        assert!(read(line.as_bytes()).is_some_and(|head| head.is_first()));
    }
}
