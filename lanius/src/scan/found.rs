//! One place where a rule found something.

use std::fmt;

use menagerie_secret::Secret;

use crate::judge::Reason;
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
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("rule", &self.rule).field("start", &self.start).field("end", &self.end).field("line", &self.line).finish_non_exhaustive()
    }
}

/// The line round `start..end` of `text`, without the secret, shortened.
pub(super) fn around(text: &[u8], start: usize, end: usize) -> (Vec<u8>, Vec<u8>) {
    let before = &text[start.saturating_sub(KEPT)..start];
    let before = before.iter().rposition(|byte| *byte == b'\n').map_or(before, |line| &before[line + 1..]);
    let after = &text[end..text.len().min(end + KEPT)];
    let after = after.iter().position(|byte| *byte == b'\n').map_or(after, |line| &after[..line]);
    (before.to_vec(), after.to_vec())
}
