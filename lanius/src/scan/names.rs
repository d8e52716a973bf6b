//! Values beside telling names, and values that are handed over without one: both are judged in their context.

use std::ops::Range;

use memchr::memrchr;

use super::anchors::Sign;
use super::connector::{self, Connector, Operator, Quote};
use super::engine::{Candidate, Engine, Look, Text};
use super::handed::{self, Handed};
use super::kind::Kind;
use crate::judge::{self, Context};
use crate::redact;
use crate::rules::{Meaning, Verdict};

/// The quotes of a value that is no expression, wherever it stands.
const QUOTED: Quote = Quote::Quoted { mark: b'"', escaped: false };

/// A value and what it is judged by.
struct Named<'a> {
    meaning: Meaning,
    name: &'a [u8],
    value: Range<usize>,
    quote: Quote,
    operator: Operator,
    spaced: bool,
}

impl Engine {
    /// Looks at the values beside telling names, and at those that commands, functions and statements are handed.
    pub(super) fn look_at_names(&self, look: &mut Look, text: &Text<'_>) {
        let mut done = 0;
        for (at, sign) in &look.marks.anchors {
            let (word, sign) = self.signs[*sign];
            if *at < done || matches!(sign, Sign::Url | Sign::Window) {
                continue;
            }
            let handed = handed::at_sign(text.bytes, *at, word, sign).map(given);
            let Sign::Name(length) = sign else {
                look.candidates.extend(handed.and_then(|named| self.judged(&named, *at, text)));
                continue;
            };
            let Some(connector) = connected(text, at + length) else {
                look.candidates.extend(handed.and_then(|named| self.judged(&named, *at, text)));
                continue;
            };
            done = connector.name_end;
            let (begin, end) = judge::span(text.bytes, *at, connector.name_end);
            let named = handed.or_else(|| argument(text, begin..end, &connector)).or_else(|| named(text, begin..end, &connector));
            let Some(named) = named else { continue };
            let Some(candidate) = self.judged(&named, begin, text) else { continue };
            // A bare value that holds names again is looked at once; within quotes each name counts, as in `"login=a;password=b"`.
            if named.quote == Quote::Bare {
                done = done.max(named.value.end);
            }
            look.candidates.push(candidate);
        }
    }

    /// A value as a candidate, if it may be a credential.
    fn judged(&self, named: &Named<'_>, begin: usize, text: &Text<'_>) -> Option<Candidate> {
        let rule = self.judge_of(named.meaning)?;
        let value = &text.bytes[named.value.clone()];
        if redact::is_redacted(value) || redact::within_mark(text.bytes, begin) || named.quote == Quote::Bare && is_binary(text, begin) {
            return None;
        }
        let remark = named.quote == Quote::Bare && text.kind == Kind::Source && is_remark(text, begin);
        let context = Context {
            kind: if remark { Kind::Prose } else { text.kind },
            fixture: text.fixture,
            quote: named.quote,
            operator: named.operator,
            spaced: named.spaced,
            documents: is_documentation(text, named.value.start),
        };
        let (confidence, reasons) = judge::probability(named.meaning, named.name, value, &context)?;
        let verdict = Verdict::Unknown;
        Some(Candidate { rule, secret: named.value.clone(), confidence, reasons, verdict, general: true, judged: true, hidden: None })
    }
}

fn given(handed: Handed) -> Named<'static> {
    let operator = if handed.argument { Operator::Comma } else { Operator::Colon };
    Named { meaning: handed.meaning, name: b"", value: handed.value, quote: QUOTED, operator, spaced: false }
}

fn connected(text: &Text<'_>, after: usize) -> Option<Connector> {
    connector::connect_pair(text.bytes, after).or_else(|| connector::connect(text.bytes, after))
}

/// The credential among the arguments of a function of this name: `SetBasicAuth("user", "…")`, `auth=("user", "…")`.
fn argument(text: &Text<'_>, name: Range<usize>, connector: &Connector) -> Option<Named<'static>> {
    let opening = |from: usize| {
        let open = from + text.bytes[from..connector.value].iter().position(|byte| *byte == b'(')?;
        text.bytes[from..open].iter().all(|byte| matches!(byte, b' ' | b'=')).then_some(open + 1)
    };
    let from = match (connector.operator, connector.quote) {
        (Operator::Call | Operator::Assigns, _) => opening(name.end)?,
        (Operator::Blank, Quote::Quoted { escaped: false, .. }) => connector.value - 1,
        _ => return None,
    };
    handed::by_call(text.bytes, &text.bytes[name], from).map(given)
}

/// The value beside a name.
fn named<'a>(text: &Text<'a>, name: Range<usize>, connector: &Connector) -> Option<Named<'a>> {
    let begin = name.start;
    let name = &text.bytes[name];
    let mut meaning = judge::meaning(name)?;
    // `api key: …` in text for people.
    let for_people = || connector.quote == Quote::Bare && is_remark(text, begin);
    if meaning == Meaning::Weak && begin > 0 && text.bytes[begin - 1] == b' ' && (text.kind != Kind::Source || for_people()) {
        meaning = judge::meaning_after(&text.bytes[begin.saturating_sub(16)..begin], name).unwrap_or(meaning);
    }
    if connector.operator == Operator::Blank
        && connector.quote == Quote::Bare
        && !name.starts_with(b"-")
        && !directs(text, begin, connector)
    {
        return None;
    }
    let mut connector = *connector;
    if let Some(scheme) = scheme(text.bytes, name, connector.value) {
        connector.value += scheme;
        meaning = Meaning::Token;
    }
    let (value, quote) = value_of(text, &connector, begin)?;
    let expression = quote == Quote::Bare && text.kind == Kind::Source && connector.operator != Operator::Tag;
    if expression && (meaning == Meaning::Weak || !is_remark(text, begin)) {
        return None;
    }
    Some(Named { meaning, name, value, quote, operator: connector.operator, spaced: connector.spaced })
}

/// The length of the scheme of an `Authorization` header, with the blank behind it.
fn scheme(text: &[u8], name: &[u8], value: usize) -> Option<usize> {
    const SCHEMES: &[&[u8]] = &[b"bearer ", b"basic ", b"token ", b"apikey ", b"api-key ", b"key ", b"token token="];
    let ends = |end: &[u8]| name.len() >= end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end);
    if !ends(b"authorization") && !ends(b"auth") {
        return None;
    }
    let starts = |scheme: &[u8]| text.get(value..value + scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    SCHEMES.iter().rev().find(|scheme| starts(scheme)).map(|scheme| scheme.len())
}

/// Whether a name and its value are a line of their own, as in many programs' settings: `requirepass …`, `ENV DB_PASSWORD …`,
/// `machine … login … password …`.
fn directs(text: &Text<'_>, name: usize, connector: &Connector) -> bool {
    if !matches!(text.kind, Kind::Settings | Kind::Unknown) {
        return false;
    }
    let from = name.saturating_sub(256);
    let begin = memrchr(b'\n', &text.bytes[from..name]).map_or(from, |newline| from + newline + 1);
    let before = text.bytes[begin..name].trim_ascii();
    let directive = before.is_empty()
        || [&b"ENV"[..], b"ARG", b"set", b"setenv"].contains(&before)
        || before.starts_with(b"machine ") && memchr::memmem::find(before, b"login ").is_some()
        || text.bytes[name..].starts_with(b"requirepass ");
    let limit = text.bytes.len().min(connector.value + 256);
    let rest = &text.bytes[connector.value..limit];
    let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
    let line = &rest[length..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    directive && line.trim_ascii().is_empty()
}

/// Whether what stands before `at` is a program's code or data and no text.
fn is_binary(text: &Text<'_>, at: usize) -> bool {
    text.bytes[at.saturating_sub(64)..at].iter().any(|byte| *byte < b'\t')
}

/// Whether a line of a program is a remark for people.
fn is_remark(text: &Text<'_>, at: usize) -> bool {
    let line = line_to(text, at);
    [&b"#"[..], b"//", b"/*", b"* ", b"--", b";", b"<!--"].iter().any(|mark| line.starts_with(mark)) && !line.starts_with(b"#[")
}

/// Whether a line of a program begins as documentation does: `///`, `//!`, ` * `, `>>>`.
fn is_documentation(text: &Text<'_>, at: usize) -> bool {
    let line = line_to(text, at);
    text.kind == Kind::Source && [&b"///"[..], b"//!", b"* ", b">>>", b"/**"].iter().any(|mark| line.starts_with(mark))
}

/// The line up to `at`, without the blanks that it begins with.
fn line_to<'a>(text: &Text<'a>, at: usize) -> &'a [u8] {
    let from = at.saturating_sub(512);
    let begin = memrchr(b'\n', &text.bytes[from..at]).map_or(from, |newline| from + newline + 1);
    text.bytes[begin..at].trim_ascii_start()
}

/// The value behind a connector, and how it is quoted; within a string such as `user=a;password=b` it ends where that part ends.
fn value_of(text: &Text<'_>, connector: &Connector, name: usize) -> Option<(Range<usize>, Quote)> {
    const LONGEST: usize = 512;
    let end = connector::value_end(text.bytes, connector, LONGEST)?;
    let mut secret = connector.value..end;
    if connector.quote != Quote::Bare {
        return Some((secret, connector.quote));
    }
    let separator = name.checked_sub(1).map_or(b'\n', |before| text.bytes[before]);
    let parameter =
        connector.operator == Operator::Assigns && !connector.spaced && matches!(separator, b';' | b'&' | b'?' | b'"' | b'\'' | b',');
    if parameter {
        let value = &text.bytes[secret.clone()];
        let cut = value.iter().position(|byte| matches!(byte, b';' | b'&' | b',' | b'<' | b'\\')).unwrap_or(value.len());
        secret.end = secret.start + cut;
        let closed = text.bytes.get(secret.end).is_some_and(|byte| matches!(byte, b';' | b'&' | b',' | b'"' | b'\''));
        return (cut > 0).then_some((secret, if closed { Quote::Quoted { mark: b'"', escaped: false } } else { Quote::Bare }));
    }
    let said = connector.operator == Operator::Says;
    let within = text.bytes[..name].ends_with(b"${");
    // `<PASSWORD>@host`, `$db->password->value`: no element's content, which ends where another tag begins.
    if connector.operator == Operator::Tag {
        let rest = &text.bytes[end..text.bytes.len().min(end + 64)];
        return rest.trim_ascii_start().starts_with(b"<").then_some((secret, Quote::Bare));
    }
    while secret.len() > 1 {
        match text.bytes[secret.end - 1] {
            b',' | b';' | b')' => {}
            b'.' if said => {}
            b'}' if within => {}
            _ => break,
        }
        secret.end -= 1;
    }
    Some((secret, Quote::Bare))
}
