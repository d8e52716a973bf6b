//! What tools print: data on stdout, all else on stderr; and the exit status.
//!
//! A reader that closes the pipe early is no error. Text that came from outside is shown with [`shown`], so that it cannot drive
//! the terminal.
//!
//! A [`Document`] is a report of findings; [`sarif()`], [`html()`] and [`csv()`] write it, [`replace`] puts it into a file. JSON is written
//! by [`json_text`] and [`json_line`].

mod csv;
mod document;
mod file;
mod html;
mod json;
mod progress;
mod sarif;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub use csv::csv;
pub use document::{Document, Reported, Rule, Suppression, Tool, age, date};
pub use file::{descriptor, replace, straight};
pub use html::{Frame, html};
pub use json::{json_line, json_text};
pub use progress::{Progress, Reached, size};
pub use sarif::{sarif, uri};

/// How a run ended; the same for every tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well.
    Fine,
    /// The tool ran and found what it looks for: a finding, a refusal.
    Found,
    /// The tool could not do its job in full.
    Incomplete,
}

impl Exit {
    /// The process's status.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Found => 1,
            Self::Incomplete => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

/// Writes to stdout. A closed pipe counts as written.
///
/// # Errors
/// What the system said, such as a full disk.
pub fn data(text: impl Display) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes to stdout as it is, with whatever bytes it has. A closed pipe counts as written.
///
/// # Errors
/// What the system said, such as a full disk.
pub fn verbatim(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A text without its colours.
#[must_use]
pub fn unstyled(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Writes one value as indented JSON to stdout.
///
/// # Errors
/// What the system said, such as a full disk.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    data(json_text(value)?)
}

fn say(label: &str, style: Style, text: &dyn Display) {
    // Nothing can be done about a stderr that is gone.
    let _ = writeln!(anstream::stderr().lock(), "{style}{label}{style:#} {text}");
}

/// Tells a person what went on, on stderr.
pub fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Tells of something that a person should look at, on stderr.
pub fn warning(text: impl Display) {
    say("warning:", AnsiColor::Yellow.on_default().bold(), &text);
}

/// Tells why the tool could not do its job, on stderr.
pub fn error(text: impl Display) {
    say("error:", AnsiColor::Red.on_default().bold(), &text);
}

/// Tells what to do next, under an error.
pub fn hint(text: impl Display) {
    say("hint:", AnsiColor::Cyan.on_default().bold(), &text);
}

/// How many of what: `1 place`, `2 places`.
#[must_use]
pub fn count(number: impl TryInto<u128>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u128::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Whether a character drives a terminal, turns the direction of what is read, or begins a line.
fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `text` with control characters written out, so that it cannot drive a terminal or forge a line.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    // Most text is plain.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    if text.contains(is_hostile) {
        Cow::Owned(text.chars().map(|c| if is_hostile(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
pub(crate) mod tests {
    use super::*;
    use menagerie_finding::{Asset, Commit, Excerpt, Fact, Finding, Location, Outcome, Severity};

    /// A report of one finding, in which every text from outside is `hostile`.
    pub(crate) fn document(hostile: &str, places: u64) -> Document<'static> {
        let commit = |id: &str| Commit { id: id.to_owned(), author: hostile.to_owned(), time: 1_700_000_000 };
        let asset = Asset { kind: "file".to_owned(), name: hostile.to_owned() };
        let place = |line| Location {
            asset: asset.clone(),
            line,
            end_line: line,
            column: 7,
            confidence: 90,
            fingerprint: format!("c1:{line}"),
            excerpt: Excerpt { before: hostile.to_owned(), shown: "sk_… (32 characters)".to_owned(), after: hostile.to_owned() },
            history: Some((commit("aaaa"), commit("bbbb"), true)),
        };
        let finding = Finding {
            code: "some-key".to_owned(),
            title: "Some key".to_owned(),
            severity: Severity::High,
            confidence: 90,
            fingerprint: "c1:0".to_owned(),
            reasons: vec!["its shape is unmistakable".to_owned()],
            facts: vec![Fact::new("account_name", hostile)],
            locations: (0..places).map(place).collect(),
        };
        let rule = Rule {
            id: "some-key".to_owned(),
            title: "Some key".to_owned(),
            description: "A key.".to_owned(),
            help: "Revoke it.".to_owned(),
            help_uri: Some(hostile.to_owned()),
            severity: Severity::High,
        };
        Document {
            tool: Tool { name: "tool", version: "1.0.0" },
            subject: hostile.to_owned(),
            made: "2026-01-02T03:04:05Z".parse().unwrap(),
            rules: vec![rule],
            findings: vec![Reported { finding, suppressed: None }],
            outcomes: vec![Outcome::Failed {
                asset: Asset { kind: "file".to_owned(), name: "gone".to_owned() },
                reason: "not there".to_owned(),
            }],
            totals: vec![("sources", "1".to_owned())],
        }
    }

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(shown("plain é"), "plain é");
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{202e}"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([count(0_u8, "place", "places"), count(1_u64, "place", "places")], ["0 places", "1 place"]);
    }

    #[test]
    fn incomplete_beats_found() {
        assert_eq!(Exit::Found.max(Exit::Incomplete).status(), 2);
    }
}
