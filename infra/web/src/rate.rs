//! How often somebody may do something: so many times within a span, for each key, in memory that is bounded whoever asks.
//!
//! The generic cell rate algorithm: a key is one number, the time at which its bucket is empty again. When the table is full, keys whose
//! bucket is empty are forgotten; when all are in use, whoever is new waits: it fails closed.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many times within a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How often at once.
    pub times: u32,
    /// Within how long.
    pub within: Duration,
}

/// What each key has used of a rate.
#[derive(Debug)]
pub struct Rates<K> {
    rate: Rate,
    most: usize,
    empty_at: Mutex<HashMap<K, Duration>>,
}

impl<K: Eq + Hash> Rates<K> {
    /// Counts for `most` keys at once.
    #[must_use]
    pub fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most, empty_at: Mutex::default() }
    }

    /// Uses one time. `now` is the time since any fixed moment, and does not go back.
    ///
    /// # Errors
    /// How long to wait until there is one.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let one = self.rate.within / self.rate.times.max(1);
        let mut table = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let empty_at = table.get(&key).copied().unwrap_or(now).max(now);
        let after = empty_at + one;
        let allowed = now + self.rate.within;
        if after > allowed {
            return Err(after - allowed);
        }
        if table.len() >= self.most && !table.contains_key(&key) {
            table.retain(|_, empty_at| *empty_at > now);
            if table.len() >= self.most {
                return Err(one);
            }
        }
        table.insert(key, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { times: 3, within: Duration::from_secs(30) };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn so_many_times_within_a_span() {
        let rates = Rates::new(RATE, 10);
        for _ in 0..3 {
            assert_eq!(rates.take("a", at(100)), Ok(()));
        }
        assert_eq!(rates.take("a", at(100)), Err(at(10)));
        assert_eq!(rates.take("b", at(100)), Ok(()), "each key has its own");
        assert_eq!(rates.take("a", at(109)), Err(at(1)), "a refusal costs nothing");
        assert_eq!(rates.take("a", at(110)), Ok(()));
        assert!(rates.take("a", at(110)).is_err());
        for _ in 0..3 {
            assert_eq!(rates.take("a", at(200)), Ok(()));
        }
    }

    #[test]
    fn a_flood_of_keys_takes_no_memory_and_lets_nobody_through() {
        let rates = Rates::new(RATE, 100);
        for key in 0..100 {
            assert_eq!(rates.take(key, at(0)), Ok(()));
        }
        assert!(rates.take(100, at(0)).is_err());
        assert_eq!(rates.take(5, at(0)), Ok(()), "who is known goes on");
        assert_eq!(rates.take(100, at(21)), Ok(()), "empty buckets were forgotten");
        assert!(rates.empty_at.lock().expect("no panic").len() <= 100);
    }
}
