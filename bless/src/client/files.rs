//! Files that are there whole or not at all: a temporary file beside the target, flushed to the disk, then renamed over it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner only (mode 0600).
    Owner,
    /// Everyone (mode 0644).
    Everyone,
}

/// A file or directory that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{act} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried, as in `could not write`.
    pub act: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl FileError {
    /// A failure of `act` on `path`.
    pub fn new(act: &'static str, path: &Path, source: io::Error) -> Self {
        Self { act, path: path.to_owned(), source }
    }
}

/// Replaces `path` by `contents`, durably and in one step.
///
/// # Errors
/// [`FileError`] if any step fails; the old file is then as it was.
pub fn replace(path: &Path, contents: &[u8], access: Access) -> Result<(), FileError> {
    write_beside(path, contents, access).map_err(|source| FileError::new("could not write", path, source))
}

fn write_beside(path: &Path, contents: &[u8], access: Access) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // The temporary file is made with mode 0600.
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(contents)?;
    open_to(file.as_file(), access)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    flush_directory(directory)
}

#[cfg(unix)]
fn open_to(file: &fs::File, access: Access) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match access {
        Access::Owner => 0o600,
        Access::Everyone => 0o644,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// On Windows a file takes the access of the profile's directory that it lies in.
#[cfg(not(unix))]
fn open_to(_file: &fs::File, _access: Access) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn flush_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn flush_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes `path` and what lies above it, `path` itself for its owner alone (mode 0700, also if it was wider).
///
/// # Errors
/// [`FileError`] if it cannot be made or closed to others.
pub fn private_directory(path: &Path) -> Result<(), FileError> {
    make_private(path).map_err(|source| FileError::new("could not make the directory", path, source))
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Reads a small text file.
///
/// # Errors
/// [`FileError`] if it cannot be read, is no UTF-8 or is longer than `longest` bytes.
pub fn read_text(path: &Path, longest: u64) -> Result<String, FileError> {
    read_limited(path, longest).map_err(|source| FileError::new("could not read", path, source))
}

fn read_limited(path: &Path, longest: u64) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    let read = fs::File::open(path)?.take(longest + 1).read_to_string(&mut text)?;
    if read as u64 > longest {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("longer than {longest} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).expect("the file is there").permissions().mode() & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn modes_and_no_leftovers() {
        let directory = tempfile::tempdir().expect("a directory");
        let inner = directory.path().join("a/b");
        private_directory(&inner).expect("made");
        assert_eq!(mode(&inner), 0o700);
        replace(&inner.join("id"), b"secret", Access::Owner).expect("written");
        replace(&inner.join("id"), b"secret 2", Access::Owner).expect("replaced");
        replace(&inner.join("id.pub"), b"public", Access::Everyone).expect("written");
        assert_eq!((mode(&inner.join("id")), mode(&inner.join("id.pub"))), (0o600, 0o644));
        assert_eq!(read_text(&inner.join("id"), 100).expect("read"), "secret 2");
        assert_eq!(fs::read_dir(&inner).expect("listed").count(), 2);
        assert!(read_text(&inner.join("id"), 3).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_wide_directory_is_closed() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let inner = directory.path().join("wide");
        fs::create_dir(&inner).expect("made");
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).expect("opened");
        private_directory(&inner).expect("closed");
        assert_eq!(mode(&inner), 0o700);
    }
}
