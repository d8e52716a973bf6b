//! Personal data beside secrets: each detector is a rule of its own, so that findings, waivers and reports treat all alike.

use std::collections::BTreeMap;

use super::engine::{Candidate, Text};
use crate::personal::{Finder, Kind, Scope, detectors};
use crate::rules::{Definition, Level, Rule, Severity, Verdict};

/// The detectors of a scope, as rules.
#[derive(Debug)]
pub(super) struct Personal {
    finder: Finder,
    /// The number of each detector's rule.
    rules: BTreeMap<&'static str, usize>,
}

impl Personal {
    /// Appends a rule for each detector of the scope.
    pub(super) fn new(scope: Scope, rules: &mut Vec<Rule>) -> Self {
        let mut numbers = BTreeMap::new();
        for detector in detectors().filter(|detector| scope.has(detector)) {
            numbers.insert(detector.id, rules.len());
            let severity = match detector.kind {
                Kind::Email | Kind::Telephone => Severity::Low,
                _ => Severity::Medium,
            };
            rules.push(Rule::of_personal_data(Definition::named(detector.id, detector.name, severity, Level::Medium)));
        }
        Self { finder: Finder::new(scope), rules: numbers }
    }

    pub(super) fn find(&self, text: &Text<'_>, candidates: &mut Vec<Candidate>) {
        self.finder.find(text.bytes, |find| {
            let Some(rule) = self.rules.get(find.detector.id) else { return };
            if text.core.contains(&find.range.start) {
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
            }
        });
    }
}
