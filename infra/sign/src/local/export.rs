//! Writing a key as an encrypted OpenSSH private key file (OpenSSH's PROTOCOL.key).

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use menagerie_secret::Secret;
use pkcs8::der::Decode;
use ssh_key::{Cipher, Kdf};
use zeroize::Zeroizing;

use super::{Key, LocalSigner};
use crate::public_key::PublicKey;
use crate::ssh::{is_for_ssh, key_type_name, public_key_blob, put_mpint, put_string, put_u32};

/// What OpenSSH spends on a passphrase since its release 9.4.
const BCRYPT_ROUNDS: u32 = 24;
const SALT_BYTES: usize = 16;
const CIPHER: Cipher = Cipher::Aes256Ctr;

/// Why a key could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// No passphrase, which would leave the key open.
    #[error("a private key is not written without a passphrase")]
    EmptyPassphrase,
    /// A comment with control characters.
    #[error("the key's comment holds control characters")]
    Comment,
    /// A kind of key that OpenSSH does not know.
    #[error("OpenSSH has no keys of type {name}")]
    NotForSsh {
        /// The kind.
        name: String,
    },
    /// The crypto library, or its source of randomness, failed.
    #[error("the private key could not be encoded")]
    Encode,
}

impl LocalSigner {
    /// Writes the key as `ssh-keygen` does: AES-256 in counter mode, keyed by bcrypt with 24 rounds, which takes about 150 ms.
    ///
    /// # Errors
    /// [`ExportError`] if the passphrase is empty, the comment has control characters, or the crypto library fails.
    pub fn to_openssh(&self, passphrase: &Secret<Vec<u8>>, comment: &str) -> Result<Secret<String>, ExportError> {
        if passphrase.expose().is_empty() {
            return Err(ExportError::EmptyPassphrase);
        }
        if comment.chars().any(char::is_control) {
            return Err(ExportError::Comment);
        }
        if !is_for_ssh(&self.public_key) {
            return Err(ExportError::NotForSsh { name: self.public_key.to_string() });
        }
        let mut random = [0; 4 + SALT_BYTES];
        rand::fill(&mut random).map_err(|_| ExportError::Encode)?;
        let (check, salt) = random.split_at(4);
        let kdf = Kdf::Bcrypt { salt: salt.to_vec(), rounds: BCRYPT_ROUNDS };
        let (key, iv) = kdf.derive_key_and_iv(CIPHER, passphrase.expose()).map_err(|_| ExportError::Encode)?;
        let mut section = self.private_section(check, comment)?;
        CIPHER.encrypt(&key, &iv, &mut section).map_err(|_| ExportError::Encode)?;

        let mut options = Vec::with_capacity(32);
        put_string(&mut options, salt);
        options.extend_from_slice(&BCRYPT_ROUNDS.to_be_bytes());
        let mut file = b"openssh-key-v1\0".to_vec();
        put_string(&mut file, CIPHER.as_str().as_bytes());
        put_string(&mut file, b"bcrypt");
        put_string(&mut file, &options);
        put_u32(&mut file, 1);
        put_string(&mut file, &public_key_blob(&self.public_key));
        put_string(&mut file, &section);
        Ok(Secret::new(armour(&file)))
    }

    /// What is encrypted: a number twice, which shows a wrong passphrase, the key, its comment, and padding to the cipher's block.
    fn private_section(&self, check: &[u8], comment: &str) -> Result<Zeroizing<Vec<u8>>, ExportError> {
        let mut section = Zeroizing::new(Vec::with_capacity(4096 + comment.len()));
        section.extend_from_slice(check);
        section.extend_from_slice(check);
        self.put_private(&mut section)?;
        put_string(&mut section, comment.as_bytes());
        for padding in 1_u8.. {
            if section.len().is_multiple_of(CIPHER.block_size()) {
                break;
            }
            section.push(padding);
        }
        Ok(section)
    }

    fn put_private(&self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        put_string(out, key_type_name(&self.public_key).as_bytes());
        match (&self.key, &self.public_key) {
            (Key::Ed25519(pair), PublicKey::Ed25519(point)) => {
                let seed = pair.seed().map_err(|_| ExportError::Encode)?;
                let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| ExportError::Encode)?;
                put_string(out, point);
                put_string(out, &Zeroizing::new([seed.as_ref(), point].concat()));
            }
            (Key::Ecdsa(pair), PublicKey::EcdsaP256(point)) => put_ecdsa(out, b"nistp256", point, pair)?,
            (Key::Ecdsa(pair), PublicKey::EcdsaP384(point)) => put_ecdsa(out, b"nistp384", point, pair)?,
            (Key::Rsa { pkcs1, .. }, _) => {
                let key = pkcs1::RsaPrivateKey::from_der(pkcs1).map_err(|_| ExportError::Encode)?;
                for number in [key.modulus, key.public_exponent, key.private_exponent, key.coefficient, key.prime1, key.prime2] {
                    put_mpint(out, number.as_bytes());
                }
            }
            _ => return Err(ExportError::Encode),
        }
        Ok(())
    }
}

/// The text form, in lines of 70 characters as `ssh-keygen` has them.
fn armour(file: &[u8]) -> String {
    let body = STANDARD.encode(file);
    let mut text = String::with_capacity(body.len() + body.len() / 70 + 80);
    text.push_str("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    for line in body.as_bytes().chunks(70) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str("-----END OPENSSH PRIVATE KEY-----\n");
    text
}

fn put_ecdsa(out: &mut Vec<u8>, curve: &[u8], point: &[u8], pair: &aws_lc_rs::signature::EcdsaKeyPair) -> Result<(), ExportError> {
    let number: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(|_| ExportError::Encode)?;
    put_string(out, curve);
    put_string(out, point);
    put_mpint(out, number.as_ref());
    Ok(())
}
