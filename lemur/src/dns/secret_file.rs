//! Credentials in files that the configuration names: short, and never shown.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use menagerie_secret::Secret;
use zeroize::Zeroizing;

/// The longest such file, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Why there is no credential. What the file holds is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretFileError {
    /// It cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is too long, or no text.
    #[error("{path} is no text of at most {LONGEST} bytes", path = path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is in it that can be one.
    #[error("{path}: the first line has to be the credential, in visible ASCII letters", path = path.display())]
    NoLine {
        /// The file.
        path: PathBuf,
    },
}

/// All of a file.
///
/// # Errors
/// [`SecretFileError`].
pub(super) fn text(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let failed = |source| SecretFileError::Read { path: path.to_owned(), source };
    // As long as it may get, so that growing leaves no copies behind.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or_default() + 1));
    let read = std::fs::File::open(path).map_err(failed)?.take(LONGEST + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 <= LONGEST => Ok(text),
        Ok(_) => Err(SecretFileError::NotText { path: path.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(SecretFileError::NotText { path: path.to_owned() }),
        Err(error) => Err(failed(error)),
    }
}

/// The first line of a file.
///
/// # Errors
/// [`SecretFileError`].
pub(super) fn line(path: &Path) -> Result<Secret<String>, SecretFileError> {
    let text = text(path)?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() || !line.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SecretFileError::NoLine { path: path.to_owned() });
    }
    Ok(Secret::new(line.to_owned()))
}
