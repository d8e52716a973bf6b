//! How sure a find is, and why. The scale is 0 to 100: below 30 a number that could be anything, from 40 a probable find, from 70 a find that
//! a reader would confirm. A check that proves little makes a find only together with a word near it or the way it is written.

use super::detector::{Detector, Kind};
use super::find::{Evidence, Find};

/// Of a value published as an example, whatever else speaks for it.
const SPECIMEN: u32 = 5;

impl Evidence {
    /// How sure a find of the detector is with this evidence.
    pub(super) fn confidence(self, detector: &Detector) -> u8 {
        let score = if self.specimen {
            SPECIMEN
        } else {
            match detector.kind {
                Kind::Email if self.role => 25,
                Kind::Email => 75 + 15 * u32::from(self.keyword),
                Kind::Telephone => 50 + 5 * u32::from(self.layout) + 30 * u32::from(self.keyword),
                Kind::TravelDocument if self.valid => 97,
                Kind::TravelDocument => 40,
                Kind::Card | Kind::Iban | Kind::National if !self.valid => {
                    10 + 15 * u32::from(self.keyword) + 15 * u32::from(self.keyword && self.layout)
                }
                Kind::Card | Kind::Iban | Kind::National => self.identifier(detector),
            }
        };
        u8::try_from(score.clamp(1, 99)).expect("it is below 100")
    }

    /// Of an identifier whose check passes: what the check proves, at most 60, then its form, then a word near it.
    fn identifier(self, detector: &Detector) -> u32 {
        let proof: u32 = (1..=15_u32).filter(|bits| detector.strength() >= f64::from(*bits)).max().unwrap_or(0) * 4;
        let form = match (self.layout, self.keyword) {
            (false, false) => 0,
            (true, false) => 15,
            (false, true) => 45,
            (true, true) => 70,
        };
        let rivals = if self.keyword { 0 } else { 4 * u32::from(self.rivals) };
        (10 + proof + form).saturating_sub(rivals)
    }
}

impl Find {
    /// Why the confidence is what it is, in one line without the value.
    #[must_use]
    pub fn reason(&self) -> String {
        let Evidence { valid, specimen, keyword, layout, role, rivals } = self.evidence;
        let strength = self.detector.strength();
        let check = match (valid, strength) {
            (false, _) => "its check fails".to_owned(),
            (true, weak) if weak < 1.0 => "its structure is possible, there is no check digit".to_owned(),
            (true, _) => format!("its check passes, as one in {:.0} such values does", strength.exp2()),
        };
        let mut reasons = vec![check];
        reasons.extend(layout.then(|| "it is written as such values are".to_owned()));
        reasons.push(if keyword { "a word for it stands near" } else { "no word for it stands near" }.to_owned());
        reasons.extend(specimen.then(|| "it is a published example or kept for tests".to_owned()));
        reasons.extend(role.then(|| "it is the address of a function, not of a person".to_owned()));
        reasons.extend((rivals > 0).then(|| format!("{rivals} other kinds of identifier accept it too")));
        reasons.join("; ")
    }
}
