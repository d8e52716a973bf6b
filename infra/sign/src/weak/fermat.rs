//! Fermat's method: if n = a² − b² for an a little above n's root, then a − b and a + b are n's factors.
//!
//! Whether a² − n is a square is first asked of its residues, which costs a few additions a round; few numbers that are no squares
//! pass, and only those are looked at whole.

use crypto_bigint::{BoxedUint, Resize};

use super::{remainder, words};

/// How many values of a are tried, as the Baseline Requirements ask.
const ROUNDS: u64 = 100;

/// Moduli, coprime, whose product leaves room in a word for the sum of three residues.
const MODULI: [u64; 7] = [63, 65, 11, 17, 19, 23, 31];
const PRODUCT: u64 = 63 * 65 * 11 * 17 * 19 * 23 * 31;

/// For each of [`MODULI`], which residues are squares.
const SQUARES: [u128; 7] = squares();
/// Which residues by 64 are squares.
const SQUARES_64: u128 = squares_modulo(64);

const fn squares_modulo(modulus: u64) -> u128 {
    let (mut squares, mut root) = (0, 0);
    while root < modulus {
        squares |= 1 << (root * root % modulus);
        root += 1;
    }
    squares
}

const fn squares() -> [u128; 7] {
    let mut squares = [0; 7];
    let mut index = 0;
    while index < 7 {
        squares[index] = squares_modulo(MODULI[index]);
        index += 1;
    }
    squares
}

/// Whether the method finds n's factors within [`ROUNDS`]. `n_words` is `n` in words, the most significant first.
pub(super) fn finds_factors(n: &[u8], n_words: &[u64]) -> bool {
    let n = BoxedUint::from_be_slice_vartime(n);
    let root = n.floor_sqrt_vartime();
    let root_words = words(&root.to_be_bytes());
    let low = |words: &[u64]| words.last().copied().unwrap_or(0);
    if root.wrapping_mul(&root) == n {
        return true;
    }
    // The first a is the root rounded up; `rest` and `low_rest` are a² − n by PRODUCT and by 2^64.
    let mut a = (remainder(&root_words, PRODUCT) + 1) % PRODUCT;
    let mut low_a = low(&root_words).wrapping_add(1);
    let mut rest = square_minus(a, remainder(n_words, PRODUCT));
    let mut low_rest = low_a.wrapping_mul(low_a).wrapping_sub(low(n_words));
    for round in 0..ROUNDS {
        if may_be_square(rest, low_rest) && is_square(&n, &root, round + 1) {
            return true;
        }
        rest = (rest + 2 * a + 1) % PRODUCT;
        a = (a + 1) % PRODUCT;
        low_rest = low_rest.wrapping_add(low_a.wrapping_mul(2).wrapping_add(1));
        low_a = low_a.wrapping_add(1);
    }
    false
}

/// a² − n by [`PRODUCT`].
#[expect(clippy::cast_possible_truncation, reason = "a remainder of division by a word is a word")]
fn square_minus(a: u64, n: u64) -> u64 {
    let square = (u128::from(a) * u128::from(a) % u128::from(PRODUCT)) as u64;
    (square + PRODUCT - n) % PRODUCT
}

fn may_be_square(rest: u64, low_rest: u64) -> bool {
    SQUARES_64 >> (low_rest & 63) & 1 == 1 && MODULI.iter().zip(SQUARES).all(|(modulus, squares)| squares >> (rest % modulus) & 1 == 1)
}

/// Whether (root + step)² − n is a square.
fn is_square(n: &BoxedUint, root: &BoxedUint, step: u64) -> bool {
    let bits = n.bits_precision() + 128;
    let a = root.resize_unchecked(bits).wrapping_add(BoxedUint::from(step).resize_unchecked(bits));
    let rest = a.wrapping_mul(&a).wrapping_sub(n.resize_unchecked(bits));
    rest.checked_sqrt_vartime().is_some()
}
