//! Where blocks of PEM end. A text may open millions of blocks and close none: what opens and closes them is sought once, ahead of
//! the keywords, and a rule for blocks looks no farther than the block goes.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use crate::rules::pem::{CLOSES, OPENS};

static OPENING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OPENS));
static CLOSING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(CLOSES));

/// The next opening and closing of a block, sought as places go on.
#[derive(Debug, Default)]
pub(super) struct Armour {
    opening: Ahead,
    closing: Ahead,
}

/// The first of its kind from a place on; the end of the text if there is none.
#[derive(Debug, Default)]
struct Ahead {
    from: usize,
    at: usize,
}

impl Ahead {
    fn next(&mut self, finder: &Finder<'_>, text: &[u8], from: usize) -> usize {
        if !(self.from..=self.at).contains(&from) {
            let at = finder.find(&text[from..]).map_or(text.len(), |at| from + at);
            *self = Self { from, at };
        }
        self.at
    }
}

impl Armour {
    /// Where the block is at most in whose first line `keyword` stands: to where the next one is opened. None if it is not closed, or
    /// not opened within `lead` bytes.
    pub(super) fn around(&mut self, text: &[u8], keyword: Range<usize>, lead: usize) -> Option<Range<usize>> {
        let limit = self.opening.next(&OPENING, text, keyword.end);
        let closing = self.closing.next(&CLOSING, text, keyword.end);
        if closing >= limit {
            return None;
        }
        let from = keyword.start.saturating_sub(lead);
        // A keyword may be what opens it.
        let seen = text.len().min(keyword.start + OPENS.len());
        Some(from + memmem::rfind(&text[from..seen], OPENS)?..limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use crate::rules::examples::{Dice, expand};
    use crate::scan::{Engine, Scratch, Text};

    #[test]
    fn a_block_ends_where_the_next_begins() {
        let text = b"-----BEGIN A-----\nx\n-----BEGIN A-----\ny\n-----END A-----\n-----BEGIN A-----\n";
        let mut armour = Armour::default();
        // In the first lines of all blocks; then back again, as for another keyword.
        let seen = [11, 31, 67, 31, 11].map(|at| armour.around(text, at..at + 1, 256));
        assert_eq!(seen, [None, Some(20..56), None, Some(20..56), None]);
        assert_eq!((armour.around(text, 20..31, 256), armour.around(text, 34..35, 3)), (Some(20..56), None));
    }

    fn found(text: &[u8]) -> Vec<(String, Vec<u8>)> {
        let engine = Engine::new(rules::built_in());
        let mut found = Vec::new();
        let _ = engine.scan(&mut Scratch::default(), &Text::whole(text, "a.pem"), &mut found);
        let id = |rule: usize| engine.rules()[rule].definition.id.clone();
        found.iter().map(|found| (id(found.rule), found.secret.expose().clone())).collect()
    }

    /// Each opening was followed for the sixteen kilobytes that a key may have.
    #[test]
    fn openings_without_end_hide_nothing_and_cost_little() {
        let body = expand("${base64:64}\n${base64:64}\n${base64:64}\n", &mut Dice::new(1)).expect("a known template");
        let key = |label: &str| format!("-----BEGIN {label}PRIVATE KEY-----\n{body}-----END {label}PRIVATE KEY-----");
        let opening = "-----BEGIN PRIVATE KEY-----\n";
        let many = opening.repeat(4_000);
        for (label, rule) in [("", "private-key-pem"), ("RSA ", "private-key-pem"), ("OPENSSH ", "openssh-private-key")] {
            let key = key(label);
            let expected = [(rule.to_owned(), key.clone().into_bytes())];
            for text in [format!("{key}\n"), format!("{many}{key}\n{many}"), format!("a = \"{key}\"\n{opening}")] {
                assert_eq!(found(text.as_bytes()), expected, "{label}");
            }
        }
        // Two whose ends stand beside each other are two.
        assert_eq!(found(format!("{}\n{}\n", key(""), key("EC ")).as_bytes()).len(), 2);
        let begun = std::time::Instant::now();
        assert_eq!(found(&opening.repeat(400_000).into_bytes()), []);
        // A quarter of a second, unhurried; it was eight.
        assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
    }
}
