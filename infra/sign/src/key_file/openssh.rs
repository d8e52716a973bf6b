//! OpenSSH's own private key file (OpenSSH's PROTOCOL.key).
//!
//! The structure is read here: the `ssh-key` crate cannot read an ECDSA key whose number happens to begin with a zero byte, which
//! is one in 256 of those that `ssh-keygen` makes. Its ciphers and key derivation are used.

use std::time::Duration;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
};
use ssh_key::{Cipher, Kdf};
use zeroize::Zeroizing;

use super::{KeyFileError, MAX_BCRYPT_ROUNDS, Opened, bound, rsa, timed};
use crate::local::{LocalSigner, Rejected};
use crate::signer::Signer;
use crate::ssh::{DecodeError, Reader, public_key_blob};

const FORM: &str = "OpenSSH";
const MAGIC: &[u8] = b"openssh-key-v1\0";

const fn malformed(reason: &'static str) -> KeyFileError {
    KeyFileError::Malformed { form: FORM, reason }
}

impl From<DecodeError> for KeyFileError {
    fn from(_: DecodeError) -> Self {
        malformed("it is cut, or a length in it is wrong")
    }
}

/// The file's parts.
pub(super) struct File {
    encryption: Option<Encryption>,
    public_key_blob: Vec<u8>,
    section: Zeroizing<Vec<u8>>,
}

struct Encryption {
    cipher: Cipher,
    kdf: Kdf,
    tag: Option<[u8; 16]>,
}

impl File {
    pub(super) const fn is_encrypted(&self) -> bool {
        self.encryption.is_some()
    }

    pub(super) fn parse(bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyFileError> {
        let mut reader = Reader(bytes.strip_prefix(MAGIC).ok_or(malformed("its first bytes are not openssh-key-v1"))?);
        let cipher = reader.string()?;
        let kdf = reader.string()?;
        let options = reader.string()?;
        if reader.u32()? != 1 {
            return Err(malformed("it does not hold exactly one key"));
        }
        let public_key_blob = reader.string()?.to_vec();
        check_key_type(Reader(&public_key_blob).string()?)?;
        let section = Zeroizing::new(reader.string()?.to_vec());
        let encryption = if cipher == b"none" {
            None
        } else {
            let cipher = supported_cipher(cipher)?;
            let kdf = read_kdf(kdf, options)?;
            let tag = if cipher.has_tag() { Some(reader.take(16)?.try_into().expect("16 bytes were taken")) } else { None };
            if section.is_empty() || !section.len().is_multiple_of(cipher.block_size()) {
                return Err(malformed("its encrypted part is no whole number of blocks"));
            }
            Some(Encryption { cipher, kdf, tag })
        };
        reader.finish()?;
        Ok(Self { encryption, public_key_blob, section })
    }

    pub(super) fn unlock(&self, passphrase: &[u8]) -> Result<(LocalSigner, Duration), KeyFileError> {
        let opened = match &self.encryption {
            Some(encryption) => encryption.open(&self.section, passphrase)?,
            None => Opened { bytes: self.section.clone(), took: Duration::ZERO },
        };
        let mut reader = Reader(&opened.bytes);
        if reader.u32()? != reader.u32()? {
            return Err(if self.is_encrypted() { KeyFileError::WrongPassphrase } else { malformed("its check numbers differ") });
        }
        let signer = read_key(&mut reader)?;
        if public_key_blob(signer.public_key()) != self.public_key_blob {
            return Err(KeyFileError::Inconsistent);
        }
        let _comment = reader.string()?;
        if reader.0.len() >= 16 || !reader.0.iter().zip(1_u8..).all(|(found, wanted)| *found == wanted) {
            return Err(malformed("its padding is wrong"));
        }
        Ok((signer, opened.took))
    }
}

impl Encryption {
    fn open(&self, section: &[u8], passphrase: &[u8]) -> Result<Opened, KeyFileError> {
        let (derived, took) = timed(|| self.kdf.derive_key_and_iv(self.cipher, passphrase));
        // The key derivation fails for an empty passphrase, which is never the right one.
        let (key, iv) = derived.map_err(|_| KeyFileError::WrongPassphrase)?;
        let mut bytes = Zeroizing::new(section.to_vec());
        self.cipher.decrypt(&key, &iv, &mut bytes, self.tag).map_err(|_| KeyFileError::WrongPassphrase)?;
        Ok(Opened { bytes, took })
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn check_key_type(name: &[u8]) -> Result<(), KeyFileError> {
    match name {
        b"ssh-ed25519" | b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ssh-rsa" => Ok(()),
        _ if lossy(name).contains("-cert-v") => Err(KeyFileError::Certificate),
        _ => Err(KeyFileError::UnsupportedKeyType { name: lossy(name) }),
    }
}

fn supported_cipher(name: &[u8]) -> Result<Cipher, KeyFileError> {
    let unsupported = || KeyFileError::UnsupportedCipher { name: lossy(name) };
    match std::str::from_utf8(name).ok().and_then(|name| Cipher::new(name).ok()) {
        None | Some(Cipher::None | Cipher::TDesCbc) => Err(unsupported()),
        Some(cipher) => Ok(cipher),
    }
}

fn read_kdf(name: &[u8], options: &[u8]) -> Result<Kdf, KeyFileError> {
    if name != b"bcrypt" {
        return Err(KeyFileError::UnsupportedKdf { name: lossy(name) });
    }
    let mut reader = Reader(options);
    let salt = reader.string()?.to_vec();
    let rounds = reader.u32()?;
    reader.finish()?;
    if salt.is_empty() || rounds == 0 {
        return Err(malformed("its key derivation has no salt or no rounds"));
    }
    bound("bcrypt", "rounds", rounds.into(), MAX_BCRYPT_ROUNDS.into())?;
    Ok(Kdf::Bcrypt { salt, rounds })
}

/// A number without its leading zeros. OpenSSH takes superfluous ones, and some programs write them.
fn number<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], KeyFileError> {
    let bytes = reader.string()?;
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Err(malformed("a number in it is negative"));
    }
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    Ok(&bytes[first..])
}

fn read_key(reader: &mut Reader<'_>) -> Result<LocalSigner, KeyFileError> {
    let name = reader.string()?;
    check_key_type(name)?;
    match name {
        b"ssh-ed25519" => {
            let point = reader.string()?;
            let seed = reader.string()?.strip_suffix(point).unwrap_or_default();
            if seed.len() != 32 {
                return Err(KeyFileError::Inconsistent);
            }
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, point).map_err(|_| Rejected::Library)?;
            Ok(LocalSigner::from_ed25519(pair)?)
        }
        b"ecdsa-sha2-nistp256" => read_ecdsa::<32>(reader, b"nistp256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        b"ecdsa-sha2-nistp384" => read_ecdsa::<48>(reader, b"nistp384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => {
            let [n, e, d, coefficient, p, q] =
                [number(reader)?, number(reader)?, number(reader)?, number(reader)?, number(reader)?, number(reader)?];
            Ok(LocalSigner::from_pkcs1(&rsa::pkcs1(&rsa::Numbers { n, e, d, coefficient, p, q })?)?)
        }
    }
}

fn read_ecdsa<const WIDTH: usize>(
    reader: &mut Reader<'_>,
    curve: &[u8],
    algorithm: &'static EcdsaSigningAlgorithm,
) -> Result<LocalSigner, KeyFileError> {
    if reader.string()? != curve {
        return Err(KeyFileError::Inconsistent);
    }
    let point = reader.string()?;
    let number = number(reader)?;
    let mut scalar = Zeroizing::new([0; WIDTH]);
    let start = WIDTH.checked_sub(number.len()).ok_or(KeyFileError::Inconsistent)?;
    scalar[start..].copy_from_slice(number);
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar.as_slice(), point).map_err(|_| Rejected::Library)?;
    Ok(LocalSigner::from_ecdsa(pair)?)
}
