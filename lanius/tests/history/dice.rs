//! Random texts and trees from a seed, with credentials in them that are made when the test runs.

use lanius::rules::examples::{Dice as Letters, expand};

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// One of few credentials, so that the same comes again in other files: with a rule of its own, or judged by its name.
    pub(crate) fn line_with_secret(&mut self) -> String {
        const FORMS: &[&str] = &[
            "stripe = sk_live_${alnum:24}",
            "password = \"${alnum:16}\"",
            "api_token: ${hex:40}",
            "url = https://user:${alnum:20}@db.example.org/x",
            "DB_PASSWORD=${alnum:14}",
        ];
        let (form, value) = (self.below(FORMS.len()), self.below(6));
        expand(FORMS[form], &mut Letters::new((form * 16 + value) as u64)).expect("known templates")
    }

    /// A line of any kind.
    pub(crate) fn line(&mut self) -> String {
        if self.one_in(12) {
            return self.line_with_secret();
        }
        let words =
            ["let", "value", "=", "call(", ")", "// the", "token", "key", "sha", "{", "}", "return", "http://example.org/a", "0x1f"];
        let count = 1 + self.below(8);
        (0..count).map(|_| words[self.below(words.len())]).collect::<Vec<_>>().join(" ")
    }
}
