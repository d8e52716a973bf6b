//! International bank account numbers: two letters of the country, two check digits, and an account number of the country's structure.
//! Sources: ISO 13616-1, the IBAN registry that SWIFT keeps (release 101), and ISO 9362 for the bank's code (BIC), which is no personal
//! datum by itself but evidence that an account stands near.

use super::checksum::remainder_97;
use super::detector::{Detector, Kind, never};

/// The detector of bank accounts. Of the pairs of letters one in eight is a country, and of their
/// numbers one in 97 passes, if the structure is right.
pub(super) static DETECTOR: Detector = Detector {
    id: "pii-iban",
    name: "bank account number (IBAN)",
    kind: Kind::Iban,
    jurisdictions: &["*"],
    chance: 100,
    layouts: &[
        "@@##***********",
        "@@##************",
        "@@##**************",
        "@@##***************",
        "@@##****************",
        "@@##*****************",
        "@@##******************",
        "@@##*******************",
        "@@##********************",
        "@@##*********************",
        "@@##**********************",
        "@@##***********************",
        "@@##************************",
        "@@##*************************",
        "@@##**************************",
        "@@##***************************",
        "@@##****************************",
        "@@##*****************************",
        "@@## **** **** ***",
        "@@## **** **** ****",
        "@@## **** **** **** **",
        "@@## **** **** **** ***",
        "@@## **** **** **** ****",
        "@@## **** **** **** **** *",
        "@@## **** **** **** **** **",
        "@@## **** **** **** **** ***",
        "@@## **** **** **** **** ****",
        "@@## **** **** **** **** **** *",
        "@@## **** **** **** **** **** **",
        "@@## **** **** **** **** **** ***",
        "@@## **** **** **** **** **** ****",
        "@@## **** **** **** **** **** **** *",
        "@@## **** **** **** **** **** **** **",
        "@@## **** **** **** **** **** **** ***",
        "@@## **** **** **** **** **** **** ****",
        "@@## **** **** **** **** **** **** **** *",
        "@@##-****-****-***",
        "@@##-****-****-****",
        "@@##-****-****-****-**",
        "@@##-****-****-****-***",
        "@@##-****-****-****-****",
        "@@##-****-****-****-****-*",
        "@@##-****-****-****-****-**",
        "@@##-****-****-****-****-***",
        "@@##-****-****-****-****-****",
        "@@##-****-****-****-****-****-*",
        "@@##-****-****-****-****-****-**",
        "@@##-****-****-****-****-****-***",
        "@@##-****-****-****-****-****-****",
        "@@##-****-****-****-****-****-****-*",
        "@@##-****-****-****-****-****-****-**",
        "@@##-****-****-****-****-****-****-***",
        "@@##-****-****-****-****-****-****-****",
        "@@##-****-****-****-****-****-****-****-*",
    ],
    keywords: &[
        "iban",
        "bank account",
        "account number",
        "account no",
        "bic",
        "swift",
        "sepa",
        "kontonummer",
        "bankverbindung",
        "compte bancaire",
        "cuenta bancaria",
        "conto corrente",
        "rekeningnummer",
        "konto bankowe",
        "numer konta",
        "bankkonto",
        "tilinumero",
        "conta bancária",
        "hesap no",
        "счёт",
        "τραπεζικός λογαριασμός",
    ],
    check: valid,
    specimen: never,
};

/// Each country of the registry and its structure after the four first characters: `n` digits, `a` letters, `c` either, and how many.
const COUNTRIES: &[(&[u8; 2], &str)] = &[
    (b"AD", "n8c12"),
    (b"AE", "n19"),
    (b"AL", "n8c16"),
    (b"AT", "n16"),
    (b"AZ", "a4c20"),
    (b"BA", "n16"),
    (b"BE", "n12"),
    (b"BG", "a4n6c8"),
    (b"BH", "a4c14"),
    (b"BI", "n23"),
    (b"BR", "n23a1c1"),
    (b"BY", "c4n4c16"),
    (b"CH", "n5c12"),
    (b"CR", "n18"),
    (b"CY", "n8c16"),
    (b"CZ", "n20"),
    (b"DE", "n18"),
    (b"DJ", "n23"),
    (b"DK", "n14"),
    (b"DO", "c4n20"),
    (b"EE", "n16"),
    (b"EG", "n25"),
    (b"ES", "n20"),
    (b"FI", "n14"),
    (b"FK", "a2n12"),
    (b"FO", "n14"),
    (b"FR", "n10c11n2"),
    (b"GB", "a4n14"),
    (b"GE", "a2n16"),
    (b"GI", "a4c15"),
    (b"GL", "n14"),
    (b"GR", "n7c16"),
    (b"GT", "c24"),
    (b"HN", "a4n20"),
    (b"HR", "n17"),
    (b"HU", "n24"),
    (b"IE", "a4n14"),
    (b"IL", "n19"),
    (b"IQ", "a4n15"),
    (b"IS", "n22"),
    (b"IT", "a1n10c12"),
    (b"JO", "a4n4c18"),
    (b"KW", "a4c22"),
    (b"KZ", "n3c13"),
    (b"LB", "n4c20"),
    (b"LC", "a4c24"),
    (b"LI", "n5c12"),
    (b"LT", "n16"),
    (b"LU", "n3c13"),
    (b"LV", "a4c13"),
    (b"LY", "n21"),
    (b"MC", "n10c11n2"),
    (b"MD", "c20"),
    (b"ME", "n18"),
    (b"MK", "n3c10n2"),
    (b"MN", "n16"),
    (b"MR", "n23"),
    (b"MT", "a4n5c18"),
    (b"MU", "a4n19a3"),
    (b"NI", "a4n20"),
    (b"NL", "a4n10"),
    (b"NO", "n11"),
    (b"OM", "n3c16"),
    (b"PK", "a4c16"),
    (b"PL", "n24"),
    (b"PS", "a4c21"),
    (b"PT", "n21"),
    (b"QA", "a4c21"),
    (b"RO", "a4c16"),
    (b"RS", "n18"),
    (b"RU", "n14c15"),
    (b"SA", "n2c18"),
    (b"SC", "a4n20a3"),
    (b"SD", "n14"),
    (b"SE", "n20"),
    (b"SI", "n15"),
    (b"SK", "n20"),
    (b"SM", "a1n10c12"),
    (b"SO", "n19"),
    (b"ST", "n21"),
    (b"SV", "a4n20"),
    (b"TL", "n19"),
    (b"TN", "n20"),
    (b"TR", "n6c16"),
    (b"UA", "n6c19"),
    (b"VA", "n18"),
    (b"VG", "a4n16"),
    (b"XK", "n16"),
    (b"YE", "a4n4c18"),
];

/// Whether the country, its length and structure and the two check digits (ISO/IEC 7064, MOD 97-10) are right.
fn valid(value: &[u8]) -> bool {
    let Some((head, account)) = value.split_at_checked(4) else { return false };
    matches!(number(&head[2..]), 2..=98)
        && structure(value).is_some_and(|structure| follows(account, structure))
        && remainder_97(account.iter().chain(head).copied()) == 1
}

/// Whether the number begins with a country of the registry, so that a wrong check digit is likely a typing error.
pub(super) fn known_country(value: &[u8]) -> bool {
    structure(value).is_some_and(|structure| value.get(4..).is_some_and(|account| follows(account, structure)))
}

fn structure(value: &[u8]) -> Option<&'static str> {
    let code = value.get(..2)?;
    COUNTRIES.binary_search_by(|(country, _)| country.as_slice().cmp(code)).ok().map(|at| COUNTRIES[at].1)
}

/// Whether the account number has exactly the characters that the structure asks for.
fn follows(account: &[u8], structure: &str) -> bool {
    let mut rest = account;
    for part in parts(structure) {
        let (class, count) = part;
        let Some((run, after)) = rest.split_at_checked(count) else { return false };
        let fits = run.iter().all(|byte| match class {
            b'n' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        });
        if !fits {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// The structure's parts: a class and how many of it.
fn parts(structure: &str) -> impl Iterator<Item = (u8, usize)> {
    let bytes = structure.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_lowercase()).map(|(at, class)| {
        let count =
            bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).fold(0, |sum, byte| sum * 10 + usize::from(byte - b'0'));
        (*class, count)
    })
}

fn number(digits: &[u8]) -> u64 {
    super::checksum::number(digits)
}

/// Whether the value has the form of a bank's code (BIC, ISO 9362): four letters or digits of the bank, a country, two or five more.
#[must_use]
pub fn is_bic(value: &[u8]) -> bool {
    matches!(value.len(), 8 | 11)
        && value[..4].iter().all(u8::is_ascii_uppercase)
        && value[4..6].iter().all(u8::is_ascii_uppercase)
        && value[6..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::checksum::alphanumeric;

    /// An account number of the country's structure, with its check digits.
    fn made(country: [u8; 2], structure: &str) -> Vec<u8> {
        let account: Vec<u8> = parts(structure)
            .flat_map(|(class, count)| {
                (0..count).map(move |at| if class == b'n' { b'0' + u8::try_from(at % 10).expect("a digit") } else { b'K' })
            })
            .collect();
        let rest = remainder_97(account.iter().chain(&country).chain(b"00").copied());
        let mut value = country.to_vec();
        value.extend_from_slice(format!("{:02}", 98 - rest).as_bytes());
        value.extend_from_slice(&account);
        value
    }

    #[test]
    fn every_country_of_the_registry_has_a_number_that_passes_and_no_changed_digit_or_swapped_pair_does() {
        assert_eq!(COUNTRIES.len(), 89);
        assert!(COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0), "the table is searched by halves");
        for (country, structure) in COUNTRIES {
            let value = made(**country, structure);
            assert!(valid(&value), "{}", String::from_utf8_lossy(&value));
            let layout_fits = DETECTOR.layouts.iter().any(|layout| layout.len() == value.len() && !layout.contains([' ', '-']));
            assert!(layout_fits, "no layout for {} characters", value.len());
            for at in 2..value.len() {
                if !value[at].is_ascii_digit() {
                    continue;
                }
                for other in b'0'..=b'9' {
                    let mut changed = value.clone();
                    changed[at] = other;
                    assert_eq!(valid(&changed), other == value[at], "{}", String::from_utf8_lossy(&changed));
                }
                if at + 1 < value.len() && value[at] != value[at + 1] && alphanumeric(value[at + 1]) < 10 {
                    let mut swapped = value.clone();
                    swapped.swap(at, at + 1);
                    assert!(!valid(&swapped), "{}", String::from_utf8_lossy(&swapped));
                }
            }
            assert!(!valid(&value[..value.len() - 1]));
        }
    }

    #[test]
    fn the_examples_of_the_registry_pass() {
        for value in [
            "GB29NWBK60161331926819",
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert!(valid(value.as_bytes()), "{value}");
        }
        for value in ["GB29NWBK60161331926818", "ZZ29NWBK60161331926819", "DE8937040044053201300", "", "GB2"] {
            assert!(!valid(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn a_banks_code_is_told_by_its_form() {
        assert!(is_bic(b"DEUTDEFF") && is_bic(b"DEUTDEFF500"));
        assert!(!is_bic(b"DEUTDEF") && !is_bic(b"DEUT12FF") && !is_bic(b"deutdeff"));
    }
}
