//! What stands beside a match: whether it goes on there, and whether a companion is near.

use std::ops::Range;

use memchr::{memchr_iter, memrchr};

/// Whether neither side of a match goes on.
pub(super) fn stands_alone(text: &[u8], start: usize, end: usize, secret: &Range<usize>) -> bool {
    let begins =
        start == 0 || !text[start].is_ascii_alphanumeric() || !text[start - 1].is_ascii_alphanumeric() || follows_escape(text, start);
    begins && (secret.end < end || ends_alone(text, end))
}

/// Whether what stands before `start` is the end of an escape: `\n`, `%3D`.
fn follows_escape(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(3)..start];
    match *before {
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f' | b'v' | b'"'] => true,
        [b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Whether a match that ends here goes no farther.
pub(super) fn ends_alone(text: &[u8], end: usize) -> bool {
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    end == 0 || !goes_on(text[end - 1]) || text.get(end).is_none_or(|byte| !goes_on(*byte))
}

/// Whether a pattern stands within some lines of a secret, and within `CONTEXT` bytes.
pub(super) fn stands_near(text: &[u8], secret: &Range<usize>, pattern: &regex::bytes::Regex, lines: u32) -> bool {
    const FARTHEST: usize = 8 * 1024;
    let mut from = secret.start;
    for _ in 0..=lines {
        from = memrchr(b'\n', &text[secret.start.saturating_sub(FARTHEST)..from])
            .map_or(secret.start.saturating_sub(FARTHEST), |line| line + secret.start.saturating_sub(FARTHEST));
    }
    let limit = text.len().min(secret.end + FARTHEST);
    let to = memchr_iter(b'\n', &text[secret.end..limit]).nth(lines as usize).map_or(limit, |line| secret.end + line);
    pattern.is_match(&text[from..to])
}
