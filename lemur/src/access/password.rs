//! Passwords: argon2id with OWASP's parameters, a few at a time, so that guesses neither go fast nor take the memory away.

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::AccessError;
use crate::blocking::Places;

/// How many are hashed at once: each takes 19 MiB.
const AT_ONCE: usize = 2;

const SHORTEST: usize = 12;
const LONGEST: usize = 1_024;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is guessable.
    #[error("a password has at least {SHORTEST} characters")]
    Short,
    /// It would take long to hash.
    #[error("a password has at most {LONGEST} bytes")]
    Long,
}

/// A password that may be set. It has no printed form.
#[expect(missing_debug_implementations, reason = "is secret")]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password that somebody chose.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn chosen(text: String) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text);
        match text.chars().take(SHORTEST).count() {
            _ if text.len() > LONGEST => Err(PasswordError::Long),
            SHORTEST => Ok(Self(text)),
            _ => Err(PasswordError::Short),
        }
    }

    /// A password of 144 random bits.
    ///
    /// # Errors
    /// [`AccessError::Randomness`].
    pub fn random() -> Result<Self, AccessError> {
        let mut bytes = Zeroizing::new([0; 18]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| AccessError::Randomness)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// The password itself. Every use of this method is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Hashes passwords and compares them.
pub(super) struct Hasher {
    places: Places,
    /// A hash of something that nobody knows, for users who are not there: they take as long as those who are.
    nobody: String,
}

impl Hasher {
    pub(super) fn new() -> Result<Self, AccessError> {
        let nobody = hash(Password::random()?.expose())?;
        Ok(Self { places: Places::new(AT_ONCE), nobody })
    }

    pub(super) async fn hash(&self, password: Password) -> Result<String, AccessError> {
        self.alone(move || hash(password.expose())).await?
    }

    /// Whether `password` is the one that `stored` is of. Without `stored` it is not, and takes as long.
    pub(super) async fn verify(&self, password: Zeroizing<String>, stored: Option<String>) -> Result<bool, AccessError> {
        let there = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let same = self.alone(move || {
            let stored = PasswordHash::new(&stored);
            password.len() <= LONGEST && stored.is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
        });
        Ok(same.await? && there)
    }

    async fn alone<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccessError> {
        self.places.with(work).await.map_err(|_| AccessError::Randomness)
    }
}

fn hash(password: &str) -> Result<String, AccessError> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| AccessError::Randomness)?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| AccessError::Randomness)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_password_is_argon2id_with_owasps_parameters() {
        let stored = hash("correct horse battery").expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("correct horse battery").expect("a hash"), "each has its own salt");
    }

    #[test]
    fn short_and_endless_passwords_are_not_taken() {
        assert_eq!(Password::chosen("eleven char".to_owned()).err(), Some(PasswordError::Short));
        assert!(Password::chosen("twelve chars".to_owned()).is_ok());
        assert!(Password::chosen("é".repeat(12)).is_ok());
        assert_eq!(Password::chosen("x".repeat(LONGEST + 1)).err(), Some(PasswordError::Long));
    }

    /// CVE-2023-30797: Lemur made secrets by a predictable generator.
    #[test]
    fn a_generated_password_is_random() {
        let made: std::collections::BTreeSet<_> = (0..64).map(|_| Password::random().expect("one").expose().to_owned()).collect();
        assert_eq!(made.len(), 64);
        assert!(made.iter().all(|password| password.len() == 24));
    }
}
