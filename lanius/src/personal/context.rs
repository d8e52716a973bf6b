//! The words that stand near a candidate: "SSN", "Personnummer", "身份证". One automaton over the words of all detectors reads each byte at
//! most twice, and only where there are candidates.

use super::detector::Detector;
use aho_corasick::AhoCorasick;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// How far before a candidate, and how far behind it, a word counts, in bytes.
pub(super) const BEFORE: usize = 48;
pub(super) const BEHIND: usize = 24;

/// How much is read at a time.
const STRIDE: usize = 512;

/// A set of detectors, by their places.
pub(super) type Places = u128;

/// The words of all detectors.
pub(super) struct Words {
    automaton: AhoCorasick,
    owners: Vec<Places>,
    longest: usize,
}

impl Words {
    /// The words of the detectors; they are known by their place in the slice, which is below 128.
    pub(super) fn new(detectors: &[&'static Detector]) -> Self {
        let mut words: BTreeMap<String, Places> = BTreeMap::new();
        for (place, detector) in detectors.iter().enumerate() {
            for keyword in detector.keywords {
                // In text, in names of variables and in names of columns.
                for joint in [" ", "_", "-", ""] {
                    *words.entry(keyword.replace(' ', joint)).or_default() |= 1 << place;
                }
            }
        }
        let longest = words.keys().map(String::len).max().unwrap_or(0);
        let automaton =
            AhoCorasick::builder().ascii_case_insensitive(true).build(words.keys()).expect("a few thousand letters of words fit");
        Self { automaton, owners: words.into_values().collect(), longest }
    }

    /// A reader of the words of one text.
    pub(super) fn reader<'a>(&'a self, text: &'a [u8]) -> Reader<'a> {
        Reader { words: self, text, read: 0, hits: VecDeque::new() }
    }

    /// The detectors of which the text has a word.
    pub(super) fn of(&self, text: &[u8]) -> Places {
        self.automaton
            .find_overlapping_iter(text)
            .filter(|hit| stands_alone(text, hit.start(), hit.end()))
            .fold(0, |places, hit| places | self.owners[hit.pattern().as_usize()])
    }
}

/// Reads a text's words from its beginning on, as far as it is asked.
pub(super) struct Reader<'a> {
    words: &'a Words,
    text: &'a [u8],
    /// Words that end before this are known.
    read: usize,
    hits: VecDeque<(usize, usize, Places)>,
}

impl Reader<'_> {
    /// The detectors of which a word stands near the candidate. Candidates are asked for in the order of their beginnings.
    pub(super) fn near(&mut self, candidate: &Range<usize>) -> Places {
        let (from, to) = (candidate.start.saturating_sub(BEFORE), self.text.len().min(candidate.end + BEHIND));
        while self.hits.front().is_some_and(|(start, ..)| *start < from) {
            self.hits.pop_front();
        }
        if self.read < to {
            self.read_to(from, self.text.len().min(to.max(self.read + STRIDE)));
        }
        let near = self.hits.iter().filter(|(start, end, _)| *start >= from && *end <= to);
        let outside = near.filter(|(start, end, _)| *end <= candidate.start || *start >= candidate.end);
        outside.fold(0, |places, (.., owners)| places | owners)
    }

    fn read_to(&mut self, from: usize, to: usize) {
        let known = self.read;
        let begin = from.max(known.saturating_sub(self.words.longest));
        for hit in self.words.automaton.find_overlapping_iter(&self.text[begin..to]) {
            let (start, end) = (begin + hit.start(), begin + hit.end());
            if end > known && start >= from && stands_alone(self.text, start, end) {
                self.hits.push_back((start, end, self.words.owners[hit.pattern().as_usize()]));
            }
        }
        self.read = to;
    }
}

/// The fewest letters of a word that counts inside a longer one too.
const LONG: usize = 7;

/// Whether the word is no part of another one; where a capital begins, a new word begins: `userSsn`.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let word = &text[start..end];
    if word.len() >= LONG || !word.is_ascii() {
        return true;
    }
    let before = start.checked_sub(1).map(|at| text[at]);
    let free_before = before.is_none_or(|byte| !byte.is_ascii_alphabetic() || (byte.is_ascii_lowercase() && word[0].is_ascii_uppercase()));
    let free_behind = text
        .get(end)
        .is_none_or(|byte| !byte.is_ascii_alphabetic() || (byte.is_ascii_uppercase() && word[word.len() - 1].is_ascii_lowercase()));
    free_before && free_behind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::detector::detectors;

    fn near(text: &str, id: &str) -> bool {
        let all: Vec<_> = detectors().collect();
        let words = Words::new(&all);
        let place = all.iter().position(|detector| detector.id == id).expect("a detector");
        let at = text.find('7').expect("a candidate");
        let places = words.reader(text.as_bytes()).near(&(at..at + 1));
        places & (1 << place) != 0
    }

    #[test]
    fn there_are_fewer_detectors_than_bits() {
        assert!(detectors().count() <= 128);
    }

    #[test]
    fn words_are_found_in_text_and_in_names() {
        for text in ["SSN: 7", "user_ssn=7", "userSsn=7", "Social Security No. 7", "socialSecurity:7", "social-security 7", "7 is my SSN"] {
            assert!(near(text, "pii-us-ssn"), "{text}");
        }
        assert!(near("身份证7", "pii-cn-ric") && near("Fødselsnummeret: 7", "pii-no-fodselsnummer"));
    }

    #[test]
    fn parts_of_other_words_and_what_is_far_do_not_count() {
        for text in ["assn 7", "ssnx 7", "since 7"] {
            assert!(!near(text, "pii-us-ssn") && !near(text, "pii-ca-sin"), "{text}");
        }
        assert!(!near(&format!("ssn {} 7", " ".repeat(BEFORE)), "pii-us-ssn"));
        assert!(!near(&format!("7 {} ssn", " ".repeat(BEHIND)), "pii-us-ssn"));
    }

    #[test]
    fn reading_in_strides_finds_what_reading_at_once_finds() {
        let all: Vec<_> = detectors().collect();
        let words = Words::new(&all);
        let text = format!("{}ssn 7 iban 7 {}personnummer 7", "x ".repeat(300), "y".repeat(2000));
        let mut reader = words.reader(text.as_bytes());
        for (at, _) in text.match_indices('7') {
            let candidate = at..at + 1;
            assert_eq!(reader.near(&candidate), words.reader(text.as_bytes()).near(&candidate), "at {at}");
        }
    }
}
