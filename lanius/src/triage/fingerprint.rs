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

    /// Whether they are keyed.
    #[must_use]
    pub fn keyed(&self) -> bool {
        self.key.is_some()
    }

    /// What tells the key from another: nothing of a value goes into it.
    #[must_use]
    pub fn key_id(&self) -> Option<String> {
        self.mac(&[b"lanius key 1"]).map(|mac| hex::encode(&mac[..8]))
    }

    /// What identifies a value whatever rule found it: `v1` of the value under the key; none without one.
    #[must_use]
    pub fn value(&self, value: &[u8]) -> Option<String> {
        self.mac(&[b"lanius value 1", value]).map(|mac| format!("v1:{}", hex::encode(&mac[..16])))
    }

    fn mac(&self, parts: &[&[u8]]) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_ref()?.expose()).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().into())
    }

    /// The fingerprint of what a rule found: `k1` of the value under the key, `c1` of the context.
    #[must_use]
    pub fn of(&self, rule: &str, found: &Found) -> String {
        match self.mac(&[b"lanius fingerprint 1", rule.as_bytes(), found.secret.expose()]) {
            Some(mac) => format!("k1:{}", hex::encode(&mac[..16])),
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
