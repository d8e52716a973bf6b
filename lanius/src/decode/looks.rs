//! Whether bytes look like text, and whether a text may hold a credential.

/// How much of a text that is not wholly readable is kept at least.
const LEAST: usize = 12;

/// Readable ASCII: graphic characters, spaces, tabs and line ends.
pub(super) const fn readable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Whether nine in ten bytes are readable; the bytes of valid UTF-8 characters are.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let readable = bytes.iter().filter(|byte| readable(**byte)).count();
    if readable == bytes.len() {
        return true;
    }
    let others: usize = bytes.utf8_chunks().flat_map(|chunk| chunk.valid().chars()).filter(|c| *c >= '\u{a0}').map(char::len_utf8).sum();
    (readable + others) * 10 >= bytes.len() * 9
}

/// Cuts from `bytes` what comes after their readable begin, unless they are text as a whole. False when too little is readable.
pub(super) fn keep_text(bytes: &mut Vec<u8>) -> bool {
    if is_text(bytes) {
        return !bytes.is_empty();
    }
    let begin = bytes.iter().take_while(|byte| readable(**byte)).count();
    bytes.truncate(begin);
    begin >= LEAST
}

/// What a token is made of, escapes and all: graphic ASCII without quotes, commas and brackets.
pub(super) fn token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b'(' | b')' | b'[' | b']' | b'<' | b'>')
}

/// Whether a token of `least` bytes or more has a digit and a letter.
pub(super) fn has_token(text: &[u8], least: usize) -> bool {
    text.split(|byte| !token(*byte)).any(|token| telling(token, least))
}

/// Whether this token has `least` bytes, a digit, and a letter or an escape that may be one.
pub(super) fn telling(token: &[u8], least: usize) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'&' | b'%' | b'\\');
    token.len() >= least && token.iter().any(u8::is_ascii_digit) && token.iter().any(letter)
}
