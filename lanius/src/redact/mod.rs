//! Redaction: a copy of a text in which every finding is covered by a mark, by signs, or by a keyed token ([`Tokens`]), and in which
//! the same rules find nothing more.
//!
//! A window of the text is scanned, findings are replaced, and round each replacement the window is scanned again until nothing is
//! found: what a finding hid, or what its mark brought about, is found too. Bytes are let go when nothing that follows can reach
//! them. What a finding depends on lies within [`CONTEXT`] bytes, so memory is that of one window whatever the size of the text.

mod edit;
mod mark;
mod reach;
mod token;

use std::io::{self, Read, Write};
use std::ops::Range;

use crate::personal::Finder;
use crate::scan::{BLOCK, CONTEXT, Engine, Kind, Scratch, Text, is_fixture};
use edit::{Edit, apply, merge};
use reach::Reach;

pub use mark::{SIGNS, is_redacted, within_mark};
pub use token::Tokens;

/// How much of a window waits for what follows it: past the longest match and what may have to stand near it.
const HOLD: usize = 48 << 10;
/// Rounds until replacements grow to whole lines.
const ROUNDS: usize = 8;
/// Rounds until a window is given up.
const LAST_ROUND: usize = 64;
/// The longest line that a replacement grows to.
const LINE: usize = 4 << 10;

/// Why a text could not be redacted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The copy could not be written.
    #[error("the copy cannot be written: {0}")]
    Write(#[source] io::Error),
    /// Findings kept following from replacements. What was written until then is redacted; nothing follows it.
    #[error("replacing findings brings about new ones without end; the copy was stopped before that place")]
    Unsettled,
}

/// What stands in place of a finding.
#[derive(Debug)]
pub enum Style {
    /// `[REDACTED:rule]`.
    Mark,
    /// As many of one sign, one of [`SIGNS`]; lines stay.
    Sign(u8),
    /// A keyed token of the same form.
    Token(Tokens),
}

/// What a redaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// Places that were replaced.
    pub replaced: u64,
}

/// Makes redacted copies.
#[derive(Debug)]
pub struct Redactor<'a> {
    engine: &'a Engine,
    personal: Option<Finder>,
    least: u8,
    style: Style,
    block: usize,
    reach: Reach,
}

impl<'a> Redactor<'a> {
    /// A redactor of what `engine` finds with a confidence of `least` percent or more, and of what `personal` finds.
    #[must_use]
    pub fn new(engine: &'a Engine, personal: Option<Finder>, least: u8, style: Style) -> Self {
        Self { engine, personal, least, style, block: BLOCK, reach: Reach::of(engine.rules()) }
    }

    /// Copies all that `reader` gives to `writer`; `path` says what kind of text it is.
    ///
    /// # Errors
    /// What the reader or the writer said; when findings cannot be covered.
    pub fn copy(&self, mut reader: &mut dyn Read, writer: &mut dyn Write, path: &str) -> Result<Summary, Error> {
        let mut summary = Summary::default();
        let mut window = Window {
            bytes: Vec::new(),
            spare: Vec::new(),
            scratch: Scratch::default(),
            path,
            kind: Kind::of(path),
            fixture: is_fixture(path),
        };
        // The window holds what was let go, as context; what is worked on, from `begin`; and what is seen of what follows.
        let mut begin = 0;
        loop {
            let wanted = (begin + self.block + CONTEXT).saturating_sub(window.bytes.len());
            let read = (&mut reader).take(wanted as u64).read_to_end(&mut window.bytes).map_err(Error::Read)?;
            summary.read += read as u64;
            let ended = read < wanted;
            let end = window.bytes.len().min(begin + self.block);
            let end = self.settle(&mut window, begin, end, &mut summary)?;
            let last = ended && end == window.bytes.len();
            let release = if last { end } else { end.saturating_sub(HOLD).max(begin) };
            writer.write_all(&window.bytes[begin..release]).map_err(Error::Write)?;
            summary.written += (release - begin) as u64;
            if last {
                writer.flush().map_err(Error::Write)?;
                return Ok(summary);
            }
            let drop = release.saturating_sub(CONTEXT);
            window.bytes.drain(..drop);
            begin = release - drop;
        }
    }

    /// Replaces what begins in `begin..end` until nothing does; says where `end` came to lie.
    fn settle(&self, window: &mut Window<'_>, begin: usize, mut end: usize, summary: &mut Summary) -> Result<usize, Error> {
        #[expect(clippy::single_range_in_vec_init, reason = "there is one region at first")]
        let mut regions = vec![begin..end];
        for round in 0..LAST_ROUND {
            let mut edits = Vec::new();
            for region in &regions {
                self.look(window, region, round, &mut edits);
            }
            if edits.is_empty() {
                return Ok(end);
            }
            let edits = merge(edits, |range, rule| self.cover(&window.bytes[range], rule));
            summary.replaced += edits.len() as u64;
            let replaced = apply(&mut window.bytes, &mut window.spare, &edits, &mut end);
            regions.clear();
            let mut searched = 0;
            for range in replaced {
                let region = self.reach.round(&window.bytes, &range, &mut searched);
                let region = region.start.max(begin)..region.end.min(end);
                match regions.last_mut() {
                    Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
                    _ if region.is_empty() => {}
                    _ => regions.push(region),
                }
            }
        }
        Err(Error::Unsettled)
    }

    /// Adds what is to be replaced of what begins in `region`.
    fn look(&self, window: &mut Window<'_>, region: &Range<usize>, round: usize, edits: &mut Vec<Edit>) {
        let seen = if round == 0 { 0..window.bytes.len() } else { self.reach.context(&window.bytes, region) };
        let from = seen.start;
        let bytes = &window.bytes[seen];
        let text = Text {
            bytes,
            core: region.start - from..region.end - from,
            offset: from as u64,
            line: 1,
            path: window.path,
            kind: window.kind,
            fixture: window.fixture,
        };
        let mut found = Vec::new();
        let _ = self.engine.scan(&mut window.scratch, &text, &mut found);
        for found in found {
            if found.confidence < self.least || self.is_done(found.secret.expose()) {
                continue;
            }
            let place = |at: u64| usize::try_from(at).expect("it lies in the window");
            let mut range = place(found.start)..place(found.end);
            let rule = &self.engine.rules()[found.rule].definition;
            let hidden = window.bytes[range.clone()] != **found.secret.expose();
            let replacement = match &self.style {
                Style::Token(tokens) if round < ROUNDS && !hidden => {
                    let value = &window.bytes[range.clone()];
                    tokens.of(&rule.id, prefix(rule, value), value)
                }
                _ => {
                    if round >= ROUNDS {
                        range = line(&window.bytes, range);
                    }
                    self.cover(&window.bytes[range.clone()], &rule.id)
                }
            };
            edits.push(Edit { range, rule: rule.id.clone(), replacement });
        }
        if let Some(finder) = &self.personal {
            finder.find(bytes, |find| {
                let range = from + find.range.start..from + find.range.end;
                let value = &window.bytes[range.clone()];
                if !region.contains(&range.start) || self.is_done(value) {
                    return;
                }
                let replacement = match &self.style {
                    Style::Token(tokens) if round < ROUNDS => tokens.of(find.detector.id, 0, value),
                    _ => self.cover(value, find.detector.id),
                };
                edits.push(Edit { range, rule: find.detector.id.to_owned(), replacement });
            });
        }
    }

    /// Whether a value is what redaction leaves.
    fn is_done(&self, value: &[u8]) -> bool {
        is_redacted(value) || matches!(&self.style, Style::Token(tokens) if tokens.recognises(value))
    }

    /// What covers a range that is no value of its own.
    fn cover(&self, covered: &[u8], rule: &str) -> Vec<u8> {
        match &self.style {
            Style::Sign(sign) => covered.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { *byte } else { *sign }).collect(),
            Style::Mark | Style::Token(_) => mark::redacted(rule),
        }
    }
}

/// The part of a text that is worked on.
struct Window<'a> {
    bytes: Vec<u8>,
    spare: Vec<u8>,
    scratch: Scratch,
    path: &'a str,
    kind: Kind,
    fixture: bool,
}

/// How many bytes of a value are a public prefix.
fn prefix(rule: &crate::rules::Definition, value: &[u8]) -> usize {
    let mut keywords = rule.keywords.iter().filter(|_| rule.pattern.is_some()).map(|keyword| keyword.as_bytes());
    keywords.find(|keyword| value.get(..keyword.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(keyword))).map_or(0, <[u8]>::len)
}

/// The lines that a range touches, as far as they are not too long.
fn line(text: &[u8], range: Range<usize>) -> Range<usize> {
    let from = range.start.saturating_sub(LINE);
    let to = text.len().min(range.end + LINE);
    let start = memchr::memrchr(b'\n', &text[from..range.start]).map_or(from, |newline| from + newline + 1);
    let end = memchr::memchr(b'\n', &text[range.end..to]).map_or(to, |newline| range.end + newline);
    start..end
}

#[cfg(test)]
mod tests;
