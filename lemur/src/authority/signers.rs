//! Keys that are elsewhere: whoever starts the engine brings what opens them, so that a build without AWS has no AWS in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use menagerie_sign::Signer;

/// A key being opened.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn Signer>, OpenSignerError>> + Send + 'a>>;

/// Why a key that is elsewhere cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenSignerError {
    /// A reference of a kind that this program was not built or set up for.
    #[error("no key store here knows the key {reference:?}")]
    Unknown {
        /// The reference.
        reference: String,
    },
    /// The key's holder did not answer, or refused.
    #[error("{0}")]
    Holder(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Opens keys by their references, such as `aws-kms:ARN`.
pub trait Signers: Send + Sync {
    /// Opens a key: it can sign when this is done.
    fn open<'a>(&'a self, reference: &'a str) -> Opening<'a>;
}

/// Knows no key that is elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSigners;

impl Signers for NoSigners {
    fn open<'a>(&'a self, reference: &'a str) -> Opening<'a> {
        Box::pin(std::future::ready(Err(OpenSignerError::Unknown { reference: reference.to_owned() })))
    }
}
