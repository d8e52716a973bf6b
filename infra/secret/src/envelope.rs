//! One sealed value: a fresh data key encrypts it, and a key of the ring encrypts the data key.
//!
//! The bytes are: version (1), the ring key's ID (8), nonce and wrapped data key (12 + 32 + 16), nonce and value (12 + n + 16). Both
//! encryptions are AES-256-GCM of aws-lc with random nonces; a data key encrypts once, and a ring key far less often than random nonces
//! of 96 bits allow. What the value belongs to is authenticated with it, so that a value that is moved to another row does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::ring::KeyId;

/// The most bytes of a sealed value that are looked at.
pub const MAX_SEALED: usize = 1 << 20;

pub(crate) const KEY: usize = 32;
const TAG: usize = 16;
const VERSION: u8 = 1;
const ID_END: usize = 1 + KeyId::LENGTH;
const WRAPPED: usize = NONCE_LEN + KEY + TAG;

/// The crypto library, or its source of randomness, failed; it does not say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the crypto library could not seal a value")]
pub struct SealError;

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not the bytes of a sealed value, or of a version of it that this program does not know.
    #[error("the bytes are no sealed value")]
    Malformed,
    /// It was sealed under a key that the ring does not have.
    #[error("the value was sealed under the key {id}, which the key ring does not have")]
    UnknownKey {
        /// That key.
        id: KeyId,
    },
    /// It was changed, or belongs to something else.
    #[error("the sealed value was changed, or belongs to something else")]
    Damaged,
}

pub(crate) fn seal(id: KeyId, key: &[u8; KEY], value: &[u8], belongs_to: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut data_key = Zeroizing::new([0; KEY]);
    SystemRandom::new().fill(data_key.as_mut_slice()).map_err(|_| SealError)?;
    let mut sealed = Vec::with_capacity(ID_END + WRAPPED + NONCE_LEN + value.len() + TAG);
    sealed.push(VERSION);
    sealed.extend_from_slice(&id.to_bytes());
    encrypt(key, data_key.as_slice(), belongs_to, &mut sealed)?;
    encrypt(&data_key, value, belongs_to, &mut sealed)?;
    Ok(sealed)
}

/// The key that a sealed value was sealed under.
pub(crate) fn key_of(sealed: &[u8]) -> Result<KeyId, OpenError> {
    if sealed.len() > MAX_SEALED || sealed.len() < ID_END + WRAPPED + NONCE_LEN + TAG || sealed[0] != VERSION {
        return Err(OpenError::Malformed);
    }
    sealed[1..ID_END].try_into().map(KeyId::from_bytes).map_err(|_| OpenError::Malformed)
}

pub(crate) fn open(key: &[u8; KEY], sealed: &[u8], belongs_to: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    key_of(sealed)?;
    let (wrapped, value) = sealed[ID_END..].split_at(WRAPPED);
    let data_key = decrypt(key, wrapped, belongs_to)?;
    let data_key: &[u8; KEY] = data_key.as_slice().try_into().map_err(|_| OpenError::Malformed)?;
    decrypt(data_key, value, belongs_to)
}

fn encrypt(key: &[u8; KEY], value: &[u8], belongs_to: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError)?);
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| SealError)?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(value.len() + TAG));
    buffer.extend_from_slice(value);
    let aad = Aad::from(belongs_to);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut *buffer).map_err(|_| SealError)?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&buffer);
    Ok(())
}

fn decrypt(key: &[u8; KEY], sealed: &[u8], belongs_to: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(|_| OpenError::Damaged)?);
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(OpenError::Malformed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Malformed)?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let length = key.open_in_place(nonce, Aad::from(belongs_to), &mut buffer).map_err(|_| OpenError::Damaged)?.len();
    buffer.truncate(length);
    Ok(buffer)
}
