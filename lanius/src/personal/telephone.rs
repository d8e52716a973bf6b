//! Telephone numbers: written internationally with `+` (ITU-T E.164), or nationally where the caller states the region. What the digits
//! mean is decided by the numbering plans in the crate `phonenumber`; it is only ever given `+` and digits, or digits and a region, so that
//! nothing hostile reaches its parser.

use super::detector::{Detector, Kind};
use phonenumber::country;
use std::ops::Range;

/// The detector of telephone numbers; the finder calls [`international`] at each `+`, and [`national`] where a region is stated.
pub(super) static DETECTOR: Detector = Detector {
    id: "pii-telephone",
    name: "telephone number",
    kind: Kind::Telephone,
    jurisdictions: &["*"],
    chance: 100_000,
    layouts: &[],
    keywords: &[
        "phone",
        "telephone",
        "tel",
        "mobile",
        "cell",
        "cellphone",
        "fax",
        "call",
        "whatsapp",
        "msisdn",
        "telefon",
        "telefono",
        "teléfono",
        "telefone",
        "téléphone",
        "handy",
        "mobil",
        "portable",
        "celular",
        "cellulare",
        "puhelin",
        "telefoon",
        "gsm",
        "sms",
        "телефон",
        "電話",
        "电话",
        "手机",
        "전화",
    ],
    check: |value| value.first() == Some(&b'+') && international(value, 0) == Some(0..value.len()),
    specimen,
};

/// The fewest and the most digits of a number with its country's code (E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The longest way to write one, with its separators.
const WRITTEN: usize = 26;

/// The number that begins with the `+` at `at`, if one does.
pub(super) fn international(text: &[u8], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).map(|before| text[before]);
    if text.get(at) != Some(&b'+')
        || !text.get(at + 1).is_some_and(|byte| matches!(byte, b'1'..=b'9'))
        || before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'%' | b'='))
    {
        return None;
    }
    longest(text, at, at + 1, |digits| plan_knows(None, &format!("+{digits}")))
}

/// The number of that region that begins at `at`, with a digit or a parenthesis.
pub(super) fn national(text: &[u8], at: usize, region: Region) -> Option<Range<usize>> {
    longest(text, at, at, |digits| plan_knows(Some(region), digits))
}

/// The longest run of groups of digits from `from` whose digits are accepted; `start` is where the number begins.
fn longest(text: &[u8], start: usize, from: usize, accepted: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    let mut digits = String::with_capacity(16);
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut at = from;
    let limit = text.len().min(start + WRITTEN);
    let mut gap = 0;
    while at < limit {
        match text[at] {
            byte @ b'0'..=b'9' => {
                digits.push(char::from(byte));
                gap = 0;
                let over = text.get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_');
                if over && DIGITS.contains(&digits.len()) {
                    ends.push((at + 1, digits.len()));
                }
                if digits.len() > *DIGITS.end() {
                    break;
                }
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' if gap < 2 => gap += 1,
            _ => break,
        }
        at += 1;
    }
    // What goes on in digits behind a point or a hyphen is another kind of number, so only the longest way may touch such a border.
    ends.into_iter().rev().take(3).find(|(_, count)| accepted(&digits[..*count])).map(|(end, _)| start..end)
}

/// A region whose national way to write a number is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region(country::Id);

impl Region {
    /// The region of an ISO 3166-1 alpha-2 code, if it has a numbering plan.
    #[must_use]
    pub(super) fn new(code: &str) -> Option<Self> {
        code.to_ascii_uppercase().parse().ok().map(Self)
    }
}

/// Whether a numbering plan has such a number.
fn plan_knows(region: Option<Region>, digits: &str) -> bool {
    phonenumber::parse(region.map(|region| region.0), digits).is_ok_and(|number| phonenumber::is_valid(&number))
}

/// Whether the number is in a range that is kept for fiction: 555-0100 to 555-0199 in North America.
fn specimen(value: &[u8]) -> bool {
    let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
    let local = match digits.as_slice() {
        [b'1', rest @ ..] if rest.len() == 10 => rest,
        rest if rest.len() == 10 => rest,
        _ => return false,
    };
    local[3..].starts_with(b"55501")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find('+')?;
        international(text.as_bytes(), at).map(|range| &text[range])
    }

    #[test]
    fn international_numbers_are_found_with_their_borders() {
        for (text, number) in [
            ("call +49 30 901820 now", "+49 30 901820"),
            ("tel:+442079460958", "+442079460958"),
            ("+1 (650) 253-0000, ext. 4", "+1 (650) 253-0000"),
            ("+33 1 42 68 53 00 12", "+33 1 42 68 53 00"),
            ("\"+81-3-3211-2111\"", "+81-3-3211-2111"),
        ] {
            assert_eq!(found(text), Some(number), "{text}");
        }
    }

    #[test]
    fn sums_and_encoded_text_are_left() {
        for text in ["a+12345678", "1 +1", "+0123456789", "+12345678901234567", "AbC+49309018200xyz", "++493090182000", "+123"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn national_numbers_need_their_region() {
        let (germany, america) = (Region::new("de").expect("Germany"), Region::new("US").expect("America"));
        assert_eq!(national(b"030 901820", 0, germany), Some(0..10));
        assert_eq!(national(b"(650) 253-0000", 0, america), Some(0..14));
        assert_eq!(national(b"111 111-1111", 0, america), None);
        assert!(Region::new("atlantis").is_none());
    }

    #[test]
    fn fiction_has_numbers_of_its_own() {
        assert!(specimen(b"+12125550123") && specimen(b"(212) 555-0199") && !specimen(b"+12125551234") && !specimen(b"123"));
    }
}
