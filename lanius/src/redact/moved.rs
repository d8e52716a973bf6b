//! Where the places of a text came to stand while parts of it were replaced, over any number of rounds.

use std::ops::Range;

use super::edit::Edit;

/// A part that was replaced, maybe several times over.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// Where it stood in the text as it was read.
    was: Range<usize>,
    /// Where its replacement stands now.
    is: Range<usize>,
}

/// The parts of a text that were replaced, in order. The first is empty: where the text begins.
#[derive(Debug)]
pub(super) struct Moved(Vec<Piece>);

impl Moved {
    pub(super) fn nothing() -> Self {
        Self(vec![Piece { was: 0..0, is: 0..0 }])
    }

    /// How many parts that began in `was` are replaced.
    pub(super) fn count(&self, was: &Range<usize>) -> usize {
        self.0[1..].iter().filter(|piece| was.contains(&piece.was.start)).count()
    }

    /// Follows edits, which are in order and do not overlap, to where they lead.
    pub(super) fn follow(&mut self, edits: &[Edit]) {
        let old = std::mem::take(&mut self.0);
        let mut old = old.into_iter().peekable();
        let mut edits = edits.iter().peekable();
        let first = old.next().expect("there is always a first");
        // What a place gained by the pieces before it as they are, and what the edits before it add to that.
        let (mut gained, mut adds) = (first.is.end.cast_signed() - first.was.end.cast_signed(), 0_isize);
        self.0.push(first);
        loop {
            let piece_begins = old.peek().map(|piece| piece.is.start);
            let edit_begins = edits.peek().map(|edit| edit.range.start);
            let Some(begin) = piece_begins.into_iter().chain(edit_begins).min() else { return };
            let (mut end, mut was_end) = (begin, None);
            let was_begin = match old.peek() {
                Some(piece) if piece.is.start == begin => piece.was.start,
                _ => begin.saturating_add_signed(-gained),
            };
            let before = adds;
            // All that overlaps it is one with it.
            loop {
                if let Some(piece) = old.next_if(|piece| piece.is.start < end || end == begin && piece.is.start == begin) {
                    gained = piece.is.end.cast_signed() - piece.was.end.cast_signed();
                    if piece.is.end >= end {
                        (end, was_end) = (piece.is.end, Some(piece.was.end));
                    }
                } else if let Some(edit) = edits.next_if(|edit| edit.range.start < end || end == begin && edit.range.start == begin) {
                    adds += edit.replacement.len().cast_signed() - edit.range.len().cast_signed();
                    if edit.range.end > end {
                        (end, was_end) = (edit.range.end, None);
                    }
                } else {
                    break;
                }
            }
            let was_end = was_end.unwrap_or_else(|| end.saturating_add_signed(-gained));
            self.0.push(Piece { was: was_begin..was_end, is: begin.saturating_add_signed(before)..end.saturating_add_signed(adds) });
        }
    }

    /// Where a place of the text as it was stands now; where it was replaced, behind the replacement, with the place that is behind
    /// what was replaced.
    pub(super) fn behind(&self, was: usize) -> (usize, usize) {
        let piece = &self.0[self.0.partition_point(|piece| piece.was.start < was).saturating_sub(1)];
        if was < piece.was.end { (piece.was.end, piece.is.end) } else { (was, piece.is.end + (was - piece.was.end)) }
    }

    /// Where a place stands now; where it was replaced, before the replacement.
    pub(super) fn before(&self, was: usize) -> usize {
        let piece = &self.0[self.0.partition_point(|piece| piece.was.start < was).saturating_sub(1)];
        if was < piece.was.end { piece.is.start } else { piece.is.end + (was - piece.was.end) }
    }

    /// Puts something else before the place that was at `was` and stands at `is` now: `length` bytes.
    pub(super) fn put_before(&mut self, was: usize, is: usize, length: usize) {
        self.0.retain(|piece| piece.is.start >= is && piece.is.end > is);
        for piece in &mut self.0 {
            piece.is = piece.is.start - is + length..piece.is.end - is + length;
        }
        self.0.insert(0, Piece { was: was..was, is: length..length });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edit(range: Range<usize>, length: usize) -> Edit {
        Edit { range, rule: String::new(), replacement: vec![b'#'; length] }
    }

    #[test]
    fn edits_over_edits_are_one() {
        let mut moved = Moved::nothing();
        // 0123456789abcdef, 01####6789abcdef with 2..6 for 2..4 and so on.
        moved.follow(&[edit(2..4, 6), edit(10..14, 1)]);
        assert_eq!([0, 2, 3, 4, 10, 12, 15].map(|was| moved.behind(was)), [(0, 0), (2, 2), (4, 8), (4, 8), (10, 14), (14, 15), (15, 16)]);
        // Over the end of the first, and beside the second.
        moved.follow(&[edit(6..9, 1), edit(15..16, 4)]);
        assert_eq!([3, 5, 10, 12, 14, 15].map(|was| moved.behind(was)), [(5, 7), (5, 7), (10, 12), (14, 13), (14, 13), (15, 17)]);
        assert_eq!((moved.before(3), moved.before(12), moved.count(&(0..16)), moved.count(&(3..16))), (2, 12, 3, 2));
    }

    #[test]
    fn something_else_before() {
        let mut moved = Moved::nothing();
        moved.follow(&[edit(2..4, 6), edit(10..14, 1)]);
        let (was, is) = moved.behind(6);
        moved.put_before(was, is, 100);
        assert_eq!([6, 10, 11, 15].map(|was| moved.behind(was)), [(6, 100), (10, 104), (14, 105), (15, 106)]);
    }

    proptest! {
        /// What was not replaced stands where the table says.
        #[test]
        fn what_stays_is_found_again(rounds in proptest::collection::vec(proptest::collection::vec((0_usize..12, 1_usize..9, 1_usize..9), 0..5), 0..5)) {
            // Each place of the text has a name of its own.
            let text: Vec<u16> = (1..200).collect();
            let (mut now, mut moved) = (text.clone(), Moved::nothing());
            for round in rounds {
                let (mut edits, mut at) = (Vec::new(), 0);
                for (gap, length, new) in round {
                    let range = at + gap..at + gap + length;
                    if range.end <= now.len() {
                        at = range.end;
                        edits.push(edit(range, new));
                    }
                }
                for edit in edits.iter().rev() {
                    now.splice(edit.range.clone(), std::iter::repeat_n(0, edit.replacement.len()));
                }
                moved.follow(&edits);
            }
            for (was, name) in text.iter().enumerate() {
                let (behind, is) = moved.behind(was);
                match now.iter().position(|other| other == name) {
                    // It may have stayed between two edits of one piece.
                    Some(at) if behind == was => prop_assert_eq!(at, is),
                    Some(at) => prop_assert!(at < is && at >= moved.before(was)),
                    None => prop_assert!(now.get(is).is_none_or(|next| text.get(behind) == Some(next) || *next == 0)),
                }
            }
        }
    }
}
