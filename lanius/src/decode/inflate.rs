//! Gzip and zlib streams (RFC 1952, RFC 1950), with a bound on what they give.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// What an attempt takes from the bound on output.
pub(super) const PRICE: usize = 4 << 10;
/// How many times as long as the stream its text may be. Deflate gives up to 1,032 times as much; text as people write it, 20 times.
const RATIO: usize = 64;

/// The form of a compressed stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Gzip,
    Zlib,
}

/// The form that a stream has that begins so.
pub(super) fn form(begin: [u8; 3]) -> Option<Form> {
    match begin {
        [0x1f, 0x8b, 8] => Some(Form::Gzip),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, _] => Some(Form::Zlib),
        _ => None,
    }
}

/// Puts into `out` what `stream` gives: at most `most` bytes, and as far as it is whole. `None` when it gives nothing.
pub(super) fn inflate(form: Form, stream: &[u8], most: usize, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    let most = u64::try_from(most.min(stream.len().saturating_mul(RATIO).saturating_add(PRICE))).unwrap_or(u64::MAX);
    // What comes before an error stands in `out`, and may hold a secret as well as a whole stream.
    let read = match form {
        Form::Gzip => GzDecoder::new(stream).take(most).read_to_end(out),
        Form::Zlib => ZlibDecoder::new(stream).take(most).read_to_end(out),
    };
    (read.is_ok() || !out.is_empty()).then_some(())
}
