//! Finds personal data in a text. Two passes, both linear: one from mark to mark (`@` of an address, `+` of a telephone number, fillers of a
//! travel document), one over the groups of letters and digits, which leaves out blocks with too few digits for any identifier, joins
//! neighbouring groups as far as a layout does, and judges what fits by its check, its borders and the words near it.

use super::context::{Places, Reader, Words};
use super::detector::{Detector, Kind, detectors};
use super::layout::{LONGEST_GROUP, LONGEST_VALUE, Layouts, is_joiner, normalise, tells};
use super::mask::masked;
use super::scope::Scope;
use super::{email, iban, mrz, telephone};
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

/// Searches texts for what a scope has. Making one takes milliseconds; it is shared by all threads.
pub struct Finder {
    scope: Scope,
    pub(super) detectors: Vec<&'static Detector>,
    layouts: Layouts,
    pub(super) words: Words,
}

impl fmt::Debug for Finder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Finder").field("scope", &self.scope).field("detectors", &self.detectors).finish_non_exhaustive()
    }
}

/// A personal datum in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// What found it.
    pub detector: &'static Detector,
    /// The value without separators and in capitals; an address as it is written.
    pub value: Value,
    /// What speaks for it.
    pub evidence: Evidence,
    /// How sure it is, 0 to 100.
    pub confidence: u8,
}

/// A value; its `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value {
    kind: Kind,
    bytes: Box<[u8]>,
}

/// What speaks for a find, and against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The check passes.
    pub valid: bool,
    /// It is published as an example or kept for tests.
    pub specimen: bool,
    /// A word of its detector stands near.
    pub keyword: bool,
    /// It is written as only such values are: with separators, or letters among digits.
    pub layout: bool,
    /// It names a function and no person, as `noreply@` does.
    pub role: bool,
    /// How many other detectors accept the same characters.
    pub rivals: u8,
}

/// A detector that a whole value has the form of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The detector.
    pub detector: &'static Detector,
    /// Its check passes.
    pub valid: bool,
    /// It is published as an example or kept for tests.
    pub specimen: bool,
    /// It is written as only such values are.
    pub layout: bool,
}

static EVERYWHERE: LazyLock<Finder> = LazyLock::new(|| Finder::new(Scope::everywhere()));

/// The detectors that accept the whole value, of every jurisdiction.
pub fn classify(value: &str) -> impl Iterator<Item = &'static Detector> {
    judge(value).filter(|judged| judged.valid).map(|judged| judged.detector)
}

/// The detectors that the whole value has the form of, of every jurisdiction.
pub fn judge(value: &str) -> impl Iterator<Item = Judged> {
    EVERYWHERE.judge(value).into_iter()
}

/// Blocks of this length are looked at only if digits stand in them or in the next one; no layout is longer.
const BLOCK: usize = 64;

/// The fewest digits of any layout.
const DIGITS: u8 = 4;

impl Finder {
    /// A finder of what the scope has.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let detectors: Vec<_> = detectors().filter(|detector| scope.has(detector)).collect();
        Self { layouts: Layouts::new(&detectors), words: Words::new(&detectors), detectors, scope }
    }

    /// Gives each find of the text to the sink: first those of identifiers, then those of addresses, telephone numbers and travel documents,
    /// each in the order of the text. Time is linear in the text, memory does not depend on it.
    pub fn find(&self, text: &[u8], mut sink: impl FnMut(Find)) {
        self.identifiers(text, &mut sink);
        self.marked(text, &mut sink);
    }

    fn identifiers(&self, text: &[u8], sink: &mut impl FnMut(Find)) {
        let mut words = self.words.reader(text);
        // A find whose check fails waits until it is sure that none that passes overlaps it.
        let mut waiting: Option<Find> = None;
        let mut at = 0;
        let mut digits = digits_of(text, 0);
        for block in (0..text.len()).step_by(BLOCK) {
            let following = digits_of(text, block + BLOCK);
            let enough = digits + following >= DIGITS;
            digits = following;
            let end = text.len().min(block + BLOCK);
            if !enough {
                continue;
            }
            at = at.max(block);
            while at < end {
                if at > 0 && text[at - 1].is_ascii_alphanumeric() && text[at].is_ascii_alphanumeric() {
                    // A group that began in a block that was left out: its end is looked for once, however many blocks it has.
                    at = group_end(text, at);
                    continue;
                }
                let Some(more) = text[at..end].iter().position(u8::is_ascii_alphanumeric) else { break };
                let start = at + more;
                at = group_end(text, start);
                let Some(found) = self.best(text, start, at, &mut words) else { continue };
                match waiting.take() {
                    Some(earlier) if earlier.range.end <= found.range.start => sink(earlier),
                    // It stands in one that is surer though its check fails: a group of an account's number, say.
                    Some(earlier) if !found.evidence.valid || found.confidence <= earlier.confidence => {
                        waiting = Some(earlier);
                        continue;
                    }
                    _ => {}
                }
                if found.evidence.valid {
                    at = at.max(found.range.end);
                    sink(found);
                } else {
                    waiting = Some(found);
                }
            }
        }
        waiting.into_iter().for_each(sink);
    }

    /// The best find that begins with the group.
    fn best(&self, text: &[u8], start: usize, end: usize, words: &mut Reader<'_>) -> Option<Find> {
        let group = &text[start..end];
        if group.len() > LONGEST_GROUP || !border_before(text, start) || !worth(text, start, end) {
            return None;
        }
        let mut best = self.national_telephone(text, start, words);
        let (mut node, mut from, mut to) = (0, start, end);
        while let Some(next) = self.layouts.step(node, to - from) {
            node = next;
            if self.layouts.ends(node) && border_behind(text, to) {
                let candidate = self.candidate(text, start..to, node, words);
                best = [best, candidate].into_iter().flatten().max_by_key(Find::likelihood);
            }
            if !text.get(to).is_some_and(|byte| is_joiner(*byte)) {
                break;
            }
            from = to + 1;
            to = from + text[from..].iter().take(LONGEST_GROUP + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        }
        best.filter(|found| found.confidence >= self.scope.least())
    }

    /// The most probable of the detectors that have a layout of this form.
    fn candidate(&self, text: &[u8], range: Range<usize>, node: usize, words: &mut Reader<'_>) -> Option<Find> {
        let mut buffer = [0; LONGEST_VALUE];
        let length = normalise(&text[range.clone()], &mut buffer);
        let value = &buffer[..length];
        let mut near: Option<Places> = None;
        let mut best: Option<(&'static Detector, Evidence, u8)> = None;
        let mut accepting = 0_u8;
        let whole = !goes_on(text, &range);
        for (layout, places) in self.layouts.fitting(node, &text[range.clone()]) {
            let near = *near.get_or_insert_with(|| words.near(&range));
            for place in places {
                let detector = self.detectors[*place];
                let keyword = near & (1 << place) != 0;
                let valid = detector.accepts(value);
                accepting = accepting.saturating_add(u8::from(valid));
                // Where only the form speaks for it, a value that fails is nothing; a bank account of a known country is.
                let account = || detector.kind == Kind::Iban && iban::known_country(value);
                if !(valid || keyword || account()) {
                    continue;
                }
                let evidence = Evidence {
                    valid,
                    keyword,
                    specimen: (detector.specimen)(value),
                    layout: whole && tells(layout),
                    role: false,
                    rivals: 0,
                };
                let confidence = evidence.confidence(detector);
                if best.as_ref().is_none_or(|(_, other, sure)| (other.valid, *sure) < (valid, confidence)) {
                    best = Some((detector, evidence, confidence));
                }
            }
        }
        let (detector, mut evidence, _) = best?;
        evidence.rivals = accepting.saturating_sub(u8::from(evidence.valid));
        let value = Value::new(detector.kind, value);
        Some(Find { range, detector, value, confidence: evidence.confidence(detector), evidence })
    }

    /// A telephone number as the scope's regions write it at home; only where a word says so, since any digits are one somewhere.
    fn national_telephone(&self, text: &[u8], start: usize, words: &mut Reader<'_>) -> Option<Find> {
        if self.scope.regions().is_empty() || !text[start].is_ascii_digit() {
            return None;
        }
        let begin = if start > 0 && text[start - 1] == b'(' { start - 1 } else { start };
        let place = self.place_of(&telephone::DETECTOR)?;
        if words.near(&(start..start + 1)) & (1 << place) == 0 {
            return None;
        }
        let range = self.scope.regions().iter().find_map(|region| telephone::national(text, begin, *region))?;
        Some(self.found(text, range, &telephone::DETECTOR, true, true))
    }

    fn marked(&self, text: &[u8], sink: &mut impl FnMut(Find)) {
        let mut words = self.words.reader(text);
        let mut done = 0;
        for at in memchr::memchr3_iter(b'@', b'+', b'<', text) {
            if at < done {
                continue;
            }
            let (range, detector, valid) = match text[at] {
                b'@' => match email::around(text, at).filter(|range| range.start >= done) {
                    Some(range) => (range, &email::DETECTOR, true),
                    None => continue,
                },
                b'+' => match telephone::international(text, at) {
                    Some(range) => (range, &telephone::DETECTOR, true),
                    None => continue,
                },
                _ if text.get(at + 1) == Some(&b'<') => {
                    let zone = mrz::around(text, at).filter(|(range, _)| range.start >= done);
                    done = at + text[at..].iter().take_while(|byte| **byte == b'<').count();
                    match zone {
                        Some((range, valid)) => (range, &mrz::DETECTOR, valid),
                        None => continue,
                    }
                }
                _ => continue,
            };
            done = done.max(range.end);
            let Some(place) = self.place_of(detector) else { continue };
            let keyword = words.near(&range) & (1 << place) != 0;
            let found = self.found(text, range, detector, valid, keyword);
            if found.confidence >= self.scope.least() {
                sink(found);
            }
        }
    }

    fn found(&self, text: &[u8], range: Range<usize>, detector: &'static Detector, valid: bool, keyword: bool) -> Find {
        let written = &text[range.clone()];
        let value: Vec<u8> = match detector.kind {
            Kind::Email => written.to_vec(),
            Kind::Telephone => written.iter().copied().filter(|byte| byte.is_ascii_digit() || *byte == b'+').collect(),
            _ => written.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect(),
        };
        let layout = detector.kind != Kind::Telephone || written.iter().any(|byte| !byte.is_ascii_digit());
        let role = detector.kind == Kind::Email && email::is_role(&value);
        let evidence = Evidence { valid, specimen: (detector.specimen)(&value), keyword, layout, role, rivals: 0 };
        Find { range, detector, value: Value::new(detector.kind, &value), confidence: evidence.confidence(detector), evidence }
    }

    fn place_of(&self, detector: &Detector) -> Option<usize> {
        self.detectors.iter().position(|other| *other == detector)
    }

    /// The detectors of the scope that the whole value has the form of, and whether they accept it.
    #[must_use]
    pub fn judge(&self, value: &str) -> Vec<Judged> {
        let text = value.trim().as_bytes();
        let mut judged = Vec::new();
        for detector in [&email::DETECTOR, &telephone::DETECTOR, &mrz::DETECTOR] {
            let whole = match detector.kind {
                Kind::Email => text.iter().position(|byte| *byte == b'@').and_then(|at| email::around(text, at)),
                Kind::Telephone => telephone::international(text, 0)
                    .or_else(|| self.scope.regions().iter().find_map(|region| telephone::national(text, 0, *region)))
                    .filter(|_| text.len() <= LONGEST_VALUE),
                _ => text
                    .iter()
                    .position(|byte| *byte == b'<')
                    .and_then(|at| mrz::around(text, at))
                    .filter(|(_, valid)| *valid)
                    .map(|(range, _)| range),
            };
            if whole == Some(0..text.len()) && self.place_of(detector).is_some() {
                let found = self.found(text, 0..text.len(), detector, true, false);
                judged.push(Judged { detector, valid: true, specimen: found.evidence.specimen, layout: found.evidence.layout });
            }
        }
        // The parenthesis that closes is the only sign that a layout leaves out.
        let text = text.strip_suffix(b")").filter(|text| text.contains(&b'(')).unwrap_or(text);
        if text.len() > BLOCK {
            return judged;
        }
        let node = text.split(|byte| !byte.is_ascii_alphanumeric()).try_fold(0, |node, group| self.layouts.step(node, group.len()));
        let Some(node) = node else { return judged };
        let mut buffer = [0; LONGEST_VALUE];
        let length = normalise(text, &mut buffer);
        for (layout, places) in self.layouts.fitting(node, text) {
            judged.extend(places.iter().map(|place| self.detectors[*place]).map(|detector| Judged {
                detector,
                valid: detector.accepts(&buffer[..length]),
                specimen: (detector.specimen)(&buffer[..length]),
                layout: tells(layout),
            }));
        }
        judged
    }
}

/// How many digits stand in the block that begins there.
fn digits_of(text: &[u8], at: usize) -> u8 {
    let block = text.get(at..text.len().min(at + BLOCK)).unwrap_or_default();
    block.iter().map(|byte| u8::from(byte.is_ascii_digit())).sum()
}

/// Where the group that begins at `start` ends.
fn group_end(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

/// Whether an identifier may begin with the group: it has a digit, or a digit follows behind a joiner.
fn worth(text: &[u8], start: usize, end: usize) -> bool {
    text[start..end].iter().any(u8::is_ascii_digit)
        || (end - start <= 2 && text.get(end).is_some_and(|byte| is_joiner(*byte)) && text.get(end + 1).is_some_and(u8::is_ascii_digit))
}

/// Whether what begins here is not the rest of a longer number, a decimal, a version, a UUID or a telephone number.
fn border_before(text: &[u8], start: usize) -> bool {
    let Some(sign) = start.checked_sub(1).map(|at| text[at]) else { return true };
    let before = start.checked_sub(2).map_or(b' ', |at| text[at]);
    match sign {
        b'+' => false,
        b'.' | b'/' | b':' | b'_' => !before.is_ascii_digit(),
        b'-' => !text[..start - 1].iter().rev().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).any(u8::is_ascii_digit),
        b'#' => before != b'&',
        _ => true,
    }
}

/// Whether what ends here is not the beginning of a longer one, or of an address.
fn border_behind(text: &[u8], end: usize) -> bool {
    let behind = text.get(end + 1).copied().unwrap_or(b' ');
    match text.get(end) {
        Some(b'@') => false,
        Some(b'-') => !behind.is_ascii_alphanumeric(),
        Some(b'.' | b'/' | b':' | b'_') => !behind.is_ascii_digit(),
        _ => true,
    }
}

/// Whether groups parted by spaces have more groups of digits beside them, so that they are part of something longer.
fn goes_on(text: &[u8], range: &Range<usize>) -> bool {
    let before = || text[..range.start].ends_with(b" ") && range.start > 1 && text[range.start - 2].is_ascii_digit();
    let behind = || text[range.end..].first() == Some(&b' ') && text[range.end..].get(1).is_some_and(u8::is_ascii_digit);
    text[range.clone()].contains(&b' ') && (before() || behind())
}

impl Find {
    /// Orders finds that begin at the same place. That one is a published example is no reason to take another for it.
    fn likelihood(&self) -> (bool, u8) {
        let evidence = Evidence { specimen: false, ..self.evidence };
        (evidence.valid, evidence.confidence(self.detector))
    }
}

impl Value {
    fn new(kind: Kind, bytes: &[u8]) -> Self {
        Self { kind, bytes: bytes.into() }
    }

    /// The value itself, in full.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The value with its middle hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(self.kind, &self.bytes)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests;
