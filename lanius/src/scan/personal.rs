//! Personal data beside secrets: each detector is a rule of its own, so that findings, waivers and reports treat all alike.

use std::collections::BTreeMap;

use menagerie_finding::Severity;

use super::engine::{Candidate, Text};
use crate::personal::{Finder, Kind, Meaning, Scope, detectors};
use crate::rules::{Definition, Level, Rule, Verdict};

const PERSON_NAME: &str = "pii-person-name";
const BIRTH_DATE: &str = "pii-birth-date";
const POSTAL_ADDRESS: &str = "pii-postal-address";

/// The detectors of a scope, as rules.
#[derive(Debug)]
pub struct Personal {
    finder: Finder,
    /// Whether texts are searched, not only tables.
    in_text: bool,
    /// The number of each detector's rule.
    rules: BTreeMap<&'static str, usize>,
}

impl Personal {
    /// Appends a rule for each detector of the scope.
    pub(super) fn new(scope: Scope, in_text: bool, rules: &mut Vec<Rule>) -> Self {
        let mut numbers = BTreeMap::new();
        for detector in detectors().filter(|detector| scope.has(detector)) {
            numbers.insert(detector.id, rules.len());
            let severity = match detector.kind {
                Kind::Email | Kind::Telephone => Severity::Low,
                _ => Severity::Medium,
            };
            rules.push(Rule::of_personal_data(Definition::named(detector.id, detector.name, severity, Level::Medium)));
        }
        for (id, name) in [(PERSON_NAME, "Names of people"), (BIRTH_DATE, "Dates of birth"), (POSTAL_ADDRESS, "Postal addresses")] {
            numbers.insert(id, rules.len());
            rules.push(Rule::of_personal_data(Definition::named(id, name, Severity::Low, Level::Medium)));
        }
        Self { finder: Finder::new(scope), in_text, rules: numbers }
    }

    /// What searches for the data.
    #[must_use]
    pub fn finder(&self) -> &Finder {
        &self.finder
    }

    /// The number of the rule for what a column holds.
    #[must_use]
    pub fn rule(&self, meaning: Meaning) -> Option<usize> {
        let id = match meaning {
            Meaning::Values(detector) => detector.id,
            Meaning::PersonName => PERSON_NAME,
            Meaning::BirthDate => BIRTH_DATE,
            Meaning::PostalAddress => POSTAL_ADDRESS,
        };
        self.rules.get(id).copied()
    }

    pub(super) fn find(&self, text: &Text<'_>, candidates: &mut Vec<Candidate>) {
        if !self.in_text {
            return;
        }
        self.finder.find(text.bytes, |find| {
            let Some(rule) = self.rules.get(find.detector.id) else { return };
            let verdict = if find.evidence.valid { Verdict::Valid } else { Verdict::Unknown };
            let reasons = vec![find.reason().into()];
            candidates.push(Candidate {
                rule: *rule,
                secret: find.range,
                confidence: find.confidence,
                reasons,
                verdict,
                general: true,
                judged: false,
                hidden: None,
            });
        });
    }
}
