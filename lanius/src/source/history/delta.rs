//! A version of a file by what changed: where a delta copied from a version that was scanned, its findings are taken over; only what
//! was inserted, and what lies next to it, is scanned.
//!
//! That gives what a scan of the whole gives, since what a finding depends on lies within [`MARGIN`] bytes of it. Texts of which that
//! cannot be said, such as those with a private key or a long run (`Engine::scan` tells), are scanned whole.

use std::ops::Range;

use memchr::{memchr_iter, memrchr};
use menagerie_git::{DeltaPiece, DeltaView};

use crate::scan::{Engine, Found, Profile, Scratch, Text};

/// What a finding depends on lies within so many bytes of where it begins.
const MARGIN: usize = 1024;

/// What is kept of a version for those that are made from it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What was found, for each profile the version was read as, before any of it was doubted.
    pub(super) found: Vec<(Profile, Vec<Found>)>,
    /// Whether a finding may depend on bytes that are far from it.
    pub(super) wide: bool,
}

/// A stretch of the result that is to be scanned.
type Stretch = Range<usize>;

/// What stands in a result: in the order of their places, what was copied from a safe distance of all that changed.
struct Plan {
    /// From where in the base, and to where in the result.
    safe: Vec<(usize, Range<usize>)>,
    scan: Vec<Stretch>,
}

impl Plan {
    fn of(view: &DeltaView<'_>, length: usize) -> Self {
        let base = view.base_bytes.len();
        let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
        for piece in view.delta.pieces() {
            if let DeltaPiece::Copied { from, at } = piece {
                match pieces.last_mut() {
                    // Two pieces that go on in both texts are one.
                    Some((first, last)) if last.end == at.start && *first + last.len() == from.start => last.end = at.end,
                    _ => pieces.push((from.start, at)),
                }
            }
        }
        let mut plan = Self { safe: Vec::new(), scan: Vec::new() };
        let mut done = 0;
        for (from, at) in pieces {
            let start = if from == 0 && at.start == 0 { 0 } else { at.start + MARGIN };
            let end = if from + at.len() == base && at.end == length { length } else { at.end.saturating_sub(MARGIN) };
            if start < end {
                if done < start {
                    plan.scan.push(done..start);
                }
                plan.safe.push((from + start - at.start, start..end));
                done = end;
            }
        }
        if done < length {
            plan.scan.push(done..length);
        }
        plan
    }

    /// How many bytes a scan of the stretches reads.
    fn cost(&self) -> usize {
        self.scan.iter().map(|stretch| stretch.len() + 2 * MARGIN).sum()
    }
}

/// What is in `text`, given what is in the base of its delta. `None` where the whole must be scanned, or that costs no more.
pub(super) fn scan(
    engine: &Engine,
    scratch: &mut Scratch,
    (text, path): (&[u8], &str),
    view: &DeltaView<'_>,
    base: &[Found],
) -> Option<Vec<Found>> {
    let plan = Plan::of(view, text.len());
    if plan.cost() * 4 > text.len() * 3 {
        return None;
    }
    let mut found = Vec::new();
    for stretch in &plan.scan {
        let from = stretch.start.saturating_sub(MARGIN);
        let to = text.len().min(stretch.end + MARGIN);
        let part =
            Text { bytes: &text[from..to], core: stretch.start - from..stretch.end - from, offset: from as u64, ..Text::whole(text, path) };
        if engine.scan(scratch, &part, &mut found) {
            return None;
        }
    }
    for (from, at) in &plan.safe {
        let inherited = base.iter().filter(|found| (*from as u64..(from + at.len()) as u64).contains(&found.start));
        found.extend(inherited.map(|known| {
            let start = known.start - *from as u64 + at.start as u64;
            Found { start, end: start + (known.end - known.start), ..known.again() }
        }));
    }
    found.sort_by_key(|found| (found.start, found.rule));
    place(text, &mut found);
    Some(found)
}

/// Says in which lines and columns the findings stand.
fn place(text: &[u8], found: &mut [Found]) {
    let newlines = |range: Range<usize>| memchr_iter(b'\n', &text[range]).count() as u64;
    let (mut line, mut counted) = (1, 0);
    for found in found {
        let start = usize::try_from(found.start).expect("it lies in the text");
        let end = usize::try_from(found.end).expect("it lies in the text");
        line += newlines(counted..start);
        counted = start;
        found.line = line;
        found.end_line = line + newlines(start..end);
        found.column = (start - memrchr(b'\n', &text[..start]).map_or(0, |newline| newline + 1)) as u64 + 1;
    }
}
