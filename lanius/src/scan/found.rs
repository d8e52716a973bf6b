//! One place where a rule found something.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use menagerie_secret::Secret;

use crate::judge::Reason;
use crate::policy::Inline;
use crate::rules::Verdict;

/// How much of a line is kept round a secret.
const KEPT: usize = 96;

/// One place where a rule found something. Its secret has no printed form.
pub struct Found {
    /// The number of the rule in its engine.
    pub rule: usize,
    /// Where the secret begins in its source, in bytes.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The line it begins in, from 1.
    pub line: u64,
    /// The line it ends in.
    pub end_line: u64,
    /// The column it begins in, in bytes from 1.
    pub column: u64,
    /// How sure we are, in percent.
    pub confidence: u8,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What the value itself says.
    pub verdict: Verdict,
    /// The value.
    pub secret: Secret<Vec<u8>>,
    /// The line before and after the secret, shortened.
    pub around: (Vec<u8>, Vec<u8>),
    /// The encodings that hid it, outermost first.
    pub encodings: Vec<&'static str>,
    /// For a table: the column that holds it.
    pub facts: Option<Arc<ColumnFacts>>,
    /// What a comment beside it asks for.
    pub inline: Option<Inline>,
}

/// A column of a table, as far as a finding tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFacts {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The share of the values that are such, from 0 to 1; 0 where only the column's name speaks for it.
    pub rate: f64,
    /// How many values were looked at.
    pub values: u64,
}

impl Found {
    /// The same once more: a blob may stand at several places.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            secret: Secret::new(self.secret.expose().clone()),
            reasons: self.reasons.clone(),
            around: self.around.clone(),
            encodings: self.encodings.clone(),
            facts: self.facts.clone(),
            inline: self.inline.clone(),
            ..*self
        }
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("rule", &self.rule)
            .field("start", &self.start)
            .field("end", &self.end)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// The line round `start..end` of `text`, without the secret, shortened. What else was found in it is masked: `others`, which are in order
/// and do not meet.
pub(super) fn around(text: &[u8], start: usize, end: usize, others: &[Range<usize>]) -> (Vec<u8>, Vec<u8>) {
    let before = &text[start.saturating_sub(KEPT)..start];
    let before = before.iter().rposition(|byte| *byte == b'\n').map_or(before, |line| &before[line + 1..]);
    let after = &text[end..text.len().min(end + KEPT)];
    let after = after.iter().position(|byte| *byte == b'\n').map_or(after, |line| &after[..line]);
    let masked = |kept: &[u8], from: usize| {
        let mut kept = kept.to_vec();
        let first = others.partition_point(|other| other.end <= from);
        let to = from + kept.len();
        for other in others[first..].iter().take_while(|other| other.start < to) {
            kept[other.start.max(from) - from..other.end.min(to) - from].fill(b'*');
        }
        kept
    };
    (masked(before, start - before.len()), masked(after, end))
}
