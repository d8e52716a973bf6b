//! Why a configuration cannot be used.

use std::path::{Path, PathBuf};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] menagerie_config::ConfigError),
    /// The file that `REPOKID_CONFIG_LOCATION` names is not there.
    #[error("REPOKID_CONFIG_LOCATION names {path}, which is not there")]
    NotThere {
        /// What it names.
        path: PathBuf,
    },
    /// The text is no JSON.
    #[error("line {line}, column {column}: this is no JSON: {reason}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A value is of the wrong kind.
    #[error("{key}: {wanted} is wanted, and here is {found}")]
    Kind {
        /// The keys that lead to it, with dots between them.
        key: String,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// Something that belongs to the rest is missing.
    #[error("{key} is missing")]
    Missing {
        /// The keys that lead to it, with dots between them.
        key: String,
    },
    /// A fault in a file.
    #[error("{path}: {source}")]
    In {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: Box<ConfigError>,
    },
}

impl ConfigError {
    pub(super) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        Self::Json { line: error.line(), column: error.column(), reason }
    }

    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::File(_) => self,
            fault => Self::In { path: path.to_owned(), source: Box::new(fault) },
        }
    }
}
