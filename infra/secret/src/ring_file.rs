//! A key ring in a file of mode 0600: a first line that says what it is, and a line for each key, the newest last.
//!
//! The keys stand there in the clear (`menagerie-key-ring/1`), or wrapped by a key that is elsewhere, whose reference is in the first line
//! (`menagerie-key-ring/2 REFERENCE`); a [`Keeper`] wraps and unwraps them. The file is written to another beside it, synchronised, and
//! renamed, so that a crash leaves the old ring or the new one; and what was just wrapped is unwrapped before, so that nothing stands there
//! that does not open again. Whoever changes it holds the lock of a file beside it ([`RingLock`]): of two processes that read, change and write,
//! neither undoes what the other did.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::envelope::{KEY, SealError};
use crate::keeper::{Keeper, KeeperError};
use crate::ring::{KeyId, KeyRing, RingKey};

const FIRST_LINE: &str = "menagerie-key-ring/1";
/// Of a file whose keys are wrapped; a space and the reference follow.
const FIRST_WORD: &str = "menagerie-key-ring/2";
/// Room for some hundred keys.
const MAX_BYTES: u64 = 64 * 1024;
/// How long [`RingFile::lock`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a key ring was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum RingFileError {
    /// The file cannot be read or written.
    #[error("{act} the key ring {path}: {source}", path = path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("the key ring {path} can be read by others (mode {mode:o}): chmod 600 it", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no key ring.
    #[error("the key ring {path} is malformed at line {line}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The first line that does not belong there.
        line: usize,
    },
    /// Its keys are wrapped, and nothing here unwraps them.
    #[error("the key ring {path} is kept under {reference}, and this program was not set up for that", path = path.display())]
    NoKeeper {
        /// The file.
        path: PathBuf,
        /// The key, elsewhere.
        reference: String,
    },
    /// The key that is elsewhere does not wrap or unwrap.
    #[error("the key ring {path} is kept under {reference}, which cannot be used: {source}", path = path.display())]
    Keeper {
        /// The file.
        path: PathBuf,
        /// The key, elsewhere.
        reference: String,
        /// What its holder said.
        source: KeeperError,
    },
    /// It is kept in another way than is asked for.
    #[error("the key ring {path} is kept {found}, and not under {wanted}", path = path.display())]
    Otherwise {
        /// The file.
        path: PathBuf,
        /// How it is kept.
        found: String,
        /// The key, elsewhere, that is asked for.
        wanted: String,
    },
    /// Another process holds its lock.
    #[error("the key ring {path} is being changed by another process: do it again when that is done", path = path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// There is no randomness for a key.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A file that holds a key ring.
#[derive(Clone)]
pub struct RingFile {
    path: PathBuf,
    keeper: Option<Arc<dyn Keeper>>,
    wanted: Option<String>,
}

impl RingFile {
    /// Of a path. Nothing is opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), keeper: None, wanted: None }
    }

    /// With what wraps and unwraps the keys of a ring that is kept under a key elsewhere.
    #[must_use]
    pub fn with_keeper(self, keeper: Arc<dyn Keeper>) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// A fresh ring is to be kept under this key elsewhere, and [`RingFile::check`] refuses one that is not.
    #[must_use]
    pub fn wanted_under(self, reference: impl Into<String>) -> Self {
        Self { wanted: Some(reference.into()), ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a ring that is not kept as is asked for.
    ///
    /// # Errors
    /// [`RingFileError::Otherwise`] says how it is kept.
    pub fn check(&self, ring: &KeyRing) -> Result<(), RingFileError> {
        match &self.wanted {
            Some(wanted) if ring.kept_under() != Some(wanted) => {
                let found = ring.kept_under().map_or_else(|| "in the clear".to_owned(), |under| format!("under {under}"));
                Err(RingFileError::Otherwise { path: self.path.clone(), found, wanted: wanted.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Reads the ring.
    ///
    /// # Errors
    /// [`RingFileError`] if there is none, others may read it, it is malformed, or does not unwrap. No error shows what is in the file.
    pub fn read(&self) -> Result<KeyRing, RingFileError> {
        self.read_knowing(None)
    }

    /// Reads the ring; what is known of it already is not unwrapped again.
    ///
    /// # Errors
    /// As [`RingFile::read`].
    pub fn read_again(&self, known: &KeyRing) -> Result<KeyRing, RingFileError> {
        self.read_knowing(Some(known))
    }

    fn read_knowing(&self, known: Option<&KeyRing>) -> Result<KeyRing, RingFileError> {
        let mut file = File::open(&self.path).map_err(|source| self.failed("cannot read", source))?;
        self.check_mode(&file)?;
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or(0)));
        Read::by_ref(&mut file).take(MAX_BYTES).read_to_string(&mut text).map_err(|source| self.failed("cannot read", source))?;
        self.parse(&text, known)
    }

    /// Reads the ring, or makes one of a fresh key if there is no file.
    ///
    /// # Errors
    /// As [`RingFile::read`], and if the file cannot be written.
    pub fn read_or_create(&self) -> Result<KeyRing, RingFileError> {
        let missing = |read: &Result<KeyRing, RingFileError>| matches!(read, Err(RingFileError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound);
        let read = self.read();
        if !missing(&read) {
            return read;
        }
        let lock = self.lock()?;
        // Another process may have made one meanwhile.
        let read = self.read();
        if missing(&read) { lock.replace(&KeyRing::generate()?.to_be_kept_under(self.wanted.as_deref())) } else { read }
    }

    /// Waits for the lock that whoever changes the ring holds, though not for long.
    ///
    /// # Errors
    /// [`RingFileError::Busy`] if another process holds it for longer; [`RingFileError::File`] if there is none to be had.
    pub fn lock(&self) -> Result<RingLock, RingFileError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_lock() {
                Err(RingFileError::Busy { .. }) if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
                tried => return tried,
            }
        }
    }

    /// Takes the lock that whoever changes the ring holds.
    ///
    /// # Errors
    /// [`RingFileError::Busy`] if another process holds it; [`RingFileError::File`] if there is none to be had.
    pub fn try_lock(&self) -> Result<RingLock, RingFileError> {
        RingLock::take(self.clone())
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Has those keys wrapped that are not, if the ring is to be kept under a key elsewhere.
    fn wrapped(&self, mut ring: KeyRing) -> Result<KeyRing, RingFileError> {
        let Some(reference) = ring.kept_under().map(str::to_owned) else { return Ok(ring) };
        let keeper = self.keeper(&reference)?;
        let unusable = |source| RingFileError::Keeper { path: self.path.clone(), reference: reference.clone(), source };
        for key in ring.keys_mut().filter(|key| key.wrapped.is_none()) {
            let place = place(key.id);
            let wrapped = keeper.wrap(&reference, key.key.as_slice(), &place).map_err(unusable)?;
            // Whoever may wrap may not be allowed to unwrap: that is found out now and not when it is too late.
            let back = keeper.unwrap(&reference, &wrapped, &place).map_err(unusable)?;
            if back.as_slice() != key.key.as_slice() {
                return Err(unusable(KeeperError::new("what was wrapped unwraps to something else")));
            }
            key.wrapped = Some(wrapped.into());
        }
        Ok(ring)
    }

    fn keeper(&self, reference: &str) -> Result<&dyn Keeper, RingFileError> {
        let none = || RingFileError::NoKeeper { path: self.path.clone(), reference: reference.to_owned() };
        self.keeper.as_deref().ok_or_else(none)
    }

    fn failed(&self, act: &'static str, source: io::Error) -> RingFileError {
        RingFileError::File { act, path: self.path.clone(), source }
    }

    #[cfg(unix)]
    fn check_mode(&self, file: &File) -> Result<(), RingFileError> {
        let metadata = file.metadata().map_err(|source| self.failed("cannot read", source))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 == 0 { Ok(()) } else { Err(RingFileError::Open { path: self.path.clone(), mode }) }
    }

    #[cfg(not(unix))]
    fn check_mode(&self, _: &File) -> Result<(), RingFileError> {
        Ok(())
    }

    fn parse(&self, text: &str, known: Option<&KeyRing>) -> Result<KeyRing, RingFileError> {
        let malformed = |line| RingFileError::Malformed { path: self.path.clone(), line };
        let mut lines = text.lines().zip(1..);
        let kept_under = match lines.next() {
            Some((FIRST_LINE, _)) => None,
            Some((line, _)) => {
                let reference = line.strip_prefix(FIRST_WORD).and_then(|rest| rest.strip_prefix(' '));
                Some(reference.filter(|reference| is_reference(reference)).ok_or_else(|| malformed(1))?)
            }
            None => return Err(malformed(1)),
        };
        let mut keys = Vec::new();
        let mut last = 1;
        for (line, number) in lines {
            let (id, bytes) = parse_line(line).ok_or_else(|| malformed(number))?;
            let key = match kept_under {
                None => clear(id, &bytes),
                Some(reference) => match known.and_then(|known| known.unwrapped(id, &bytes)) {
                    Some(known) => Some(known.clone()),
                    None => self.unwrap(reference, id, &bytes)?,
                },
            };
            keys.push(key.ok_or_else(|| malformed(number))?);
            last = number;
        }
        KeyRing::of(keys, kept_under).ok_or_else(|| malformed(last))
    }

    fn unwrap(&self, reference: &str, id: KeyId, wrapped: &[u8]) -> Result<Option<RingKey>, RingFileError> {
        let unwrapped = self.keeper(reference)?.unwrap(reference, wrapped, &place(id));
        let bytes =
            unwrapped.map_err(|source| RingFileError::Keeper { path: self.path.clone(), reference: reference.to_owned(), source })?;
        Ok(clear(id, &bytes).map(|key| RingKey { wrapped: Some(wrapped.into()), ..key }))
    }
}

impl fmt::Debug for RingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingFile").field("path", &self.path).field("wanted_under", &self.wanted).finish_non_exhaustive()
    }
}

/// What a wrapped key of a ring belongs to.
fn place(id: KeyId) -> String {
    format!("menagerie-key-ring/{id}")
}

/// A text that names a key elsewhere stands on one line and has no space.
fn is_reference(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn parse_line(line: &str) -> Option<(KeyId, Zeroizing<Vec<u8>>)> {
    let (id, encoded) = line.split_once(' ')?;
    let mut bytes = [0; KeyId::LENGTH];
    hex::decode_to_slice(id, &mut bytes).ok()?;
    Some((KeyId::from_bytes(bytes), Zeroizing::new(STANDARD.decode(encoded).ok()?)))
}

fn clear(id: KeyId, bytes: &[u8]) -> Option<RingKey> {
    let mut key = Zeroizing::new([0; KEY]);
    if bytes.len() != KEY {
        return None;
    }
    key.copy_from_slice(bytes);
    Some(RingKey { id, key, wrapped: None })
}

fn text(ring: &KeyRing) -> Zeroizing<String> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let wrapped: usize = ring.keys().filter_map(|key| key.wrapped.as_ref()).map(|wrapped| wrapped.len() * 2).sum();
    let first = ring.kept_under().map_or_else(|| FIRST_LINE.to_owned(), |reference| format!("{FIRST_WORD} {reference}"));
    let mut text = Zeroizing::new(String::with_capacity(first.len() + 1 + ring.ids().len() * 80 + wrapped));
    text.push_str(&first);
    text.push('\n');
    for key in ring.keys() {
        let bytes = match ring.kept_under() {
            None => key.key.as_slice(),
            Some(_) => key.wrapped.as_deref().expect("the keys of a ring that is kept elsewhere are wrapped before it is written"),
        };
        let encoded = Zeroizing::new(STANDARD.encode(bytes));
        text.push_str(&key.id.to_string());
        text.push(' ');
        text.push_str(&encoded);
        text.push('\n');
    }
    text
}

mod lock;

pub use lock::RingLock;

#[cfg(test)]
mod tests;
