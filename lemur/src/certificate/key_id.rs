//! Key identifiers: what the subject and authority key identifier extensions say (RFC 5280, 4.2.1.1 and 4.2.1.2), by which chains are
//! found. Ours are the first 160 bits of the SHA-256 hash of the key's bits (RFC 7093, 2, method 1).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::asn1::{Malformed, Reader};

/// The longest identifier of others' that is kept, in bytes.
const MAX: usize = 64;

/// A key's identifier, shown as lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Vec<u8>);

/// A text that is no key identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key identifier is 1 to {MAX} bytes in hexadecimal digits")]
pub struct KeyIdError;

impl KeyId {
    /// The identifier that lemur gives to the key of a SubjectPublicKeyInfo.
    pub(crate) fn of_spki(spki: &[u8]) -> Result<Self, Malformed> {
        Ok(Self(digest(&SHA256, key_bits(spki)?).as_ref()[..20].to_vec()))
    }

    pub(crate) fn new(bytes: &[u8]) -> Result<Self, Malformed> {
        if (1..=MAX).contains(&bytes.len()) { Ok(Self(bytes.to_vec())) } else { Err(Malformed) }
    }

    /// The identifier's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The bits of a SubjectPublicKeyInfo's key.
pub(crate) fn key_bits(spki: &[u8]) -> Result<&[u8], Malformed> {
    let mut fields = Reader::sequence_of(spki)?;
    fields.sequence()?;
    let bits = fields.whole_bit_string()?;
    fields.finish()?;
    Ok(bits)
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&hex::decode(text).map_err(|_| KeyIdError)?).map_err(|_| KeyIdError)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}
