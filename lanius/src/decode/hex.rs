//! Hexadecimal digits that are a text. Digests and keys are told by their first bytes.

use std::ops::Range;

use super::looks;

/// The fewest digits.
const LEAST: usize = 24;
/// How many bytes are judged before all are decoded.
const JUDGED: usize = 8;

/// Puts into `out` what the run of letters and digits says, and gives its place, if it is hexadecimal and a text.
pub(super) fn decode(text: &[u8], run: Range<usize>, out: &mut Vec<u8>) -> Option<Range<usize>> {
    let prefix = if text[run.clone()].starts_with(b"0x") || text[run.clone()].starts_with(b"0X") { 2 } else { 0 };
    let digits = &text[run.start + prefix..run.end];
    if digits.len() < LEAST
        || !digits.chunks_exact(2).take(JUDGED).all(|pair| matches!(pair[0], b'2'..=b'7') && pair[1].is_ascii_hexdigit())
    {
        return None;
    }
    let digits = &digits[..digits.len() & !1];
    out.clear();
    out.resize(digits.len() / 2, 0);
    hex::decode_to_slice(digits, out).ok()?;
    looks::is_text(out).then_some(run)
}
