//! From a place in what an encoding hid back to where it stands in the text: exactly through escapes, of which a secret may be a small
//! part; of all else it is the whole that was encoded.

use std::cell::OnceCell;
use std::ops::Range;

use super::Encoding;
use super::escapes::{Kind, Piece, pieces};

/// What was decoded, and where it stands.
pub(super) struct Origin<'a> {
    /// What was decoded.
    encoded: &'a [u8],
    /// Where that begins in its text.
    at: usize,
    kind: Option<Kind>,
    /// Where that text stands, if it is not the outermost.
    outer: Option<&'a Origin<'a>>,
    /// Its escapes, once they are asked for.
    pieces: OnceCell<Vec<Piece>>,
}

impl<'a> Origin<'a> {
    pub(super) fn new(text: &'a [u8], range: Range<usize>, encoding: Encoding, outer: Option<&'a Origin<'a>>) -> Self {
        Self { at: range.start, encoded: &text[range], kind: Kind::of(encoding), outer, pieces: OnceCell::new() }
    }

    /// Where in the outermost text stands what was decoded to `part`.
    pub(super) fn locate(&self, part: &Range<usize>) -> Range<usize> {
        let within = match self.kind {
            Some(kind) => {
                let pieces = self.pieces.get_or_init(|| pieces(self.encoded, kind));
                begin(pieces, part.start)..end(pieces, part.end)
            }
            None => 0..self.encoded.len(),
        };
        let range = self.at + within.start..self.at + within.end;
        self.outer.map_or(range.clone(), |outer| outer.locate(&range))
    }
}

/// Where what begins at `place` of the decoded text begins.
fn begin(pieces: &[Piece], place: usize) -> usize {
    match pieces[..pieces.partition_point(|piece| piece.decoded.start <= place)].last() {
        Some(piece) if place < piece.decoded.end => piece.encoded.start,
        Some(piece) => piece.encoded.end + (place - piece.decoded.end),
        None => place,
    }
}

/// Where what ends at `place` of the decoded text ends.
fn end(pieces: &[Piece], place: usize) -> usize {
    match pieces[..pieces.partition_point(|piece| piece.decoded.start < place)].last() {
        Some(piece) => piece.encoded.end + place.saturating_sub(piece.decoded.end),
        None => place,
    }
}
