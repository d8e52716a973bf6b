//! Secrets in files that the configuration names, all read alike: short, never shown, and of no file that everybody may read.
//!
//! Others may not read, write or run such a file, and its group may read it at most: that is how container platforms and service managers hand
//! secrets to a process that is not root.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use menagerie_secret::Secret;
use zeroize::Zeroizing;

/// The longest such file, in bytes.
const LONGEST: u64 = 16 * 1024;

/// What a file's mode may not have.
#[cfg(unix)]
const TOO_MUCH: u32 = 0o027;

/// Why there is no secret. What the file holds is not shown.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read or write it.
    #[error("{path} holds a secret, and its mode is {mode:o}: others may do nothing with it, and its group no more than read it (chmod 600)", path = path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is too long, or no text.
    #[error("{path} is no text of at most {LONGEST} bytes", path = path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is in it that can be one.
    #[error("{path}: the first line has to be the secret, without control characters", path = path.display())]
    NoLine {
        /// The file.
        path: PathBuf,
    },
    /// What is in it cannot be one of this kind.
    #[error("{path}: the first line has to be the secret, in visible ASCII letters", path = path.display())]
    NoWord {
        /// The file.
        path: PathBuf,
    },
}

impl SecretFileError {
    /// Whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == ErrorKind::NotFound)
    }
}

/// All of a file.
///
/// # Errors
/// [`SecretFileError`].
pub(crate) fn text(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let failed = |source| SecretFileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    check_mode(path, &file)?;
    // As long as it may get, so that growing leaves no copies behind.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or_default() + 1));
    match file.take(LONGEST + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 <= LONGEST => Ok(text),
        Ok(_) => Err(SecretFileError::NotText { path: path.to_owned() }),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(SecretFileError::NotText { path: path.to_owned() }),
        Err(error) => Err(failed(error)),
    }
}

/// The first line of a file, without blanks around it.
///
/// # Errors
/// [`SecretFileError`].
pub(crate) fn line(path: &Path) -> Result<Secret<String>, SecretFileError> {
    let text = text(path)?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() || line.chars().any(char::is_control) {
        return Err(SecretFileError::NoLine { path: path.to_owned() });
    }
    Ok(Secret::new(line.to_owned()))
}

/// The first line of a file, which is one word that can stand in a header.
///
/// # Errors
/// [`SecretFileError`].
pub(crate) fn word(path: &Path) -> Result<Secret<String>, SecretFileError> {
    let line = line(path)?;
    if line.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(line)
    } else {
        Err(SecretFileError::NoWord { path: path.to_owned() })
    }
}

/// Of the file that is open, and not of one that may be put in its place.
#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), SecretFileError> {
    let found = file.metadata().map_err(|source| SecretFileError::Read { path: path.to_owned(), source })?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777;
    if mode & TOO_MUCH == 0 { Ok(()) } else { Err(SecretFileError::Mode { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), SecretFileError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn written(folder: &tempfile::TempDir, bytes: &[u8], mode: u32) -> PathBuf {
        let path = folder.path().join("secret");
        std::fs::write(&path, bytes).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        path
    }

    #[test]
    fn what_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        for mode in [0o600, 0o400, 0o640, 0o440] {
            let path = written(&folder, b" of the tests \r\nand more\n", mode);
            assert_eq!(line(&path).expect("a secret").expose(), "of the tests", "{mode:o}");
            std::fs::remove_file(path).expect("it is there");
        }
        for mode in [0o644, 0o604, 0o660, 0o602, 0o620, 0o601, 0o777] {
            let path = written(&folder, b"hidden\n", mode);
            let refused = line(&path).err().map(|error| error.to_string()).expect("a refusal");
            assert!(
                refused.contains(&format!("mode is {mode:o}")) && refused.contains("secret") && !refused.contains("hidden"),
                "{refused}"
            );
            std::fs::remove_file(path).expect("it is there");
        }
    }

    #[test]
    fn what_can_be_no_secret_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = vec![b'x'; 16 * 1024 + 1];
        for (bytes, wanted) in [
            (&b""[..], "first line"),
            (b"\nhidden", "first line"),
            (b"hid\x07den", "control"),
            (b"hidden\xff", "no text"),
            (&long, "no text"),
        ] {
            let refused = line(&written(&folder, bytes, 0o600)).err().map(|error| error.to_string()).expect("a refusal");
            assert!(refused.contains(wanted) && !refused.contains("den"), "{refused}");
        }
        assert_eq!(line(&written(&folder, b"two words", 0o600)).expect("a secret").expose(), "two words");
        assert!(matches!(word(&written(&folder, b"two words", 0o600)), Err(SecretFileError::NoWord { .. })));
        assert_eq!(word(&written(&folder, b"one-word", 0o600)).expect("a secret").expose(), "one-word");
        let none = line(&folder.path().join("none")).err().expect("a refusal");
        assert!(none.is_missing() && none.to_string().contains("none"), "{none}");
    }
}
