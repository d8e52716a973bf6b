//! Sections about keys that are elsewhere, as they are written: `[encryption]`, `[keys.NAME]`, `[pkcs11]`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, beside};
use crate::key_store::{KeyReference, ReferenceError};

/// How many sessions of a token there may be at most, and how long a call into its module may take, where it is not said.
const SESSIONS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_SESSIONS: usize = 256;

/// The PKCS#11 module and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11 {
    /// The library.
    pub module: PathBuf,
    /// The file whose first line is the user's PIN; none for tokens that let anybody in.
    pub pin_file: Option<PathBuf>,
    /// How many sessions of a token there may be at most.
    pub sessions: usize,
    /// How long a call may take.
    pub patience: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncryptionSection {
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeySection {
    reference: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pkcs11Section {
    module: PathBuf,
    pin_file: Option<PathBuf>,
    sessions: Option<usize>,
    patience: Option<String>,
}

fn bad(path: &Path, key: impl Into<String>, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value { path: path.to_owned(), key: key.into(), reason: reason.into() }
}

impl EncryptionSection {
    /// The reference of the key under which the key ring is to be kept.
    pub(super) fn validated(self, path: &Path) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.key else { return Ok(None) };
        let wrong = |reason: String| bad(path, "encryption.key", reason);
        let reference: KeyReference = text.parse().map_err(|error: ReferenceError| wrong(error.to_string()))?;
        if !reference.lasts() {
            return Err(wrong("the key is named by its ARN here: what an alias means can be changed".to_owned()));
        }
        Ok(Some(reference.to_string()))
    }
}

/// The references of keys, by the names that requests pick them by.
pub(super) fn named(path: &Path, sections: BTreeMap<String, KeySection>) -> Result<BTreeMap<String, String>, ConfigError> {
    let one = |(name, section): (String, KeySection)| match section.reference.parse::<KeyReference>() {
        Ok(reference) => Ok((name, reference.to_string())),
        Err(error) => Err(bad(path, format!("keys.{name}.reference"), error.to_string())),
    };
    sections.into_iter().map(one).collect()
}

impl Pkcs11Section {
    pub(super) fn validated(self, path: &Path) -> Result<Pkcs11, ConfigError> {
        let sessions = self.sessions.unwrap_or(SESSIONS);
        if !(1..=MOST_SESSIONS).contains(&sessions) {
            return Err(bad(path, "pkcs11.sessions", format!("1 to {MOST_SESSIONS} are wanted")));
        }
        let patience = match self.patience.as_deref().map(menagerie_config::parse_seconds) {
            None => PATIENCE,
            Some(Ok(seconds)) if (1..=300).contains(&seconds) => Duration::from_secs(seconds),
            Some(Ok(_)) => return Err(bad(path, "pkcs11.patience", "1s to 5m are wanted")),
            Some(Err(error)) => return Err(bad(path, "pkcs11.patience", error.to_string())),
        };
        Ok(Pkcs11 { module: beside(path, &self.module), pin_file: self.pin_file.map(|name| beside(path, &name)), sessions, patience })
    }
}
