//! The machine-readable zone of travel documents: three lines of 30 characters (TD1), two of 36 (TD2), two of 44 (TD3, passports), with
//! check digits over the document's number, the dates and all of them together. Source: ICAO Doc 9303, parts 3 to 6.

use super::checksum::alphanumeric;
use super::detector::{Detector, Kind};
use std::ops::Range;

/// The detector of machine-readable zones; the finder calls [`around`] at each run of fillers.
pub(super) static DETECTOR: Detector = Detector {
    id: "pii-passport-mrz",
    name: "machine-readable zone of a travel document",
    kind: Kind::TravelDocument,
    jurisdictions: &["*"],
    chance: 1,
    layouts: &[],
    keywords: &[
        "passport",
        "mrz",
        "travel document",
        "identity card",
        "passeport",
        "reisepass",
        "pasaporte",
        "passaporto",
        "paspoort",
        "паспорт",
        "护照",
    ],
    check: valid,
    specimen,
};

/// The zone that the character at `at` is in, and whether its check digits are right. It looks at one line to the left and three to the right.
pub(super) fn around(text: &[u8], at: usize) -> Option<(Range<usize>, bool)> {
    let left = text[..at].iter().rev().take(45).take_while(|byte| zone_byte(**byte)).count();
    let start = at - left;
    let length = line(text, start);
    let lines = match length {
        30 => 3,
        36 | 44 => 2,
        _ => return None,
    };
    let mut end = start + length;
    let mut value = text[start..end].to_vec();
    for _ in 1..lines {
        let next = end + text[end..].iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if next == end || line(text, next) != length {
            break;
        }
        end = next + length;
        value.extend_from_slice(&text[next..end]);
    }
    let whole = value.len() == length * lines && matches!(value[0], b'A' | b'C' | b'I' | b'P' | b'V');
    whole.then(|| (start..end, valid(&value)))
}

/// How long the line that begins at `start` is; nothing longer than any line of a zone is measured.
fn line(text: &[u8], start: usize) -> usize {
    text[start..].iter().take(45).take_while(|byte| zone_byte(**byte)).count()
}

const fn zone_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'<'
}

/// The zone's lines, one after the other, have their check digits.
fn valid(value: &[u8]) -> bool {
    if !value.iter().all(|byte| zone_byte(*byte)) {
        return false;
    }
    match value.len() {
        88 => passport(&value[44..], 28..42, true),
        72 => passport(&value[36..], 28..35, false),
        90 => card(value),
        _ => false,
    }
}

/// The second line of TD2 and TD3, which differ in the optional data and whether it has a check digit.
fn passport(line: &[u8], optional: Range<usize>, optional_has_digit: bool) -> bool {
    let last = line.len() - 1;
    let all = line[..10].iter().chain(&line[13..20]).chain(&line[21..last]);
    checks(&line[..9], line[9])
        && checks(&line[13..19], line[19])
        && checks(&line[21..27], line[27])
        && (!optional_has_digit || checks(&line[optional.clone()], line[optional.end]))
        && sum(all) == alphanumeric(line[last])
        && line[13..19].iter().any(u8::is_ascii_digit)
}

/// The first two lines of TD1.
fn card(value: &[u8]) -> bool {
    let all = value[5..30].iter().chain(&value[30..37]).chain(&value[38..45]).chain(&value[48..59]);
    checks(&value[5..14], value[14])
        && checks(&value[30..36], value[36])
        && checks(&value[38..44], value[44])
        && sum(all) == alphanumeric(value[59])
        && value[30..36].iter().any(u8::is_ascii_digit)
}

/// Whether the field has that check digit; an empty field may have a filler.
fn checks(field: &[u8], digit: u8) -> bool {
    sum(field) == alphanumeric(digit) && (digit.is_ascii_digit() || digit == b'<')
}

/// The weighted sum of Doc 9303 part 3, 4.9: weights 7, 3, 1; a filler counts 0.
fn sum<'a>(field: impl IntoIterator<Item = &'a u8>) -> u32 {
    field.into_iter().zip([7, 3, 1].into_iter().cycle()).map(|(byte, weight)| alphanumeric(*byte) * weight).sum::<u32>() % 10
}

/// Of Utopia, the state of the specimens.
fn specimen(value: &[u8]) -> bool {
    value.get(2..5) == Some(b"UTO".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specimens of Doc 9303.
    const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\r\nD231458907UTO7408122F1204159<<<<<<<6";
    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";

    #[test]
    fn the_specimens_pass_and_any_changed_digit_of_the_dates_and_numbers_does_not() {
        for zone in [TD3, TD2, TD1] {
            let text = format!("scan:\n{zone}\nend");
            let at = text.find("<<").expect("fillers");
            let (range, valid_zone) = around(text.as_bytes(), at).expect("a zone");
            assert_eq!((&text[range], valid_zone), (zone, true));
            let value: Vec<u8> = zone.bytes().filter(|byte| zone_byte(*byte)).collect();
            assert!(valid(&value) && specimen(&value));
            for at in (0..value.len()).filter(|at| value[*at].is_ascii_digit()) {
                for other in (b'0'..=b'9').filter(|other| *other != value[at]) {
                    let mut changed = value.clone();
                    changed[at] = other;
                    assert!(!valid(&changed), "{}", String::from_utf8_lossy(&changed));
                }
            }
        }
    }

    #[test]
    fn other_runs_of_fillers_are_no_zone() {
        for text in [
            "a << b",
            "std::cout <<<< x",
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
            "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<",
        ] {
            let at = text.find("<<").expect("fillers");
            assert_eq!(around(text.as_bytes(), at), None, "{text}");
        }
    }
}
