//! Private keys: of which kind and size, whether a passphrase guards them, and the fingerprint of their public half as `ssh-keygen -l`
//! shows it, by which an owner finds the key in use. Forms: OpenSSH (`PROTOCOL.key`), PKCS#8 (RFC 5958), PKCS#1 (RFC 8017), SEC 1
//! (RFC 5915), PEM with RFC 1421 headers, PuTTY, OpenPGP.

use menagerie_finding::Severity;
use pkcs8::ObjectIdentifier;
use ssh_key::public::{EcdsaPublicKey, KeyData, RsaPublicKey};
use ssh_key::{HashAlg, Mpint};

use super::{Clue, Gathered};
use crate::rules::pem::{armour, decoded};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Curves and other algorithms by their identifier.
const NAMES: &[(&str, &str)] = &[
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

pub(super) fn gather(clue: Clue<'_>, gathered: &mut Gathered) {
    let Ok(text) = std::str::from_utf8(clue.secret) else { return };
    if text.starts_with("PuTTY-User-Key-File-") {
        let encryption = text.lines().find_map(|line| line.strip_prefix("Encryption:"));
        if let Some(kind) = text.lines().next().and_then(|line| line.split_once(": ")) {
            gathered.tell("key_type", kind.1.trim());
        }
        return passphrase(encryption.map(|cipher| cipher.trim() != "none"), clue, gathered);
    }
    let Some((label, body)) = armour(text) else { return };
    if label.starts_with("PGP") {
        return gathered.tell("key_type", "OpenPGP");
    }
    let kind = label.trim_end_matches("PRIVATE KEY").trim();
    // RFC 1421: a header says that the body is encrypted, and how.
    if body.contains("Proc-Type:") && body.contains("ENCRYPTED") {
        gathered.tell("key_type", kind);
        if let Some((_, cipher)) = body.split_once("DEK-Info:") {
            gathered.tell("cipher", cipher.trim_start().split([',', '\n', '\r', '\\']).next().unwrap_or_default());
        }
        return passphrase(Some(true), clue, gathered);
    }
    let encrypted = decoded(body).and_then(|bytes| match kind {
        "OPENSSH" => openssh(bytes.expose(), gathered),
        "ENCRYPTED" => pkcs8::EncryptedPrivateKeyInfo::try_from(bytes.expose().as_slice()).ok().map(|_| true),
        "RSA" => pkcs1(bytes.expose(), gathered).then_some(false),
        "EC" => sec1(bytes.expose(), None, gathered).then_some(false),
        _ => pkcs8(bytes.expose(), gathered).then_some(false),
    });
    match encrypted {
        Some(_) => passphrase(encrypted, clue, gathered),
        None => gathered.tell("readable", "no: it is cut, altered or not a key"),
    }
}

/// Whether a passphrase guards the key. A rule that is for encrypted keys alone has counted that already.
fn passphrase(encrypted: Option<bool>, clue: Clue<'_>, gathered: &mut Gathered) {
    match encrypted {
        Some(true) => {
            gathered.tell("encrypted", "yes");
            if clue.rule.definition.severity > Severity::Medium {
                gathered.costs_less("a passphrase guards the key");
            }
        }
        Some(false) => gathered.tell("encrypted", "no"),
        None => {}
    }
}

/// Whether a passphrase guards it.
fn openssh(bytes: &[u8], gathered: &mut Gathered) -> Option<bool> {
    let key = ssh_key::PrivateKey::from_bytes(bytes).ok()?;
    public(key.public_key().key_data(), gathered);
    Some(key.is_encrypted())
}

/// What the public half tells.
fn public(key: &KeyData, gathered: &mut Gathered) {
    match key {
        KeyData::Rsa(rsa) => {
            gathered.tell("key_type", "RSA");
            gathered.tell("bits", bits(rsa.n.as_positive_bytes().unwrap_or_default()).to_string());
        }
        KeyData::Ecdsa(ecdsa) => {
            gathered.tell("key_type", "ECDSA");
            let curve = match ecdsa {
                EcdsaPublicKey::NistP256(_) => "P-256",
                EcdsaPublicKey::NistP384(_) => "P-384",
                EcdsaPublicKey::NistP521(_) => "P-521",
            };
            gathered.tell("curve", curve);
        }
        KeyData::Ed25519(_) => gathered.tell("key_type", "Ed25519"),
        KeyData::Dsa(_) => gathered.tell("key_type", "DSA"),
        KeyData::SkEcdsaSha2NistP256(_) | KeyData::SkEd25519(_) => {
            gathered.tell("key_type", "handle of a security key");
            gathered.costs_less("it is of no use without the security key");
        }
        other => gathered.tell("key_type", other.algorithm().as_str()),
    }
    gathered.tell("public_key", key.fingerprint(HashAlg::Sha256).to_string());
}

fn bits(number: &[u8]) -> usize {
    let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn pkcs1(bytes: &[u8], gathered: &mut Gathered) -> bool {
    let Ok(key) = pkcs1::RsaPrivateKey::try_from(bytes) else { return false };
    let number = |value: pkcs1::UintRef<'_>| Mpint::from_positive_bytes(value.as_bytes());
    gathered.tell("key_type", "RSA");
    gathered.tell("bits", bits(key.modulus.as_bytes()).to_string());
    if let (Ok(e), Ok(n)) = (number(key.public_exponent), number(key.modulus)) {
        public(&KeyData::Rsa(RsaPublicKey { e, n }), gathered);
    }
    true
}

fn sec1(bytes: &[u8], curve: Option<ObjectIdentifier>, gathered: &mut Gathered) -> bool {
    let Ok(key) = sec1::EcPrivateKey::try_from(bytes) else { return false };
    gathered.tell("key_type", "ECDSA");
    let curve = curve.or_else(|| key.parameters.and_then(|parameters| parameters.named_curve()));
    if let Some(curve) = curve {
        gathered.tell("curve", name(&curve));
    }
    if let Some(point) = key.public_key.and_then(|point| EcdsaPublicKey::from_sec1_bytes(point).ok()) {
        public(&KeyData::Ecdsa(point), gathered);
    }
    true
}

fn pkcs8(bytes: &[u8], gathered: &mut Gathered) -> bool {
    let Ok(key) = pkcs8::PrivateKeyInfo::try_from(bytes) else { return false };
    match key.algorithm.oid {
        RSA | RSA_PSS => return pkcs1(key.private_key, gathered),
        EC => return sec1(key.private_key, key.algorithm.parameters_oid().ok(), gathered),
        DSA => gathered.tell("key_type", "DSA"),
        ED25519 => {
            gathered.tell("key_type", "Ed25519");
            // RFC 8410: the seed is an octet string within the octet string.
            if let Some(seed) = key.private_key.strip_prefix(&[4, 32]).and_then(|seed| <&[u8; 32]>::try_from(seed).ok()) {
                public(&KeyData::Ed25519(ssh_key::private::Ed25519Keypair::from_seed(seed).public), gathered);
            }
        }
        other => gathered.tell("key_type", name(&other)),
    }
    true
}

fn name(oid: &ObjectIdentifier) -> String {
    let oid = oid.to_string();
    NAMES.iter().find(|(known, _)| *known == oid).map_or(oid, |(_, name)| (*name).to_owned())
}
