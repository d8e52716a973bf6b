//! Redaction: a copy of a text in which every finding is covered by a mark, by signs, or by a keyed token ([`Tokens`]), and in which
//! the same rules find nothing more.
//!
//! A window of the text is scanned, findings are replaced, and round each replacement the window is scanned again until nothing is
//! found: what a finding hid, or what its mark brought about, is found too. What a finding depends on lies within [`CONTEXT`] bytes, so
//! memory is that of one window whatever the size of the text. Each window begins with the text as it was read, also with that before
//! it: what was replaced there may be what tells of a secret here.

mod edit;
mod mark;
mod moved;
mod reach;
mod token;
mod utf16;

use std::io::{self, Read, Write};
use std::ops::Range;

use crate::personal::Finder;
use crate::scan::{BLOCK, CONTEXT, Engine, Kind, LeftOut, Scratch, Text, is_fixture};
use edit::{Edit, apply, merge};
use moved::Moved;
use reach::Reach;

pub use mark::{SIGNS, is_redacted, within_mark};
pub use token::Tokens;

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
    /// What was not looked at.
    pub left: LeftOut,
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
    pub fn copy(&self, reader: &mut (dyn Read + Send), writer: &mut dyn Write, path: &str) -> Result<Summary, Error> {
        let mut head = Vec::new();
        (&mut *reader).take(utf16::HEAD).read_to_end(&mut head).map_err(Error::Read)?;
        let order = utf16::order(&head);
        let mut reader = head.chain(reader);
        match order {
            Some(order) => self.copy_wide(&mut reader, writer, path, order),
            None => self.copy_bytes(&mut reader, writer, path, false),
        }
    }

    /// Copies a text in UTF-16: what is in it as such, and then, since another text may have been appended to it, its bytes.
    fn copy_wide(&self, reader: &mut (dyn Read + Send), writer: &mut dyn Write, path: &str, order: utf16::Order) -> Result<Summary, Error> {
        let (mut narrow, mut pipe) = io::pipe().map_err(Error::Read)?;
        let first = move || {
            let mut reader = utf16::Decoder::new(reader, order);
            let mut encoder = utf16::Encoder::new(&mut pipe, order);
            let summary = self.copy_bytes(&mut reader, &mut encoder, path, true)?;
            encoder.finish(reader.odd()).map_err(Error::Write)?;
            Ok(Summary { read: reader.read(), ..summary })
        };
        std::thread::scope(|scope| {
            let first = scope.spawn(first);
            let second = self.copy_bytes(&mut narrow, writer, path, false);
            // Whoever writes to a pipe that nobody reads is told so.
            drop(narrow);
            let first = first.join().expect("the first pass does not panic");
            let second = second?;
            let first: Summary = first?;
            let replaced = first.replaced + second.replaced;
            Ok(Summary { read: first.read, written: second.written, replaced, left: first.left })
        })
    }

    /// Copies a text; `wide` says that it is one in UTF-16, given in UTF-8.
    fn copy_bytes(&self, mut reader: &mut dyn Read, writer: &mut dyn Write, path: &str, wide: bool) -> Result<Summary, Error> {
        let mut summary = Summary::default();
        let mut window = Window {
            bytes: Vec::new(),
            spare: Vec::new(),
            scratch: Scratch::default(),
            path,
            kind: Kind::of(path),
            fixture: is_fixture(path),
            wide,
        };
        // The text as it was read: what was let go before `begin`, as context, a block, and what is seen of what follows.
        let (mut read, mut begin) = (Vec::new(), 0);
        // The end of what was written.
        let mut written = Vec::new();
        loop {
            let wanted = (begin + self.block + CONTEXT).saturating_sub(read.len());
            let count = (&mut reader).take(wanted as u64).read_to_end(&mut read).map_err(Error::Read)?;
            summary.read += count as u64;
            let ended = count < wanted;
            window.bytes.clone_from(&read);
            let mut moved = Moved::nothing();
            #[expect(clippy::single_range_in_vec_init, reason = "there is one region at first")]
            self.settle(&mut window, vec![0..read.len()], 0, 0, &mut moved)?;
            // What was written stays: what it comes to beside the rest is looked at once more.
            let from = moved.before(begin);
            window.bytes.splice(..from, written.iter().copied());
            moved.put_before(begin, from, written.len());
            let near = window.bytes.len().min(written.len() + self.reach.farthest());
            if !written.is_empty() {
                #[expect(clippy::single_range_in_vec_init, reason = "there is one region at first")]
                self.settle(&mut window, vec![written.len()..near], written.len(), 1, &mut moved)?;
            }
            let (cut, end) = if ended { (read.len(), window.bytes.len()) } else { moved.behind(begin + self.block) };
            summary.replaced += moved.count(&(begin..cut)) as u64;
            let release = &window.bytes[written.len()..end];
            writer.write_all(release).map_err(Error::Write)?;
            summary.written += release.len() as u64;
            if ended {
                writer.flush().map_err(Error::Write)?;
                summary.left = window.scratch.left_out();
                return Ok(summary);
            }
            written.clear();
            written.extend_from_slice(&window.bytes[end.saturating_sub(CONTEXT)..end]);
            let drop = cut.saturating_sub(CONTEXT);
            read.drain(..drop);
            begin = cut - drop;
        }
    }

    /// Replaces what begins in the regions, and not before `floor`, until nothing is found; `moved` follows.
    fn settle(
        &self,
        window: &mut Window<'_>,
        mut regions: Vec<Range<usize>>,
        floor: usize,
        first: usize,
        moved: &mut Moved,
    ) -> Result<(), Error> {
        for round in first..LAST_ROUND {
            let mut edits = Vec::new();
            for region in &regions {
                self.look(window, region, floor, round, &mut edits);
            }
            if edits.is_empty() {
                return Ok(());
            }
            let edits = merge(edits, |range, rule| self.cover(window, range, rule));
            moved.follow(&edits);
            let replaced = apply(&mut window.bytes, &mut window.spare, &edits);
            regions.clear();
            let mut searched = 0;
            for range in replaced {
                let region = self.reach.round(&window.bytes, &range, &mut searched);
                let region = region.start.max(floor)..region.end;
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
    fn look(&self, window: &mut Window<'_>, region: &Range<usize>, floor: usize, round: usize, edits: &mut Vec<Edit>) {
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
                        range = line(&window.bytes, floor, range);
                    }
                    self.cover(window, range.clone(), &rule.id)
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
                    _ => self.cover(window, range.clone(), find.detector.id),
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
    fn cover(&self, window: &Window<'_>, range: Range<usize>, rule: &str) -> Vec<u8> {
        let covered = window.bytes[range].iter();
        match &self.style {
            // As many as there are bytes, or code units in UTF-16.
            Style::Sign(sign) => covered
                .flat_map(|byte| {
                    let units = if window.wide { utf16::units(*byte) } else { 1 };
                    std::iter::repeat_n(if matches!(byte, b'\n' | b'\r') { *byte } else { *sign }, units)
                })
                .collect(),
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
    wide: bool,
}

/// How many bytes of a value are a public prefix.
fn prefix(rule: &crate::rules::Definition, value: &[u8]) -> usize {
    let mut keywords = rule.keywords.iter().filter(|_| rule.pattern.is_some()).map(|keyword| keyword.as_bytes());
    keywords.find(|keyword| value.get(..keyword.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(keyword))).map_or(0, <[u8]>::len)
}

/// The lines that a range touches, as far as they are not too long and not before `floor`.
fn line(text: &[u8], floor: usize, range: Range<usize>) -> Range<usize> {
    let from = range.start.saturating_sub(LINE).max(floor);
    let to = text.len().min(range.end + LINE);
    let start = memchr::memrchr(b'\n', &text[from..range.start]).map_or(from, |newline| from + newline + 1);
    let end = memchr::memchr(b'\n', &text[range.end..to]).map_or(to, |newline| range.end + newline);
    start..end
}

#[cfg(test)]
mod tests;
