//! The bytes that tell of an encoding outside of runs, found for all encodings in one vectorised pass ([`menagerie_runs::Triples`]). What
//! that lets through is compared byte by byte.

use menagerie_runs::Triples;

/// How many numbers a block of 64 bytes has at least that an array of twelve reaches into, or the one after it: its numbers are six bytes
/// apart.
const DENSE: u32 = 5;

/// What stands between two literals that are joined.
const JOINS: &[u8] = b"\"&'+.\\|";
const LINE_ENDS: &[u8] = b"\n\r";
const QUOTES: &[u8] = b"\"'";

/// What [`each`] looks for.
pub(super) fn triples() -> Triples {
    Triples::new(
        &[
            // In two, since triples keep sets by the halves of their bytes.
            [QUOTES, b"\"&'+.\n\r", b""],
            [QUOTES, b"\\|", b""],
            [QUOTES, b" ", JOINS],
            [b"=", LINE_ENDS, b""],
            [b"\\", b"xuU01", b""],
            [b"%", b"234567", b""],
            [b"&", b"#a", b""],
        ],
        [b"0123456789", b"", b","],
    )
}

/// Calls `found` with each place where a trigger stands, in order. It may be none: two or three bytes are all that was looked at.
pub(super) fn each(triples: &Triples, text: &[u8], mut found: impl FnMut(usize)) {
    triples.each(text, |base, places| {
        let array = places.counted.count_ones() >= DENSE;
        let mut places = places.any | if array { places.counted } else { 0 };
        while places != 0 {
            let at = base + places.trailing_zeros() as usize;
            places &= places - 1;
            let byte = |ahead: usize| text.get(at + ahead).copied().unwrap_or_default();
            if is_trigger(byte(0), byte(1), byte(2), array) {
                found(at);
            }
        }
    });
}

/// Whether these three bytes tell of an encoding. A number in a sentence means nothing; where numbers are dense, it may be an array's.
fn is_trigger(first: u8, second: u8, third: u8, array: bool) -> bool {
    match first {
        b'"' | b'\'' => JOINS.contains(&second) || LINE_ENDS.contains(&second) || second == b' ' && JOINS.contains(&third),
        b'=' => LINE_ENDS.contains(&second),
        b'\\' => matches!(second, b'x' | b'u' | b'U' | b'0' | b'1'),
        b'%' => matches!(second, b'2'..=b'7'),
        b'&' => second == b'#' || second == b'a' && third == b'm',
        b'0'..=b'9' => array && third == b',',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The sieve lets through all that is a trigger.
        #[test]
        fn as_comparing_at_every_place(text in "(?s)([\"'=%&0-9 ,+.|\n\r#amxuU\\\\]|[0-9],|.){0,400}") {
            let text = text.as_bytes();
            let byte = |at: usize| text.get(at).copied().unwrap_or_default();
            let number = |at: &usize| byte(*at).is_ascii_digit() && byte(at + 2) == b',';
            let dense = |at: usize| (at / 64 * 64..text.len().min(at / 64 * 64 + 64)).filter(number).count() >= 5;
            let expected: Vec<_> = (0..text.len()).filter(|at| is_trigger(byte(*at), byte(at + 1), byte(at + 2), dense(*at))).collect();
            let mut found = Vec::new();
            each(&triples(), text, |at| found.push(at));
            prop_assert_eq!(found, expected);
        }
    }
}
