//! Who accepts a finding, why, and until when.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A finding is known and accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds; none is for ever.
    pub expires: Option<Date>,
}

impl Waiver {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds(&self, today: Date) -> bool {
        self.expires.is_none_or(|last| today <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let waiver = Waiver { reason: "rotated".to_owned(), owner: "ann".to_owned(), expires: Some(date(2026, 3, 31)) };
        assert!(waiver.holds(date(2026, 3, 31)) && !waiver.holds(date(2026, 4, 1)));
        assert!(Waiver { expires: None, ..waiver }.holds(date(9999, 1, 1)));
    }
}
