//! Small secrets in files: the passphrase of a CA's key, the token of `bless serve --listen`. Nothing of them is cut, and their bytes are
//! wiped wherever they were.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use menagerie_secret::Secret;
use zeroize::Zeroizing;

/// The most bytes of such a file.
const LONGEST: usize = 4_096;

/// Why a file gives no secret. Nothing of its content is repeated.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("cannot read the {what} file {path}: {source}", path = path.display())]
    Read {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is longer than any such secret.
    #[error("the {what} file {path} has more than {LONGEST} bytes", path = path.display())]
    TooLong {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Others can read the token.
    #[error("the token file {path} can be read by others (mode {mode:o}): `chmod 600` it, and have a new one made if they did", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is no token that a header could hold.
    #[error("the token file {path} holds no token: one word of printable characters is wanted", path = path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a passphrase: the whole file but the line's end.
///
/// # Errors
/// [`SecretFileError`].
pub fn passphrase(path: &Path) -> Result<Secret<Vec<u8>>, SecretFileError> {
    let file = open("passphrase", path)?;
    let mut bytes = content("passphrase", path, file)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

/// Reads a token: one word, in a file that is its owner's alone where the system has modes. (On Windows the profile's directory keeps
/// others out.)
///
/// # Errors
/// [`SecretFileError`].
pub fn token(path: &Path) -> Result<Secret<String>, SecretFileError> {
    let file = open("token", path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata().map_err(|source| SecretFileError::Read { what: "token", path: path.to_owned(), source })?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SecretFileError::Open { path: path.to_owned(), mode });
        }
    }
    let bytes = content("token", path, file)?;
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok(token) if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(token.to_owned())),
        _ => Err(SecretFileError::NoToken { path: path.to_owned() }),
    }
}

fn open(what: &'static str, path: &Path) -> Result<std::fs::File, SecretFileError> {
    std::fs::File::open(path).map_err(|source| SecretFileError::Read { what, path: path.to_owned(), source })
}

fn content(what: &'static str, path: &Path, file: std::fs::File) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    // Room for all that is read, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    let read = file.take(LONGEST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| SecretFileError::Read { what, path: path.to_owned(), source })?;
    if bytes.len() > LONGEST { Err(SecretFileError::TooLong { what, path: path.to_owned() }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret");
        std::fs::write(&path, content).expect("written");
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("set");
        let _ = mode;
        (directory, path)
    }

    #[test]
    fn passphrases_are_whole_or_none() {
        let of = |content: &[u8]| {
            let (_kept, path) = file(content, 0o600);
            passphrase(&path).map(|secret| secret.expose().clone())
        };
        assert_eq!(of(b"correct horse \r\n\n").expect("read"), b"correct horse ");
        assert_eq!(of(b"\xff\x00\n").expect("any bytes will do"), b"\xff\x00");
        let longest = [b'x'; LONGEST];
        assert_eq!(of(&longest).expect("read"), longest);
        for content in [&[b'x'; LONGEST + 1][..], &[&longest[..], b"\n"].concat(), &[b'x'; 1 << 20]] {
            let error = of(content).expect_err("it is too long");
            assert!(matches!(error, SecretFileError::TooLong { what: "passphrase", .. }), "{error}");
        }
        let nowhere = passphrase(Path::new("/nonexistent/secret"));
        assert!(matches!(nowhere, Err(SecretFileError::Read { .. })));
    }

    #[test]
    fn tokens_are_one_word() {
        let of = |content: &str| {
            let (_kept, path) = file(content.as_bytes(), 0o600);
            token(&path).map(|secret| secret.expose().clone())
        };
        assert_eq!(of("s3cret\n").expect("a token"), "s3cret");
        for content in ["", "\n", "two words", "line\r\nHost: x", "ü"] {
            assert!(matches!(of(content), Err(SecretFileError::NoToken { .. })), "{content:?}");
        }
        assert!(matches!(of(&"x".repeat(LONGEST + 1)), Err(SecretFileError::TooLong { what: "token", .. })), "and is not cut");
    }

    #[cfg(unix)]
    #[test]
    fn tokens_are_their_owners_alone() {
        for mode in [0o644, 0o640, 0o604, 0o620] {
            let (_kept, path) = file(b"s3cret", mode);
            assert!(matches!(token(&path), Err(SecretFileError::Open { mode: found, .. }) if found == mode), "{mode:o}");
        }
    }
}
