//! The lock under which a ring's file is changed: of a file beside it, which stays there. The system lets go of it when its process ends, however
//! that happens.
//!
//! Whoever runs this may be another than the file's owner, as root is when it turns the keys of a service: what is written belongs to the owner
//! of what was there. No name beside the ring is followed elsewhere, since that owner may have put anything there.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{MAX_BYTES, RingFile, RingFileError, text};
use crate::ring::KeyRing;

/// The lock of a ring's file, until it is dropped. What is to be changed is read while it is held.
#[derive(Debug)]
pub struct RingLock {
    file: RingFile,
    /// Open as long as the lock is held.
    _held: File,
}

impl RingLock {
    pub(super) fn take(file: RingFile) -> Result<Self, RingFileError> {
        let held = open(&beside(file.path(), "lock"))
            .and_then(|held| owned_as(&held, file.path()).map(|()| held))
            .map_err(|source| file.failed("cannot open the lock of", source))?;
        match held.try_lock() {
            Ok(()) => Ok(Self { file, _held: held }),
            Err(TryLockError::WouldBlock) => Err(RingFileError::Busy { path: file.path().to_owned() }),
            Err(TryLockError::Error(source)) => Err(file.failed("cannot lock", source)),
        }
    }

    /// Reads the ring, which nobody else changes now; what is known of it already is not unwrapped again.
    ///
    /// # Errors
    /// As [`RingFile::read`].
    pub fn read_again(&self, known: &KeyRing) -> Result<KeyRing, RingFileError> {
        self.file.read_again(known)
    }

    /// Puts `ring` in the place of what is there; gives it as it is there, for [`RingFile::read_again`].
    ///
    /// # Errors
    /// [`RingFileError`] if it cannot be wrapped or written; the old ring is then still there.
    pub fn replace(&self, ring: &KeyRing) -> Result<KeyRing, RingFileError> {
        let file = &self.file;
        let ring = file.wrapped(ring.clone())?;
        self.clear_away().map_err(|source| file.failed("cannot remove what was left beside", source))?;
        let fresh = beside(file.path(), &format!("{}.new", ring.newest()));
        self.write_new(&fresh, &ring).map_err(|source| file.failed("cannot write", source))?;
        fs::rename(&fresh, file.path()).map_err(|source| file.failed("cannot replace", source))?;
        File::open(file.folder()).and_then(|folder| folder.sync_all()).map_err(|source| file.failed("cannot synchronise", source))?;
        Ok(ring)
    }

    /// Removes what a process left that was killed while it wrote: there may be keys in the clear in it. None writes now but this one.
    fn clear_away(&self) -> io::Result<()> {
        let begin = beside(self.file.path(), "").file_name().unwrap_or_default().to_owned();
        for entry in fs::read_dir(self.file.folder())? {
            let entry = entry?;
            let name = entry.file_name();
            if name.as_encoded_bytes().strip_prefix(begin.as_encoded_bytes()).is_some_and(|rest| rest.ends_with(b".new")) {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn write_new(&self, path: &Path, ring: &KeyRing) -> io::Result<()> {
        let text = text(ring);
        if text.len() as u64 > MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it would hold too many keys to be read again"));
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        owned_as(&file, self.file.path())?;
        file.sync_all()
    }
}

/// `NAME.END` beside a file.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(end);
    path.with_file_name(name)
}

/// Opens the lock's file, or makes it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Open for writing, as file systems of other machines want of who locks.
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    if is_alone(&file.metadata()?) { Ok(file) } else { Err(io::Error::other("it is no file of one name")) }
}

#[cfg(unix)]
fn is_alone(found: &Metadata) -> bool {
    found.is_file() && std::os::unix::fs::MetadataExt::nlink(found) == 1
}

#[cfg(not(unix))]
fn is_alone(found: &Metadata) -> bool {
    found.is_file()
}

/// Gives a file that is open the owner and the group of the one at `path`, if there is one.
#[cfg(unix)]
fn owned_as(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let wanted = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let found = file.metadata()?;
    if (found.uid(), found.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    match fchown(file, Some(wanted.uid()), Some(wanted.gid())) {
        // The group may do nothing with it: an owner who is not in it cannot give it, and need not.
        Err(_) if found.uid() == wanted.uid() => Ok(()),
        given => given,
    }
}

#[cfg(not(unix))]
fn owned_as(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
