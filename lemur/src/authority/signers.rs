//! Keys that are elsewhere: whoever starts the engine brings what opens them, so that a build without AWS has no AWS in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use menagerie_sign::Signer;

/// A key being opened.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn Signer>, OpenSignerError>> + Send + 'a>>;

/// A reference being made to one that lasts.
pub type Lasting<'a> = Pin<Box<dyn Future<Output = Result<String, OpenSignerError>> + Send + 'a>>;

/// Why a key that is elsewhere cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenSignerError {
    /// A text that is no reference.
    #[error("{reference:?} names no key: {reason}")]
    Malformed {
        /// The text.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is there, and cannot be an authority's.
    #[error("the key {reference} cannot be an authority's: {reason}")]
    Unfit {
        /// The reference.
        reference: String,
        /// Why not.
        reason: &'static str,
    },
    /// Another key than the one in the authority's certificate.
    #[error("the key {reference} is not the one in the authority's certificate")]
    Another {
        /// The reference.
        reference: String,
    },
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

    /// The reference to store: one that means the same key also when a name that was given to it is given to another.
    fn lasting<'a>(&'a self, reference: &'a str) -> Lasting<'a> {
        Box::pin(std::future::ready(Ok(reference.to_owned())))
    }
}

/// Knows no key that is elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSigners;

impl Signers for NoSigners {
    fn open<'a>(&'a self, reference: &'a str) -> Opening<'a> {
        Box::pin(std::future::ready(Err(OpenSignerError::Unknown { reference: reference.to_owned() })))
    }
}
