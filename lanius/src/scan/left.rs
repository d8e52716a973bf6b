//! What a scan left out of a text that it otherwise looked at: its bounds against hostile input, told so that nothing counts as seen
//! that was not.

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// More was encoded than may be decoded: what is beyond the bound was scanned as it stands.
    pub encoded: bool,
    /// A rule without keywords matched a line more often than it is asked.
    pub matches: bool,
}

impl LeftOut {
    /// Adds what was left out elsewhere in the same source.
    pub fn and(&mut self, other: Self) {
        self.encoded |= other.encoded;
        self.matches |= other.matches;
    }

    /// In words, one for each bound that was met.
    pub fn reasons(self) -> impl Iterator<Item = &'static str> {
        let encoded = self.encoded.then_some("a part: more is encoded in it than is decoded; the rest was scanned as it stands");
        let matches = self.matches.then_some("a part: a rule without keywords matches one line more often than is told");
        encoded.into_iter().chain(matches)
    }
}
