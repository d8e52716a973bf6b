//! PKCS #8 private keys (RFC 5958), plain or encrypted by PBES2 (RFC 8018) with PBKDF2 or scrypt.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, PqdsaKeyPair};
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Reader, SliceReader};
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::pkcs5::{EncryptionScheme, Error as Pkcs5Error};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfo, Error as Pkcs8Error, ObjectIdentifier, PrivateKeyInfo};
use zeroize::Zeroizing;

use super::{KeyFileError, MAX_PBKDF2_ITERATIONS, MAX_SCRYPT_MEMORY, MAX_SCRYPT_WORK, bound, timed};
use crate::der;
use crate::local::{LocalSigner, Rejected};
use crate::ml_dsa::MlDsa;

const FORM: &str = "PKCS #8";
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const MALFORMED: KeyFileError = KeyFileError::Malformed { form: FORM, reason: "its structure cannot be read" };

/// A PrivateKeyInfo or an EncryptedPrivateKeyInfo.
pub(super) enum File {
    Plain(Zeroizing<Vec<u8>>),
    Encrypted(Zeroizing<Vec<u8>>),
}

impl File {
    pub(super) const fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_))
    }

    pub(super) fn plain(bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyFileError> {
        check_key_type(&PrivateKeyInfo::try_from(bytes.as_slice()).map_err(|_| MALFORMED)?)?;
        Ok(Self::Plain(bytes))
    }

    pub(super) fn encrypted(bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyFileError> {
        let info = EncryptedPrivateKeyInfo::try_from(bytes.as_slice()).map_err(|_| unsupported(&bytes).unwrap_or(MALFORMED))?;
        match &info.encryption_algorithm {
            EncryptionScheme::Pbes2(parameters) => check_cost(&parameters.kdf)?,
            other => return Err(KeyFileError::UnsupportedCipher { name: der::name(other.oid()) }),
        }
        Ok(Self::Encrypted(bytes))
    }

    pub(super) fn unlock(&self, passphrase: &[u8]) -> Result<(LocalSigner, Duration), KeyFileError> {
        match self {
            Self::Plain(bytes) => Ok((load(bytes)?, Duration::ZERO)),
            Self::Encrypted(bytes) => {
                let info = EncryptedPrivateKeyInfo::try_from(bytes.as_slice()).map_err(|_| MALFORMED)?;
                let (opened, took) = timed(|| info.decrypt(passphrase));
                let plain = opened.map_err(why)?;
                Ok((load(plain.as_bytes()).map_err(|error| if error == MALFORMED { KeyFileError::WrongPassphrase } else { error })?, took))
            }
        }
    }
}

/// A wrong passphrase shows as padding or contents that make no sense.
fn why(error: Pkcs8Error) -> KeyFileError {
    match error {
        Pkcs8Error::EncryptedPrivateKey(Pkcs5Error::UnsupportedAlgorithm { oid }) => {
            KeyFileError::UnsupportedCipher { name: der::name(oid) }
        }
        Pkcs8Error::EncryptedPrivateKey(Pkcs5Error::AlgorithmParametersInvalid { .. }) => {
            KeyFileError::Malformed { form: FORM, reason: "the parameters of its key derivation are not valid" }
        }
        _ => KeyFileError::WrongPassphrase,
    }
}

/// The scheme, if the file is well-formed but asks for one that `pkcs8` does not know.
fn unsupported(bytes: &[u8]) -> Option<KeyFileError> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let scheme = reader
        .sequence(|inner| {
            let scheme = AlgorithmIdentifierRef::decode(inner)?;
            OctetStringRef::decode(inner)?;
            Ok(scheme)
        })
        .ok()?;
    if scheme.oid != PBES2 {
        return Some(KeyFileError::UnsupportedCipher { name: der::name(scheme.oid) });
    }
    let (kdf, cipher) = AnyRef::sequence(scheme.parameters?, |inner| {
        Ok((AlgorithmIdentifierRef::decode(inner)?.oid, AlgorithmIdentifierRef::decode(inner)?.oid))
    })
    .ok()?;
    let known_kdf = ["1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"].contains(&kdf.to_string().as_str());
    Some(if known_kdf {
        KeyFileError::UnsupportedCipher { name: der::name(cipher) }
    } else {
        KeyFileError::UnsupportedKdf { name: der::name(kdf) }
    })
}

fn check_cost(kdf: &Kdf<'_>) -> Result<(), KeyFileError> {
    match kdf {
        Kdf::Pbkdf2(parameters) => bound("PBKDF2", "iterations", parameters.iteration_count.into(), MAX_PBKDF2_ITERATIONS.into()),
        Kdf::Scrypt(parameters) => {
            let (n, r, p) = (parameters.cost_parameter, u64::from(parameters.block_size), u64::from(parameters.parallelization));
            let blocks = n.saturating_mul(r);
            bound("scrypt", "bytes of memory", blocks.saturating_mul(128), MAX_SCRYPT_MEMORY)?;
            bound("scrypt", "blocks", blocks.saturating_mul(p), MAX_SCRYPT_WORK)
        }
        _ => Err(KeyFileError::UnsupportedKdf { name: der::name(kdf.oid()) }),
    }
}

fn check_key_type(info: &PrivateKeyInfo<'_>) -> Result<(), KeyFileError> {
    match info.algorithm.oid {
        der::RSA | der::ED25519 => Ok(()),
        der::EC => match info.algorithm.parameters_oid().map_err(|_| MALFORMED)? {
            der::P256 | der::P384 => Ok(()),
            curve => Err(KeyFileError::UnsupportedKeyType { name: der::name(curve) }),
        },
        other if MlDsa::of_oid(other).is_some() => Ok(()),
        other => Err(KeyFileError::UnsupportedKeyType { name: der::name(other) }),
    }
}

/// Loads a PrivateKeyInfo.
pub(super) fn load(bytes: &[u8]) -> Result<LocalSigner, KeyFileError> {
    let info = PrivateKeyInfo::try_from(bytes).map_err(|_| MALFORMED)?;
    check_key_type(&info)?;
    if let Some(set) = MlDsa::of_oid(info.algorithm.oid) {
        let pair = PqdsaKeyPair::from_pkcs8(set.signing(), bytes).map_err(|_| Rejected::Library);
        return Ok(pair.and_then(|pair| LocalSigner::from_ml_dsa(set, pair))?);
    }
    let loaded = match info.algorithm.oid {
        der::RSA => LocalSigner::from_pkcs1(info.private_key),
        der::ED25519 => Ed25519KeyPair::from_pkcs8(bytes).map_err(|_| Rejected::Library).and_then(LocalSigner::from_ed25519),
        _ => {
            let algorithm = if info.algorithm.parameters_oid() == Ok(der::P256) {
                &ECDSA_P256_SHA256_FIXED_SIGNING
            } else {
                &ECDSA_P384_SHA384_FIXED_SIGNING
            };
            EcdsaKeyPair::from_pkcs8(algorithm, bytes).map_err(|_| Rejected::Library).and_then(LocalSigner::from_ecdsa)
        }
    };
    Ok(loaded?)
}
