//! Files that outlive a run: reading them within bounds, and locking them against another process. They are written by
//! [`menagerie_report::replace`], so that a reader, or a machine that loses power, sees the old content or the new, never a part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::named;

/// Reads a file of at most `most` bytes as text; none if there is no such file. What a `user` named may be a link or an open descriptor, such
/// as `<(…)`; else only a regular file is read.
///
/// # Errors
/// If it is there and cannot be read, is too long, no file or no UTF-8.
pub fn read(path: &Path, most: u64, user: bool) -> io::Result<Option<String>> {
    let opened = if user {
        named::open(path)
    } else {
        match fs::symlink_metadata(path) {
            Ok(told) if !told.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
            _ => File::open(path),
        }
    };
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut text = String::new();
    file.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {most} bytes")));
    }
    Ok(Some(text))
}

/// A lock beside a file, held until it is dropped; the system frees it if the process dies.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file unlocks it too, but not while a process that was just started still has it.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Waits for the lock on `path`: that of the file `path.lock`, which stays.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(name))?;
        file.lock()?;
        Ok(Self { file })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use menagerie_report::replace as write;

    #[test]
    fn only_files_within_bounds_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"two").unwrap();
        assert_eq!(read(&path, 3, true).unwrap().as_deref(), Some("two"));
        assert!(read(&path, 2, true).is_err());
        assert_eq!(read(&folder.path().join("b"), 2, true).unwrap(), None);
        assert!(read(folder.path(), 2, true).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_if_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        write(&path, b"one").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link, 9, false).is_err());
        assert_eq!(read(&link, 9, true).unwrap().as_deref(), Some("one"));
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let held = Lock::of(&path).unwrap();
        let other = File::open(folder.path().join("a.lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
