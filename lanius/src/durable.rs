//! Writing a file so that a reader, or a machine that loses power, sees the old content or the new, never a part; and locking it against
//! another process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Puts `bytes` in place of the file's content. The file is its owner's alone, unless it was there with other rights.
///
/// # Errors
/// What the system said; the old content then stands.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = NamedTempFile::with_prefix_in(".lanius-", folder)?;
    file.write_all(bytes)?;
    if let Ok(known) = fs::metadata(&path) {
        file.as_file().set_permissions(known.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Reads a regular file of at most `most` bytes as text; none if there is no such file. Links are followed only if `follow` says so.
///
/// # Errors
/// If it is there and cannot be read, is too long, no file or no UTF-8.
pub fn read(path: &Path, most: u64, follow: bool) -> io::Result<Option<String>> {
    let told = if follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
    match told {
        Ok(told) if told.is_file() => {}
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut text = String::new();
    File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {most} bytes")));
    }
    Ok(Some(text))
}

/// A lock beside a file, held until it is dropped; the system frees it if the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
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
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path, 3, true).unwrap().as_deref(), Some("two"));
        assert!(read(&path, 2, true).is_err());
        assert_eq!(read(&folder.path().join("b"), 2, true).unwrap(), None);
        assert!(read(folder.path(), 2, true).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_if_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        write(&path, b"one").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link, 9, false).is_err());
        write(&link, b"two").unwrap();
        assert_eq!(read(&path, 9, true).unwrap().as_deref(), Some("two"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
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
