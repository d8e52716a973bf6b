//! What is hidden by an encoding: base64, hexadecimal, escapes of URLs, HTML and string literals, byte arrays, UTF-16, gzip within
//! base64, and literals that are split. [`layers`] finds what of a text is encoded and gives what it says, and what that hides in turn.
//!
//! Ordinary source pays little: base64 and hexadecimal are looked for only in token-like runs, which the scanner has anyway and whose
//! first characters tell; all else has a trigger of two or three bytes, and one vectorised pass looks for all triggers ([`triggers`]).
//! Input is hostile: no byte is decoded twice as the same encoding, output and depth are bounded ([`Limits`]), and so is the work.
//! JSON Web Tokens are left alone: the rules for them take the whole. What comes out binary is dropped.

mod arrays;
mod base64;
mod escapes;
mod hex;
mod inflate;
mod joined;
mod looks;
mod origin;
mod triggers;
pub(crate) mod utf16;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use menagerie_runs::{Anchors, Marks, RUN, Triples};

use escapes::Kind;
use origin::Origin;

/// How deep encodings are undone, whatever the limits say.
pub const DEEPEST: usize = 3;

/// How a layer was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// Base64 of RFC 4648 in either alphabet, padded or not, in one line or wrapped.
    Base64,
    /// A gzip or zlib stream within base64.
    Compressed,
    /// Pairs of hexadecimal digits.
    Hex,
    /// An array of numbers, each a byte.
    Array,
    /// Percent-encoding of RFC 3986.
    Percent,
    /// Character references of HTML.
    Entities,
    /// Escapes of string literals: `\x41`, `\u0041`, `\u{41}`, `\101`.
    Escapes,
    /// Quoted-printable of RFC 2045.
    QuotedPrintable,
    /// UTF-16 in either byte order.
    Utf16,
    /// String literals that a program joins.
    Joined,
}

impl Encoding {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Compressed => "compressed",
            Self::Hex => "hex",
            Self::Array => "array",
            Self::Percent => "percent",
            Self::Entities => "entities",
            Self::Escapes => "escapes",
            Self::QuotedPrintable => "quoted-printable",
            Self::Utf16 => "utf-16",
            Self::Joined => "joined",
        }
    }
}

/// What an encoding hid.
pub struct Layer<'a> {
    /// Where it stands in the outermost text, with all pieces of a split literal and all lines of wrapped base64.
    pub range: Range<usize>,
    /// How it was encoded in what is around it.
    pub encoding: Encoding,
    /// What it says.
    pub bytes: &'a [u8],
    /// How many encodings were undone to see it, from 1 on.
    pub depth: usize,
    origin: &'a Origin<'a>,
}

impl Layer<'_> {
    /// Where a part of what it says stands in the outermost text: exactly if nothing but escapes hid it, else with all that was encoded
    /// with it.
    #[must_use]
    pub fn locate(&self, part: &Range<usize>) -> Range<usize> {
        self.origin.locate(part)
    }
}

/// Not the bytes, which may be a secret.
impl fmt::Debug for Layer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Layer({} at {:?}, {} bytes, depth {})", self.encoding.name(), self.range, self.bytes.len(), self.depth)
    }
}

/// Bounds on what is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many encodings are undone, one within the other; at most [`DEEPEST`] counts.
    pub depth: usize,
    /// Bytes of all layers of a text together.
    pub output: usize,
    /// Bytes that one compressed stream may give.
    pub inflated: usize,
}

impl Limits {
    /// The bounds for a text of `length` bytes: twice as much and 64 KiB, at most 8 MiB.
    #[must_use]
    pub fn of(length: usize) -> Self {
        Self { depth: DEEPEST, output: length.saturating_mul(2).saturating_add(64 << 10).min(8 << 20), inflated: 1 << 20 }
    }
}

/// Whether all that was encoded was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Extent {
    /// All of it, down to the depth of the limits.
    Whole,
    /// The bound on output cut some off.
    Cut,
}

/// Memory kept between texts.
pub struct Scratch {
    levels: [Level; DEEPEST],
    anchors: Anchors,
    triggers: Arc<Triples>,
}

/// What one depth works with.
#[derive(Default)]
struct Level {
    out: Vec<u8>,
    packed: Vec<u8>,
    marks: Marks,
}

impl Scratch {
    /// Empty scratch memory.
    #[must_use]
    pub fn new() -> Self {
        Self { levels: Default::default(), anchors: Anchors::new(&[]), triggers: Arc::new(triggers::triples()) }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Not what is in it, which may be a secret.
impl fmt::Debug for Scratch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Scratch")
    }
}

/// Hands every layer of `text` to `sink`, an outer one before what is within it. `runs` are the token-like runs of `text`
/// ([`Marks::runs`]); runs that do not fit the text are passed over.
pub fn layers(text: &[u8], runs: &[(usize, usize)], limits: &Limits, scratch: &mut Scratch, sink: &mut dyn FnMut(&Layer<'_>)) -> Extent {
    let deepest = limits.depth.min(DEEPEST);
    let mut walk = Walk { scratch, sink, deepest, inflated: limits.inflated, left: limits.output, extent: Extent::Whole };
    walk.descend(text, runs, None, 0);
    walk.extent
}

/// One call of [`layers`].
struct Walk<'a> {
    scratch: &'a mut Scratch,
    sink: &'a mut dyn FnMut(&Layer<'_>),
    deepest: usize,
    inflated: usize,
    /// How much may yet be put out.
    left: usize,
    extent: Extent,
}

/// Up to where a text was looked at, for each encoding that has a trigger.
#[derive(Default)]
struct Done {
    regions: [usize; Kind::COUNT],
    array: usize,
    joined: usize,
}

impl Walk<'_> {
    /// Looks at one text; `outer` is where it stands in the outermost one, if it is not that itself. Calls itself at most
    /// [`DEEPEST`] times.
    fn descend(&mut self, text: &[u8], runs: &[(usize, usize)], outer: Option<(&Range<usize>, &Origin<'_>)>, depth: usize) {
        if depth >= self.deepest || self.left == 0 {
            return;
        }
        let mut level = std::mem::take(&mut self.scratch.levels[depth]);
        let mut place = Place { walk: self, outer, depth, level: &mut level };
        if utf16::looks_so(text) {
            let range = utf16::decode(text, place.walk.left, &mut place.level.out);
            if range.end + 2 <= text.len() {
                place.walk.extent = Extent::Cut;
            }
            place.found(text, range, Encoding::Utf16);
        } else {
            place.runs(text, runs);
            place.triggers(text);
            place.lists(text);
        }
        self.scratch.levels[depth] = level;
    }
}

/// A walk at one text.
struct Place<'a, 'b> {
    walk: &'a mut Walk<'b>,
    outer: Option<(&'a Range<usize>, &'a Origin<'a>)>,
    depth: usize,
    level: &'a mut Level,
}

/// Where base64 or hexadecimal may begin in a run: its pieces of letters and digits, since what stands before a `-` may be a name; if all
/// are short, the run itself.
fn pieces(text: &[u8], start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = start;
    let mut any = false;
    std::iter::from_fn(move || {
        while at < end {
            let length = text[at..end].iter().take_while(|byte| !matches!(byte, b'-' | b'_')).count();
            let piece = (at, at + length);
            at += length + 1;
            if length >= RUN {
                any = true;
                return Some(piece);
            }
        }
        (!std::mem::replace(&mut any, true)).then_some((start, end))
    })
}

impl Place<'_, '_> {
    /// What is in the token-like runs: hexadecimal and base64.
    fn runs(&mut self, text: &[u8], runs: &[(usize, usize)]) {
        let mut floor = 0;
        let pieces =
            runs.iter().filter(|(start, end)| start < end && *end <= text.len()).flat_map(|(start, end)| pieces(text, *start, *end));
        for (start, end) in pieces {
            if start < floor || end <= start || end > text.len() {
                continue;
            }
            if let Some(range) = hex::decode(text, start..end, &mut self.level.out) {
                floor = range.end;
                self.found(text, range, Encoding::Hex);
                continue;
            }
            let Some((from, content)) = base64::promising(text, start, floor) else {
                floor = end;
                continue;
            };
            let (to, whole) = base64::gather(text, from, self.walk.left, &mut self.level.packed);
            floor = to.max(end);
            if !whole {
                self.walk.extent = Extent::Cut;
            }
            if let Some(encoding) = self.unpack(content) {
                self.found(text, from..to, encoding);
            }
        }
    }

    /// Decodes the base64 that was gathered.
    fn unpack(&mut self, content: base64::Content) -> Option<Encoding> {
        base64::decode(&self.level.packed, &mut self.level.out)?;
        match content {
            base64::Content::Text => looks::keep_text(&mut self.level.out).then_some(Encoding::Base64),
            base64::Content::Utf16 => utf16::looks_so(&self.level.out).then_some(Encoding::Base64),
            base64::Content::Compressed(form) => {
                // An attempt has its price, so that many small streams cannot cost more than their bytes allow.
                if self.walk.left < inflate::PRICE {
                    self.walk.extent = Extent::Cut;
                    return None;
                }
                self.walk.left -= inflate::PRICE;
                let most = self.walk.inflated.min(self.walk.left);
                inflate::inflate(form, &self.level.out, most, &mut self.level.packed)?;
                std::mem::swap(&mut self.level.packed, &mut self.level.out);
                looks::keep_text(&mut self.level.out).then_some(Encoding::Compressed)
            }
        }
    }

    /// What has a trigger.
    fn triggers(&mut self, text: &[u8]) {
        let mut done = Done::default();
        let triples = Arc::clone(&self.walk.scratch.triggers);
        triggers::each(&triples, text, |at| match text[at] {
            b'\\' => self.region(text, at, Kind::Backslash, &mut done),
            b'%' => self.region(text, at, Kind::Percent, &mut done),
            b'&' => self.region(text, at, Kind::Entity, &mut done),
            b'=' => self.region(text, at, Kind::QuotedPrintable, &mut done),
            b'"' | b'\'' if at >= done.joined => {
                let (to, range) = joined::chain(text, at, done.joined, &mut self.level.out);
                done.joined = to.max(done.joined);
                if let Some(range) = range {
                    self.found(text, range, Encoding::Joined);
                }
            }
            b'0'..=b'9' if at >= done.array => {
                let (to, range) = arrays::decode(text, at, done.array, &mut self.level.out);
                done.array = to.max(done.array);
                if let Some(range) = range {
                    self.found(text, range, Encoding::Array);
                }
            }
            _ => {}
        });
    }

    fn region(&mut self, text: &[u8], at: usize, kind: Kind, done: &mut Done) {
        let done = &mut done.regions[kind as usize];
        if at < *done || !escapes::begins(kind, text, at) {
            return;
        }
        let range = escapes::region(text, at, *done, kind);
        *done = range.end;
        if escapes::decode(&text[range.clone()], kind, &mut self.level.out) {
            self.found(text, range, kind.encoding());
        }
    }

    /// Lists of literals that a call joins.
    fn lists(&mut self, text: &[u8]) {
        let mut done = 0;
        for at in joined::calls(text) {
            if at < done {
                continue;
            }
            let (to, range) = joined::list(text, at, done, &mut self.level.out);
            done = to.max(done);
            if let Some(range) = range {
                self.found(text, range, Encoding::Joined);
            }
        }
    }

    /// Hands on what is in `out` and looks into it.
    fn found(&mut self, text: &[u8], range: Range<usize>, encoding: Encoding) {
        let out = std::mem::take(&mut self.level.out);
        if out.len() > self.walk.left {
            self.walk.extent = Extent::Cut;
        } else if !out.is_empty() {
            self.walk.left -= out.len();
            let origin = Origin::new(text, range.clone(), encoding, self.outer.map(|(_, origin)| origin));
            let range = self.outer.map_or(range, |(outer, _)| outer.clone());
            let depth = self.depth + 1;
            (self.walk.sink)(&Layer { range: range.clone(), encoding, bytes: &out, depth, origin: &origin });
            if depth < self.walk.deepest {
                let mut marks = std::mem::take(&mut self.level.marks);
                marks.mark(&self.walk.scratch.anchors, &out);
                self.walk.descend(&out, &marks.runs, Some((&range, &origin)), depth);
                self.level.marks = marks;
            }
        }
        self.level.out = out;
    }
}

#[cfg(test)]
mod tests;
