//! What a detector of personal data is: its identity, its jurisdictions, the layouts in which a value is written, the words that stand near
//! one, and how much its check says. A detector is data and one function; how text is searched for it is [`super::find`]'s business.

use super::national;
use super::{card, email, iban, mrz, telephone};

/// The kinds of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The number of a payment card (ISO/IEC 7812).
    Card,
    /// A bank account's number (ISO 13616).
    Iban,
    /// An identifier that a state gives a person.
    National,
    /// The machine-readable zone of a passport or an identity card (ICAO Doc 9303).
    TravelDocument,
    /// An address of e-mail.
    Email,
    /// A telephone number.
    Telephone,
}

/// One detector of personal data.
pub struct Detector {
    /// `pii-` and what it finds, such as `pii-fr-nir`; stable.
    pub id: &'static str,
    /// What it finds, for a reader.
    pub name: &'static str,
    /// What kind of datum it is.
    pub kind: Kind,
    /// ISO 3166-1 alpha-2 codes of the jurisdictions that issue it; `*` where it is international.
    pub jurisdictions: &'static [&'static str],
    /// How many in a million random values of its layout pass its check; 1,000,000 where there is none. What remains is what a check proves.
    pub chance: u32,
    /// How it is written: `#` a digit, `@` a letter, `*` either, anything else itself. Empty where the finder has a way of its own.
    pub(super) layouts: &'static [&'static str],
    /// Words of the jurisdiction's languages that stand near one, or name its column; in lower case, their words parted by spaces.
    pub(super) keywords: &'static [&'static str],
    /// Judges a value without separators and in capitals; it fits one of the layouts.
    pub(super) check: fn(&[u8]) -> bool,
    /// Tells a value that was published as an example or is reserved for tests.
    pub(super) specimen: fn(&[u8]) -> bool,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.id)
    }
}

impl PartialEq for Detector {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Detector {}

impl Detector {
    /// A national identifier's detector; `specimen` is set afterwards where there are published examples.
    pub(super) const fn national(
        id: &'static str,
        name: &'static str,
        jurisdictions: &'static [&'static str],
        chance: u32,
        layouts: &'static [&'static str],
        keywords: &'static [&'static str],
        check: fn(&[u8]) -> bool,
    ) -> Self {
        Self { id, name, kind: Kind::National, jurisdictions, chance, layouts, keywords, check, specimen: never }
    }

    /// This detector, telling examples by the function.
    pub(super) const fn with_specimens(mut self, specimen: fn(&[u8]) -> bool) -> Self {
        self.specimen = specimen;
        self
    }

    /// How many bits the check of a value carries: the binary logarithm of one in how many random values passes.
    #[must_use]
    pub fn strength(&self) -> f64 {
        -(f64::from(self.chance.max(1)) / 1e6).log2()
    }

    /// Whether the detector belongs to the jurisdiction: it is issued there or it is international.
    #[must_use]
    pub fn belongs_to(&self, jurisdiction: &str) -> bool {
        self.jurisdictions.iter().any(|code| *code == "*" || code.eq_ignore_ascii_case(jurisdiction))
    }

    /// Whether a normalised value passes the check.
    pub(super) fn accepts(&self, value: &[u8]) -> bool {
        (self.check)(value)
    }
}

/// For identifiers without published examples.
pub(super) const fn never(_: &[u8]) -> bool {
    false
}

/// All detectors, in an order that stays.
pub fn detectors() -> impl Iterator<Item = &'static Detector> {
    [&card::DETECTOR, &iban::DETECTOR, &mrz::DETECTOR, &email::DETECTOR, &telephone::DETECTOR].into_iter().chain(national::detectors())
}

/// The detector of that identity.
#[must_use]
pub fn detector(id: &str) -> Option<&'static Detector> {
    detectors().find(|detector| detector.id == id)
}

/// Whether the byte may stand at that place of a layout.
pub(super) const fn fits(place: u8, byte: u8) -> bool {
    match place {
        b'#' => byte.is_ascii_digit(),
        b'@' => byte.is_ascii_alphabetic(),
        b'*' => byte.is_ascii_alphanumeric(),
        literal => byte == literal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn identities_are_unique_and_speak_of_their_jurisdiction() {
        let mut seen = BTreeSet::new();
        for detector in detectors() {
            assert!(seen.insert(detector.id), "{} stands twice", detector.id);
            assert!(detector.id.starts_with("pii-") && detector.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!((1..=1_000_000).contains(&detector.chance), "{}", detector.id);
            if detector.kind == Kind::National {
                let country = detector.jurisdictions[0].to_ascii_lowercase();
                assert!(detector.id.starts_with(&format!("pii-{country}-")), "{} is of {country}", detector.id);
                assert!(!detector.layouts.is_empty(), "{}", detector.id);
            }
            for keyword in detector.keywords {
                assert_eq!(*keyword, keyword.to_lowercase(), "{}", detector.id);
                assert!(!keyword.is_empty() && !keyword.contains(['_', '-']), "{}: {keyword}", detector.id);
            }
            assert!(!detector.keywords.is_empty(), "{}", detector.id);
        }
    }

    #[test]
    fn at_least_forty_jurisdictions_have_an_identifier() {
        let countries: BTreeSet<&str> =
            detectors().filter(|found| found.kind == Kind::National).flat_map(|found| found.jurisdictions).copied().collect();
        assert!(countries.len() >= 40, "{countries:?}");
        assert!(countries.iter().all(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())));
    }

    #[test]
    fn a_detector_is_found_by_its_identity_and_its_jurisdiction() {
        let nir = detector("pii-fr-nir").expect("the French detector");
        assert!(nir.belongs_to("FR") && nir.belongs_to("fr") && !nir.belongs_to("DE"));
        assert!(detector("pii-card").expect("the card detector").belongs_to("DE"));
        assert!(detector("pii-atlantis").is_none());
        assert!(nir.strength() > 6.0 && detector("pii-us-ssn").expect("the American one").strength() < 1.0);
    }
}
