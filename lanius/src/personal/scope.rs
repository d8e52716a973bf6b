//! What a search is about: whose identifiers, which regions' telephone numbers, and how sure a find must be.

use super::detector::Detector;
use super::telephone::Region;

/// What is searched for. By default: every jurisdiction, telephone numbers with `+` only, and finds of medium confidence and more.
#[derive(Clone, Debug)]
pub struct Scope {
    jurisdictions: Option<Vec<String>>,
    regions: Vec<Region>,
    least: u8,
}

/// A jurisdiction that is not two letters.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no jurisdiction; give the two letters of ISO 3166-1, such as DE")]
pub struct UnknownRegion(pub String);

/// A find of less confidence is not given unless it is asked for.
const LEAST: u8 = 40;

/// The most regions whose national telephone numbers are tried.
const REGIONS: usize = 8;

impl Default for Scope {
    fn default() -> Self {
        Self { jurisdictions: None, regions: Vec::new(), least: LEAST }
    }
}

impl Scope {
    /// Every jurisdiction.
    #[must_use]
    pub fn everywhere() -> Self {
        Self::default()
    }

    /// The jurisdictions of those ISO 3166-1 alpha-2 codes, with what is international; telephone numbers as the first eight of them write
    /// them at home are known too.
    ///
    /// # Errors
    /// A code is not two letters.
    pub fn of<'a>(codes: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownRegion> {
        let mut jurisdictions = Vec::new();
        for code in codes {
            if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return Err(UnknownRegion(code.to_owned()));
            }
            jurisdictions.push(code.to_ascii_uppercase());
        }
        let regions = jurisdictions.iter().filter_map(|code| Region::new(code)).take(REGIONS).collect();
        Ok(Self { jurisdictions: Some(jurisdictions), regions, least: LEAST })
    }

    /// Finds of that confidence and more, 0 to 100.
    #[must_use]
    pub const fn at_least(mut self, confidence: u8) -> Self {
        self.least = confidence;
        self
    }

    /// The least confidence of a find that is given.
    #[must_use]
    pub const fn least(&self) -> u8 {
        self.least
    }

    /// Whether the detector's identifiers are searched for.
    #[must_use]
    pub fn has(&self, detector: &Detector) -> bool {
        self.jurisdictions
            .as_ref()
            .is_none_or(|codes| detector.jurisdictions.contains(&"*") || codes.iter().any(|code| detector.belongs_to(code)))
    }

    /// The regions whose national telephone numbers are searched for.
    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::detector;

    #[test]
    fn a_scope_has_its_jurisdictions_and_what_is_international() {
        let scope = Scope::of(["fr", "SK"]).expect("two codes");
        let has = |id| scope.has(detector(id).expect("a detector"));
        assert!(has("pii-fr-nir") && has("pii-cz-rodne-cislo") && has("pii-card") && has("pii-email"));
        assert!(!has("pii-us-ssn"));
        assert_eq!(scope.regions().len(), 2);
        assert!(Scope::everywhere().has(detector("pii-us-ssn").expect("a detector")));
        assert_eq!(Scope::of(["FRA"]).expect_err("three letters"), UnknownRegion("FRA".to_owned()));
    }
}
