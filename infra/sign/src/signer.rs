//! The seam between those who need a signature and those who hold a key.

use std::future::Future;
use std::pin::Pin;

use crate::public_key::PublicKey;
use crate::signature::{Algorithm, Signature, SignatureError};

/// A signature in the making.
pub type Signing<'a> = Pin<Box<dyn Future<Output = Result<Signature, SignError>> + Send + 'a>>;

/// Who holds a private key and signs with it.
pub trait Signer: Send + Sync {
    /// The key that verifies what this signer signs.
    fn public_key(&self) -> &PublicKey;

    /// How it signs; the same for every message.
    fn algorithm(&self) -> Algorithm;

    /// Signs the whole message; hashing happens inside.
    ///
    /// # Errors
    /// The future ends in a [`SignError`] if the key's holder does not sign.
    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a>;
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The crypto library refused; it does not say why.
    #[error("the crypto library could not sign by {algorithm}")]
    Library {
        /// The algorithm it was asked for.
        algorithm: Algorithm,
    },
    /// The key's holder takes no message of that length with that algorithm.
    #[error("a message of {len} bytes is too long to be signed by {algorithm}: {holder} takes at most {limit}")]
    TooLong {
        /// Who holds the key.
        holder: &'static str,
        /// The algorithm it was asked for.
        algorithm: Algorithm,
        /// The message's length in bytes.
        len: usize,
        /// The most it takes, in bytes.
        limit: usize,
    },
    /// The key's holder, elsewhere, did not sign.
    #[error("{holder} did not sign: {source}")]
    Remote {
        /// Who holds the key.
        holder: &'static str,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key's holder answered with something else than a signature.
    #[error("{holder} gave no usable signature: {source}")]
    Answer {
        /// Who holds the key.
        holder: &'static str,
        /// What is wrong with it.
        source: SignatureError,
    },
}
