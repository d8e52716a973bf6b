//! What rules of other tools ask for and ours do not: which group is the secret, which kinds of characters it must have, paths by regular
//! expression.

use regex::Regex;
use regex::bytes::{Captures, Match};

/// How many characters of each kind a secret must have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Least {
    /// Digits.
    pub digits: usize,
    /// Upper-case letters.
    pub upper: usize,
    /// Lower-case letters.
    pub lower: usize,
    /// Special characters.
    pub special: usize,
    /// Which characters are special; none means all that are neither letters nor digits.
    pub specials: Option<String>,
}

/// What a rule of another tool asks for beside its pattern.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// The number of the group that is the secret; 0 is the one named `TOKEN` or `secret`, else the first that took part, else all.
    pub group: usize,
    /// Characters that the secret must have.
    pub least: Least,
    /// What must stand in the path.
    pub path: Option<Regex>,
}

impl Foreign {
    /// The part of a match that is the secret.
    pub(crate) fn secret<'t>(&self, captures: &Captures<'t>) -> Option<Match<'t>> {
        if self.group > 0 {
            return captures.get(self.group).filter(|group| !group.is_empty());
        }
        let named = captures.name("TOKEN").or_else(|| captures.name("secret"));
        named.or_else(|| (1..captures.len()).filter_map(|number| captures.get(number)).find(|group| !group.is_empty()))
    }

    /// Whether a secret has the characters that it must have.
    pub(crate) fn admits(&self, secret: &[u8]) -> bool {
        let count = |class: &dyn Fn(&u8) -> bool| secret.iter().filter(|byte| class(byte)).count();
        let Least { digits, upper, lower, special, specials } = &self.least;
        let is_special = |byte: &u8| match specials {
            Some(specials) => specials.as_bytes().contains(byte),
            None => byte.is_ascii_punctuation(),
        };
        count(&u8::is_ascii_digit) >= *digits
            && count(&u8::is_ascii_uppercase) >= *upper
            && count(&u8::is_ascii_lowercase) >= *lower
            && count(&is_special) >= *special
    }

    pub(crate) fn is_for(&self, path: &str) -> bool {
        self.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.path.is_some()
    }
}
