//! The key ring while the server runs: read from its file, and read again when a sealed value names a key that is not known yet, since
//! `lemur key rotate` in another process has put one there.
//!
//! Reading may mean to ask the holder of the key under which the ring is kept, which takes a while: other tasks go on meanwhile, and a file that
//! could not be read is let alone for some seconds.
//!
//! It is changed by who holds its lock ([`RingTurn`]) alone, and as it is in the file then.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use menagerie_secret::{KeyId, KeyRing, OpenError, RingFile, RingFileError, RingLock, SealError};
use zeroize::Zeroizing;

/// How long what was sealed before the ring's file was changed may take until it is in the database: between the two an HSM or a KMS may sign,
/// and the database may let wait.
const SETTLED: Duration = Duration::from_secs(60);

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
    ring: Arc<RwLock<Read>>,
}

/// A ring, and the file that it was read from.
#[derive(Debug, Clone)]
struct Read {
    ring: Arc<KeyRing>,
    from: Option<Stamp>,
    /// A file that could not be read, and is not looked at again until [`Ring::try_again`].
    failed: Option<Stamp>,
}

/// What another file in the same place does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(file: &RingFile) -> Option<Self> {
        let found = std::fs::metadata(file.path()).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&found);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self { modified: found.modified().ok(), inode })
    }
}

impl Ring {
    /// Reads the ring of a file, or makes it.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read or made, or is not kept as is asked for.
    pub fn open(file: RingFile) -> Result<Self, RingFileError> {
        let ring = apart(|| file.read_or_create())?;
        Self::of(file, ring)
    }

    /// What is in a file.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read.
    pub(super) fn read(file: &RingFile) -> Result<KeyRing, RingFileError> {
        apart(|| file.read())
    }

    /// Of a file, and what was read from it.
    ///
    /// # Errors
    /// [`RingFileError::Otherwise`] if it is not kept as is asked for.
    pub(super) fn of(file: RingFile, ring: KeyRing) -> Result<Self, RingFileError> {
        file.check(&ring)?;
        let read = Read { ring: Arc::new(ring), from: None, failed: None };
        Ok(Self { file, ring: Arc::new(RwLock::new(read)) })
    }

    /// The keys as they are known now.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        // A thread that panics while it holds the lock has only cloned or replaced one pointer.
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner).ring)
    }

    /// The keys as they are in the file now, which is read only if it is another one: what is sealed must not be sealed under a key that
    /// another process has replaced. While the file cannot be read, those that are known.
    #[must_use]
    pub fn current(&self) -> Arc<KeyRing> {
        let known = self.ring.read().unwrap_or_else(PoisonError::into_inner).clone();
        let stamp = Stamp::of(&self.file);
        if stamp.is_some() && (known.from == stamp || known.failed == stamp) {
            return known.ring;
        }
        self.reload().unwrap_or_else(|error| {
            tracing::warn!(%error, "the key ring's file cannot be read: keys that are known are used");
            self.ring.write().unwrap_or_else(PoisonError::into_inner).failed = stamp;
            known.ring
        })
    }

    /// Lets a file be read again that could not be.
    pub(super) fn try_again(&self) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).failed = None;
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be read; the keys stay as they were.
    pub fn reload(&self) -> Result<Arc<KeyRing>, RingFileError> {
        self.reload_knowing(&self.keys())
    }

    fn reload_knowing(&self, known: &KeyRing) -> Result<Arc<KeyRing>, RingFileError> {
        let from = Stamp::of(&self.file);
        let ring = Arc::new(apart(|| self.file.read_again(known))?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Read { ring: Arc::clone(&ring), from, failed: None };
        Ok(ring)
    }

    /// Waits until nobody else changes the file, though not for long.
    ///
    /// # Errors
    /// [`RingFileError::Busy`] if another process goes on doing that; [`RingFileError::File`] if the file cannot be locked.
    pub fn turn(&self) -> Result<RingTurn<'_>, RingFileError> {
        Ok(RingTurn { ring: self, lock: apart(|| self.file.lock())? })
    }

    /// As [`Ring::turn`], for what is not to be done twice in a row when two ask for it at once: it does not wait.
    ///
    /// # Errors
    /// As [`Ring::turn`].
    pub fn turn_now(&self) -> Result<RingTurn<'_>, RingFileError> {
        Ok(RingTurn { ring: self, lock: apart(|| self.file.try_lock())? })
    }

    /// Puts a fresh key into the file: it seals from now on.
    ///
    /// # Errors
    /// [`RingError`] if the file cannot be read or written.
    pub fn add_key(&self) -> Result<Arc<KeyRing>, RingError> {
        self.turn()?.add_key()
    }

    /// Keeps the keys under another key, elsewhere, or in the clear; gives whether that is a change.
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be used or the file cannot be written; the file is as it was.
    pub fn keep_under(&self, reference: Option<&str>) -> Result<bool, RingFileError> {
        let turn = self.turn()?;
        let ring = self.reload()?;
        let changed = ring.kept_under() != reference;
        if changed {
            turn.replace(&ring.to_be_kept_under(reference))?;
        }
        Ok(changed)
    }

    /// Seals a value under the newest key of the file.
    ///
    /// # Errors
    /// [`SealError`] if the crypto library fails.
    pub fn seal(&self, value: &[u8], belongs_to: &str) -> Result<Vec<u8>, SealError> {
        self.current().seal(value, belongs_to)
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

/// The right to change the ring's file, which one process has at a time, until it is dropped or the process ends.
#[derive(Debug)]
pub struct RingTurn<'a> {
    ring: &'a Ring,
    lock: RingLock,
}

impl RingTurn<'_> {
    /// Whether the key that is the newest is it, as far as one can see, for less than [`SETTLED`]: the one before may be in use.
    #[must_use]
    pub fn is_recent(&self) -> bool {
        let changed = std::fs::metadata(self.ring.file.path()).and_then(|found| found.modified());
        // One that lies in the future is of a clock that was put back.
        changed.ok().and_then(|changed| changed.elapsed().ok()).is_none_or(|age| age < SETTLED)
    }

    /// Puts a fresh key into the file: it seals from now on.
    ///
    /// # Errors
    /// [`RingError`] if the file cannot be read or written.
    pub fn add_key(&self) -> Result<Arc<KeyRing>, RingError> {
        Ok(self.replace(&self.ring.reload()?.with_fresh_key()?)?)
    }

    /// Takes keys out of the file: those alone, whatever else is in it now, and never the newest; gives how many.
    ///
    /// # Errors
    /// [`RingFileError`] if the file cannot be read or written.
    pub(crate) fn drop_keys(&self, unused: &[KeyId]) -> Result<usize, RingFileError> {
        let before = self.ring.reload()?;
        let after = before.without(unused);
        let dropped = before.ids().len() - after.ids().len();
        if dropped > 0 {
            self.replace(&after)?;
        }
        Ok(dropped)
    }

    fn replace(&self, ring: &KeyRing) -> Result<Arc<KeyRing>, RingFileError> {
        let written = apart(|| self.lock.replace(ring))?;
        self.ring.reload_knowing(&written)
    }
}

/// Does work that makes the thread wait, and lets other tasks have another thread where there is one.
fn apart<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};

    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
