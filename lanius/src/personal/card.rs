//! Payment cards: a number is one when its first digits are those of a brand, its length is one of that brand's, Luhn's check digit is
//! right and its digits are not all the same. Sources: ISO/IEC 7812-1 and the brands' public issuer ranges; test numbers are those that the
//! payment processors print in their testing pages.

use super::checksum::{luhn, number, uniform};
use super::detector::{Detector, Kind};

/// The detector of payment cards.
pub(super) static DETECTOR: Detector = Detector {
    id: "pii-card",
    name: "payment card number",
    kind: Kind::Card,
    jurisdictions: &["*"],
    chance: 29_000,
    layouts: &[
        "################",
        "#### #### #### ####",
        "####-####-####-####",
        "####.####.####.####",
        "###############",
        "#### ###### #####",
        "####-######-#####",
        "##############",
        "#### ###### ####",
        "####-######-####",
        "#############",
        "#################",
        "##################",
        "###################",
        "#### #### #### #### ###",
        "####-####-####-####-###",
    ],
    keywords: &[
        "card",
        "credit card",
        "creditcard",
        "debit card",
        "card number",
        "card no",
        "cardholder",
        "pan",
        "primary account number",
        "visa",
        "mastercard",
        "amex",
        "american express",
        "discover",
        "jcb",
        "maestro",
        "unionpay",
        "cvv",
        "cvc",
        "ccnum",
        "cc number",
        "carte bancaire",
        "carte de crédit",
        "numéro de carte",
        "kreditkarte",
        "kartennummer",
        "tarjeta",
        "carta di credito",
        "creditcardnummer",
        "cartão",
        "kortnummer",
        "karta kredytowa",
        "银行卡",
        "信用卡",
        "クレジットカード",
    ],
    check: |value| brand(value).is_some() && luhn(value) && !uniform(value),
    specimen,
};

/// A brand of payment cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brand {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    AmericanExpress,
    /// Discover.
    Discover,
    /// Diners Club.
    DinersClub,
    /// JCB.
    Jcb,
    /// China UnionPay.
    UnionPay,
    /// Maestro.
    Maestro,
    /// Mir.
    Mir,
    /// RuPay.
    RuPay,
    /// Troy.
    Troy,
}

/// The first four digits from and to, the shortest and the longest number, the brand. The first range that fits counts.
const RANGES: &[(u64, u64, usize, usize, Brand)] = &[
    (2200, 2204, 16, 19, Brand::Mir),
    (2221, 2720, 16, 16, Brand::Mastercard),
    (3000, 3059, 14, 19, Brand::DinersClub),
    (3095, 3095, 14, 19, Brand::DinersClub),
    (3400, 3499, 15, 15, Brand::AmericanExpress),
    (3528, 3589, 16, 19, Brand::Jcb),
    (3600, 3699, 14, 19, Brand::DinersClub),
    (3700, 3799, 15, 15, Brand::AmericanExpress),
    (3800, 3999, 14, 19, Brand::DinersClub),
    (4000, 4999, 16, 16, Brand::Visa),
    (4000, 4999, 13, 13, Brand::Visa),
    (4000, 4999, 19, 19, Brand::Visa),
    (5018, 5018, 13, 19, Brand::Maestro),
    (5020, 5020, 13, 19, Brand::Maestro),
    (5038, 5038, 13, 19, Brand::Maestro),
    (5080, 5089, 16, 16, Brand::RuPay),
    (5100, 5599, 16, 16, Brand::Mastercard),
    (5893, 5893, 13, 19, Brand::Maestro),
    (6011, 6011, 16, 19, Brand::Discover),
    (6062, 6089, 16, 16, Brand::RuPay),
    (6200, 6299, 16, 19, Brand::UnionPay),
    (6304, 6304, 13, 19, Brand::Maestro),
    (6440, 6499, 16, 19, Brand::Discover),
    (6521, 6522, 16, 16, Brand::RuPay),
    (6500, 6599, 16, 19, Brand::Discover),
    (6759, 6759, 13, 19, Brand::Maestro),
    (6761, 6763, 13, 19, Brand::Maestro),
    (8100, 8299, 16, 16, Brand::RuPay),
    (9792, 9792, 16, 16, Brand::Troy),
];

/// The brand that the first digits and the length say.
#[must_use]
pub fn brand(digits: &[u8]) -> Option<Brand> {
    let first = number(digits.get(..4)?);
    RANGES
        .iter()
        .find(|(from, to, shortest, longest, _)| (*from..=*to).contains(&first) && (*shortest..=*longest).contains(&digits.len()))
        .map(|(.., brand)| *brand)
}

/// Numbers that processors publish for tests, without their check digit.
const TEST_NUMBERS: &[&str] = &[
    "424242424242424",
    "400005665566555",
    "411111111111111",
    "401288888888188",
    "401200003333002",
    "422222222222",
    "400000000000000",
    "555555555555444",
    "520082828282821",
    "510510510510510",
    "222300312200322",
    "545454545454545",
    "542400000000001",
    "222242000000111",
    "37828224631000",
    "37144963539843",
    "37873449367100",
    "34343434343434",
    "601111111111111",
    "601100099013942",
    "601198111111111",
    "3056930902590",
    "3622720627166",
    "3852000002323",
    "353011133330000",
    "356600202036050",
    "620000000000000",
    "620000000000004",
    "675964982643845",
    "630490001774029",
    "491761000000000",
    "446203000000000",
];

/// Published for tests, or one that a person typed to fill the field: at most two different digits in a row of runs.
fn specimen(value: &[u8]) -> bool {
    let Some((_, body)) = value.split_last() else { return false };
    TEST_NUMBERS.iter().any(|number| number.as_bytes() == body)
        || value.starts_with(b"4000000000")
        || body.iter().skip(1).all(|byte| *byte == b'0')
        || body.windows(2).skip(1).all(|pair| pair[0] == pair[1])
        || ascending(body)
}

/// Whether each digit is the one before plus one, as in 4567890123456789.
fn ascending(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| (pair[0].wrapping_sub(b'0') + 1) % 10 == pair[1].wrapping_sub(b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brand_follows_from_the_first_digits_and_the_length() {
        for (value, expected) in [
            ("4111111111111111", Some(Brand::Visa)),
            ("411111111111111", None),
            ("5555555555554444", Some(Brand::Mastercard)),
            ("2223003122003222", Some(Brand::Mastercard)),
            ("2720990000000000", Some(Brand::Mastercard)),
            ("2721000000000000", None),
            ("378282246310005", Some(Brand::AmericanExpress)),
            ("3782822463100050", None),
            ("6011111111111117", Some(Brand::Discover)),
            ("30569309025904", Some(Brand::DinersClub)),
            ("3530111333300000", Some(Brand::Jcb)),
            ("6200000000000005", Some(Brand::UnionPay)),
            ("9999999999999999", None),
            ("411", None),
        ] {
            assert_eq!(brand(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn test_numbers_are_cards_and_are_told_apart() {
        for value in ["4242424242424242", "4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "30569309025904"] {
            assert!(DETECTOR.accepts(value.as_bytes()) && specimen(value.as_bytes()), "{value}");
        }
        assert!(DETECTOR.accepts(b"4539578763621486") && !specimen(b"4539578763621486"));
    }

    #[test]
    fn as_many_random_numbers_pass_as_the_detector_says() {
        let mut state = 88_172_645_463_325_252_u64;
        let tries = 100_000_u32;
        let passed = (0..tries)
            .filter(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                DETECTOR.accepts(format!("{:016}", (state >> 8) % 10_000_000_000_000_000).as_bytes())
            })
            .count();
        let said = usize::try_from(u64::from(DETECTOR.chance) * u64::from(tries) / 1_000_000).expect("fewer than the tries");
        assert!(passed.abs_diff(said) < said / 10, "{passed} of {tries} pass, {said} are said");
    }

    #[test]
    fn a_wrong_check_digit_an_unknown_issuer_and_one_digit_repeated_are_no_card() {
        for value in ["4539578763621487", "9539578763621486", "0000000000000000", "4444444444444444"] {
            assert!(!DETECTOR.accepts(value.as_bytes()), "{value}");
        }
    }
}
