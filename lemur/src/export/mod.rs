//! What other programs take a certificate and its key in: PEM, PKCS#12 (RFC 7292), and Java's key and trust stores.
//!
//! Key stores are for what cannot read PEM. PKCS#12 is written as Java and OpenSSL write it today (PBES2 with AES-256 and HMAC-SHA-256);
//! JKS protects a key by SHA-1 alone and is offered since old Java programs read nothing else.

mod jks;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_secret::Secret;
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use zeroize::{Zeroize as _, Zeroizing};

pub use jks::{key_store, trust_store};

/// The fewest characters of a key store's passphrase; `keytool` takes no fewer.
pub const MIN_PASSPHRASE: usize = 6;
/// The most characters of a key store's passphrase.
pub const MAX_PASSPHRASE: usize = 1024;

/// How many rounds derive each of a PKCS#12 file's keys: ten times what Java takes, and no burden to the service.
const PKCS12_ROUNDS: u32 = 100_000;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A passphrase that the readers of the format do not take.
    #[error("a key store's passphrase has {MIN_PASSPHRASE} to {MAX_PASSPHRASE} characters, none of them a control character")]
    Passphrase,
    /// A passphrase that PKCS#12 cannot hold: it is written in units of 16 bits.
    #[error("a passphrase of PKCS#12 has no characters beyond U+FFFF, as emoji are")]
    Beyond,
    /// There is nothing to put into a file.
    #[error("there is no certificate to export")]
    Empty,
    /// A certificate or key that is longer than the format holds.
    #[error("{what} is too long for a key store")]
    TooLong {
        /// What is too long.
        what: &'static str,
    },
    /// The library did not take the certificate or the key.
    #[error("cannot write PKCS#12: {source}")]
    Pkcs12 {
        /// What it said.
        source: p12_keystore::error::Error,
    },
}

/// A key's certificate, the certificates above it, and the key.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a private key")]
pub struct Material<'a> {
    /// What the entry is called in a store.
    pub alias: &'a str,
    /// DER, the key's own certificate first.
    pub chain: &'a [Vec<u8>],
    /// The key as PKCS#8 DER (RFC 5958).
    pub key: &'a Secret<Vec<u8>>,
}

/// Certificates as PEM (RFC 7468), in their order.
#[must_use]
pub fn certificates_pem(chain: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for der in chain {
        text.push_str(&pem("CERTIFICATE", der));
    }
    text
}

/// A PKCS#8 key as PEM.
#[must_use]
pub fn key_pem(key: &Secret<Vec<u8>>) -> Secret<String> {
    Secret::new(pem("PRIVATE KEY", key.expose()))
}

/// A PKCS#12 file with the key and its chain.
///
/// # Errors
/// [`ExportError`] if the passphrase or the chain is not what the format takes.
pub fn pkcs12(material: Material<'_>, passphrase: &Secret<String>) -> Result<Secret<Vec<u8>>, ExportError> {
    check_passphrase(passphrase)?;
    if passphrase.expose().chars().any(|character| u32::from(character) > 0xFFFF) {
        return Err(ExportError::Beyond);
    }
    if material.chain.is_empty() {
        return Err(ExportError::Empty);
    }
    let failed = |source| ExportError::Pkcs12 { source };
    let key = PrivateKey::from_der(material.key.expose()).map_err(failed)?;
    let chain = material.chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut store = KeyStore::new();
    let alias = alias(material.alias);
    store.add_entry(&alias, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(alias.as_str(), key, chain)));
    let writer = store.writer(passphrase.expose()).encryption_iterations(PKCS12_ROUNDS).mac_iterations(PKCS12_ROUNDS);
    writer.write().map(Secret::new).map_err(failed)
}

fn check_passphrase(passphrase: &Secret<String>) -> Result<(), ExportError> {
    let text = passphrase.expose();
    let fits = (MIN_PASSPHRASE..=MAX_PASSPHRASE).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(ExportError::Passphrase) }
}

/// A name that every reader of a store takes: lower case, as Java compares them, and no character but letters, digits, `.`, `_` and `-`.
fn alias(name: &str) -> String {
    let plain = |character: char| match character.to_ascii_lowercase() {
        character @ ('a'..='z' | '0'..='9' | '.' | '_' | '-') => character,
        _ => '-',
    };
    let alias: String = name.chars().take(128).map(plain).collect();
    if alias.is_empty() { "lemur".to_owned() } else { alias }
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut base64 = Zeroizing::new(STANDARD.encode(der));
    let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 2 * label.len() + 40);
    let _ = writeln!(text, "-----BEGIN {label}-----");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        text.push('\n');
    }
    let _ = writeln!(text, "-----END {label}-----");
    base64.zeroize();
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn an_alias_is_what_every_reader_takes() {
        assert_eq!(alias("WILDCARD.Example.com-Root_1"), "wildcard.example.com-root_1");
        assert_eq!(alias("a b/\u{e9}\0"), "a-b---");
        assert_eq!(alias(""), "lemur");
        assert_eq!(alias(&"x".repeat(500)).len(), 128);
    }

    #[test]
    fn pem_has_lines_of_64_characters() {
        let text = pem("CERTIFICATE", &[7; 100]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            (lines[0], lines[1].len(), lines.last().copied()),
            ("-----BEGIN CERTIFICATE-----", 64, Some("-----END CERTIFICATE-----"))
        );
        assert!(lines.iter().all(|line| line.len() <= 64) && text.ends_with('\n'));
    }

    #[test]
    fn passphrases_that_keytool_refuses_are_refused() {
        for bad in ["", "short", "with\nbreak", &"x".repeat(MAX_PASSPHRASE + 1)] {
            assert!(matches!(check_passphrase(&Secret::new(bad.to_owned())), Err(ExportError::Passphrase)), "{bad:?}");
        }
        assert!(check_passphrase(&Secret::new("geheim\u{e4}".to_owned())).is_ok());
    }
}
