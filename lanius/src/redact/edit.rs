//! Replacements in a window, and their being made.

use std::ops::Range;

/// A range that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    /// What found it.
    pub(super) rule: String,
    pub(super) replacement: Vec<u8>,
}

/// The edits in order; those that overlap become one, for which `cover` gives the replacement.
pub(super) fn merge(mut edits: Vec<Edit>, cover: impl Fn(Range<usize>, &str) -> Vec<u8>) -> Vec<Edit> {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut merged: Vec<Edit> = Vec::new();
    for edit in edits {
        match merged.last_mut() {
            // The first of one range has the say.
            Some(last) if edit.range == last.range => {}
            Some(last) if edit.range.start < last.range.end => {
                last.range.end = last.range.end.max(edit.range.end);
                last.replacement = cover(last.range.clone(), &last.rule);
            }
            _ => merged.push(edit),
        }
    }
    merged
}

/// Makes the edits, which are in order and do not overlap; says where the replacements came to stand. `end` moves with what is before
/// it, and behind a replacement that it lay in.
pub(super) fn apply(bytes: &mut Vec<u8>, spare: &mut Vec<u8>, edits: &[Edit], end: &mut usize) -> Vec<Range<usize>> {
    let mut replaced = Vec::with_capacity(edits.len());
    if edits.iter().all(|edit| edit.replacement.len() == edit.range.len()) {
        for edit in edits {
            bytes[edit.range.clone()].copy_from_slice(&edit.replacement);
            *end = if edit.range.start < *end { (*end).max(edit.range.end) } else { *end };
            replaced.push(edit.range.clone());
        }
        return replaced;
    }
    spare.clear();
    let (mut done, mut moved) = (0, None);
    for edit in edits {
        if moved.is_none() && *end <= edit.range.start {
            moved = Some(spare.len() + (*end - done));
        }
        spare.extend_from_slice(&bytes[done..edit.range.start]);
        let start = spare.len();
        spare.extend_from_slice(&edit.replacement);
        replaced.push(start..spare.len());
        done = edit.range.end;
        if moved.is_none() && *end <= done {
            moved = Some(spare.len());
        }
    }
    *end = moved.unwrap_or_else(|| spare.len() + (*end - done));
    spare.extend_from_slice(&bytes[done..]);
    std::mem::swap(bytes, spare);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, replacement: &str) -> Edit {
        Edit { range, rule: "r".to_owned(), replacement: replacement.as_bytes().to_vec() }
    }

    #[test]
    fn overlapping_edits_become_one() {
        let merged = merge(vec![edit(5..9, "x"), edit(0..3, "y"), edit(7..12, "z"), edit(12..13, "w")], |_, _| b"all".to_vec());
        assert_eq!(merged, [edit(0..3, "y"), edit(5..12, "all"), edit(12..13, "w")]);
    }

    #[test]
    fn the_end_moves_along() {
        for (end, moved) in [(0, 0), (1, 1), (2, 6), (4, 6), (5, 7), (8, 9), (9, 9), (10, 10)] {
            let mut bytes = b"0123456789".to_vec();
            let mut at = end;
            let replaced = apply(&mut bytes, &mut Vec::new(), &[edit(1..4, "abcde"), edit(7..9, "")], &mut at);
            assert_eq!(bytes, b"0abcde4569");
            assert_eq!(replaced, [1..6, 9..9]);
            assert_eq!(at, moved, "{end}");
        }
    }
}
