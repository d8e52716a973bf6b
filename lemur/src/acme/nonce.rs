//! Nonces: each is good for one request (RFC 8555, 6.5).
//!
//! A nonce is a number that was not given out before and a MAC of it, so that giving one out costs no memory and no storage. What has to be
//! remembered is which were used.
//! - Where one process serves ([`Nonces::of_process`]), numbers count up, and a ring of bits remembers the last million of them: 128 KiB.
//!   The MAC's key is the process's own; a restart makes all that went before void, and clients ask for another.
//! - Where many processes serve one PostgreSQL ([`Nonces::shared`]), any of them takes what another gave out: the MAC's key and what was used
//!   are in the database. Both tables are unlogged: using a nonce waits for no disk. After a crash of the database both are empty, so the
//!   old nonces are void, used or not, together with their key. Each process looks every second whether the key is another, so that it gives
//!   out none that is void already.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use menagerie_store::database::{Database, DatabaseError};

use super::id::NoRandomness;
use super::problem::{Kind, Problem};
use super::state::StartError;

/// How many of the last nonces are remembered in a process.
const WINDOW: u64 = 1 << 20;

/// How long a shared nonce is good for, in seconds.
const LIFE: i64 = 3_600;

/// How far the clocks of two processes may be apart, in seconds.
const CLOCKS: i64 = 300;

/// How many nonces are forgotten at a time.
const SWEPT: i64 = 5_000;

/// How long a MAC is, in bytes.
const TAG: usize = 16;

/// Gives nonces out and takes each back once.
pub(super) struct Nonces(Of);

enum Of {
    Process { key: hmac::Key, window: Mutex<Window> },
    Shared { random: Arc<dyn SecureRandom + Send + Sync>, key: RwLock<SharedKey> },
}

#[derive(Clone)]
struct SharedKey {
    key: hmac::Key,
    /// Names the key in the database without telling it.
    name: String,
}

/// A nonce that this server gave out, some time: whether it was used is another question.
pub(super) struct Genuine {
    number: [u8; 16],
    /// The name of the shared key that it was made with.
    key: Option<String>,
}

/// How a shared nonce is used up together with whatever else a statement does: the parameters of [`USE_UP`].
#[derive(Debug)]
pub(super) struct UseUp {
    pub(super) number: [u8; 16],
    pub(super) key: String,
}

impl Nonces {
    /// For the one process that serves.
    pub(super) fn of_process(random: &dyn SecureRandom) -> Result<Self, NoRandomness> {
        Ok(Self(Of::Process { key: fresh_key(random)?.0, window: Mutex::new(Window::default()) }))
    }

    /// For one of many processes that serve one database.
    pub(super) async fn shared(database: &Database, random: Arc<dyn SecureRandom + Send + Sync>) -> Result<Self, StartError> {
        let key = RwLock::new(load(database, fresh_key(random.as_ref())?.1).await?);
        Ok(Self(Of::Shared { random, key }))
    }

    /// A nonce that was not given out before.
    pub(super) fn give(&self, now: Timestamp) -> Result<String, NoRandomness> {
        let (number, key) = match &self.0 {
            Of::Process { key, window } => {
                let count = window.lock().unwrap_or_else(PoisonError::into_inner).next();
                let mut number = [0; 16];
                number[8..].copy_from_slice(&count.to_be_bytes());
                (number, key.clone())
            }
            Of::Shared { random, key } => {
                let mut number = [0; 16];
                number[..4].copy_from_slice(&seconds(now).to_be_bytes());
                random.fill(&mut number[4..]).map_err(|_| NoRandomness)?;
                (number, key.read().unwrap_or_else(PoisonError::into_inner).key.clone())
            }
        };
        let tag = hmac::sign(&key, &number);
        Ok(URL_SAFE_NO_PAD.encode([&number[..], &tag.as_ref()[..TAG]].concat()))
    }

    /// Reads a nonce that was given out here. Costs no storage.
    pub(super) fn genuine(&self, text: &str, now: Timestamp) -> Option<Genuine> {
        let bytes: [u8; 16 + TAG] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (number, tag) = bytes.split_at(16);
        let number: [u8; 16] = number.try_into().expect("split at 16");
        let made_with = |key: &hmac::Key| {
            let expected = hmac::sign(key, &number);
            aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..TAG], tag).is_ok()
        };
        match &self.0 {
            Of::Process { key, .. } => made_with(key).then_some(Genuine { number, key: None }),
            Of::Shared { key, .. } => {
                let key = key.read().unwrap_or_else(PoisonError::into_inner);
                let [a, b, c, d, ..] = number;
                let age = i64::from(seconds(now)) - i64::from(u32::from_be_bytes([a, b, c, d]));
                (made_with(&key.key) && age <= LIFE).then(|| Genuine { number, key: Some(key.name.clone()) })
            }
        }
    }

    /// Uses a nonce up in this process: whether it was unused. A shared one is used up in the database instead, by what is given back.
    pub(super) fn use_up(&self, genuine: Genuine) -> Result<Option<UseUp>, Used> {
        match (&self.0, genuine.key) {
            (Of::Shared { .. }, Some(key)) => Ok(Some(UseUp { number: genuine.number, key })),
            (Of::Process { window, .. }, _) => {
                let [.., a, b, c, d, e, f, g, h] = genuine.number;
                let count = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                let fresh = window.lock().unwrap_or_else(PoisonError::into_inner).use_up(count);
                if fresh { Ok(None) } else { Err(Used) }
            }
            (Of::Shared { .. }, None) => Err(Used),
        }
    }

    /// Looks for the key anew: another process may have made one since the database crashed.
    pub(super) async fn refresh(&self, database: &Database) -> Result<(), StartError> {
        if let Of::Shared { random, key } = &self.0 {
            let loaded = load(database, fresh_key(random.as_ref())?.1).await?;
            *key.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        }
        Ok(())
    }

    /// Whether the key is in the database, where a crash empties its table.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.0, Of::Shared { .. })
    }

    /// Forgets what is too old to be taken again anyway.
    pub(super) async fn sweep(&self, database: &Database, now: Timestamp) -> Result<(), DatabaseError> {
        if let Of::Shared { .. } = self.0 {
            // A part at a time: nobody waits for the deletion of millions.
            let sql = "DELETE FROM acme_nonce WHERE number IN (SELECT number FROM acme_nonce WHERE used < $1 LIMIT $2)";
            let old = [(now.as_second() - LIFE - CLOCKS).into(), SWEPT.into()];
            while i64::try_from(database.execute(sql, &old).await?).is_ok_and(|swept| swept == SWEPT) {}
        }
        Ok(())
    }
}

/// A nonce was used before, or is too old to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used;

impl From<Used> for Problem {
    fn from(_: Used) -> Self {
        bad()
    }
}

/// What a client is told about a nonce that is not good: the answer holds another.
pub(super) fn bad() -> Problem {
    Problem::new(Kind::BadNonce, "the nonce was not given out here, was used, or is too old: the answer holds another")
}

fn seconds(now: Timestamp) -> u32 {
    u32::try_from(now.as_second()).unwrap_or(u32::MAX)
}

fn fresh_key(random: &dyn SecureRandom) -> Result<(hmac::Key, [u8; 32]), NoRandomness> {
    let mut bytes = [0; 32];
    random.fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok((hmac::Key::new(hmac::HMAC_SHA256, &bytes), bytes))
}

/// The key in the database; a fresh one if it has none.
async fn load(database: &Database, fresh: [u8; 32]) -> Result<SharedKey, StartError> {
    let select = "SELECT secret, name FROM acme_nonce_key WHERE id = $1 AND name IS NOT NULL";
    if let Some(row) = database.optional(select, &[1_i64.into()]).await? {
        return Ok(SharedKey { key: hmac::Key::new(hmac::HMAC_SHA256, &row.bytes("secret")?), name: row.text("name")? });
    }
    let mut transaction = database.write().await?;
    let row = [(&fresh).into(), 1_i64.into()];
    transaction.execute("INSERT INTO acme_nonce_key (secret, id) VALUES ($1, $2) ON CONFLICT DO NOTHING", &row).await?;
    let row = transaction.one("SELECT secret FROM acme_nonce_key WHERE id = $1", &[1_i64.into()]).await?;
    let bytes = row.bytes("secret")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let name = hex::encode(&hmac::sign(&key, b"name").as_ref()[..8]);
    transaction.execute("UPDATE acme_nonce_key SET name = $1 WHERE id = $2", &[(&name).into(), 1_i64.into()]).await?;
    transaction.commit().await?;
    Ok(SharedKey { key, name })
}

/// Which of the last numbers were used. Numbers before them count as used.
struct Window {
    next: u64,
    used: Box<[u64]>,
}

impl Default for Window {
    fn default() -> Self {
        let words = usize::try_from(WINDOW / 64).expect("the window is small");
        Self { next: 0, used: vec![0; words].into_boxed_slice() }
    }
}

impl Window {
    fn next(&mut self) -> u64 {
        let count = self.next;
        self.next += 1;
        // The place may be that of a number long ago.
        let (word, bit) = Self::place(count);
        self.used[word] &= !bit;
        count
    }

    fn use_up(&mut self, count: u64) -> bool {
        let is_known = count < self.next && self.next - count <= WINDOW;
        let (word, bit) = Self::place(count);
        let fresh = is_known && self.used[word] & bit == 0;
        if fresh {
            self.used[word] |= bit;
        }
        fresh
    }

    fn place(count: u64) -> (usize, u64) {
        let place = count % WINDOW;
        (usize::try_from(place / 64).expect("the window is small"), 1 << (place % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_used_once_and_old_ones_never() {
        let mut window = Window::default();
        assert!(!window.use_up(0), "not given out");
        let (first, second) = (window.next(), window.next());
        assert!(window.use_up(second) && window.use_up(first));
        assert!(!window.use_up(second) && !window.use_up(first));
        let third = window.next();
        for _ in 1..WINDOW {
            window.next();
        }
        assert!(window.use_up(third), "the oldest that is remembered");
        window.next();
        assert!(!window.use_up(third), "forgotten, so used");
        assert!(!window.use_up(third + WINDOW + 1), "not given out, at the place of one that was");
        assert!(!window.use_up(u64::MAX));
    }

    #[test]
    fn a_nonce_of_another_process_or_of_nobody_is_not_genuine() {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let (one, other) = (Nonces::of_process(&random).expect("randomness"), Nonces::of_process(&random).expect("randomness"));
        let now = Timestamp::UNIX_EPOCH;
        let nonce = one.give(now).expect("randomness");
        assert_ne!(nonce, one.give(now).expect("randomness"));
        assert!(other.genuine(&nonce, now).is_none());
        let genuine = one.genuine(&nonce, now).expect("genuine");
        assert!(one.use_up(genuine).is_ok());
        let again = one.genuine(&nonce, now).expect("genuine still");
        assert_eq!(one.use_up(again).err(), Some(Used));
        for text in ["", "AAAA", &nonce[1..], &nonce.replace('A', "B"), &format!("{nonce}A"), &"A".repeat(1_000)] {
            assert!(one.genuine(text, now).is_none(), "{text}");
        }
    }
}
