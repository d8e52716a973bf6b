//! Signing keys behind one object-safe trait: local encrypted files and AWS KMS.
//!
//! A [`Signer`] has a [`PublicKey`], an [`Algorithm`] and signs messages; hashing happens inside. [`LocalSigner`] holds its key in
//! this process, made fresh or read from a [`KeyFile`]; `KmsSigner` (feature `kms`) asks AWS KMS, which never gives the key out.
//! [`Verifier`] checks what any of them signed. All arithmetic on keys is aws-lc's, through `aws-lc-rs`: this crate has no primitives
//! of its own. The types know nothing of a wire format; [`ssh`] writes and reads them as SSH does, [`x509`] as certificates do.

mod der;
mod key_file;
#[cfg(feature = "kms")]
mod kms;
mod local;
mod ml_dsa;
mod public_key;
mod signature;
mod signer;
pub mod ssh;
mod verifier;
pub mod weak;
pub mod x509;

pub use key_file::{
    KeyFile, KeyFileError, MAX_BCRYPT_ROUNDS, MAX_KEY_FILE_BYTES, MAX_PBKDF2_ITERATIONS, MAX_SCRYPT_MEMORY, MAX_SCRYPT_WORK,
};
#[cfg(feature = "kms")]
pub use kms::{KmsSigner, KmsSignerError, MAX_KMS_MESSAGE};
pub use local::{ExportError, GenerateError, LocalSigner};
pub use ml_dsa::MlDsa;
pub use public_key::{KeyType, PublicKey, PublicKeyError};
pub use signature::{Algorithm, RsaHash, Signature, SignatureError};
pub use signer::{SignError, Signer, Signing};
pub use verifier::{Verifier, VerifyError};
