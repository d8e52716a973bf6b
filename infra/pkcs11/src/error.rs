//! What may go wrong between here and a token.

use std::path::PathBuf;
use std::time::Duration;

use cryptoki::error::{Error, RvError};

use crate::uri::{KeyUri, TokenName};

/// Why a token did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs11Error {
    /// The module cannot be loaded.
    #[error("the PKCS#11 module {path} cannot be loaded: {reason}", path = path.display())]
    Module {
        /// The library.
        path: PathBuf,
        /// What the system or the module said.
        reason: String,
    },
    /// No slot has the token.
    #[error("no slot has the token {token}")]
    NoToken {
        /// What was looked for.
        token: Box<TokenName>,
    },
    /// Several slots have such a token.
    #[error("{count} tokens are called {token}: name its serial number too")]
    ManyTokens {
        /// What was looked for.
        token: Box<TokenName>,
        /// How many there are.
        count: usize,
    },
    /// The token did not take the PIN. It is not tried again: a token locks itself after a few wrong ones.
    #[error("the token {token} refused the PIN ({reason}): put the right one into the PIN's file and start again")]
    Pin {
        /// The token.
        token: Box<TokenName>,
        /// What the token said.
        reason: String,
    },
    /// The token has no such key.
    #[error("the token has no {kind} {key}")]
    NoKey {
        /// What was looked for.
        key: Box<KeyUri>,
        /// `private key` or `secret key`.
        kind: &'static str,
    },
    /// The token has several such keys.
    #[error("the token has {count} keys {key}: name the id too")]
    ManyKeys {
        /// What was looked for.
        key: Box<KeyUri>,
        /// How many there are.
        count: usize,
    },
    /// A key that cannot be used.
    #[error("the key {key} cannot be used: {reason}")]
    Key {
        /// The key.
        key: Box<KeyUri>,
        /// Why not.
        reason: &'static str,
    },
    /// Another key stands where the key was.
    #[error("the key {key} is not the one that it was")]
    Changed {
        /// The key.
        key: Box<KeyUri>,
    },
    /// A wrapped value that was changed, or belongs to something else, or is under another key.
    #[error("the token does not unwrap the value: it was changed, or wrapped by another key")]
    Damaged,
    /// A function of the module failed.
    #[error("{function} failed: {code}")]
    Call {
        /// The function, such as `C_Sign`.
        function: String,
        /// The return code, such as `CKR_DEVICE_ERROR`, without what is common to all.
        code: String,
        /// Whether the session, or a handle in it, is worth nothing any more.
        session_lost: bool,
    },
    /// The token took too long.
    #[error("the token did not answer within {} ms", .patience.as_millis())]
    Slow {
        /// How long it was waited for.
        patience: Duration,
    },
    /// Too many calls wait for the token.
    #[error("too many calls wait for the token")]
    Busy,
    /// No thread could be had.
    #[error("no thread could be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl Pkcs11Error {
    /// Whether a new session may do what the old one could not.
    pub(crate) const fn is_of_session(&self) -> bool {
        matches!(self, Self::Call { session_lost: true, .. })
    }
}

impl From<Error> for Pkcs11Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Pkcs11(code, function) => {
                Self::Call { function: format!("C_{function:?}"), session_lost: loses_session(code), code: format!("{code:?}") }
            }
            // The crate's own words hold no value that was handed in.
            other => Self::Call { function: "the module".to_owned(), code: other.to_string(), session_lost: false },
        }
    }
}

const fn loses_session(code: RvError) -> bool {
    matches!(
        code,
        RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::UserNotLoggedIn
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::OperationActive
    )
}
