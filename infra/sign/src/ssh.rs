//! Public keys and signatures as SSH writes them.
//!
//! The rules are RFC 4253 (section 6.6), RFC 5656 (sections 3.1 and 3.1.2), RFC 8332 (RSA with SHA-2) and RFC 8709 (Ed25519). Reading
//! takes the one canonical form of everything: no number with superfluous zeros, nothing behind the end.
//!
//! ML-DSA has names in a draft (draft-sfluhrer-ssh-mldsa) and in no OpenSSH: it is written by them and never read, and who signs for SSH asks
//! [`is_for_ssh`] first.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::ml_dsa::MlDsa;
use crate::public_key::{PublicKey, PublicKeyError};
use crate::signature::{Algorithm, Signature, SignatureError};

/// Why bytes are no public key or no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early, or a length goes beyond their end.
    #[error("the data ends too early")]
    Truncated,
    /// Bytes behind the end.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A type that this crate does not know.
    #[error("{0:?} is no type of key or signature that is supported")]
    Type(String),
    /// A certificate where a plain key is wanted.
    #[error("a certificate ({0}) was given in place of a key")]
    Certificate(String),
    /// An ECDSA key whose curve is not that of its type.
    #[error("the key's curve is not that of its type")]
    Curve,
    /// A number that is negative, zero or written with superfluous zeros.
    #[error("a number is not positive or not canonical")]
    Number,
    /// A point, or half a signature, of the wrong length.
    #[error("{what} of {len} bytes")]
    Length {
        /// What it should be.
        what: &'static str,
        /// The length found.
        len: usize,
    },
    /// Well-formed, but no key that may be used.
    #[error(transparent)]
    Key(#[from] PublicKeyError),
    /// Well-formed, but no signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Whether OpenSSH knows such keys.
#[must_use]
pub const fn is_for_ssh(key: &PublicKey) -> bool {
    !matches!(key, PublicKey::MlDsa(..))
}

const fn ml_dsa_name(set: MlDsa) -> &'static str {
    match set {
        MlDsa::MlDsa44 => "ssh-mldsa-44",
        MlDsa::MlDsa65 => "ssh-mldsa-65",
        MlDsa::MlDsa87 => "ssh-mldsa-87",
    }
}

/// The name of a key's type.
#[must_use]
pub const fn key_type_name(key: &PublicKey) -> &'static str {
    match key {
        PublicKey::Ed25519(_) => "ssh-ed25519",
        PublicKey::EcdsaP256(_) => "ecdsa-sha2-nistp256",
        PublicKey::EcdsaP384(_) => "ecdsa-sha2-nistp384",
        PublicKey::Rsa { .. } => "ssh-rsa",
        PublicKey::MlDsa(set, _) => ml_dsa_name(*set),
    }
}

/// The name of a signature algorithm.
#[must_use]
pub const fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Ed25519 => "ssh-ed25519",
        Algorithm::EcdsaP256Sha256 => "ecdsa-sha2-nistp256",
        Algorithm::EcdsaP384Sha384 => "ecdsa-sha2-nistp384",
        Algorithm::RsaPkcs1Sha256 => "rsa-sha2-256",
        Algorithm::RsaPkcs1Sha512 => "rsa-sha2-512",
        Algorithm::MlDsa(set) => ml_dsa_name(set),
    }
}

/// The public key's wire form.
#[must_use]
pub fn public_key_blob(key: &PublicKey) -> Vec<u8> {
    let mut blob = Vec::with_capacity(128);
    put_string(&mut blob, key_type_name(key).as_bytes());
    match key {
        PublicKey::Ed25519(point) => put_string(&mut blob, point),
        PublicKey::EcdsaP256(point) => put_ecdsa(&mut blob, b"nistp256", point),
        PublicKey::EcdsaP384(point) => put_ecdsa(&mut blob, b"nistp384", point),
        PublicKey::Rsa { n, e } => {
            put_mpint(&mut blob, e);
            put_mpint(&mut blob, n);
        }
        PublicKey::MlDsa(_, bytes) => put_string(&mut blob, bytes),
    }
    blob
}

/// Reads a public key's wire form and checks that it is a key ([`PublicKey::validate`]).
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn parse_public_key_blob(blob: &[u8]) -> Result<PublicKey, DecodeError> {
    let mut reader = Reader(blob);
    let name = reader.string()?;
    let key = match name {
        b"ssh-ed25519" => PublicKey::Ed25519(exact("an Ed25519 point", reader.string()?)?),
        b"ecdsa-sha2-nistp256" => PublicKey::EcdsaP256(exact("a P-256 point", reader.ecdsa_point(b"nistp256")?)?),
        b"ecdsa-sha2-nistp384" => PublicKey::EcdsaP384(exact("a P-384 point", reader.ecdsa_point(b"nistp384")?)?),
        b"ssh-rsa" => {
            let e = reader.mpint()?.to_vec();
            PublicKey::Rsa { n: reader.mpint()?.to_vec(), e }
        }
        other => {
            let name = String::from_utf8_lossy(other).into_owned();
            return Err(if name.contains("-cert-v") { DecodeError::Certificate(name) } else { DecodeError::Type(name) });
        }
    };
    reader.finish()?;
    key.validate()?;
    Ok(key)
}

/// The signature's wire form: its algorithm's name and a string that holds it.
#[must_use]
pub fn signature_blob(signature: &Signature) -> Vec<u8> {
    let bytes = signature.as_bytes();
    let mut blob = Vec::with_capacity(bytes.len() + 40);
    put_string(&mut blob, algorithm_name(signature.algorithm()).as_bytes());
    match signature.algorithm() {
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => {
            let (r, s) = bytes.split_at(bytes.len() / 2);
            let mut numbers = Vec::with_capacity(bytes.len() + 10);
            put_mpint(&mut numbers, r);
            put_mpint(&mut numbers, s);
            put_string(&mut blob, &numbers);
        }
        Algorithm::Ed25519 | Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 | Algorithm::MlDsa(_) => put_string(&mut blob, bytes),
    }
    blob
}

/// Reads a signature's wire form. `ssh-rsa`, which is RSA with SHA-1, is not taken.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn parse_signature_blob(blob: &[u8]) -> Result<Signature, DecodeError> {
    let mut reader = Reader(blob);
    let (name, held) = (reader.string()?, reader.string()?);
    reader.finish()?;
    parse_signature(name, held)
}

/// Reads a signature from the two strings of its wire form: its algorithm's name, and what it holds.
///
/// # Errors
/// [`DecodeError`] names what is wrong.
pub fn parse_signature(name: &[u8], held: &[u8]) -> Result<Signature, DecodeError> {
    let algorithm = match name {
        b"ssh-ed25519" => Algorithm::Ed25519,
        b"ecdsa-sha2-nistp256" => Algorithm::EcdsaP256Sha256,
        b"ecdsa-sha2-nistp384" => Algorithm::EcdsaP384Sha384,
        b"rsa-sha2-256" => Algorithm::RsaPkcs1Sha256,
        b"rsa-sha2-512" => Algorithm::RsaPkcs1Sha512,
        other => return Err(DecodeError::Type(String::from_utf8_lossy(other).into_owned())),
    };
    let bytes = match algorithm {
        Algorithm::EcdsaP256Sha256 => ecdsa_halves(held, 32)?,
        Algorithm::EcdsaP384Sha384 => ecdsa_halves(held, 48)?,
        Algorithm::Ed25519 | Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 | Algorithm::MlDsa(_) => held.to_vec(),
    };
    Ok(Signature::new(algorithm, bytes)?)
}

/// The line of a `.pub` or `authorized_keys` file, without a line end. Control characters of the comment are left out, so that it
/// stays one line.
#[must_use]
pub fn public_key_line(key: &PublicKey, comment: &str) -> String {
    let mut line = format!("{} {}", key_type_name(key), STANDARD.encode(public_key_blob(key)));
    let comment: String = comment.chars().filter(|c| !c.is_control()).collect();
    let comment = comment.trim();
    if !comment.is_empty() {
        line.push(' ');
        line.push_str(comment);
    }
    line
}

fn put_ecdsa(blob: &mut Vec<u8>, curve: &[u8], point: &[u8]) {
    put_string(blob, curve);
    put_string(blob, point);
}

pub(crate) fn put_u32(blob: &mut Vec<u8>, number: usize) {
    blob.extend_from_slice(&u32::try_from(number).expect("keys and signatures are shorter than 4 GiB").to_be_bytes());
}

pub(crate) fn put_string(blob: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(blob, bytes.len());
    blob.extend_from_slice(bytes);
}

/// Writes an unsigned big-endian number, whatever zeros lead it, as an `mpint` (RFC 4251, section 5).
pub(crate) fn put_mpint(blob: &mut Vec<u8>, number: &[u8]) {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let number = &number[first..];
    let sign = usize::from(number.first().is_some_and(|byte| byte & 0x80 != 0));
    put_u32(blob, number.len() + sign);
    blob.extend_from_slice(&[0][..sign]);
    blob.extend_from_slice(number);
}

fn exact<const LEN: usize>(what: &'static str, bytes: &[u8]) -> Result<[u8; LEN], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Length { what, len: bytes.len() })
}

fn ecdsa_halves(held: &[u8], width: usize) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader(held);
    let mut bytes = vec![0; 2 * width];
    for half in bytes.chunks_exact_mut(width) {
        let number = reader.mpint()?;
        let start = width.checked_sub(number.len()).ok_or(DecodeError::Length { what: "half an ECDSA signature", len: number.len() })?;
        half[start..].copy_from_slice(number);
    }
    reader.finish()?;
    Ok(bytes)
}

/// Reads what [`put_string`] and [`put_mpint`] write.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into().expect("four bytes were taken")))
    }

    pub(crate) fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = usize::try_from(self.u32()?).map_err(|_| DecodeError::Truncated)?;
        self.take(len)
    }

    /// A positive number, without its leading zero.
    fn mpint(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.string()? {
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
            [first, ..] if *first == 0 || first & 0x80 != 0 => Err(DecodeError::Number),
            [] => Err(DecodeError::Number),
            number => Ok(number),
        }
    }

    fn ecdsa_point(&mut self, curve: &[u8]) -> Result<&'a [u8], DecodeError> {
        if self.string()? == curve { self.string() } else { Err(DecodeError::Curve) }
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(self.0.len())) }
    }
}

#[cfg(test)]
mod tests;
