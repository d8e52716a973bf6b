//! Measures of a value's shape that need no context.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Shannon's entropy of the bytes, in bits for each.
#[must_use]
pub fn entropy(value: &[u8]) -> f32 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "values are far shorter than 2^24 bytes")]
    let total = value.len() as f32;
    #[expect(clippy::cast_precision_loss, reason = "values are far shorter than 2^24 bytes")]
    counts.iter().filter(|count| **count > 0).map(|count| *count as f32 / total).map(|share| -share * share.log2()).sum()
}

/// Whether this is plainly a stand-in: `xxxxxxxx`, `your-token-here`, `AKIA…EXAMPLE`, `1234567890abcdef`.
#[must_use]
pub fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"example",
        b"placeholder",
        b"changeme",
        b"change_me",
        b"change-me",
        b"replace",
        b"insert",
        b"your-",
        b"your_",
        b"yourt",
        b"yourk",
        b"yours",
        b"youra",
        b"yourp",
        b"dummy",
        b"sample",
        b"fake",
        b"redacted",
        b"xxxx",
        b"****",
        b"....",
        b"todo",
        b"notreal",
        b"not-real",
        b"not_real",
        b"deadbeef",
        b"foobar",
        b"abcdefgh",
        b"12345678",
        b"87654321",
        b"01234567",
        b"00000000",
        b"11111111",
        b"aaaaaaaa",
        b"ffffffff",
        b"abcd1234",
        b"abc123",
        b"qwerty",
        b"my-secret",
        b"mysecret",
        b"my_secret",
        b"secret-here",
        b"_here",
        b"-here",
        // Keys that documentation has made known: AWS', Azurite's, jwt.io's subject.
        b"iosfodnn7",
        b"wjalrxutnfemi",
        b"eby8vdm02xnocqflquwjpllmetlcdxj1ouzft50u",
        b"zdwiioiixmjm0nty3odkwi",
    ];
    static STAND_INS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS).expect("a few words make a small automaton"));
    if STAND_INS.is_match(value) {
        return true;
    }
    // Few different characters, or each one above the one before it.
    let mut seen = [false; 256];
    value.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let different = seen.iter().filter(|seen| **seen).count();
    if value.len() >= 8 && different <= 3 {
        return true;
    }
    let steps = value.windows(2).filter(|pair| pair[1] == pair[0].wrapping_add(1)).count();
    value.len() >= 8 && steps * 10 >= value.len() * 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_counts_bits() {
        assert!(entropy(b"aaaaaaaa").abs() < 1e-6);
        assert!((entropy(b"abababab") - 1.0).abs() < 1e-6);
        assert!((entropy(b"0123456789abcdef") - 4.0).abs() < 1e-6);
    }

    #[test]
    fn stand_ins_are_told() {
        for value in ["xxxxxxxxxxxx", "your-api-key", "AKIAIOSFODNN7EXAMPLE", "abcdefghijklmnop", "0000000000001111"] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in ["q8Zt2kLw0PvN", "hunter2", "9f86d081884c7d65"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }
}
