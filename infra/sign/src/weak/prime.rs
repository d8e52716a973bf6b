//! Whether a modulus is itself a prime: then its private exponent follows from the public one, and anybody signs with it.
//!
//! One round of Miller and Rabin's test with base 2. Every prime passes it, so that none gets by; a product of two random primes passes
//! with a chance that is none in practice (a strong pseudoprime), and such a key would be refused without need, no more.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

/// Whether `n`, odd and above 4, passes for a prime.
pub(super) fn passes(n: &[u8]) -> bool {
    let n = BoxedUint::from_be_slice_vartime(n);
    let Some(modulus) = Option::<Odd<BoxedUint>>::from(Odd::new(n.clone())) else { return false };
    let params = BoxedMontyParams::new_vartime(modulus);
    let one = BoxedMontyForm::one(&params);
    let minus_one = -&one;
    // n - 1 = odd * 2^halvings
    let before = n.wrapping_sub(BoxedUint::one_with_precision(n.bits_precision()));
    let halvings = before.trailing_zeros();
    let odd = before.wrapping_shr_vartime(halvings);
    // To a power of two by squaring and doubling alone; all of it is public, so that its time may tell.
    let mut power = one.clone();
    for bit in (0..odd.bits_vartime()).rev() {
        power = power.square();
        if odd.bit_vartime(bit) {
            power = &power + &power;
        }
    }
    if power == one {
        return true;
    }
    for _ in 0..halvings {
        if power == minus_one {
            return true;
        }
        power = power.square();
    }
    false
}
