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

/// Makes the edits, which are in order and do not overlap; says where the replacements came to stand.
pub(super) fn apply(bytes: &mut Vec<u8>, spare: &mut Vec<u8>, edits: &[Edit]) -> Vec<Range<usize>> {
    let mut replaced = Vec::with_capacity(edits.len());
    if edits.iter().all(|edit| edit.replacement.len() == edit.range.len()) {
        for edit in edits {
            bytes[edit.range.clone()].copy_from_slice(&edit.replacement);
            replaced.push(edit.range.clone());
        }
        return replaced;
    }
    spare.clear();
    let mut done = 0;
    for edit in edits {
        spare.extend_from_slice(&bytes[done..edit.range.start]);
        let start = spare.len();
        spare.extend_from_slice(&edit.replacement);
        replaced.push(start..spare.len());
        done = edit.range.end;
    }
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
    fn edits_are_made_where_they_stand() {
        for (second, expected, places) in [("", "0abcde4569", [1..6, 9..9]), ("xy", "0abcde456xy9", [1..6, 9..11])] {
            let mut bytes = b"0123456789".to_vec();
            let replaced = apply(&mut bytes, &mut Vec::new(), &[edit(1..4, "abcde"), edit(7..9, second)]);
            assert_eq!((bytes.as_slice(), replaced.as_slice()), (expected.as_bytes(), &places[..]));
        }
    }
}
