//! Where keywords are searched: round each token-like run, at each URL with credentials, at each PEM block.

use menagerie_runs::{Marks, gap_before};

use super::anchors::Sign;

/// How far left of a run its keyword may begin.
const BEFORE: usize = 128;
/// How far right of a run a keyword may end.
const AFTER: usize = 16;
/// How far right of `://` credentials may go on.
const AUTHORITY: usize = 256;

/// Where keywords are searched: round each run, at each URL with credentials, at each PEM block.
pub(super) fn windows_of(marks: &Marks, signs: &[(&str, Sign)], text: &[u8], windows: &mut Vec<(usize, usize)>) {
    windows.clear();
    let mut add = |from: usize, to: usize| match windows.last_mut() {
        Some((_, last)) if from <= *last => *last = to.max(*last),
        _ => windows.push((from, to)),
    };
    let mut runs = marks.runs.iter().peekable();
    let mut anchors = marks.anchors.iter().filter(|(_, word)| matches!(signs[*word].1, Sign::Url | Sign::Window)).peekable();
    let mut reached = 0;
    loop {
        // In order of their beginnings.
        let run = runs.peek().map(|(start, _)| context_of(text, *start, reached));
        let anchor = anchors.peek().map(|(at, _)| at.saturating_sub(32));
        match (run, anchor) {
            (None, None) => return,
            (Some(run), anchor) if anchor.is_none_or(|anchor| run <= anchor) => {
                let (_, end) = runs.next().expect("it was seen");
                reached = text.len().min(end + AFTER);
                add(run, reached);
            }
            (_, Some(from)) => {
                let (at, word) = *anchors.next().expect("it was seen");
                let opens = signs[word].1 != Sign::Url || has_credentials(&text[at + 3..text.len().min(at + 3 + AUTHORITY)]);
                if opens {
                    add(from, text.len().min(at + 64));
                }
            }
            (Some(_), None) => {}
        }
    }
}

/// From where the keyword of a run may stand: at most `BEFORE` bytes to the left, and not beyond a fourth blank between words, which no
/// name has between it and its value. What lies before `reached` is known already.
fn context_of(text: &[u8], run: usize, reached: usize) -> usize {
    const BLANKS: usize = 4;
    let least = run.saturating_sub(BEFORE).max(reached.min(run));
    gap_before(text, least, run, BLANKS).unwrap_or(least)
}

/// Whether what follows `://` is an authority with user information.
fn has_credentials(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| matches!(byte, b'@' | b'/' | b' ' | b'"' | b'\'' | b'\n' | b'>' | b')'));
    match end {
        Some(end) if rest[end] == b'@' => true,
        // A password may hold a slash.
        Some(end) if rest[end] == b'/' => {
            rest[..end].contains(&b':')
                && rest[end..].iter().take(64).take_while(|byte| !byte.is_ascii_whitespace()).any(|byte| *byte == b'@')
        }
        _ => false,
    }
}
