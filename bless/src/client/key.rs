//! The key that is certified: made here and kept in the cache, or taken by its public half.
//!
//! A key that is made is used for a day and then made anew with the next certificate. It is not made anew with every certificate,
//! since an `ssh` that is still authenticating reads it a second time, and would find one that its certificate is not for.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use pkcs8::PrivateKeyInfo;
use ssh_key::private::{KeypairData, RsaKeypair, RsaPrivateKey};
use ssh_key::public::{KeyData, RsaPublicKey};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, EcdsaCurve, LineEnding, Mpint, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::config::KeyType;
use super::files::{FileError, read_text};
use super::settings::{KeyChoice, Settings};

/// How long a key that was made is used.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest key file that is read, in bytes.
const LONGEST: u64 = 1 << 16;

/// Why there is no key to certify.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no public key.
    #[error("{} is no public key of OpenSSH: {reason}", path.display())]
    NotPublic {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No key could be made.
    #[error("no {0} key could be made")]
    Making(&'static str),
}

/// A key to certify.
#[derive(Debug)]
pub struct SubjectKey {
    /// Its public half.
    pub public: PublicKey,
    /// Its private half, if it is ours.
    pub private: Option<PrivateKey>,
    /// Whether it is not in the cache yet.
    pub is_new: bool,
}

impl SubjectKey {
    /// The key that `settings` choose; one that is kept unless `anew`.
    ///
    /// # Errors
    /// [`KeyError`] if it cannot be read or made.
    pub fn choose(settings: &Settings, anew: bool, now: SystemTime) -> Result<Self, KeyError> {
        match &settings.key {
            KeyChoice::Taken(path) => Ok(Self { public: read_public(path)?, private: None, is_new: false }),
            KeyChoice::Made(kind) => {
                let kept = settings.paths.private_key.as_deref().filter(|_| !anew).and_then(|path| kept(path, *kind, now));
                let is_new = kept.is_none();
                let private = kept.map_or_else(|| make(*kind, settings.wanted.user()), Ok)?;
                Ok(Self { public: private.public_key().clone(), private: Some(private), is_new })
            }
        }
    }

    /// The public key's line, as a service is sent it.
    ///
    /// # Errors
    /// [`KeyError::Making`] if it does not encode, which one that was parsed or made does.
    pub fn public_line(&self) -> Result<String, KeyError> {
        self.public.to_openssh().map_err(|_| KeyError::Making("public"))
    }

    /// The private key's file, if the key is ours.
    ///
    /// # Errors
    /// [`KeyError::Making`] if it does not encode, which one that was parsed or made does.
    pub fn private_file(&self) -> Result<Option<Zeroizing<String>>, KeyError> {
        self.private.as_ref().map(|key| key.to_openssh(LineEnding::LF)).transpose().map_err(|_| KeyError::Making("private"))
    }
}

/// Reads a public key's file.
///
/// # Errors
/// [`KeyError`] if there is no public key in it.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyError> {
    let text = read_text(path, LONGEST)?;
    let bad = |reason: String| KeyError::NotPublic { path: path.to_owned(), reason };
    let mut key = PublicKey::from_openssh(text.trim_end()).map_err(|error| bad(error.to_string()))?;
    if key.comment().chars().any(char::is_control) {
        key.set_comment("");
    }
    Ok(key)
}

/// Reads the private key that the cache holds.
pub fn read_private(path: &Path) -> Option<PrivateKey> {
    let text = Zeroizing::new(read_text(path, LONGEST).ok()?);
    PrivateKey::from_openssh(text.as_bytes()).ok().filter(|key| !key.is_encrypted())
}

/// The kept key, if it is of this type and young enough.
fn kept(path: &Path, kind: KeyType, now: SystemTime) -> Option<PrivateKey> {
    let made = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    // A file from the future is as suspect as an old one.
    now.duration_since(made).ok().filter(|age| *age < AGE)?;
    read_private(path).filter(|key| kind_of(key.public_key().key_data()) == Some(kind))
}

fn kind_of(key: &KeyData) -> Option<KeyType> {
    match key.algorithm() {
        Algorithm::Ed25519 => Some(KeyType::Ed25519),
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 } => Some(KeyType::EcdsaP256),
        Algorithm::Rsa { .. } => Some(KeyType::Rsa4096),
        _ => None,
    }
}

fn make(kind: KeyType, user: &str) -> Result<PrivateKey, KeyError> {
    let failed = |name: &'static str| move |_| KeyError::Making(name);
    let mut key = match kind {
        KeyType::Ed25519 => PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(failed("Ed25519"))?,
        KeyType::EcdsaP256 => {
            PrivateKey::random(&mut OsRng, Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }).map_err(failed("ECDSA P-256"))?
        }
        KeyType::Rsa4096 => make_rsa().ok_or(KeyError::Making("RSA"))?,
    };
    key.set_comment(user);
    Ok(key)
}

/// An RSA key of aws-lc, in ssh-key's form: ssh-key's own maker is slower by far, and of the `rsa` crate only verifying is used.
fn make_rsa() -> Option<PrivateKey> {
    let made = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa4096).ok()?;
    let document = made.as_der().ok()?;
    let key = PrivateKeyInfo::try_from(document.as_ref()).ok()?;
    let key = pkcs1::RsaPrivateKey::try_from(key.private_key).ok()?;
    let number = |number: pkcs1::UintRef<'_>| Mpint::from_positive_bytes(number.as_bytes()).ok();
    let pair = RsaKeypair {
        public: RsaPublicKey { e: number(key.public_exponent)?, n: number(key.modulus)? },
        private: RsaPrivateKey {
            d: number(key.private_exponent)?,
            iqmp: number(key.coefficient)?,
            p: number(key.prime1)?,
            q: number(key.prime2)?,
        },
    };
    PrivateKey::new(KeypairData::Rsa(pair), "").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_what_openssh_reads() {
        for (kind, name) in [(KeyType::Ed25519, "(ED25519)"), (KeyType::EcdsaP256, "256 "), (KeyType::Rsa4096, "4096 ")] {
            let directory = tempfile::tempdir().expect("a directory");
            let path = directory.path().join("id");
            let key = make(kind, "ada").expect("made");
            let text = key.to_openssh(LineEnding::LF).expect("encoded");
            super::super::files::replace(&path, text.as_bytes(), super::super::files::Access::Owner).expect("written");
            let keygen = |flag| std::process::Command::new("ssh-keygen").arg(flag).arg("-f").arg(&path).output().expect("ssh-keygen runs");
            let public = String::from_utf8(keygen("-y").stdout).expect("text");
            assert_eq!(public.trim_end(), key.public_key().to_openssh().expect("encoded"), "{kind:?}");
            assert!(String::from_utf8_lossy(&keygen("-l").stdout).contains(name), "{kind:?}");
            assert_eq!(kind_of(key.public_key().key_data()), Some(kind));
        }
    }

    #[test]
    fn a_kept_key_is_used_for_a_day() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("id");
        let key = make(KeyType::Ed25519, "ada").expect("made");
        let text = key.to_openssh(LineEnding::LF).expect("encoded");
        super::super::files::replace(&path, text.as_bytes(), super::super::files::Access::Owner).expect("written");
        let now = SystemTime::now() + Duration::from_secs(1);
        assert!(kept(&path, KeyType::Ed25519, now).is_some());
        assert!(kept(&path, KeyType::EcdsaP256, now).is_none());
        assert!(kept(&path, KeyType::Ed25519, now + AGE).is_none());
        assert!(kept(&path, KeyType::Ed25519, now - AGE).is_none());
    }
}
