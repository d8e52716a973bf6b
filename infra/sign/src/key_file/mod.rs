//! Private key files: OpenSSH's own form, PKCS #8, and the older PKCS #1 and SEC 1 forms, encrypted or not.
//!
//! [`KeyFile::parse`] reads all that can be read without the passphrase, so that what is no CA key at all is refused before anyone
//! is asked for one. [`KeyFile::unlock`] decrypts and loads the key into the crypto library. A file may ask for as much work as it
//! likes to be decrypted; the `MAX_` constants say how much it gets.

mod openssh;
mod pem;
mod pkcs8;
mod rsa;
mod traditional;

use std::time::{Duration, Instant};

use menagerie_secret::Secret;
use zeroize::Zeroizing;

use crate::local::{LocalSigner, Rejected};
use crate::public_key::PublicKeyError;
use crate::weak::WeakRsa;

/// The largest file that is looked at.
pub const MAX_KEY_FILE_BYTES: usize = 64 * 1024;
/// The most rounds of bcrypt, each about six milliseconds. `ssh-keygen` uses 16 or 24 and takes any number with `-a`.
pub const MAX_BCRYPT_ROUNDS: u32 = 1024;
/// The most iterations of PBKDF2, a few seconds. OpenSSL uses 2048.
pub const MAX_PBKDF2_ITERATIONS: u32 = 4_000_000;
/// The most memory that scrypt may fill, 128·N·r bytes. OpenSSL uses 16 MiB.
pub const MAX_SCRYPT_MEMORY: u64 = 256 * 1024 * 1024;
/// The most work of scrypt, N·r·p. OpenSSL uses 2^17.
pub const MAX_SCRYPT_WORK: u64 = 1 << 22;

/// Why a file gives no key to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Larger than any key file.
    #[error("the key file has {len} bytes: at most {MAX_KEY_FILE_BYTES} are read")]
    TooLarge {
        /// The file's length in bytes.
        len: usize,
    },
    /// Nothing that looks like a private key.
    #[error("the file is no private key: an OpenSSH, PKCS #8, PKCS #1 or SEC 1 private key in text (PEM) form is wanted")]
    NotAKey,
    /// A public key where the private key is wanted.
    #[error("the file holds a public key: the private key that belongs to it is wanted")]
    PublicKey,
    /// A certificate where the private key is wanted.
    #[error("the file holds a certificate: a plain private key is wanted")]
    Certificate,
    /// Begins as a private key and goes on as something else.
    #[error("the {form} private key is malformed: {reason}")]
    Malformed {
        /// The file's form.
        form: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// Encrypted, and no passphrase was given.
    #[error("the private key is encrypted: its passphrase is wanted")]
    PassphraseNeeded,
    /// Encrypted with another passphrase, or damaged.
    #[error("the passphrase is not that of the private key")]
    WrongPassphrase,
    /// Not encrypted, although a passphrase was given.
    #[error("a passphrase was given, but the private key is not encrypted")]
    NotEncrypted,
    /// Encrypted in a way that is not supported.
    #[error("the private key is encrypted by {name}, which is not supported: encrypt it with AES (ssh-keygen -p -f FILE)")]
    UnsupportedCipher {
        /// The cipher's or scheme's name.
        name: String,
    },
    /// Its passphrase is turned into a key in a way that is not supported.
    #[error("the private key's passphrase is stretched by {name}, which is not supported")]
    UnsupportedKdf {
        /// The function's name.
        name: String,
    },
    /// Decrypting would take too long or too much memory.
    #[error("the private key asks for {cost} {unit} of {kdf} to be decrypted: at most {limit} are spent")]
    TooCostly {
        /// The key derivation function.
        kdf: &'static str,
        /// What is counted.
        unit: &'static str,
        /// How many the file asks for.
        cost: u64,
        /// How many it gets.
        limit: u64,
    },
    /// A kind of key that signs nothing here.
    #[error("keys of type {name} are not supported: use Ed25519, ECDSA P-256 or P-384, or RSA")]
    UnsupportedKeyType {
        /// The type's name.
        name: String,
    },
    /// An RSA key that is not safe.
    #[error(transparent)]
    Weak(#[from] WeakRsa),
    /// Its numbers do not belong together.
    #[error("the private key is damaged: its numbers do not belong together")]
    Inconsistent,
}

/// A private key file that has been read but not decrypted.
#[expect(missing_debug_implementations, reason = "an unencrypted file is a secret")]
pub struct KeyFile {
    form: Form,
}

enum Form {
    OpenSsh(openssh::File),
    Pkcs8(pkcs8::File),
    Traditional(traditional::File),
}

/// The bytes of a key structure, and how long turning the passphrase into its key took.
struct Opened {
    bytes: Zeroizing<Vec<u8>>,
    took: Duration,
}

impl KeyFile {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`KeyFileError`] if they are no private key that could be unlocked by any passphrase.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyFileError> {
        if bytes.len() > MAX_KEY_FILE_BYTES {
            return Err(KeyFileError::TooLarge { len: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| KeyFileError::NotAKey)?;
        let block = pem::read(text)?;
        let form = match block.label {
            "OPENSSH PRIVATE KEY" => Form::OpenSsh(openssh::File::parse(block.body)?),
            "PRIVATE KEY" => Form::Pkcs8(pkcs8::File::plain(block.body)?),
            "ENCRYPTED PRIVATE KEY" => Form::Pkcs8(pkcs8::File::encrypted(block.body)?),
            "RSA PRIVATE KEY" => Form::Traditional(traditional::File::parse(traditional::Kind::Rsa, block)?),
            "EC PRIVATE KEY" => Form::Traditional(traditional::File::parse(traditional::Kind::Ec, block)?),
            "DSA PRIVATE KEY" => return Err(KeyFileError::UnsupportedKeyType { name: "DSA".to_owned() }),
            label if label.ends_with("PUBLIC KEY") => return Err(KeyFileError::PublicKey),
            label if label.contains("CERTIFICATE") => return Err(KeyFileError::Certificate),
            _ => return Err(KeyFileError::NotAKey),
        };
        Ok(Self { form })
    }

    /// Whether a passphrase is needed.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        match &self.form {
            Form::OpenSsh(file) => file.is_encrypted(),
            Form::Pkcs8(file) => file.is_encrypted(),
            Form::Traditional(file) => file.is_encrypted(),
        }
    }

    /// Decrypts the key, which takes a passphrase if and only if it is encrypted, and loads it. An RSA key signs over SHA-512
    /// ([`LocalSigner::with_rsa_hash`] changes that). [`LocalSigner::key_derivation`] says how long the passphrase took.
    ///
    /// # Errors
    /// [`KeyFileError`] says why there is no key.
    pub fn unlock(&self, passphrase: Option<&Secret<Vec<u8>>>) -> Result<LocalSigner, KeyFileError> {
        let passphrase = match (self.is_encrypted(), passphrase) {
            (true, Some(passphrase)) => passphrase.expose().as_slice(),
            (true, None) => return Err(KeyFileError::PassphraseNeeded),
            (false, Some(_)) => return Err(KeyFileError::NotEncrypted),
            (false, None) => &[],
        };
        let (signer, took) = match &self.form {
            Form::OpenSsh(file) => file.unlock(passphrase)?,
            Form::Pkcs8(file) => file.unlock(passphrase)?,
            Form::Traditional(file) => file.unlock(passphrase)?,
        };
        Ok(signer.with_key_derivation(took))
    }
}

impl LocalSigner {
    /// Loads a DER-encoded, unencrypted PrivateKeyInfo (RFC 5958). An RSA key signs over SHA-512 ([`LocalSigner::with_rsa_hash`]).
    ///
    /// # Errors
    /// [`KeyFileError`] says why there is no key.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyFileError> {
        if der.len() > MAX_KEY_FILE_BYTES {
            return Err(KeyFileError::TooLarge { len: der.len() });
        }
        pkcs8::load(der)
    }
}

impl From<Rejected> for KeyFileError {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Public(PublicKeyError::Weak(weak)) => Self::Weak(weak),
            Rejected::Library | Rejected::Public(_) => Self::Inconsistent,
        }
    }
}

/// Refuses a cost above its limit.
fn bound(kdf: &'static str, unit: &'static str, cost: u64, limit: u64) -> Result<(), KeyFileError> {
    if cost > limit { Err(KeyFileError::TooCostly { kdf, unit, cost, limit }) } else { Ok(()) }
}

/// Runs `work` and says how long it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}
