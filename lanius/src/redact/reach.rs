//! How far round a replacement something may depend on it: what has to be scanned again, and with how much of its neighbours. Most
//! rules reach little; those that reach far, such as for keys in PEM, are thought of only where one of their keywords stands.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::rules::Rule;

/// Rules that reach farther than this are thought of apart.
const NEAR: usize = 2_304;
/// What may stand before a match and tell of it: a name, a line's beginning, a keyword that does not lead.
const LEAD: usize = 1 << 10;
/// How far patterns that must stand near are sought at most.
const COMPANION: usize = 9 << 10;

/// No keyword is longer that matters where a search was cut.
const OVERLAP: usize = 128;
/// A region so large that its context does not count.
const LARGE: usize = 128 << 10;

/// The reach of a set of rules.
#[derive(Debug)]
pub(super) struct Reach {
    near: usize,
    far: usize,
    /// The keywords of rules that reach far.
    keywords: Option<AhoCorasick>,
    /// Within how many lines companions stand.
    lines: usize,
}

impl Reach {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let (far, near): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.reach() > NEAR);
        let keywords: Vec<_> = far.iter().flat_map(|rule| rule.definition.keywords.iter().chain(&rule.definition.names)).collect();
        let keywords = AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(keywords).ok();
        let longest = |rules: &[&Rule]| rules.iter().map(|rule| rule.reach()).max().unwrap_or_default() + LEAD;
        let lines = rules.iter().flat_map(|rule| &rule.definition.requires).map(|companion| companion.within).max();
        // Keywords too many to be sought are taken to stand everywhere.
        let near = if keywords.is_some() { longest(&near) } else { longest(&far).max(longest(&near)) };
        Self { near, far: longest(&far).max(near), keywords, lines: lines.map_or(0, |lines| lines as usize + 1) }
    }

    /// What may depend on anything at a place lies within so many bytes behind it.
    pub(super) fn farthest(&self) -> usize {
        self.far + COMPANION
    }

    /// What may depend on a replacement at `range`. Keywords before `searched` were thought of for a replacement before; it moves on.
    pub(super) fn round(&self, text: &[u8], range: &Range<usize>, searched: &mut usize) -> Range<usize> {
        let near = range.start.saturating_sub(self.near);
        let from = range.start.saturating_sub(self.far).max(*searched).min(near);
        *searched = near;
        let begin = self
            .keyword(&text[from.saturating_sub(OVERLAP)..near])
            .map_or(near, |at| (from.saturating_sub(OVERLAP) + at).saturating_sub(LEAD));
        self.before(text, begin)..self.behind(text, range.end)
    }

    /// What has to be seen to scan `region`.
    pub(super) fn context(&self, text: &[u8], region: &Range<usize>) -> Range<usize> {
        let far = region.len() > LARGE || self.keyword(&text[region.clone()]).is_some();
        let end = text.len().min(region.end + if far { self.far } else { self.near });
        self.before(text, region.start).saturating_sub(LEAD)..text.len().min(self.behind(text, end) + LEAD)
    }

    fn keyword(&self, text: &[u8]) -> Option<usize> {
        Some(self.keywords.as_ref()?.find(text)?.start())
    }

    fn before(&self, text: &[u8], at: usize) -> usize {
        let from = at.saturating_sub(COMPANION);
        memchr::memrchr_iter(b'\n', &text[from..at]).nth(self.lines).map_or(from, |newline| from + newline)
    }

    fn behind(&self, text: &[u8], at: usize) -> usize {
        let to = text.len().min(at + COMPANION);
        memchr::memchr_iter(b'\n', &text[at..to]).nth(self.lines).map_or(to, |newline| at + newline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn a_key_that_begins_far_before_is_thought_of() {
        let reach = Reach::of(&rules::built_in());
        let line = "0123456789 0123456789 0123456789\n".repeat(400);
        let at = line.len();
        let round = |text: String, at: usize| reach.round(text.as_bytes(), &(at..at + 5), &mut 0);
        let plain = round(format!("{line}here.{line}"), at);
        assert!(plain.start < at - 500 && plain.start > at - 6_000 && plain.end < at + 2_000, "{plain:?}");
        let head = "-----BEGIN PRIVATE KEY-----\n";
        assert_eq!(round(format!("{head}{line}here.{line}"), at + head.len()).start, 0);
    }

    #[test]
    fn a_context_holds_the_region_and_the_reach() {
        let reach = Reach::of(&rules::built_in());
        let text = "x\n".repeat(50_000);
        let context = reach.context(text.as_bytes(), &(40_000..41_000));
        assert!(context.start < 39_000 && context.end > 43_000 && context.end < 48_000, "{context:?}");
    }
}
