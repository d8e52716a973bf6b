//! Which of the matches in a text are told: of those that overlap, the better one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use memchr::memrchr;
use menagerie_secret::Secret;

use super::engine::{Candidate, Text, newlines};
use super::found::{Found, around};
use crate::rules::Verdict;

/// A match below this confidence, in percent, does not stand in the way of another.
const LEAST: u8 = 30;

/// With how many that begin before its end a match is compared, nearest first.
const NEIGHBOURS: usize = 64;

/// Keeps the better of those that overlap, and reports in order those that begin in the block. What its neighbours hold stands in the way
/// as well: where a text is cut changes nothing.
pub(super) fn report(candidates: &mut [Candidate], text: &Text<'_>, found: &mut Vec<Found>) {
    vouch(candidates);
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
    let mut places = BTreeSet::new();
    for (number, candidate) in candidates.iter().enumerate() {
        let before = places.range(..(candidate.secret.end, 0)).rev().take(NEIGHBOURS);
        let mut others = before.map(|(_, other): &(usize, usize)| &candidates[*other]);
        if !others.any(|other| candidate.secret.start < other.secret.end && stands_in_the_way(other, candidate, text.bytes)) {
            places.insert((candidate.secret.start, number));
        }
    }
    let kept = places.iter().map(|(_, number)| &candidates[*number]);
    let mut kept: Vec<_> = kept.filter(|candidate| text.core.contains(&candidate.secret.start)).collect();
    kept.sort_by_key(|candidate| (candidate.secret.start, candidate.rule));
    let all = union(candidates.iter().map(|candidate| candidate.secret.clone()).collect());
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

/// What ranges cover, in order.
fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let meets = next.start <= last.end;
        if meets {
            last.end = last.end.max(next.end);
        }
        meets
    });
    ranges
}

/// A rule that is not sure of its own is as sure as the judgement of name, value and context over the same value.
fn vouch(candidates: &mut [Candidate]) {
    let judged = |candidate: &&Candidate| candidate.judged && candidate.hidden.is_none();
    let sure: BTreeMap<_, _> = candidates.iter().filter(judged).map(|of| ((of.secret.start, of.secret.end), of.confidence)).collect();
    if sure.is_empty() {
        return;
    }
    for candidate in candidates.iter_mut().filter(|candidate| !candidate.judged && candidate.verdict == Verdict::Unknown) {
        let confidence = sure.get(&(candidate.secret.start, candidate.secret.end));
        if let Some(confidence) = confidence.filter(|confidence| candidate.hidden.is_none() && **confidence > candidate.confidence) {
            candidate.confidence = *confidence;
            candidate.reasons.push("name, value and context speak for it".into());
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use crate::rules;
    use crate::scan::{Engine, Found, Scratch, Text};

    const RULES: &str = r#"
        [[rule]]
        id = "long"
        name = "Long"
        service = "made up"
        severity = "low"
        confidence = "low"
        source = "https://example.org"
        keywords = ["long_"]
        pattern = '''long_[0-9a-z_]{40}'''
        fire = []
        quiet = []

        [[rule]]
        id = "better"
        name = "Better"
        service = "made up"
        severity = "high"
        confidence = "high"
        source = "https://example.org"
        keywords = ["better_"]
        pattern = '''better_[0-9a-z]{28}'''
        fire = []
        quiet = []
    "#;

    /// A block reported a match although a better one that overlaps it began in the next block.
    #[test]
    fn matches_of_the_next_block_stand_in_the_way() {
        let engine = Engine::new(rules::parse("rules.toml", RULES).unwrap());
        let text = b"x = long_4kd9_better_8s7dk3jf9q2mzp0x6w5vtr1yb4nc\n";
        let scan = |core, found: &mut Vec<Found>| {
            let _ = engine.scan(&mut Scratch::default(), &Text { core, ..Text::whole(text, "a.conf") }, found);
        };
        let told = |found: &[Found]| found.iter().map(|found| (found.rule, found.start)).collect::<Vec<_>>();
        let mut whole = Vec::new();
        scan(0..text.len(), &mut whole);
        assert_eq!(told(&whole), [(1, 14)]);
        for cut in 0..text.len() {
            let mut parts = Vec::new();
            scan(0..cut, &mut parts);
            scan(cut..text.len(), &mut parts);
            assert_eq!(told(&parts), told(&whole), "cut at {cut}");
        }
    }
}
