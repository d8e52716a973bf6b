//! The key ring while the server runs: read from its file, and read again when the file was replaced, since `lemur key rotate` in another
//! process puts keys there. Whatever is sealed is sealed under the newest key of the file, so that older ones go out of use.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

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
    read: Arc<RwLock<Read>>,
}

#[derive(Debug)]
struct Read {
    keys: Arc<KeyRing>,
    version: Option<Version>,
}

/// What tells a file from the one that took its place: it is replaced whole, never written to.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    modified: SystemTime,
    number: u64,
}

impl Version {
    fn of(file: &RingFile) -> Option<Self> {
        let found = std::fs::metadata(file.path()).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&found);
        #[cfg(not(unix))]
        let number = found.len();
        Some(Self { modified: found.modified().ok()?, number })
    }
}

impl Ring {
    /// Reads the ring of a file, or makes it.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read or made.
    pub fn open(file: RingFile) -> Result<Self, RingFileError> {
        // The version comes first: of a file that is replaced meanwhile the keys are then read once more.
        let version = Version::of(&file);
        let keys = Arc::new(file.read_or_create()?);
        Ok(Self { file, read: Arc::new(RwLock::new(Read { keys, version })) })
    }

    /// The keys as they are known now.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        // A thread that panics while it holds the lock has only cloned or replaced two values.
        Arc::clone(&self.read.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// The keys as they are in the file. A file that cannot be looked at does not stop the work.
    fn fresh(&self) -> Arc<KeyRing> {
        let version = Version::of(&self.file);
        let known = self.read.read().unwrap_or_else(PoisonError::into_inner);
        if version.is_none() || known.version == version {
            return Arc::clone(&known.keys);
        }
        drop(known);
        self.reload().unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "the key ring's file was replaced, and cannot be read");
            self.keys()
        })
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read; the keys stay as they were.
    pub fn reload(&self) -> Result<Arc<KeyRing>, RingFileError> {
        let version = Version::of(&self.file);
        let keys = Arc::new(self.file.read()?);
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Read { keys: Arc::clone(&keys), version };
        Ok(keys)
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

    /// Seals a value under the newest key of the file.
    ///
    /// # Errors
    /// [`SealError`] if the crypto library fails.
    pub fn seal(&self, value: &[u8], belongs_to: &str) -> Result<Vec<u8>, SealError> {
        self.fresh().seal(value, belongs_to)
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
