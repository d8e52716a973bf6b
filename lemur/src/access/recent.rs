//! Requesters of the last second, so that a client that asks a thousand times a second is not looked up a thousand times. A change of rights in this
//! process empties it; one in another replica is seen within [`LASTS`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use super::requester::Requester;

/// How long a requester is taken for what was read, in milliseconds.
const LASTS: i64 = 1_000;

/// How many are kept.
const MOST: usize = 4_096;

struct Seen {
    requester: Requester,
    at: i64,
    /// When the token ends, in milliseconds.
    expires: i64,
}

/// By the digests of their tokens.
#[derive(Default)]
pub(super) struct Recent(Mutex<Table>);

#[derive(Default)]
struct Table {
    seen: HashMap<[u8; 32], Seen>,
    /// How often it was emptied: what was read before is not kept after.
    generation: u64,
}

fn key(token: &str) -> [u8; 32] {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

impl Recent {
    pub(super) fn find(&self, token: &str, now: i64) -> Option<Requester> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = table.seen.get(&key(token))?;
        // A clock that went back makes nothing last longer.
        ((0..LASTS).contains(&(now - found.at)) && now < found.expires).then(|| found.requester.clone())
    }

    /// Asked before the database is.
    pub(super) fn generation(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).generation
    }

    pub(super) fn keep(&self, token: &str, requester: &Requester, (generation, at): (u64, i64), expires: Option<i64>) {
        let expires = expires.map_or(i64::MAX, |seconds| seconds.saturating_mul(1_000));
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.generation != generation {
            return;
        }
        if table.seen.len() >= MOST {
            table.seen.clear();
        }
        table.seen.insert(key(token), Seen { requester: requester.clone(), at, expires });
    }

    pub(super) fn forget(&self) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.seen.clear();
        table.generation += 1;
    }
}
