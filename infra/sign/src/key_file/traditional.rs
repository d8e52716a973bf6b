//! The older forms: RSAPrivateKey (RFC 8017, A.1.2) and ECPrivateKey (RFC 5915), encrypted by the headers of RFC 1421 as OpenSSL
//! uses them: `Proc-Type: 4,ENCRYPTED` and `DEK-Info: CIPHER,IV`.
//!
//! The key is OpenSSL's `EVP_BytesToKey` with MD5 and one round, salted with the first eight bytes of the IV. It is weak, and the
//! reason to move such a file to another form; BLESS's own keys have it.

use std::time::Duration;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use des::TdesEde3;
use md5::{Digest, Md5};
use pkcs8::der::Decode;
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::pem::Block;
use super::{KeyFileError, timed};
use crate::der;
use crate::local::{LocalSigner, Rejected};

/// Which structure a file holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Rsa,
    Ec,
}

impl Kind {
    const fn malformed(self, reason: &'static str) -> KeyFileError {
        let form = match self {
            Self::Rsa => "PKCS #1",
            Self::Ec => "SEC 1",
        };
        KeyFileError::Malformed { form, reason }
    }

    const fn unreadable(self) -> KeyFileError {
        self.malformed("its structure cannot be read")
    }
}

/// A structure, and how it is encrypted.
pub(super) struct File {
    kind: Kind,
    encryption: Option<Encryption>,
    bytes: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum CbcCipher {
    Aes128,
    Aes192,
    Aes256,
    Des3,
}

impl CbcCipher {
    const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::Des3 => 24,
            Self::Aes256 => 32,
        }
    }

    const fn block_bytes(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::Des3 => 8,
        }
    }
}

struct Encryption {
    cipher: CbcCipher,
    iv: Vec<u8>,
}

impl File {
    pub(super) const fn is_encrypted(&self) -> bool {
        self.encryption.is_some()
    }

    pub(super) fn parse(kind: Kind, block: Block<'_>) -> Result<Self, KeyFileError> {
        let header = |name: &str| block.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
        let encryption = match (header("Proc-Type"), header("DEK-Info")) {
            (None, None) => None,
            (Some("4,ENCRYPTED"), Some(value)) => Some(Encryption::parse(kind, value)?),
            _ => return Err(kind.malformed("its headers are not those of an encrypted key")),
        };
        match &encryption {
            None => check_structure(kind, &block.body)?,
            Some(encryption) if block.body.is_empty() || !block.body.len().is_multiple_of(encryption.cipher.block_bytes()) => {
                return Err(kind.malformed("its encrypted part is no whole number of blocks"));
            }
            Some(_) => {}
        }
        Ok(Self { kind, encryption, bytes: block.body })
    }

    pub(super) fn unlock(&self, passphrase: &[u8]) -> Result<(LocalSigner, Duration), KeyFileError> {
        match &self.encryption {
            None => Ok((load(self.kind, &self.bytes)?, Duration::ZERO)),
            Some(encryption) => {
                let (key, took) = timed(|| encryption.key(passphrase));
                let plain = encryption.open(&key, &self.bytes).ok_or(KeyFileError::WrongPassphrase)?;
                // One wrong passphrase in 256 leaves good padding.
                check_structure(self.kind, &plain)
                    .map_err(|error| if error == self.kind.unreadable() { KeyFileError::WrongPassphrase } else { error })?;
                Ok((load(self.kind, &plain)?, took))
            }
        }
    }
}

impl Encryption {
    fn parse(kind: Kind, dek_info: &str) -> Result<Self, KeyFileError> {
        let (name, iv) = dek_info.split_once(',').ok_or_else(|| kind.malformed("its DEK-Info header is malformed"))?;
        let cipher = match name.trim() {
            "AES-128-CBC" => CbcCipher::Aes128,
            "AES-192-CBC" => CbcCipher::Aes192,
            "AES-256-CBC" => CbcCipher::Aes256,
            "DES-EDE3-CBC" => CbcCipher::Des3,
            other => return Err(KeyFileError::UnsupportedCipher { name: other.to_owned() }),
        };
        match unhex(iv.trim()) {
            Some(iv) if iv.len() == cipher.block_bytes() => Ok(Self { cipher, iv }),
            _ => Err(kind.malformed("its DEK-Info header has no proper initialization vector")),
        }
    }

    /// `EVP_BytesToKey`: each digest is of the one before, the passphrase and the salt.
    fn key(&self, passphrase: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut key = Zeroizing::new(Vec::with_capacity(48));
        let mut last = Zeroizing::new(Vec::with_capacity(16));
        while key.len() < self.cipher.key_bytes() {
            let digest = Zeroizing::<[u8; 16]>::new(
                Md5::new().chain_update(&*last).chain_update(passphrase).chain_update(&self.iv[..8]).finalize().into(),
            );
            last.clear();
            last.extend_from_slice(digest.as_slice());
            key.extend_from_slice(digest.as_slice());
        }
        key.truncate(self.cipher.key_bytes());
        key
    }

    fn open(&self, key: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self.cipher {
            CbcCipher::Aes128 => decrypt::<Aes128>(key, &self.iv, bytes),
            CbcCipher::Aes192 => decrypt::<Aes192>(key, &self.iv, bytes),
            CbcCipher::Aes256 => decrypt::<Aes256>(key, &self.iv, bytes),
            CbcCipher::Des3 => decrypt::<TdesEde3>(key, &self.iv, bytes),
        }
    }
}

fn decrypt<C: BlockCipher + BlockDecryptMut + KeyInit>(key: &[u8], iv: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(bytes.to_vec());
    let len = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?.decrypt_padded_mut::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(len);
    Some(plain)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Whether the bytes are the structure, of a key that is supported.
fn check_structure(kind: Kind, bytes: &[u8]) -> Result<(), KeyFileError> {
    match kind {
        Kind::Rsa => pkcs1::RsaPrivateKey::from_der(bytes).map(|_| ()).map_err(|_| kind.unreadable()),
        Kind::Ec => curve(&EcPrivateKey::from_der(bytes).map_err(|_| kind.unreadable())?).map(|_| ()),
    }
}

/// The curve that the key names; if it names none, the one whose numbers are as long.
fn curve(key: &EcPrivateKey<'_>) -> Result<&'static aws_lc_rs::signature::EcdsaSigningAlgorithm, KeyFileError> {
    match key.parameters.and_then(|parameters| parameters.named_curve()) {
        Some(der::P256) => Ok(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Some(der::P384) => Ok(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Some(other) => Err(KeyFileError::UnsupportedKeyType { name: der::name(other) }),
        None if key.private_key.len() == 32 => Ok(&ECDSA_P256_SHA256_FIXED_SIGNING),
        None if key.private_key.len() == 48 => Ok(&ECDSA_P384_SHA384_FIXED_SIGNING),
        None => Err(KeyFileError::UnsupportedKeyType { name: "an unnamed curve".to_owned() }),
    }
}

fn load(kind: Kind, bytes: &[u8]) -> Result<LocalSigner, KeyFileError> {
    match kind {
        Kind::Rsa => Ok(LocalSigner::from_pkcs1(bytes)?),
        Kind::Ec => {
            let algorithm = curve(&EcPrivateKey::from_der(bytes).map_err(|_| kind.unreadable())?)?;
            let pair = EcdsaKeyPair::from_private_key_der(algorithm, bytes).map_err(|_| Rejected::Library)?;
            Ok(LocalSigner::from_ecdsa(pair)?)
        }
    }
}
