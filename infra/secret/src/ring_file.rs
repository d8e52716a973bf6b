//! A key ring in a file of mode 0600: a first line that says what it is, and a line for each key, the newest last.
//!
//! It is written to a file beside it, synchronised, and renamed, so that a crash leaves the old ring or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::envelope::{KEY, SealError};
use crate::ring::{KeyId, KeyRing, RingKey};

const FIRST_LINE: &str = "menagerie-key-ring/1";
/// Room for some hundred keys.
const MAX_BYTES: u64 = 16 * 1024;

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
    /// There is no randomness for a key.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A file that holds a key ring.
#[derive(Debug, Clone)]
pub struct RingFile {
    path: PathBuf,
}

impl RingFile {
    /// Of a path. Nothing is opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the ring.
    ///
    /// # Errors
    /// [`RingFileError`] if there is none, others may read it, or it is malformed. No error shows what is in the file.
    pub fn read(&self) -> Result<KeyRing, RingFileError> {
        let mut file = File::open(&self.path).map_err(|source| self.failed("cannot read", source))?;
        self.check_mode(&file)?;
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or(0)));
        Read::by_ref(&mut file).take(MAX_BYTES).read_to_string(&mut text).map_err(|source| self.failed("cannot read", source))?;
        self.parse(&text)
    }

    /// Reads the ring, or makes one of a fresh key if there is no file.
    ///
    /// # Errors
    /// As [`RingFile::read`], and if the file cannot be written.
    pub fn read_or_create(&self) -> Result<KeyRing, RingFileError> {
        match self.read() {
            Err(RingFileError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let ring = KeyRing::generate()?;
        let fresh = self.beside(&ring);
        self.write_new(&fresh, &ring)?;
        // Another process may have made one meanwhile; a link does not replace it.
        let linked = fs::hard_link(&fresh, &self.path);
        let removed = fs::remove_file(&fresh);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return self.read(),
            linked => linked.and(removed).map_err(|source| self.failed("cannot make", source))?,
        }
        self.sync_folder()?;
        Ok(ring)
    }

    /// Puts `ring` in the place of what is there.
    ///
    /// # Errors
    /// [`RingFileError::File`] if it cannot be written; the old ring is then still there.
    pub fn replace(&self, ring: &KeyRing) -> Result<(), RingFileError> {
        let fresh = self.beside(ring);
        self.write_new(&fresh, ring)?;
        fs::rename(&fresh, &self.path).map_err(|source| self.failed("cannot replace", source))?;
        self.sync_folder()
    }

    fn beside(&self, ring: &KeyRing) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", ring.newest()));
        self.path.with_file_name(name)
    }

    fn write_new(&self, path: &Path, ring: &KeyRing) -> Result<(), RingFileError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let write = || {
            let mut file = options.open(path)?;
            file.write_all(text(ring).as_bytes())?;
            file.sync_all()
        };
        write().map_err(|source| self.failed("cannot write", source))
    }

    fn sync_folder(&self) -> Result<(), RingFileError> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| self.failed("cannot synchronise", source))
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

    fn parse(&self, text: &str) -> Result<KeyRing, RingFileError> {
        let malformed = |line| RingFileError::Malformed { path: self.path.clone(), line };
        let mut lines = text.lines().zip(1..);
        if lines.next().is_none_or(|(line, _)| line != FIRST_LINE) {
            return Err(malformed(1));
        }
        let mut keys = Vec::new();
        let mut last = 1;
        for (line, number) in lines {
            keys.push(parse_key(line).ok_or_else(|| malformed(number))?);
            last = number;
        }
        KeyRing::of(keys).ok_or_else(|| malformed(last))
    }
}

fn parse_key(line: &str) -> Option<RingKey> {
    let (id, encoded) = line.split_once(' ')?;
    let mut bytes = [0; KeyId::LENGTH];
    hex::decode_to_slice(id, &mut bytes).ok()?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let mut key = Zeroizing::new([0; KEY]);
    if decoded.len() != KEY {
        return None;
    }
    key.copy_from_slice(&decoded);
    Some(RingKey { id: KeyId::from_bytes(bytes), key })
}

fn text(ring: &KeyRing) -> Zeroizing<String> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(FIRST_LINE.len() + 1 + ring.ids().len() * 64));
    text.push_str(FIRST_LINE);
    text.push('\n');
    for key in ring.keys() {
        let encoded = Zeroizing::new(STANDARD.encode(key.key.as_slice()));
        text.push_str(&key.id.to_string());
        text.push(' ');
        text.push_str(&encoded);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
