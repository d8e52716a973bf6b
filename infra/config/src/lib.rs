//! Configuration: files of a bounded size, TOML with the place in each error, and an environment that is handed in.
//!
//! A tool reads its file into an unvalidated serde type with `deny_unknown_fields` and turns that into its own validated types;
//! nothing deeper reads the process's environment or the disk.

mod duration;
mod environment;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use duration::{DurationError, parse_seconds};
pub use environment::{Environment, MapEnvironment, ProcessEnvironment};

/// The most bytes that a configuration file may have.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("{path} is larger than {MAX_FILE_BYTES} bytes: this is no configuration file")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not UTF-8.
    #[error("{path} is not UTF-8 text")]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// The text is not TOML, or not what the tool understands.
    #[error("{path}: {message}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        message: String,
    },
}

/// Reads a configuration file whole.
///
/// # Errors
/// [`ConfigError`] if it cannot be read, is too large, or is no text.
pub fn read(path: &Path) -> Result<String, ConfigError> {
    use std::io::Read as _;

    let at = |source| ConfigError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(at)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(at)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path: path.to_owned() })
}

/// Reads TOML into `T`; the error shows the line and what was expected there.
///
/// # Errors
/// [`ConfigError::Toml`] for what is no TOML, an unknown key or a value of the wrong kind.
pub fn from_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Toml { path: path.to_owned(), message: error.to_string().trim_end().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only the error is looked at")]
        port: u16,
    }

    #[test]
    fn an_error_names_file_line_and_key() {
        let error = from_toml::<Sample>(Path::new("x.toml"), "port = 1\nprot = 2\n").expect_err("an unknown key").to_string();
        assert!(error.contains("x.toml") && error.contains("line 2") && error.contains("prot"), "{error}");
    }

    #[test]
    fn a_large_file_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(MAX_FILE_BYTES + 1).expect("room");
        assert!(matches!(read(file.path()), Err(ConfigError::TooLarge { .. })));
    }
}
