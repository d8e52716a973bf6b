//! Serial numbers: unique without asking anybody.
//!
//! A process draws its first serial from all 64 bits and counts on from there. For W processes of N certificates each, two ranges meet
//! with a probability of about W²·N / 2⁶⁴ (a hundred thousand processes of ten thousand certificates each: one in 180,000), far less
//! than if each serial were drawn; the SQLite log refuses a serial that it holds, and nothing is issued under it.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::NoRandomness;

/// A source of serial numbers for one process.
#[derive(Debug)]
pub struct Serials(AtomicU64);

impl Serials {
    /// Draws the first number.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn random(random: &SystemRandom) -> Result<Self, NoRandomness> {
        let mut bytes = [0; 8];
        random.fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self::starting_at(u64::from_be_bytes(bytes)))
    }

    /// Counts from `first` on.
    #[must_use]
    pub const fn starting_at(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }

    /// The next number, never zero: that is what OpenSSH shows of a certificate without one.
    pub fn next(&self) -> u64 {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => self.0.fetch_add(1, Ordering::Relaxed),
            serial => serial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hole of BLESS: the serial is always 0.
    #[test]
    fn counts_over_zero() {
        let serials = Serials::starting_at(u64::MAX);
        assert_eq!([serials.next(), serials.next(), serials.next()], [u64::MAX, 1, 2]);
    }

    #[test]
    fn each_process_begins_elsewhere() {
        let random = SystemRandom::new();
        let first = || Serials::random(&random).expect("randomness").next();
        assert_ne!(first(), first());
    }
}
