//! Keys that encrypt keys: the newest seals, all of them open.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::envelope::{self, KEY, OpenError, SealError};

/// Which key of a ring it is: 8 random bytes, as text 16 hexadecimal digits. It tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(crate) const LENGTH: usize = 8;

    /// Of its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone)]
pub(crate) struct RingKey {
    pub(crate) id: KeyId,
    pub(crate) key: Zeroizing<[u8; KEY]>,
    /// As the ring's keeper wrapped it, if it did.
    pub(crate) wrapped: Option<Arc<[u8]>>,
}

/// Keys that encrypt keys. What is stored is sealed under the newest, and says under which.
#[derive(Clone)]
pub struct KeyRing {
    older: Vec<RingKey>,
    newest: RingKey,
    /// Under which key, elsewhere, its file has its keys.
    kept_under: Option<Arc<str>>,
}

impl KeyRing {
    /// A ring of one fresh key.
    ///
    /// # Errors
    /// [`SealError`] if there is no randomness.
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self { older: Vec::new(), newest: fresh()?, kept_under: None })
    }

    /// This ring and a fresh key, which seals from now on.
    ///
    /// # Errors
    /// [`SealError`] if there is no randomness.
    pub fn with_fresh_key(&self) -> Result<Self, SealError> {
        Ok(Self { older: self.keys().cloned().collect(), newest: fresh()?, kept_under: self.kept_under.clone() })
    }

    /// This ring without the keys that nothing is sealed under any more; the newest stays.
    #[must_use]
    pub fn without(&self, unused: &[KeyId]) -> Self {
        let older = self.older.iter().filter(|key| !unused.contains(&key.id)).cloned().collect();
        Self { older, newest: self.newest.clone(), kept_under: self.kept_under.clone() }
    }

    /// The reference of the key, elsewhere, under which a file has this ring's keys; none for one that has them in the clear.
    #[must_use]
    pub fn kept_under(&self) -> Option<&str> {
        self.kept_under.as_deref()
    }

    /// This ring, to be kept under another key elsewhere, or in the clear.
    #[must_use]
    pub fn to_be_kept_under(&self, reference: Option<&str>) -> Self {
        let mut ring = self.clone();
        if self.kept_under() != reference {
            ring.kept_under = reference.map(Arc::from);
            ring.keys_mut().for_each(|key| key.wrapped = None);
        }
        ring
    }

    /// What a key was wrapped to, and the key.
    pub(crate) fn unwrapped(&self, id: KeyId, wrapped: &[u8]) -> Option<&RingKey> {
        self.keys().find(|key| key.id == id && key.wrapped.as_deref() == Some(wrapped))
    }

    /// The last is the newest. None if there is no key, or an ID twice.
    pub(crate) fn of(mut keys: Vec<RingKey>, kept_under: Option<&str>) -> Option<Self> {
        let newest = keys.pop()?;
        let mut ids: Vec<_> = keys.iter().map(|key| key.id).chain([newest.id]).collect();
        ids.sort_unstable();
        ids.windows(2).all(|pair| pair[0] != pair[1]).then_some(Self { older: keys, newest, kept_under: kept_under.map(Arc::from) })
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &RingKey> {
        self.older.iter().chain([&self.newest])
    }

    pub(crate) fn keys_mut(&mut self) -> impl Iterator<Item = &mut RingKey> {
        self.older.iter_mut().chain([&mut self.newest])
    }

    /// The IDs of its keys; the last is the newest.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys().map(|key| key.id).collect()
    }

    /// The key that seals.
    #[must_use]
    pub const fn newest(&self) -> KeyId {
        self.newest.id
    }

    /// Seals a value under the newest key. `belongs_to` is what opens it again besides the key: a text that names its place.
    ///
    /// # Errors
    /// [`SealError`] if the crypto library fails.
    pub fn seal(&self, value: &[u8], belongs_to: &str) -> Result<Vec<u8>, SealError> {
        envelope::seal(self.newest.id, &self.newest.key, value, belongs_to.as_bytes())
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`OpenError`] if it is none, is of a key that is not in the ring, was changed, or belongs to something else.
    pub fn open(&self, sealed: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let id = envelope::key_of(sealed)?;
        let key = self.keys().find(|key| key.id == id).ok_or(OpenError::UnknownKey { id })?;
        envelope::open(&key.key, sealed, belongs_to.as_bytes())
    }

    /// The key under which a value was sealed, without opening it.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] if it is no sealed value.
    pub fn key_of(sealed: &[u8]) -> Result<KeyId, OpenError> {
        envelope::key_of(sealed)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.ids()).finish_non_exhaustive()
    }
}

fn fresh() -> Result<RingKey, SealError> {
    let random = SystemRandom::new();
    let (mut id, mut key) = ([0; 8], Zeroizing::new([0; KEY]));
    random.fill(&mut id).map_err(|_| SealError)?;
    random.fill(key.as_mut_slice()).map_err(|_| SealError)?;
    Ok(RingKey { id: KeyId(id), key, wrapped: None })
}

#[cfg(test)]
mod tests;
