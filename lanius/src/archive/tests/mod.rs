//! Tests of archives: those that real programs made, and hostile ones made by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hostile;
mod made;
mod real;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;

use super::*;

/// What was shown of a file.
#[derive(Debug, Default)]
struct Seen {
    members: BTreeMap<String, Vec<u8>>,
    entries: BTreeMap<String, (Status, u64)>,
    outcome: Outcome,
}

impl Seen {
    fn text(&self, path: &str) -> &str {
        let bytes = self.members.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", self.members.keys()));
        std::str::from_utf8(bytes).unwrap()
    }

    fn status(&self, path: &str) -> Status {
        self.entries.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", self.entries)).0
    }

    fn paths(&self) -> Vec<&str> {
        self.members.keys().map(String::as_str).collect()
    }
}

fn limits() -> Limits {
    Limits::new(std::env::temp_dir())
}

fn collect(show: impl FnOnce(&mut dyn FnMut(Event<'_>) -> ControlFlow<()>) -> Outcome) -> Seen {
    let mut seen = Seen::default();
    let mut statuses = Vec::new();
    let outcome = show(&mut |event| {
        match event {
            Event::Member(member) => {
                let mut bytes = Vec::new();
                member.read.read_to_end(&mut bytes).expect("a member never fails to its reader");
                seen.members.insert(member.path.to_owned(), bytes);
            }
            Event::Entry(entry) => {
                statuses.push(entry.status);
                seen.entries.insert(entry.path.to_owned(), (entry.status, entry.bytes));
            }
        }
        ControlFlow::Continue(())
    });
    seen.outcome = outcome;
    assert_eq!(statuses.len() as u64, outcome.read + outcome.opened + outcome.skipped + outcome.failed, "the outcome counts the entries");
    seen
}

/// Reads it as a stream and as a file that can be read in any order; both show the same.
fn see_within(name: &str, bytes: &[u8], limits: &Limits) -> Seen {
    let stream = collect(|visit| open(name, bytes, limits, visit));
    let file = collect(|visit| Opener::new(limits.clone()).open_seekable(name, Cursor::new(bytes), visit));
    assert_eq!(stream.members, file.members);
    assert_eq!(stream.outcome.read, file.outcome.read);
    stream
}

fn see(name: &str, bytes: &[u8]) -> Seen {
    see_within(name, bytes, &limits())
}
