use num_bigint::BigUint;

use super::*;

const E: &[u8] = &[1, 0, 1];

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// An odd number of exactly `bits` bits, the two highest set.
    fn odd(&mut self, bits: usize) -> BigUint {
        let bytes: Vec<u8> = (0..bits / 8).map(|_| self.word().to_be_bytes()[0]).collect();
        let top = BigUint::from(3_u8) << (bits - 2);
        BigUint::from_bytes_be(&bytes) | top | BigUint::from(1_u8)
    }
}

/// Primes below `limit`, found another way than the code does.
fn sieve(limit: usize) -> Vec<u32> {
    let mut composite = vec![false; limit];
    let mut primes = Vec::new();
    for number in 2..limit {
        if !composite[number] {
            primes.push(u32::try_from(number).expect("the limit is small"));
            (number * number..limit).step_by(number).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}

fn check(n: &BigUint) -> Result<(), WeakRsa> {
    check_rsa(&n.to_bytes_be(), E)
}

fn has_small_factor(n: &BigUint) -> bool {
    sieve(752).iter().any(|prime| n % *prime == BigUint::ZERO)
}

/// A number of `bits` bits that none of the checks minds.
fn good(numbers: &mut Numbers, bits: usize) -> BigUint {
    loop {
        let n = numbers.odd(bits);
        if !has_small_factor(&n) {
            return n;
        }
    }
}

#[test]
fn the_tables_are_complete() {
    assert_eq!(PRIMES.as_slice(), &sieve(752)[1..]);
    assert_eq!(ROCA_SUBGROUPS.len(), 38);
    assert_eq!(GROUPS.iter().map(|group| group.end - group.start).sum::<usize>(), PRIMES.len());
    for group in &GROUPS {
        let product: BigUint = PRIMES[group.start..group.end].iter().map(|prime| BigUint::from(*prime)).product();
        assert_eq!(product, BigUint::from(group.product));
    }
}

#[test]
fn sizes() {
    let mut numbers = Numbers(1);
    assert_eq!(check_rsa(&[], E), Err(WeakRsa::TooSmall { bits: 0 }));
    assert_eq!(check(&(good(&mut numbers, 2048) >> 1)), Err(WeakRsa::TooSmall { bits: 2047 }));
    for bits in [2048, 3072, 4096, 8192] {
        assert_eq!(check(&good(&mut numbers, bits)), Ok(()), "{bits}");
    }
    assert_eq!(check(&(BigUint::from(1_u8) << 8192_u32)), Err(WeakRsa::TooLarge { bits: 8193 }));
    assert_eq!(check_rsa(&vec![0xff; 1 << 20], E), Err(WeakRsa::TooLarge { bits: 8 << 20 }));
    let mut padded = vec![0; 9];
    padded.extend(good(&mut numbers, 2048).to_bytes_be());
    assert_eq!(check_rsa(&padded, E), Ok(()), "leading zeros do not count");
}

#[test]
fn exponents() {
    let n = good(&mut Numbers(2), 2048).to_bytes_be();
    for e in [&[1, 0, 1][..], &[0, 1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff], &[1, 0, 3]] {
        assert_eq!(check_rsa(&n, e), Ok(()), "{e:?}");
    }
    let long = [0xff; 64];
    for e in [&[][..], &[0], &[1], &[3], &[0xff, 0xff], &[1, 0, 0], &[1, 0, 2], &[2, 0, 0, 0, 1], &long] {
        assert_eq!(check_rsa(&n, e), Err(WeakRsa::Exponent), "{e:?}");
    }
}

#[test]
fn small_factors() {
    let mut numbers = Numbers(3);
    let even = good(&mut numbers, 2048) - 1_u8;
    assert_eq!(check(&even), Err(WeakRsa::Even));
    for prime in sieve(752).into_iter().skip(1) {
        let n = good(&mut numbers, 2048) * prime;
        assert_eq!(check(&n), Err(WeakRsa::SmallFactor(prime)));
    }
    assert_eq!(check(&(good(&mut numbers, 2048) * 757_u32)), Ok(()));
}

/// Infineon's generator made primes k·M + (65537^a mod M), M being the product of the first primes.
#[test]
fn roca() {
    let mut numbers = Numbers(4);
    let product: BigUint = sieve(168).iter().map(|prime| BigUint::from(*prime)).product();
    let mut found = 0;
    while found < 20 {
        let mut factor = || {
            let power = BigUint::from(65537_u32).modpow(&BigUint::from(numbers.word()), &product);
            let rest = numbers.odd(1032 - usize::try_from(product.bits()).expect("the product is small"));
            rest * &product + power
        };
        let n = factor() * factor();
        if has_small_factor(&n) || n.bits() < 2048 {
            continue;
        }
        assert_eq!(check(&n), Err(WeakRsa::Roca));
        found += 1;
    }
}

/// n = a² − b², where a is `steps` above n's root rounded up.
fn close(a: &BigUint, steps: u32) -> BigUint {
    let start = a - steps;
    let square = a * a - &start * &start;
    let root = square.sqrt();
    let b = if &root * &root == square { root } else { root + 1_u8 };
    a * a - &b * &b
}

#[test]
fn fermat_close() {
    let mut numbers = Numbers(5);
    for bits in [1024, 2048] {
        for (steps, expected) in [(0, true), (1, true), (50, true), (99, true), (100, false), (1000, false)] {
            let n = std::iter::repeat_with(|| close(&numbers.odd(bits), steps))
                .find(|n| n.bit(0) && !has_small_factor(n))
                .expect("one is found");
            assert_eq!(check(&n), if expected { Err(WeakRsa::FermatClose) } else { Ok(()) }, "{bits} {steps}");
        }
        let p = std::iter::repeat_with(|| numbers.odd(bits)).find(|p| !has_small_factor(p)).expect("one is found");
        assert_eq!(check(&(&p * &p)), Err(WeakRsa::FermatClose), "a square");
        let neighbour = std::iter::successors(Some(&p + 2_u8), |q| Some(q + 2_u8)).find(|q| !has_small_factor(q)).expect("one is found");
        assert_eq!(check(&(p * neighbour)), Err(WeakRsa::FermatClose), "neighbours");
    }
}

/// A prime modulus needs no factoring: its private exponent is the public one's inverse modulo n - 1.
#[test]
fn prime_moduli() {
    let below = |bits: u32, distance: u32| (BigUint::from(1_u8) << bits) - distance;
    // The greatest primes of their lengths, and Mersenne's.
    for prime in [below(2048, 1557), below(3072, 47), below(2203, 1), below(4253, 1)] {
        assert_eq!(check(&prime), Ok(()), "nothing else is wrong with it: {prime:x}");
        assert_eq!(check_foreign_rsa(&prime.to_bytes_be(), E), Err(WeakRsa::Prime), "{prime:x}");
    }
    let mut numbers = Numbers(6);
    for bits in [2048, 3072, 4096] {
        for _ in 0..3 {
            assert_eq!(check_foreign_rsa(&good(&mut numbers, bits).to_bytes_be(), E), Ok(()), "{bits}");
        }
    }
    assert_eq!(check_foreign_rsa(&(good(&mut numbers, 2048) - 1_u8).to_bytes_be(), E), Err(WeakRsa::Even), "as check_rsa");
    // A product of two primes that has none of the other weaknesses.
    let product = below(2203, 1) * below(2048, 1557);
    assert_eq!(check_foreign_rsa(&product.to_bytes_be(), E), Ok(()));
}
