//! RSA keys that must not be signed or signed with.
//!
//! The rules are those of the CA/Browser Forum's Baseline Requirements (6.1.1.3, 6.1.5, 6.1.6): size, exponent, no factor below 752,
//! not made by the ROCA library (CVE-2017-15361), factors not so close together that Fermat's method finds them in 100 rounds.
//! One pass over the modulus per group of primes, whose product fits a machine word, finds all the residues that the checks ask for.

mod fermat;
mod prime;
mod primes;

use primes::{GROUPS, PRIMES, ROCA_SUBGROUPS};

/// The fewest bits of a modulus.
pub const MIN_BITS: usize = 2048;
/// The most bits of a modulus.
pub const MAX_BITS: usize = 8192;

/// What makes an RSA key unsafe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakRsa {
    /// A modulus of fewer than 2048 bits.
    #[error("the RSA key has {bits} bits: at least {MIN_BITS} are wanted")]
    TooSmall {
        /// The modulus's bits.
        bits: usize,
    },
    /// A modulus of more than 8192 bits, which would cost too much to verify with.
    #[error("the RSA key has {bits} bits: at most {MAX_BITS} are allowed")]
    TooLarge {
        /// The modulus's bits.
        bits: usize,
    },
    /// An exponent that is even, below 65537, or of more than 33 bits.
    #[error("the RSA key's public exponent is not an odd number from 65537 to 2^33")]
    Exponent,
    /// An even modulus.
    #[error("the RSA key's modulus is even")]
    Even,
    /// A modulus with a prime factor below 752.
    #[error("the RSA key's modulus is divisible by {0}")]
    SmallFactor(u32),
    /// A modulus with the fingerprint of Infineon's faulty generator.
    #[error("the RSA key was made by a faulty generator (ROCA, CVE-2017-15361)")]
    Roca,
    /// Two factors so close together that they can be found.
    #[error("the RSA key's prime factors are so close together that Fermat's method finds them")]
    FermatClose,
    /// A modulus that is a prime, so that anybody can work out the private key.
    #[error("the RSA key's modulus is a prime, and no product of two: anybody can work out its private key")]
    Prime,
}

/// Checks a public key: `n` and `e` are unsigned big-endian.
///
/// # Errors
/// [`WeakRsa`] names the first thing that is wrong.
pub fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), WeakRsa> {
    let bits = bits(n);
    if bits < MIN_BITS {
        return Err(WeakRsa::TooSmall { bits });
    }
    if bits > MAX_BITS {
        return Err(WeakRsa::TooLarge { bits });
    }
    check_exponent(e)?;
    let words = words(n);
    if words.last().is_some_and(|low| low & 1 == 0) {
        return Err(WeakRsa::Even);
    }
    check_residues(&words)?;
    if fermat::finds_factors(n, &words) { Err(WeakRsa::FermatClose) } else { Ok(()) }
}

/// Checks a public key of somebody else's: as [`check_rsa`], and that the modulus is no prime, which costs as much as a signature. Whoever
/// has the private key knows the factors, and need not ask.
///
/// # Errors
/// [`WeakRsa`] names the first thing that is wrong.
pub fn check_foreign_rsa(n: &[u8], e: &[u8]) -> Result<(), WeakRsa> {
    check_rsa(n, e)?;
    if prime::passes(n) { Err(WeakRsa::Prime) } else { Ok(()) }
}

/// How many bits an unsigned big-endian number has.
pub(crate) fn bits(number: &[u8]) -> usize {
    match number.iter().position(|byte| *byte != 0) {
        Some(first) => 8 * (number.len() - first) - number[first].leading_zeros() as usize,
        None => 0,
    }
}

fn check_exponent(e: &[u8]) -> Result<(), WeakRsa> {
    if bits(e) > 33 {
        return Err(WeakRsa::Exponent);
    }
    let e = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if e & 1 == 1 && e >= 65537 { Ok(()) } else { Err(WeakRsa::Exponent) }
}

/// The number's 64-bit words, the most significant first.
fn words(number: &[u8]) -> Vec<u64> {
    let mut words: Vec<u64> = number.rchunks(8).map(|chunk| chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))).collect();
    words.reverse();
    words
}

/// The number modulo a word.
#[expect(clippy::cast_possible_truncation, reason = "a remainder of division by a word is a word")]
fn remainder(words: &[u64], modulus: u64) -> u64 {
    let modulus = u128::from(modulus);
    words.iter().fold(0, |rest, word| ((u128::from(rest) << 64 | u128::from(*word)) % modulus) as u64)
}

/// Looks for small factors, and for the fingerprint: every residue by a prime up to 167 is a power of 65537 there.
fn check_residues(words: &[u64]) -> Result<(), WeakRsa> {
    let mut roca = true;
    for group in &GROUPS {
        let rest = remainder(words, group.product);
        for (index, prime) in PRIMES.iter().enumerate().take(group.end).skip(group.start) {
            let residue = rest % u64::from(*prime);
            if residue == 0 {
                return Err(WeakRsa::SmallFactor(*prime));
            }
            roca &= ROCA_SUBGROUPS.get(index).is_none_or(|subgroup| subgroup[usize::from(residue >= 128)] >> (residue & 127) & 1 == 1);
        }
    }
    if roca { Err(WeakRsa::Roca) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
