//! The names of accounts, orders and authorizations in URLs: a time, so that a database's pages are filled in order, and 80 random bits.

use std::fmt;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use menagerie_store::database::Value;

/// The crypto library has no randomness; it does not say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no randomness")]
pub struct NoRandomness;

/// A name in a URL: 22 characters of base64url.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(String);

impl Id {
    /// A fresh one.
    pub(super) fn fresh(now: Timestamp, random: &dyn SecureRandom) -> Result<Self, NoRandomness> {
        let mut bytes = [0; 16];
        let (time, rest) = bytes.split_at_mut(6);
        time.copy_from_slice(&now.as_millisecond().to_be_bytes()[2..]);
        random.fill(rest).map_err(|_| NoRandomness)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads one; `None` if the text cannot be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_id.then(|| Self(text.to_owned()))
    }

    /// One that the database holds.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> From<&'a Id> for Value<'a> {
    fn from(id: &'a Id) -> Self {
        Self::Text(Some(&id.0))
    }
}

/// 256 random bits as text: a challenge's token (RFC 8555, 8.1, asks for 128).
pub(super) fn token(random: &dyn SecureRandom) -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    random.fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
