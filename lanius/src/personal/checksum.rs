//! The check-digit systems that identifiers share: Luhn (ISO/IEC 7812-1), the pure and hybrid systems of ISO/IEC 7064, Verhoeff's dihedral
//! code, sums of weighted digits, and the plausibility of a date. Everything takes normalised ASCII: digits and capital letters.

/// The value of an ASCII digit; 0 for anything else.
pub(super) const fn digit(byte: u8) -> u32 {
    if byte.is_ascii_digit() { (byte - b'0') as u32 } else { 0 }
}

/// The value of a digit or a capital letter as ISO 7064 and ISO 13616 count them: A is 10, Z is 35; 0 for anything else.
pub(super) const fn alphanumeric(byte: u8) -> u32 {
    if byte.is_ascii_uppercase() { (byte - b'A') as u32 + 10 } else { digit(byte) }
}

/// The decimal number that the digits write; the callers pass at most 18 of them.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(10).wrapping_add(u64::from(digit(*byte))))
}

/// The sum of each digit times its weight, as far as both go.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(byte, weight)| digit(*byte) * weight).sum()
}

/// Whether all bytes are the same.
pub(super) fn uniform(bytes: &[u8]) -> bool {
    bytes.windows(2).all(|pair| pair[0] == pair[1])
}

/// Luhn's sum over all digits, the last one being the check digit (ISO/IEC 7812-1, annex B).
pub(super) fn luhn_sum(digits: &[u8]) -> u32 {
    digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| match (place % 2, digit(*byte) * 2) {
            (0, doubled) => doubled / 2,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum()
}

/// Whether the last digit is Luhn's check digit of the others.
pub(super) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_multiple_of(10)
}

/// The remainder by 97 of the number that digits and letters write (A as 10 … Z as 35): MOD 97-10 of ISO/IEC 7064.
pub(super) fn remainder_97(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(0, |rest, byte| {
        let value = alphanumeric(byte);
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    })
}

/// MOD 11,10 of ISO/IEC 7064, the hybrid system, over all digits with the check digit last.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, byte| {
        let sum = (product + digit(*byte)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == digit(*last)
}

/// Verhoeff's multiplication in the dihedral group D5.
const DIHEDRAL: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// Verhoeff's permutation; its eight powers are used in turn.
const PERMUTATION: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Whether the last digit is Verhoeff's check digit of the others (J. Verhoeff, Error Detecting Decimal Codes, 1969).
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let product = digits.iter().rev().enumerate().fold(0_usize, |product, (place, byte)| {
        let mut value = usize::from(byte.wrapping_sub(b'0')) % 10;
        for _ in 0..place % 8 {
            value = PERMUTATION[value];
        }
        usize::from(DIHEDRAL[product][value])
    });
    product == 0
}

/// Whether there is such a day in that year of the Gregorian calendar.
pub(super) const fn date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    day >= 1 && day <= days
}

/// Whether there is such a day in the year 19yy or 20yy: 00 counts as a leap year, since 2000 was one.
pub(super) const fn short_date(year: u32, month: u32, day: u32) -> bool {
    date(2000 + year % 100, month, day)
}

/// The two digits that begin at `at`.
pub(super) fn pair(digits: &[u8], at: usize) -> u32 {
    digits.get(at..at + 2).map_or(0, |two| digit(two[0]) * 10 + digit(two[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standards_pass() {
        assert!(luhn(b"79927398713"));
        assert!(!luhn(b"79927398710"));
        assert_eq!(remainder_97(*b"79444"), 1, "ISO 7064: 794 has the check characters 44");
        assert!(mod_11_10(b"07945"), "ISO 7064: 0794 has the check digit 5");
        assert!(verhoeff(b"2363"), "236 has Verhoeff's check digit 3");
        assert!(!verhoeff(b"2364"));
    }

    #[test]
    fn a_date_is_one_of_the_calendar() {
        assert!(date(2000, 2, 29) && date(2024, 2, 29) && !date(1900, 2, 29) && !date(2023, 2, 29));
        assert!(date(1999, 12, 31) && !date(1999, 4, 31) && !date(1999, 13, 1) && !date(1999, 0, 1) && !date(1999, 1, 0));
        assert!(short_date(0, 2, 29) && !short_date(99, 2, 29));
    }

    #[test]
    fn digits_and_letters_have_their_values() {
        assert_eq!((digit(b'7'), digit(b'x'), alphanumeric(b'A'), alphanumeric(b'Z'), alphanumeric(b'9')), (7, 0, 10, 35, 9));
        assert_eq!((number(b"0123"), pair(b"1985", 2), pair(b"1", 0)), (123, 85, 0));
        assert!(uniform(b"1111") && !uniform(b"1112"));
    }
}
