//! What changed between two runs, by fingerprint.

use std::collections::BTreeMap;

use crate::Finding;

/// The findings of two runs, each once.
#[derive(Debug, Default)]
pub struct Difference<'a> {
    /// Only the later run has them.
    pub new: Vec<&'a Finding>,
    /// Only the earlier run has them.
    pub gone: Vec<&'a Finding>,
    /// Both have them; as the later run tells them.
    pub same: Vec<&'a Finding>,
}

/// How `after` differs from `before`. Of several findings with one fingerprint, as many are the same as both runs have.
#[must_use]
pub fn difference<'a>(before: &'a [Finding], after: &'a [Finding]) -> Difference<'a> {
    let mut known: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    // The last one is taken first: in reverse, so that what is gone keeps its order.
    before.iter().rev().for_each(|finding| known.entry(&finding.fingerprint).or_default().push(finding));
    let mut difference = Difference::default();
    for finding in after {
        if known.get_mut(finding.fingerprint.as_str()).and_then(Vec::pop).is_some() {
            difference.same.push(finding);
        } else {
            difference.new.push(finding);
        }
    }
    for finding in before.iter().rev() {
        if let Some(rest) = known.get_mut(finding.fingerprint.as_str())
            && rest.first().is_some_and(|last| std::ptr::eq(*last, finding))
        {
            rest.remove(0);
            difference.gone.push(finding);
        }
    }
    difference.gone.reverse();
    difference
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    fn findings(fingerprints: &[&str]) -> Vec<Finding> {
        let finding = |(number, fingerprint): (usize, &&str)| Finding {
            code: number.to_string(),
            title: String::new(),
            severity: Severity::Low,
            confidence: 50,
            fingerprint: (*fingerprint).to_owned(),
            reasons: Vec::new(),
            facts: Vec::new(),
            locations: Vec::new(),
        };
        fingerprints.iter().enumerate().map(finding).collect()
    }

    fn names(findings: &[&Finding]) -> String {
        findings.iter().map(|finding| finding.fingerprint.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_finding_is_new_gone_or_the_same() {
        let (before, after) = (findings(&["a", "b", "c", "b", "e"]), findings(&["b", "d", "a", "d"]));
        let difference = difference(&before, &after);
        assert_eq!(names(&difference.new), "d d");
        assert_eq!(names(&difference.gone), "c b e");
        assert_eq!(names(&difference.same), "b a");
        assert_eq!(difference.gone.iter().map(|gone| gone.code.as_str()).collect::<String>(), "234", "the first `b` is the same one");
    }
}
