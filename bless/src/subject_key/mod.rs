//! The public keys that callers want certified: one line of text, `TYPE BASE64 [COMMENT]`, becomes a [`SubjectKey`]
//! that is well-formed, on its curve and not known to be weak, or a refusal that names the reason.
//!
//! Formats: RFC 4253 section 6.6, RFC 5656, RFC 8709 and OpenSSH's `PROTOCOL.u2f`. Curve arithmetic is that of
//! aws-lc-rs and curve25519-dalek; the judgement on RSA keys is menagerie-sign's.

mod blob;
mod curve;
mod error;
mod line;
mod rsa;

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use md5::{Digest as _, Md5};

pub use error::{Part, SubjectKeyError};
pub use rsa::WeakRsa;

/// The kinds of key that can be certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// `ssh-ed25519`
    Ed25519,
    /// `ecdsa-sha2-nistp256`
    EcdsaP256,
    /// `ecdsa-sha2-nistp384`
    EcdsaP384,
    /// `ecdsa-sha2-nistp521`
    EcdsaP521,
    /// `sk-ssh-ed25519@openssh.com`: Ed25519 in a security key
    SkEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`: ECDSA in a security key
    SkEcdsaP256,
    /// `ssh-rsa`
    Rsa,
}

impl KeyType {
    /// The type's name in the SSH protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::EcdsaP384 => "ecdsa-sha2-nistp384",
            Self::EcdsaP521 => "ecdsa-sha2-nistp521",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
            Self::Rsa => "ssh-rsa",
        }
    }

    /// The short name that stands before a fingerprint, `ED25519` or `ECDSA-SK`.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ED25519",
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => "ECDSA",
            Self::SkEd25519 => "ED25519-SK",
            Self::SkEcdsaP256 => "ECDSA-SK",
            Self::Rsa => "RSA",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        let all = [Self::Ed25519, Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::SkEd25519, Self::SkEcdsaP256, Self::Rsa];
        all.into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

/// A public key that may be certified.
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectKey {
    key_type: KeyType,
    blob: Box<[u8]>,
    comment: Box<str>,
}

impl SubjectKey {
    /// Parses `TYPE BASE64 [COMMENT]`; one line break at the very end is allowed.
    ///
    /// # Errors
    /// Anything that is not one sound public key of a type that can be certified; see [`SubjectKeyError`].
    pub fn parse(text: &str) -> Result<Self, SubjectKeyError> {
        let line = line::split(text)?;
        let key_type = blob::key_type(line.type_name.as_bytes())?;
        let blob = STANDARD.decode(line.base64).map_err(|_| SubjectKeyError::Base64)?;
        blob::check(&blob, key_type)?;
        Ok(Self { key_type, blob: blob.into(), comment: line.comment.into() })
    }

    /// The key's type.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The key in the SSH protocol's binary form.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// What follows the type's name in the blob.
    pub(crate) fn fields(&self) -> &[u8] {
        &self.blob[4 + self.key_type.name().len()..]
    }

    /// The comment behind the key, possibly empty; it has no control characters.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// BLESS's form: `RSA aa:bb:..`, the MD5 of the blob.
    #[must_use]
    pub fn fingerprint_md5(&self) -> String {
        let mut out = String::with_capacity(10 + 1 + 47);
        out.push_str(self.key_type.short_name());
        for (index, byte) in Md5::digest(&self.blob).into_iter().enumerate() {
            out.push(if index == 0 { ' ' } else { ':' });
            out.push(char::from_digit(u32::from(byte >> 4), 16).expect("four bits"));
            out.push(char::from_digit(u32::from(byte & 15), 16).expect("four bits"));
        }
        out
    }

    /// OpenSSH's form: `SHA256:` and base64 without padding.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> String {
        fingerprint_sha256(&self.blob)
    }

    /// Whether another blob is the same key. RSA keys with one modulus count as the same, and points that are each other's negatives,
    /// since who has one private key has the other.
    #[must_use]
    pub fn is_same_key(&self, other: &[u8]) -> bool {
        if *self.blob == *other {
            return true;
        }
        let moduli =
            self.key_type == KeyType::Rsa && matches!((blob::modulus(&self.blob), blob::modulus(other)), (Some(a), Some(b)) if a == b);
        moduli || matches!((blob::unsigned_point(&self.blob), blob::unsigned_point(other)), (Some(a), Some(b)) if a == b)
    }

    /// Refuses the key if it is the authority's own: whoever holds such a certificate holds the authority.
    ///
    /// # Errors
    /// [`SubjectKeyError::AuthorityKey`].
    pub fn refuse_authority(&self, ca_public_key: &[u8]) -> Result<(), SubjectKeyError> {
        if self.is_same_key(ca_public_key) { Err(SubjectKeyError::AuthorityKey) } else { Ok(()) }
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({} {})", self.key_type.name(), self.fingerprint_sha256())
    }
}

/// OpenSSH's fingerprint of any key blob: `SHA256:` and base64 without padding.
#[must_use]
pub fn fingerprint_sha256(blob: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, blob);
    let mut out = String::with_capacity(7 + 43);
    out.push_str("SHA256:");
    STANDARD_NO_PAD.encode_string(digest, &mut out);
    out
}
