//! Rules at work on one block of text.

use std::ops::Range;

use memchr::{memchr_iter, memrchr};
use menagerie_runs::{Anchors, Marks};

use super::anchors::{self, Sign};
use super::armour::Armour;
use super::beside::{ends_alone, stands_alone, stands_near};
use super::choice::report;
use super::connector::{self, Connector};
use super::found::Found;
use super::keywords::{Hit, Keywords};
use super::kind::{Kind, Profile};
use super::left::LeftOut;
use super::personal::Personal;
use super::windows::windows_of;
use crate::decode::{self, Encoding, Extent, Layer, Limits};
use crate::judge::{self, Reason};
use crate::personal::Scope;
use crate::redact;
use crate::rules::{Level, Meaning, Rule, Verdict, entropy, is_placeholder};

/// A finding depends on what is at most a few of these away from it, where nothing longer was seen.
const NEAR: usize = 512;
/// How far a pattern that does not lead with its keyword may begin before it.
const LEAD: usize = 256;

/// How much of a long line a rule without keywords sees at once; an eighth of it twice.
const PIECE: usize = 16 << 10;
/// How many matches of one rule a line is asked for: a hostile pattern and line could cost the square of the length.
const MOST_MATCHES: usize = 256;

/// A block of a text.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    /// The block with its context on both sides.
    pub bytes: &'a [u8],
    /// The block itself, within `bytes`: what begins in it is reported.
    pub core: Range<usize>,
    /// Where `bytes` begins in the source.
    pub offset: u64,
    /// The line that `bytes` begins in, from 1.
    pub line: u64,
    /// The path, for rules that are for some paths only.
    pub path: &'a str,
    /// What kind of text it is.
    pub kind: Kind,
    /// Whether the path is of tests, examples or documentation.
    pub fixture: bool,
}

impl<'a> Text<'a> {
    /// A text that is one block.
    #[must_use]
    pub fn whole(bytes: &'a [u8], path: &'a str) -> Self {
        Self { bytes, core: 0..bytes.len(), offset: 0, line: 1, path, kind: Kind::of(path), fixture: super::is_fixture(path) }
    }
}

/// Memory that scans use again and again, one for each thread.
#[derive(Debug, Default)]
pub struct Scratch {
    look: Look,
    /// For what an encoding hid.
    within: Look,
    decode: decode::Scratch,
    left: LeftOut,
}

impl Scratch {
    /// What the scans since this was last asked left out.
    pub fn left_out(&mut self) -> LeftOut {
        std::mem::take(&mut self.left)
    }
}

/// What one look at a text works with.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) marks: Marks,
    windows: Vec<(usize, usize)>,
    hits: Vec<Hit>,
    pub(super) candidates: Vec<Candidate>,
    /// Whether something was seen on which a finding far from it may depend.
    wide: bool,
    /// Whether a line had more matches than are asked for.
    cut: bool,
}

/// A match before it is reported.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) rule: usize,
    pub(super) secret: Range<usize>,
    pub(super) confidence: u8,
    pub(super) reasons: Vec<Reason>,
    pub(super) verdict: Verdict,
    /// Whether a rule of no service in particular found it, such as that for any JSON Web Token.
    pub(super) general: bool,
    pub(super) judged: bool,
    /// The value and how it was encoded, if `secret` is not the value itself.
    pub(super) hidden: Option<(Vec<u8>, &'static str)>,
}

/// All rules, made ready to run together.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    keywords: Keywords,
    /// The rules of each keyword.
    rules_of: Vec<Vec<usize>>,
    /// The same for rules of other tools, whose keywords are searched in the whole text.
    foreign: Option<(Keywords, Vec<Vec<usize>>)>,
    /// Rules of other tools that have no keyword.
    wordless: Vec<usize>,
    anchors: Anchors,
    /// What each anchor tells.
    pub(super) signs: Vec<(&'static str, Sign)>,
    /// The rules that are for some paths only.
    bound: Vec<usize>,
    /// The rule for judged values of each meaning.
    judges: [Option<usize>; 5],
    personal: Option<Personal>,
}

fn slot(meaning: Meaning) -> usize {
    match meaning {
        Meaning::Password => 0,
        Meaning::Secret => 1,
        Meaning::Token => 2,
        Meaning::Key => 3,
        Meaning::Weak => 4,
    }
}

impl Engine {
    /// An engine for these rules and for personal data of a scope: in tables, and `in_text` also in texts.
    #[must_use]
    pub fn with_personal(mut rules: Vec<Rule>, scope: Scope, in_text: bool) -> Self {
        let personal = Personal::new(scope, in_text, &mut rules);
        Self { personal: Some(personal), ..Self::new(rules) }
    }

    /// An engine for these rules.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut numbered: std::collections::BTreeMap<Box<[u8]>, Vec<usize>> = std::collections::BTreeMap::new();
        let mut foreign: std::collections::BTreeMap<Box<[u8]>, Vec<usize>> = std::collections::BTreeMap::new();
        let mut wordless = Vec::new();
        let mut judges = [None; 5];
        for (number, rule) in rules.iter().enumerate() {
            for literal in rule.definition.keywords.iter().chain(&rule.definition.names) {
                let numbered = if rule.foreign().is_some() { &mut foreign } else { &mut numbered };
                let rules = numbered.entry(literal.to_ascii_lowercase().into_bytes().into()).or_default();
                if rules.last() != Some(&number) {
                    rules.push(number);
                }
            }
            if rule.foreign().is_some() && rule.definition.keywords.is_empty() {
                wordless.push(number);
            }
            if let Some(meaning) = rule.definition.judges {
                judges[slot(meaning)] = Some(number);
            }
        }
        let (literals, rules_of) = numbered.into_iter().unzip();
        let foreign = (!foreign.is_empty()).then(|| {
            let (literals, rules_of) = foreign.into_iter().unzip();
            (Keywords::new(literals), rules_of)
        });
        let bound = rules.iter().enumerate().filter(|(_, rule)| rule.is_bound()).map(|(number, _)| number).collect();
        Self {
            rules,
            bound,
            foreign,
            wordless,
            keywords: Keywords::new(literals),
            rules_of,
            anchors: anchors::anchors(),
            signs: anchors::signs(),
            judges,
            personal: None,
        }
    }

    /// The rule for judged values of a meaning.
    pub(super) fn judge_of(&self, meaning: Meaning) -> Option<usize> {
        self.judges[slot(meaning)]
    }

    /// The rules, by their number.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Personal data, if they are searched for.
    #[must_use]
    pub fn personal(&self) -> Option<&Personal> {
        self.personal.as_ref()
    }

    /// What a path says to the scanner.
    #[must_use]
    pub fn profile(&self, path: &str) -> Profile {
        let bound = self.bound.iter().filter(|number| self.rules[**number].is_for(path));
        let rules = bound.fold(0_u64, |hash, number| (hash ^ (*number as u64 + 1)).wrapping_mul(0x0100_0000_01b3));
        Profile { kind: Kind::of(path), fixture: super::is_fixture(path), rules }
    }

    /// Scans one block and appends what begins in it, in order. Says whether a finding in it may depend on bytes that are farther from
    /// it than `NEAR`.
    pub fn scan(&self, scratch: &mut Scratch, text: &Text<'_>, found: &mut Vec<Found>) -> bool {
        self.scan_for(scratch, text, true, found)
    }

    /// As [`Engine::scan`], but not for personal data.
    pub fn scan_secrets(&self, scratch: &mut Scratch, text: &Text<'_>, found: &mut Vec<Found>) {
        self.scan_for(scratch, text, false, found);
    }

    fn scan_for(&self, scratch: &mut Scratch, text: &Text<'_>, personal: bool, found: &mut Vec<Found>) -> bool {
        let Scratch { look, within, decode, left } = scratch;
        self.look(look, text);
        left.matches |= look.cut;
        let Look { marks, candidates, wide, .. } = look;
        // What of a text was encoded beyond the bound is scanned as it stands.
        let extent = decode::layers(text.bytes, &marks.runs, &Limits::of(text.bytes.len()), decode, &mut |layer| {
            *wide |= layer.range.len() > NEAR;
            self.look_within(within, text, layer, candidates);
            left.matches |= within.cut;
        });
        if extent == Extent::Cut {
            left.encoded = true;
            // The bound is one for the whole text.
            *wide = true;
        }
        if let Some(personal) = self.personal.as_ref().filter(|_| personal) {
            *wide = true;
            personal.find(text, candidates);
        }
        if !candidates.is_empty() {
            report(candidates, text, found);
        }
        *wide
    }

    /// Finds candidates in one text.
    fn look(&self, look: &mut Look, text: &Text<'_>) {
        look.marks.mark(&self.anchors, text.bytes);
        look.candidates.clear();
        look.cut = false;
        look.wide = look.marks.runs.iter().any(|(start, end)| end - start > NEAR);
        self.look_at_keywords(look, text);
        self.look_at_names(look, text);
        self.look_for_foreign(look, text);
    }

    /// Finds candidates in what an encoding hid; they stand where that stands.
    fn look_within(&self, look: &mut Look, text: &Text<'_>, layer: &Layer<'_>, candidates: &mut Vec<Candidate>) {
        let kind = match layer.encoding {
            Encoding::Base64 | Encoding::Compressed | Encoding::Hex | Encoding::Array => Kind::Settings,
            _ => text.kind,
        };
        self.look(look, &Text { bytes: layer.bytes, core: 0..layer.bytes.len(), kind, ..*text });
        candidates.extend(look.candidates.drain(..).map(|mut candidate| {
            let value = layer.bytes[candidate.secret.clone()].to_vec();
            candidate.reasons.push("an encoding hid it".into());
            let secret = layer.locate(&candidate.secret);
            Candidate { secret, hidden: Some((value, layer.encoding.name())), ..candidate }
        }));
    }

    /// Doubts what stands in one text in great number; to be called with all that was found in a text of this kind, which is a compiled
    /// program or not.
    pub fn doubt_crowds(&self, kind: Kind, program: bool, found: &mut [Found]) {
        if program {
            judge::doubt_examples(
                found
                    .iter_mut()
                    .filter(|found| !self.rules[found.rule].definition.service.is_empty())
                    .map(|found| (found.rule, found.secret.expose().as_slice(), &mut found.confidence, &mut found.reasons)),
            );
        }
        judge::doubt_crowds(
            kind,
            found.iter_mut().filter_map(|found| {
                let meaning = self.rules[found.rule].definition.judges?;
                Some((meaning, found.secret.expose().as_slice(), &mut found.confidence, &mut found.reasons))
            }),
        );
    }

    fn look_at_keywords(&self, look: &mut Look, text: &Text<'_>) {
        let Look { marks, windows, hits, candidates, wide, .. } = look;
        windows_of(marks, &self.signs, text.bytes, windows);
        hits.clear();
        for (from, to) in windows.iter() {
            self.keywords.find(text.bytes, *from, *to, hits);
        }
        let mut armour = Armour::default();
        for hit in hits.iter() {
            let end = hit.at + self.keywords.literal(hit.keyword).len();
            let mut connectors = None;
            for number in &self.rules_of[hit.keyword] {
                let rule = &self.rules[*number];
                *wide |= rule.reach() > NEAR || !rule.definition.requires.is_empty();
                if rule.definition.pattern.is_some() {
                    let place = if rule.is_armoured() { armour.around(text.bytes, hit.at..end, LEAD) } else { Some(0..text.bytes.len()) };
                    if let Some(place) = place {
                        self.try_pattern(*number, hit.at, place, text, candidates);
                    }
                } else if rule.definition.value.is_some() && !redact::within_mark(text.bytes, hit.at) {
                    let connectors = connectors.get_or_insert_with(|| connector::connect_within(text.bytes, end));
                    for connector in connectors.iter().flatten() {
                        self.try_value(*number, rule, connector, text, candidates);
                    }
                }
            }
        }
    }

    /// Looks for what rules of other tools find. They promise nothing of runs: their keywords are searched everywhere, and a rule without
    /// one is tried on every line, a long line in overlapping pieces.
    fn look_for_foreign(&self, look: &mut Look, text: &Text<'_>) {
        // The whole of a blob is scanned for them: what they lean on may be far away.
        look.wide |= self.foreign.is_some() || !self.wordless.is_empty();
        if let Some((keywords, rules_of)) = &self.foreign {
            look.hits.clear();
            keywords.find(text.bytes, 0, text.bytes.len(), &mut look.hits);
            for hit in &look.hits {
                for number in &rules_of[hit.keyword] {
                    self.try_pattern(*number, hit.at, 0..text.bytes.len(), text, &mut look.candidates);
                }
            }
        }
        let rules: Vec<_> = self.wordless.iter().filter(|number| self.rules[**number].is_for(text.path)).collect();
        if rules.is_empty() {
            return;
        }
        let mut begin = memrchr(b'\n', &text.bytes[..text.core.start]).map_or(0, |newline| newline + 1);
        while begin < text.core.end {
            let limit = text.bytes.len().min(begin + PIECE);
            let newline = memchr::memchr(b'\n', &text.bytes[begin..limit]).map(|at| begin + at);
            let end = newline.unwrap_or(limit);
            for number in &rules {
                look.cut |= !self.try_line(**number, begin..end, text, &mut look.candidates);
            }
            begin = match newline {
                Some(newline) => newline + 1,
                None if limit == text.bytes.len() => limit,
                None => limit - PIECE / 8,
            };
        }
    }

    /// Tries a rule's pattern on a line, or on a piece of one. Says whether that is all that it matches there.
    fn try_line(&self, number: usize, line: Range<usize>, text: &Text<'_>, candidates: &mut Vec<Candidate>) -> bool {
        let rule = &self.rules[number];
        let place = &text.bytes[line.clone()];
        let mut at = 0;
        for _ in 0..MOST_MATCHES {
            if at > place.len() {
                return true;
            }
            let Some((whole, secret)) = rule.find_at(place, at) else { return true };
            self.consider(number, rule, line.start + secret.start..line.start + secret.end, text, candidates);
            at = whole.end.max(whole.start + 1);
        }
        at > place.len() || rule.find_at(place, at).is_none()
    }

    /// Tries a rule's pattern where its keyword stands; a match lies within `place`.
    fn try_pattern(&self, number: usize, keyword: usize, place: Range<usize>, text: &Text<'_>, candidates: &mut Vec<Candidate>) {
        let rule = &self.rules[number];
        let from = if rule.leads() { keyword } else { keyword.saturating_sub(LEAD.min(rule.reach())) };
        let from = from.max(place.start);
        let mut to = place.end.min(keyword + rule.reach());
        if rule.leads() && rule.reach() > NEAR {
            // What is long ends where the next of its kind begins.
            let literal = rule.definition.keywords[0].len();
            let begin = &text.bytes[keyword..text.bytes.len().min(keyword + literal)];
            let next = text.bytes.get(keyword + literal..to).and_then(|rest| memchr::memmem::find(rest, begin));
            to = next.map_or(to, |next| keyword + literal + next);
        }
        let place = &text.bytes[from..to];
        let mut at = 0;
        while let Some((whole, secret)) = rule.find_at(place, at) {
            if whole.start + from > keyword || whole.is_empty() {
                return;
            }
            if whole.end + from > keyword {
                let secret = from + secret.start..from + secret.end;
                // Another tool's rule says itself where a match may begin and end.
                if rule.foreign().is_some() || stands_alone(text.bytes, from + whole.start, from + whole.end, &secret) {
                    self.consider(number, rule, secret, text, candidates);
                    return;
                }
            }
            if rule.leads() {
                return;
            }
            at = whole.end;
        }
    }

    /// Tries a rule's value behind a name.
    fn try_value(&self, number: usize, rule: &Rule, connector: &Connector, text: &Text<'_>, candidates: &mut Vec<Candidate>) {
        let Some(pattern) = rule.pattern() else { return };
        let to = text.bytes.len().min(connector.value + rule.reach());
        let Some(value) = text.bytes.get(connector.value..to).and_then(|place| pattern.find(place)) else { return };
        let secret = connector.value..connector.value + value.end();
        if ends_alone(text.bytes, secret.end) {
            self.consider(number, rule, secret, text, candidates);
        }
    }

    /// Judges a match by what its rule demands beside the shape.
    fn consider(&self, number: usize, rule: &Rule, secret: Range<usize>, text: &Text<'_>, candidates: &mut Vec<Candidate>) {
        let value = &text.bytes[secret.clone()];
        if value.is_empty()
            || redact::is_redacted(value)
            || !rule.is_for(text.path)
            || rule.allows(value)
            || !rule.foreign().is_none_or(|foreign| foreign.admits(value))
        {
            return;
        }
        if !rule.companions().all(|(pattern, lines)| stands_near(text.bytes, &secret, pattern, lines)) {
            return;
        }
        let definition = &rule.definition;
        let mut reasons: Vec<Reason> = Vec::new();
        let mut confidence: u8 = match definition.confidence {
            Level::High => 92,
            Level::Medium => 72,
            Level::Low => 38,
        };
        reasons.push(
            if definition.pattern.is_some() {
                "the shape is that of the service"
            } else {
                "the name and the shape are those of the service"
            }
            .into(),
        );
        let verdict = rule.check(value);
        match verdict {
            Verdict::Valid => {
                confidence = 99;
                reasons.push("its checksum is right".into());
            }
            Verdict::Invalid => {
                confidence = confidence.saturating_sub(38);
                reasons.push("its checksum is wrong".into());
            }
            Verdict::Unknown => {}
        }
        if definition.entropy.is_some_and(|least| entropy(value) < least) {
            confidence = confidence.saturating_sub(45);
            reasons.push("few characters make it up".into());
        }
        if is_placeholder(value) && verdict != Verdict::Valid {
            confidence = confidence.min(20);
            reasons.push("it looks like a stand-in".into());
        }
        if definition.value.is_some() {
            if text.kind == Kind::Lock {
                confidence = confidence.saturating_sub(50);
                reasons.push("it stands in a file of locks and sums".into());
            }
            if judge::word_share(value) > 0.7 {
                confidence = confidence.saturating_sub(45);
                reasons.push("it reads as words".into());
            }
        }
        if text.fixture && definition.confidence != Level::High {
            confidence = confidence.saturating_sub(12);
            reasons.push("the path is of tests, examples or documentation".into());
        }
        let of_url = definition.pattern.as_deref().is_some_and(|pattern| pattern.contains("://"));
        if let Some(reason) = of_url.then(|| super::host::doubt(text, &secret)).flatten() {
            confidence = confidence.min(38);
            reasons.push(reason.into());
        }
        candidates.push(Candidate {
            rule: number,
            secret,
            confidence,
            reasons,
            verdict,
            general: definition.service.is_empty(),
            judged: false,
            hidden: None,
        });
    }
}

pub(super) fn newlines(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}
