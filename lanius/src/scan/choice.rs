//! Which of the matches in a text are told: of those that overlap, the better one.

use std::cmp::Reverse;
use std::ops::Range;

use memchr::memrchr;
use menagerie_secret::Secret;

use super::engine::{Candidate, Text, newlines};
use super::found::{Found, around};

/// A match below this confidence, in percent, does not stand in the way of another.
const LEAST: u8 = 30;

/// Keeps the better of those that overlap, and reports them in order.
pub(super) fn report(candidates: &mut Vec<Candidate>, text: &Text<'_>, found: &mut Vec<Found>) {
    candidates.sort_by(|a, b| {
        let order = |of: &Candidate| {
            (
                of.judged,
                of.confidence < LEAST,
                of.general,
                of.hidden.is_some(),
                Reverse(of.confidence),
                Reverse(of.secret.len()),
                of.secret.start,
                of.rule,
            )
        };
        order(a).cmp(&order(b)).then_with(|| a.hidden.cmp(&b.hidden))
    });
    let mut kept: Vec<&Candidate> = Vec::new();
    for candidate in candidates.iter() {
        let mut others = kept
            .iter()
            .rev()
            .take(64)
            .filter(|other| other.secret.start < candidate.secret.end && candidate.secret.start < other.secret.end);
        if !others.any(|other| stands_in_the_way(other, candidate, text.bytes)) {
            kept.push(candidate);
        }
    }
    kept.sort_by_key(|candidate| (candidate.secret.start, candidate.rule));
    let all: Vec<_> = candidates.iter().map(|candidate| candidate.secret.clone()).collect();
    let (mut line, mut counted) = (text.line, 0);
    for candidate in kept {
        let Range { start, end } = candidate.secret;
        line += newlines(&text.bytes[counted..start]);
        counted = start;
        let begin = memrchr(b'\n', &text.bytes[..start]).map_or(0, |newline| newline + 1);
        found.push(Found {
            rule: candidate.rule,
            start: text.offset + start as u64,
            end: text.offset + end as u64,
            line,
            end_line: line + newlines(&text.bytes[start..end]),
            column: (start - begin) as u64 + 1,
            confidence: candidate.confidence,
            reasons: candidate.reasons.clone(),
            verdict: candidate.verdict,
            secret: Secret::new(value(candidate, text.bytes).to_vec()),
            inline: crate::policy::inline_beside(text.bytes, start..end),
            around: around(text.bytes, start, end, &all),
            encodings: candidate.hidden.iter().map(|(_, encoding)| *encoding).collect(),
            facts: None,
        });
    }
}

fn value<'a>(candidate: &'a Candidate, text: &'a [u8]) -> &'a [u8] {
    candidate.hidden.as_ref().map_or(&text[candidate.secret.clone()], |(value, _)| value)
}

/// Whether one that is kept makes another one needless that overlaps it. Of what one encoding hid, each value counts.
fn stands_in_the_way(kept: &Candidate, other: &Candidate, text: &[u8]) -> bool {
    if other.hidden.is_none() || other.judged && !kept.judged && kept.hidden.is_none() {
        return true;
    }
    let (mine, others) = (value(kept, text), value(other, text));
    mine == others
        || mine.len() > others.len() && mine.windows(others.len()).any(|window| window == others)
        || others.len() > mine.len() && others.windows(mine.len()).any(|window| window == mine)
}
