//! How fast a host is called: calls to one host are spread evenly, and a host that cannot be reached is given up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After so many calls in a row without an answer a host is given up.
const LOST: u32 = 3;

/// The turns of all hosts.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    next: Instant,
    lost: u32,
}

impl Pace {
    /// So many calls a second for each host.
    pub(super) fn new(rate: f64) -> Self {
        Self { gap: Duration::from_secs_f64(1.0 / rate.clamp(0.01, 1000.0)), hosts: Mutex::default() }
    }

    /// Takes a turn: how long to wait for it, or nothing if the host was given up.
    pub(super) fn turn(&self, host: &str, now: Instant) -> Option<Duration> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(host.to_owned()).or_insert(Host { next: now, lost: 0 });
        if host.lost >= LOST {
            return None;
        }
        let turn = host.next.max(now);
        host.next = turn + self.gap;
        Some(turn - now)
    }

    /// Tells whether a call was answered.
    pub(super) fn answered(&self, host: &str, answered: bool) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get_mut(host) {
            host.lost = if answered { 0 } else { host.lost + 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spread_for_each_host() {
        let (pace, now) = (Pace::new(2.0), Instant::now());
        let half = Duration::from_millis(500);
        assert_eq!(pace.turn("a", now), Some(Duration::ZERO));
        assert_eq!(pace.turn("a", now), Some(half));
        assert_eq!(pace.turn("b", now), Some(Duration::ZERO));
        assert_eq!(pace.turn("a", now + half), Some(half));
        assert_eq!(pace.turn("a", now + half * 10), Some(Duration::ZERO));
    }

    #[test]
    fn a_lost_host_is_given_up() {
        let (pace, now) = (Pace::new(2.0), Instant::now());
        for answered in [false, false, true, false, false, false] {
            assert!(pace.turn("a", now).is_some());
            pace.answered("a", answered);
        }
        assert_eq!(pace.turn("a", now), None);
        assert!(pace.turn("b", now).is_some());
    }
}
