//! The key ring while the server runs: read from its file, and read again when a sealed value names a key that is not known yet, since
//! `lemur key rotate` in another process has put one there.

use std::sync::{Arc, RwLock};

use menagerie_secret::{KeyRing, OpenError, RingFile, RingFileError, SealError};
use zeroize::Zeroizing;

/// Why a stored key does not open.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// It is sealed under a key that is not there, was changed, or belongs to something else.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ring's file.
    #[error(transparent)]
    File(#[from] RingFileError),
    /// The crypto library failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// The ring that the server seals with.
#[derive(Debug, Clone)]
pub struct Ring {
    file: RingFile,
    ring: Arc<RwLock<Arc<KeyRing>>>,
}

impl Ring {
    /// Reads the ring of a file, or makes it.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read or made.
    pub fn open(file: RingFile) -> Result<Self, RingFileError> {
        let ring = Arc::new(RwLock::new(Arc::new(file.read_or_create()?)));
        Ok(Self { file, ring })
    }

    /// The keys as they are known now.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        // A thread that panics while it holds the lock has only cloned or replaced one pointer.
        Arc::clone(&self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read; the keys stay as they were.
    pub fn reload(&self) -> Result<Arc<KeyRing>, RingFileError> {
        let ring = Arc::new(self.file.read()?);
        *self.ring.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }

    /// Puts a fresh key into the file: it seals from now on.
    ///
    /// # Errors
    /// [`RingError`] if the file cannot be read or written.
    pub fn add_key(&self) -> Result<Arc<KeyRing>, RingError> {
        let fresh = self.file.read()?.with_fresh_key()?;
        self.file.replace(&fresh)?;
        Ok(self.reload()?)
    }

    /// Puts a ring in the place of the file's.
    ///
    /// # Errors
    /// [`RingError`] if the file cannot be written or read.
    pub(crate) fn replace(&self, ring: &KeyRing) -> Result<(), RingError> {
        self.file.replace(ring)?;
        self.reload()?;
        Ok(())
    }

    /// Seals a value under the newest key.
    ///
    /// # Errors
    /// [`SealError`] if the crypto library fails.
    pub fn seal(&self, value: &[u8], belongs_to: &str) -> Result<Vec<u8>, SealError> {
        self.keys().seal(value, belongs_to)
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`RingError`] if it does not open, even with the keys that are in the file now.
    pub fn open_sealed(&self, sealed: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, RingError> {
        match self.keys().open(sealed, belongs_to) {
            Err(OpenError::UnknownKey { .. }) => Ok(self.reload()?.open(sealed, belongs_to)?),
            opened => Ok(opened?),
        }
    }
}
