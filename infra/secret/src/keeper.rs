//! Who wraps the keys of a ring by a key that is elsewhere: in AWS KMS, in a token.

use std::fmt;

use zeroize::Zeroizing;

/// Wraps and unwraps keys by keys that are elsewhere, each named by a reference: a text in ASCII without spaces. Its methods make the thread wait
/// that calls them, for a bounded time.
pub trait Keeper: Send + Sync {
    /// Wraps a key. `belongs_to` is what unwraps it again besides the key elsewhere.
    ///
    /// # Errors
    /// [`KeeperError`] if the key elsewhere is not known, or its holder does not do it.
    fn wrap(&self, reference: &str, key: &[u8], belongs_to: &str) -> Result<Vec<u8>, KeeperError>;

    /// Unwraps a key.
    ///
    /// # Errors
    /// [`KeeperError`] if the key elsewhere is not known or another, its holder does not do it, or the bytes were changed.
    fn unwrap(&self, reference: &str, wrapped: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, KeeperError>;
}

/// Why a key that is elsewhere did not wrap or unwrap.
#[derive(Debug)]
pub struct KeeperError(Box<dyn std::error::Error + Send + Sync>);

impl KeeperError {
    /// Of what its holder said, which shows no secret.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for KeeperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for KeeperError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
