//! What identifies a place of a secret from run to run, when lines and files move. With a key it is an HMAC of rule and value; without
//! one, a hash of the rule and of the line round the value, so that a committed baseline tells nothing of the value.

use hmac::{Hmac, Mac as _};
use menagerie_secret::Secret;
use sha2::{Digest as _, Sha256};

use crate::scan::Found;

/// How fingerprints are made.
#[derive(Default)]
pub struct Fingerprints {
    key: Option<Secret<Vec<u8>>>,
}

impl std::fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fingerprints").field("keyed", &self.key.is_some()).finish()
    }
}

impl Fingerprints {
    /// Fingerprints with a key, if there is one.
    #[must_use]
    pub fn new(key: Option<Secret<Vec<u8>>>) -> Self {
        Self { key }
    }

    /// The fingerprint of what a rule found: `k1` of the value under the key, `c1` of the context.
    #[must_use]
    pub fn of(&self, rule: &str, found: &Found) -> String {
        match &self.key {
            Some(key) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
                for part in [b"lanius fingerprint 1".as_slice(), rule.as_bytes(), found.secret.expose()] {
                    mac.update(&(part.len() as u64).to_be_bytes());
                    mac.update(part);
                }
                format!("k1:{}", hex::encode(&mac.finalize().into_bytes()[..16]))
            }
            None => {
                let mut hash = Sha256::new();
                for part in [rule.as_bytes(), &squeezed(&found.around.0), &squeezed(&found.around.1)] {
                    hash.update((part.len() as u64).to_be_bytes());
                    hash.update(part);
                }
                format!("c1:{}", hex::encode(&hash.finalize()[..16]))
            }
        }
    }
}

/// Without blanks, which change when code is formatted.
fn squeezed(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}
