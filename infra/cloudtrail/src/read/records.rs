//! Finds the records of a text, whatever they are wrapped in, and goes on behind what is malformed.
//!
//! A text is a row of JSON values, with or without commas or line ends between them. An array is gone into, and so is an object at its
//! member `Records` or `Events`; any other object is a record, or wraps one as `detail` or `CloudTrailEvent`. Where a record is malformed,
//! the next place that looks like the start of one is where it goes on.

use std::io::Read;
use std::sync::LazyLock;

use fearless_simd::dispatch;
use memchr::memmem::Finder;
use serde::de::IgnoredAny;

use super::problems::Problem;
use super::window::Window;
use super::{Limits, Place, Sink};
use crate::event::{Event, EventError, Field, Shape, Walked};
use crate::json::Json;
use crate::json::scan::{self, Fault, LEVEL, Nest};

/// How deep arrays and objects that hold records may stand in each other.
const DEEPEST: usize = 4;
/// How far behind a bracket the name of the first field is looked for.
const INDENT: usize = 256;
/// What may be gone through in vain before what was gone through for something is set against it.
const FREE: u64 = 64 << 20;

/// The name of a field that each event has.
static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"eventVersion\""));

/// What records stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Array,
    Object,
}

/// What was seen of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) events: u64,
    pub(super) digests: u64,
}

/// A walk through a text.
pub(super) struct Records<'w, 'b, R, S, P> {
    window: &'w mut Window<'b, R>,
    limits: &'w Limits,
    sink: &'w mut S,
    place: Place<'w>,
    problem: P,
    shape: Shape,
    around: Vec<Around>,
    seen: Seen,
    /// Whether an array or an object of records was gone into.
    held: bool,
    /// Objects that are no events, kept back until it is known whether the text is a log at all.
    strange: Option<(u64, EventError)>,
    in_vain: u64,
}

/// That the walk is at its end.
struct End;

impl<'w, 'b, R: Read, S: Sink, P: FnMut(u64, Problem)> Records<'w, 'b, R, S, P> {
    pub(super) fn new(window: &'w mut Window<'b, R>, limits: &'w Limits, sink: &'w mut S, place: Place<'w>, problem: P) -> Self {
        Self {
            window,
            limits,
            sink,
            place,
            problem,
            shape: Shape::new(),
            around: Vec::new(),
            seen: Seen::default(),
            held: false,
            strange: None,
            in_vain: 0,
        }
    }

    /// Goes through all of the text.
    pub(super) fn run(mut self) -> Seen {
        self.window.more();
        if self.window.bytes().starts_with(b"\xef\xbb\xbf") {
            self.window.advance(3);
        }
        let begins = matches!(self.peek(), Some(b'{' | b'['));
        if begins {
            while self.step().is_ok() {}
        }
        let trouble = self.window.trouble();
        let at = self.window.position();
        if let Some((first, error)) = self.strange.take() {
            let none = self.seen == Seen::default() && !self.held;
            (self.problem)(first, if none { Problem::NotALog } else { Problem::Record(error) });
        } else if !begins && trouble.is_none() {
            (self.problem)(at, Problem::NotALog);
        }
        match trouble {
            Some(problem) => (self.problem)(at, problem),
            None if !self.around.is_empty() => (self.problem)(at, Problem::Cut),
            None => {}
        }
        self.seen
    }

    /// The next byte that is no white space, at the start of the window.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let bytes = self.window.bytes();
            let blank = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
            let found = bytes.get(blank).copied();
            self.window.advance(blank);
            if found.is_some() {
                return found;
            }
            if !self.window.more() {
                return None;
            }
        }
    }

    /// Goes on by one value, comma or bracket.
    fn step(&mut self) -> Result<(), End> {
        let byte = self.peek().ok_or(End)?;
        match (byte, self.around.last()) {
            (b'}', Some(Around::Object)) | (b']', Some(Around::Array)) => {
                self.around.pop();
                self.window.advance(1);
                Ok(())
            }
            (b'"', Some(Around::Object)) => self.member(),
            (b',', _) => {
                self.window.advance(1);
                Ok(())
            }
            (b'{', None | Some(Around::Array)) => self.object(),
            (b'[', None | Some(Around::Array)) if self.around.len() < DEEPEST => {
                self.window.advance(1);
                self.around.push(Around::Array);
                Ok(())
            }
            _ => self.broken(0),
        }
    }

    /// A record, or what records are wrapped in.
    fn object(&mut self) -> Result<(), End> {
        loop {
            let room = self.around.len() + 2 <= DEEPEST;
            match self.shape.walk(self.window.bytes(), room) {
                Ok(Walked::Array(begins)) => {
                    self.held = true;
                    self.around.extend([Around::Object, Around::Array]);
                    self.window.advance(begins);
                    return Ok(());
                }
                Ok(Walked::Object(length)) if length > self.limits.record => return self.too_long(),
                Ok(Walked::Object(length)) if self.are_two(length) => return self.broken(length),
                Ok(Walked::Object(length)) => {
                    self.record(length);
                    self.window.advance(length);
                    return Ok(());
                }
                Err(Fault::Syntax(at)) => return self.broken(at),
                Err(Fault::Cut) if self.window.bytes().len() > self.limits.record => return self.too_long(),
                Err(Fault::Cut) => {
                    if !self.window.more() {
                        return self.unfinished();
                    }
                }
            }
        }
    }

    /// Whether a record ran into the next, since a quote or a bracket is missing: no event has its first field twice, unless deep within it.
    fn are_two(&self, length: usize) -> bool {
        let record = &self.window.bytes()[..length];
        VERSION.find_iter(record).nth(1).is_some() && serde_json::from_slice::<IgnoredAny>(record).is_err()
    }

    /// The rest of an object that had records: another member, which may have more of them.
    fn member(&mut self) -> Result<(), End> {
        loop {
            let bytes = self.window.bytes();
            let name = dispatch!(*LEVEL, simd => scan::name(simd, bytes, 0));
            match name {
                Ok(name) => {
                    let records = matches!(name.text, b"Records" | b"Events") && bytes[name.value] == b'[';
                    self.window.advance(name.value);
                    if records {
                        self.window.advance(1);
                        self.around.push(Around::Array);
                        return Ok(());
                    }
                    return self.skip();
                }
                Err(Fault::Syntax(at)) => return self.broken(at),
                Err(Fault::Cut) if self.window.bytes().len() > self.limits.record => return self.broken(0),
                Err(Fault::Cut) => {
                    if !self.window.more() {
                        return Err(End);
                    }
                }
            }
        }
    }

    /// Passes a value of whatever length.
    fn skip(&mut self) -> Result<(), End> {
        if matches!(self.window.bytes().first(), Some(b'{' | b'[')) {
            return self.skip_nested();
        }
        loop {
            let bytes = self.window.bytes();
            match dispatch!(*LEVEL, simd => scan::value(simd, bytes, 0)) {
                Ok(length) => {
                    self.window.advance(length);
                    return Ok(());
                }
                Err(Fault::Syntax(at)) => return self.broken(at),
                Err(Fault::Cut) if self.window.bytes().len() > self.limits.record => return self.broken(0),
                Err(Fault::Cut) => {
                    if !self.window.more() {
                        return Err(End);
                    }
                }
            }
        }
    }

    /// Passes an object or array of whatever length, in no more memory than the window has.
    fn skip_nested(&mut self) -> Result<(), End> {
        let mut nest = Nest::default();
        loop {
            let bytes = self.window.bytes();
            let end = dispatch!(*LEVEL, simd => nest.feed(simd, bytes));
            let length = bytes.len();
            self.window.advance(end.unwrap_or(length));
            if end.is_some() {
                return Ok(());
            }
            if !self.window.more() {
                return Err(End);
            }
        }
    }

    /// Takes the object of that length at the start of the window for what it is.
    fn record(&mut self, length: usize) {
        let at = self.window.position();
        let place = Place { at, ..self.place };
        let error = match std::str::from_utf8(&self.window.bytes()[..length]) {
            Err(error) => EventError::Encoding(error.valid_up_to()),
            Ok(text) => match self.shape.take(text, self.sink, &place, &mut self.seen) {
                Ok(()) => return,
                Err(error) => error,
            },
        };
        self.strange(at, error);
    }

    /// An object that is no event: told when the first event shows that this is a log, or at the end.
    fn strange(&mut self, at: u64, error: EventError) {
        match &self.strange {
            None if self.seen == Seen::default() && !self.held => self.strange = Some((at, error)),
            _ => (self.problem)(at, Problem::Record(error)),
        }
    }

    /// A record that is longer than any event, or malformed so that no end is found.
    fn too_long(&mut self) -> Result<(), End> {
        let at = self.window.position();
        let longest = self.limits.record;
        self.spend(self.window.bytes().len())?;
        if let Some(next) = self.candidate(1, true) {
            (self.problem)(at, Problem::Record(EventError::Syntax(next)));
            self.window.advance(next);
            return Ok(());
        }
        (self.problem)(at, Problem::Record(EventError::TooLong(longest)));
        self.skip_nested()
    }

    /// The text ends within a record: it may be that a bracket or quote is missing and that others follow.
    fn unfinished(&mut self) -> Result<(), End> {
        self.spend(self.window.bytes().len())?;
        let at = self.window.position();
        match self.candidate(1, true) {
            Some(next) => {
                (self.problem)(at, Problem::Record(EventError::Cut));
                self.window.advance(next);
                Ok(())
            }
            None => {
                // Without anything around it, nothing else tells that the text is cut off.
                if self.around.is_empty() {
                    self.around.push(Around::Object);
                }
                Err(End)
            }
        }
    }

    /// Something is malformed, `fault` bytes on: goes to the next record.
    fn broken(&mut self, fault: usize) -> Result<(), End> {
        (self.problem)(self.window.position(), Problem::Record(EventError::Syntax(fault)));
        self.spend(fault)?;
        // Behind what is malformed nothing tells that an object goes on.
        if self.around.last() == Some(&Around::Object) {
            self.around.pop();
        }
        let mut from = 1;
        loop {
            if let Some(next) = self.candidate(from, false) {
                self.window.advance(next);
                return Ok(());
            }
            // What was judged with all that may stand before and behind it need not be again.
            let length = self.window.bytes().len();
            let judged = length.saturating_sub(INDENT).max(from.min(length));
            let passed = judged.saturating_sub(INDENT);
            self.window.advance(passed);
            from = judged - passed;
            if !self.window.more() {
                let rest = self.window.bytes().len();
                self.window.advance(rest);
                return Err(End);
            }
        }
    }

    /// Counts what was gone through in vain, and gives up when it is more than the text is worth.
    fn spend(&mut self, bytes: usize) -> Result<(), End> {
        self.in_vain += bytes as u64;
        if self.in_vain > FREE + 4 * self.window.position() {
            (self.problem)(self.window.position(), Problem::GivenUp);
            self.around.clear();
            return Err(End);
        }
        Ok(())
    }

    /// The next place from `from` on, within the window, where a record seems to begin: a bracket behind a bracket, a comma, a line's end or
    /// another record, and behind it the name of a field. If `whole`, it must be a whole event.
    fn candidate(&mut self, from: usize, whole: bool) -> Option<usize> {
        let bytes = self.window.bytes();
        for place in memchr::memchr_iter(b'{', bytes.get(from..)?).map(|place| from + place) {
            let before = bytes[..place].iter().rev().take(INDENT).find(|byte| !matches!(byte, b' ' | b'\r' | b'\t'));
            if !matches!(before, None | Some(b'[' | b',' | b'\n' | b'}')) || !begins_record(&bytes[place..]) {
                continue;
            }
            if whole {
                let mut shape = Shape::new();
                let record = &bytes[place..bytes.len().min(place + self.limits.record)];
                self.in_vain += record.len() as u64;
                match shape.walk(record, false) {
                    Ok(Walked::Object(_)) if shape.is_event() => {}
                    _ if self.in_vain > FREE + 4 * self.window.position() => return None,
                    _ => continue,
                }
            }
            return Some(place);
        }
        None
    }
}

/// Whether an object begins here whose first member is one of an event, or of what events are wrapped in.
fn begins_record(bytes: &[u8]) -> bool {
    let within = &bytes[..bytes.len().min(INDENT)];
    let Ok(at) = scan::space(within, 1) else { return false };
    let Some(rest) = within[at..].strip_prefix(b"\"") else { return false };
    memchr::memchr(b'"', rest).is_some_and(|end| Field::of(&rest[..end]).is_some() || matches!(&rest[..end], b"EventId" | b"version"))
}

impl Shape {
    /// Hands what was walked, whose text this is, to the sink: an event, or one that is wrapped in it, or a digest.
    fn take<S: Sink>(&self, text: &str, sink: &mut S, place: &Place<'_>, seen: &mut Seen) -> Result<(), EventError> {
        let wrapped = |field| self.json(text, field);
        if let Some(event) = wrapped(Field::CloudTrailEvent) {
            let event = event.as_str().ok_or(EventError::Missing("CloudTrailEvent as text"))?;
            sink.event(&Event::parse(&event)?, place);
        } else if wrapped(Field::DigestStartTime).is_some() {
            sink.digest(Json::new(text), place);
            seen.digests += 1;
            return Ok(());
        } else if let (Some(detail), None) = (wrapped(Field::Detail), wrapped(Field::EventName)) {
            sink.event(&Event::parse(detail.text())?, place);
        } else {
            sink.event(&Event::of(text, self)?, place);
        }
        seen.events += 1;
        Ok(())
    }
}
