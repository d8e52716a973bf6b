//! Loading the CA's key: read, unpack, decrypt.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use menagerie_aws::{CallError, SessionError};
use menagerie_secret::Secret;
use menagerie_sign::{KeyFile, KeyFileError, KmsSigner, KmsSignerError, MAX_KEY_FILE_BYTES, PublicKeyError, Signer};

use crate::config::{CaSource, Compression, PassphraseSource};
use crate::issue::AwsClients;
use crate::secret_file::{self, SecretFileError};

/// Why there is no CA key. The texts of failed calls are the SDK's, as BLESS's callers know them.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The key file cannot be read.
    #[error("cannot read the CA's key file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key does not unpack.
    #[error("the CA's key is not {0:?}-compressed, as the configuration says")]
    Compression(Compression),
    /// More bytes than a key file has.
    #[error("the CA's key file has more than {MAX_KEY_FILE_BYTES} bytes")]
    TooLarge,
    /// The key file is none, or its passphrase is another.
    #[error("the CA's key cannot be used: {0}")]
    KeyFile(#[from] KeyFileError),
    /// The key is not encrypted.
    #[error("the CA's key is not encrypted: encrypt it with `ssh-keygen -p -f FILE`")]
    NotEncrypted,
    /// No passphrase.
    #[error("no passphrase for the CA's key: give --passphrase-file or BLESS_CA_PASSPHRASE, or set [ca] passphrase_file or passphrase_kms")]
    NoPassphrase,
    /// The passphrase file cannot be read, or is none.
    #[error(transparent)]
    PassphraseFile(#[from] SecretFileError),
    /// The encrypted passphrase is no base64.
    #[error("the CA's encrypted passphrase is not base64")]
    PassphraseEncoding,
    /// AWS is not configured.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// KMS did not decrypt the passphrase.
    #[error(transparent)]
    Kms(#[from] CallError),
    /// KMS has no such key to sign with.
    #[error(transparent)]
    KmsKey(#[from] KmsSignerError),
    /// The public key cannot be used.
    #[error("the CA's public key cannot be used: {0}")]
    PublicKey(#[source] PublicKeyError),
    /// A kind of key that OpenSSH does not know.
    #[error("the CA's key is of type {name}, which OpenSSH does not know: use Ed25519, ECDSA P-256 or P-384, or RSA")]
    NotForSsh {
        /// The kind.
        name: String,
    },
}

pub(super) async fn signer(
    source: &CaSource,
    given: Option<&Secret<Vec<u8>>>,
    clients: &AwsClients,
) -> Result<Box<dyn Signer>, AuthorityError> {
    let (packed, compression, passphrase) = match source {
        CaSource::Kms { key_id } => {
            let kms = clients.kms().await?;
            return Ok(Box::new(KmsSigner::load(kms.clone(), key_id).await?));
        }
        CaSource::File { path, compression, passphrase } => (read(path)?, *compression, passphrase),
        CaSource::Inline { bytes, compression, passphrase } => (Secret::new(bytes.clone()), *compression, passphrase),
    };
    let bytes = unpack(&packed, compression)?;
    let file = KeyFile::parse(bytes.expose())?;
    if !file.is_encrypted() {
        return Err(AuthorityError::NotEncrypted);
    }
    let fetched;
    let passphrase = match given {
        Some(passphrase) => passphrase,
        None => {
            fetched = fetch(passphrase, clients).await?;
            &fetched
        }
    };
    Ok(Box::new(file.unlock(Some(passphrase))?))
}

async fn fetch(source: &PassphraseSource, clients: &AwsClients) -> Result<Secret<Vec<u8>>, AuthorityError> {
    match source {
        PassphraseSource::Prompt => Err(AuthorityError::NoPassphrase),
        PassphraseSource::File(path) => Ok(secret_file::passphrase(path)?),
        PassphraseSource::Kms(encoded) => {
            let compact: String = encoded.split_whitespace().collect();
            let ciphertext = BASE64.decode(compact).map_err(|_| AuthorityError::PassphraseEncoding)?;
            Ok(clients.kms().await?.decrypt(&ciphertext, &[]).await?.plaintext)
        }
    }
}

fn read(path: &Path) -> Result<Secret<Vec<u8>>, AuthorityError> {
    let file = std::fs::File::open(path).map_err(|source| AuthorityError::Read { path: path.to_owned(), source })?;
    bounded(file).map_err(|error| match error {
        Bounded::TooLarge => AuthorityError::TooLarge,
        Bounded::Io(source) => AuthorityError::Read { path: path.to_owned(), source },
    })
}

fn unpack(packed: &Secret<Vec<u8>>, compression: Compression) -> Result<Secret<Vec<u8>>, AuthorityError> {
    let packed = packed.expose().as_slice();
    let unpacked = match compression {
        Compression::None => bounded(packed),
        Compression::Zlib => bounded(flate2::read::ZlibDecoder::new(packed)),
        Compression::Bz2 => bounded(bzip2::read::BzDecoder::new(packed)),
    };
    unpacked.map_err(|error| match error {
        Bounded::TooLarge => AuthorityError::TooLarge,
        Bounded::Io(_) => AuthorityError::Compression(compression),
    })
}

enum Bounded {
    TooLarge,
    Io(std::io::Error),
}

/// Reads to the end, but no more than a key file can have.
fn bounded(reader: impl std::io::Read) -> Result<Secret<Vec<u8>>, Bounded> {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(16 * 1024));
    reader.take(MAX_KEY_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(Bounded::Io)?;
    if bytes.len() > MAX_KEY_FILE_BYTES { Err(Bounded::TooLarge) } else { Ok(Secret::new(std::mem::take(&mut *bytes))) }
}
