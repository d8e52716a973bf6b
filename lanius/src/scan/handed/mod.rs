//! Values that are handed over without a name of their own: to a command by an option (`mysql -pV`), to a function by its place
//! (`getConnection(url, "user", "V")`), in SQL (`IDENTIFIED BY 'V'`). The options and the order of arguments are those of the
//! programs' manuals.

mod call;
mod command;

use std::ops::Range;

use super::anchors::Sign;
use crate::rules::Meaning;

pub(super) use call::by_call;

/// How far back a command may begin, and how far on its value may.
const NEAR: usize = 400;

/// A value that is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handed {
    /// Where it stands, without quotes.
    pub(super) value: Range<usize>,
    /// What it is.
    pub(super) meaning: Meaning,
    /// Whether a function takes it, not a command or a statement.
    pub(super) argument: bool,
}

impl Handed {
    fn password(value: Range<usize>) -> Self {
        Self { value, meaning: Meaning::Password, argument: false }
    }
}

/// The value that is handed over where the literal of a sign stands at `at`.
pub(super) fn at_sign(text: &[u8], at: usize, literal: &str, sign: Sign) -> Option<Handed> {
    let length = literal.len();
    match sign {
        Sign::Option => command::by_option(text, at, length).map(Handed::password),
        Sign::Call => call::named(text, at, length),
        Sign::Sql => statement(text, at, length).map(Handed::password),
        Sign::SecureString => {
            let rest = text.get(at..text.len().min(at + NEAR))?;
            let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
            let plain = line.to_ascii_lowercase();
            let quote = line.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
            let begins = quote < 24 && memchr::memmem::find(&plain, b"-asplaintext").is_some();
            begins.then(|| quoted(text, at + quote)).flatten().map(Handed::password)
        }
        // `echo 'user:V' | chpasswd`, `-passin pass:V`, `htpasswd -b file user V`.
        Sign::Name(4) if matches!(text.get(at + length), Some(b':' | b'w' | b'W')) && literal == "pass" => {
            command::by_word(text, at).map(Handed::password)
        }
        Sign::Window | Sign::Url | Sign::Name(_) => None,
    }
}

/// The literal after `IDENTIFIED BY`, of which the sign holds the last letter.
fn statement(text: &[u8], at: usize, length: usize) -> Option<Range<usize>> {
    const BEFORE: &[u8] = b"identified b";
    let before = &text[at.saturating_sub(BEFORE.len())..at];
    before.eq_ignore_ascii_case(BEFORE).then(|| quoted(text, at + length - 1)).flatten()
}

fn blanks(text: &[u8], from: usize) -> usize {
    from + text.get(from..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The text between the quotes of which the first stands at `at`, on one line.
fn quoted(text: &[u8], at: usize) -> Option<Range<usize>> {
    let mark = *text.get(at)?;
    let mut place = at + 1;
    while place < text.len().min(at + NEAR) {
        match text[place] {
            b'\n' => return None,
            b'\\' => place += 2,
            byte if byte == mark => return (place > at + 1).then_some(at + 1..place),
            _ => place += 1,
        }
    }
    None
}

/// A word of a command line or of a statement, without its quotes.
fn word(text: &[u8], at: usize) -> Option<Range<usize>> {
    match *text.get(at)? {
        b'"' | b'\'' => quoted(text, at),
        // Within a string: `"… -u \"user:V\""`.
        b'\\' if matches!(text.get(at + 1), Some(b'"' | b'\'')) => {
            let length = text[at + 2..text.len().min(at + NEAR)].iter().position(|byte| matches!(byte, b'\\' | b'\n'))?;
            (length > 0).then_some(at + 2..at + 2 + length)
        }
        _ => {
            let rest = &text[at..text.len().min(at + NEAR)];
            let ends = |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b';' | b'|' | b')' | b',' | b'<' | b'>');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            (length > 0).then_some(at..at + length)
        }
    }
}

#[cfg(test)]
mod tests;
