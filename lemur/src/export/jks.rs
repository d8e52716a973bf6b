//! Java's own key store format, version 2, as `sun.security.provider.JavaKeyStore` reads it.
//!
//! All numbers are big-endian. A store is: magic, version, count; each entry with its tag, alias, time in milliseconds and certificates;
//! at the end the SHA-1 digest of the passphrase, a fixed phrase and everything before. A private key is exclusive-ored with a stream of
//! SHA-1 digests of passphrase and salt, which protects it as well as its passphrase is long, and no better.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Encode as _, Sequence};
use menagerie_secret::Secret;
use zeroize::Zeroizing;

use super::{ExportError, Material, alias, check_passphrase};

const MAGIC: u32 = 0xFEED_FEED;
const VERSION: u32 = 2;
const KEY_ENTRY: u32 = 1;
const CERTIFICATE_ENTRY: u32 = 2;
/// What the closing digest begins with, behind the passphrase.
const PHRASE: &[u8] = b"Mighty Aphrodite";
const DIGEST: usize = 20;
/// Sun's algorithm for a protected key.
const KEY_PROTECTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.17.1.1");

/// EncryptedPrivateKeyInfo (RFC 5208, 6).
#[derive(Sequence)]
struct EncryptedKey<'a> {
    algorithm: Algorithm<'a>,
    data: OctetStringRef<'a>,
}

#[derive(Sequence)]
struct Algorithm<'a> {
    algorithm: ObjectIdentifier,
    parameters: AnyRef<'a>,
}

/// A key store: one key with its chain. `salt` is fresh randomness, `time_ms` when the store is made, in milliseconds since 1970.
///
/// # Errors
/// [`ExportError`] if the passphrase or the chain is not what the format takes.
pub fn key_store(
    material: Material<'_>,
    passphrase: &Secret<String>,
    salt: [u8; DIGEST],
    time_ms: u64,
) -> Result<Secret<Vec<u8>>, ExportError> {
    check_passphrase(passphrase)?;
    if material.chain.is_empty() {
        return Err(ExportError::Empty);
    }
    let passphrase = utf16(passphrase);
    let mut store = Store::new(1);
    store.number(KEY_ENTRY);
    store.text(&alias(material.alias));
    store.bytes.extend_from_slice(&time_ms.to_be_bytes());
    store.block(&protected(material.key.expose(), &passphrase, salt)?, "the key")?;
    store.number(u32::try_from(material.chain.len()).map_err(|_| ExportError::TooLong { what: "the chain" })?);
    for certificate in material.chain {
        store.certificate(certificate)?;
    }
    Ok(store.closed(&passphrase))
}

/// A trust store: certificates that are trusted, each an entry.
///
/// # Errors
/// [`ExportError`] if the passphrase or the certificates are not what the format takes.
pub fn trust_store(
    name: &str,
    certificates: &[Vec<u8>],
    passphrase: &Secret<String>,
    time_ms: u64,
) -> Result<Secret<Vec<u8>>, ExportError> {
    check_passphrase(passphrase)?;
    if certificates.is_empty() {
        return Err(ExportError::Empty);
    }
    let mut store = Store::new(u32::try_from(certificates.len()).map_err(|_| ExportError::TooLong { what: "the chain" })?);
    let name = alias(name);
    for (index, certificate) in certificates.iter().enumerate() {
        store.number(CERTIFICATE_ENTRY);
        store.text(&if index == 0 { name.clone() } else { format!("{name}-{index}") });
        store.bytes.extend_from_slice(&time_ms.to_be_bytes());
        store.certificate(certificate)?;
    }
    Ok(store.closed(&utf16(passphrase)))
}

/// The bytes of a store in the making.
struct Store {
    bytes: Zeroizing<Vec<u8>>,
}

impl Store {
    fn new(entries: u32) -> Self {
        let mut store = Self { bytes: Zeroizing::new(Vec::with_capacity(8192)) };
        store.number(MAGIC);
        store.number(VERSION);
        store.number(entries);
        store
    }

    fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// A text of few ASCII characters, where Java's own UTF-8 is everybody's.
    fn text(&mut self, text: &str) {
        let length = u16::try_from(text.len()).expect("an alias is short");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn block(&mut self, block: &[u8], what: &'static str) -> Result<(), ExportError> {
        self.number(u32::try_from(block.len()).map_err(|_| ExportError::TooLong { what })?);
        self.bytes.extend_from_slice(block);
        Ok(())
    }

    fn certificate(&mut self, der: &[u8]) -> Result<(), ExportError> {
        self.text("X.509");
        self.block(der, "a certificate")
    }

    fn closed(mut self, passphrase: &[u8]) -> Secret<Vec<u8>> {
        let digest = sha1(&[passphrase, PHRASE, &self.bytes]);
        self.bytes.extend_from_slice(&digest);
        Secret::new(std::mem::take(&mut *self.bytes))
    }
}

/// The key exclusive-ored with the stream, between the salt and a digest that tells a wrong passphrase.
fn protected(key: &[u8], passphrase: &[u8], salt: [u8; DIGEST]) -> Result<Vec<u8>, ExportError> {
    let mut data = salt.to_vec();
    let mut stream = Zeroizing::new(salt);
    for block in key.chunks(DIGEST) {
        *stream = sha1(&[passphrase, &*stream]);
        data.extend(block.iter().zip(stream.iter()).map(|(byte, mask)| byte ^ mask));
    }
    data.extend_from_slice(&sha1(&[passphrase, key]));
    let too_long = |_| ExportError::TooLong { what: "the key" };
    let algorithm = Algorithm { algorithm: KEY_PROTECTOR, parameters: AnyRef::NULL };
    EncryptedKey { algorithm, data: OctetStringRef::new(&data).map_err(too_long)? }.to_der().map_err(too_long)
}

fn sha1(parts: &[&[u8]]) -> [u8; DIGEST] {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("a SHA-1 digest has 20 bytes")
}

/// A passphrase as Java digests it: two bytes a character.
fn utf16(passphrase: &Secret<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(passphrase.expose().encode_utf16().flat_map(u16::to_be_bytes).collect())
}
