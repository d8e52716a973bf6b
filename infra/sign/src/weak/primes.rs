//! The odd primes below 752, in groups whose product fits a word, and the subgroups that 65537 generates; all worked out by the
//! compiler.

/// The odd primes below 752.
pub(super) const PRIMES: [u32; COUNT] = primes();

/// Runs of [`PRIMES`] that are divided by at once.
pub(super) const GROUPS: [Group; GROUP_COUNT] = groups();

/// For each prime from 3 to 167, which residues are powers of 65537: bits 0 to 127, then 128 to 255.
pub(super) const ROCA_SUBGROUPS: [[u128; 2]; ROCA_COUNT] = subgroups();

/// A run of primes and its product.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) product: u64,
    pub(super) start: usize,
    pub(super) end: usize,
}

const LIMIT: u32 = 752;
const COUNT: usize = count(LIMIT);
const ROCA_COUNT: usize = count(168);
const GROUP_COUNT: usize = group_count();

const fn is_odd_prime(number: u32) -> bool {
    let mut divisor = 3;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    number % 2 == 1 && number > 1
}

const fn count(limit: u32) -> usize {
    let (mut number, mut count) = (3, 0);
    while number < limit {
        count += is_odd_prime(number) as usize;
        number += 2;
    }
    count
}

const fn primes() -> [u32; COUNT] {
    let mut primes = [0; COUNT];
    let (mut number, mut index) = (3, 0);
    while index < COUNT {
        if is_odd_prime(number) {
            primes[index] = number;
            index += 1;
        }
        number += 2;
    }
    primes
}

/// The longest run from `start` on whose product fits a word.
const fn group(start: usize) -> Group {
    let (mut product, mut end) = (1_u64, start);
    while end < COUNT {
        match product.checked_mul(PRIMES[end] as u64) {
            Some(larger) => product = larger,
            None => break,
        }
        end += 1;
    }
    Group { product, start, end }
}

const fn group_count() -> usize {
    let (mut start, mut count) = (0, 0);
    while start < COUNT {
        start = group(start).end;
        count += 1;
    }
    count
}

const fn groups() -> [Group; GROUP_COUNT] {
    let mut groups = [Group { product: 1, start: 0, end: 0 }; GROUP_COUNT];
    let (mut start, mut index) = (0, 0);
    while index < GROUP_COUNT {
        groups[index] = group(start);
        start = groups[index].end;
        index += 1;
    }
    groups
}

const fn subgroups() -> [[u128; 2]; ROCA_COUNT] {
    let mut subgroups = [[0; 2]; ROCA_COUNT];
    let mut index = 0;
    while index < ROCA_COUNT {
        let prime = PRIMES[index];
        let mut power = 1;
        loop {
            subgroups[index][(power >= 128) as usize] |= 1 << (power % 128);
            power = power * (65537 % prime) % prime;
            if power == 1 {
                break;
            }
        }
        index += 1;
    }
    subgroups
}
