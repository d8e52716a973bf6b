//! The profiles of an installation: those built in, and those of its configuration, which may take their places.

use std::collections::BTreeMap;

use super::Profile;

/// The longest text of profiles that is read, in bytes.
const MAX_TEXT: usize = 1024 * 1024;
/// The longest name.
const MAX_NAME: usize = 64;

/// Profiles by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles {
    by_name: BTreeMap<String, Profile>,
}

/// Why a text holds no profiles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfilesError {
    /// Too long.
    #[error("profiles of {len} bytes are not read: at most {MAX_TEXT}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// No TOML, or a profile that is none; the text says where.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A name that cannot be used.
    #[error("a profile's name is 1 to {MAX_NAME} small letters, digits and hyphens, and not `authority`; {name:?} is not")]
    Name {
        /// The name.
        name: String,
    },
}

impl Default for Profiles {
    fn default() -> Self {
        Self { by_name: Profile::built_in() }
    }
}

impl Profiles {
    /// The built-in profiles, and over them those of a TOML text: a table for each.
    ///
    /// # Errors
    /// [`ProfilesError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, ProfilesError> {
        if text.len() > MAX_TEXT {
            return Err(ProfilesError::TooLarge { len: text.len() });
        }
        Self::default().with(toml::from_str(text)?)
    }

    /// These profiles, and over them others.
    ///
    /// # Errors
    /// [`ProfilesError::Name`] if one has a name that cannot be used.
    pub fn with(mut self, others: BTreeMap<String, Profile>) -> Result<Self, ProfilesError> {
        if let Some(name) = others.keys().find(|name| !is_name(name)) {
            return Err(ProfilesError::Name { name: name.clone() });
        }
        self.by_name.extend(others);
        Ok(self)
    }

    /// The profile of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }

    /// Every profile with its name, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.by_name.iter().map(|(name, profile)| (name.as_str(), profile))
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        // What is kept with an authority's own certificate has it in a profile's place.
        && name != crate::authority::PROFILE
}
