//! Which keys and signatures there may be, and how they are written, to the byte (BR 6.1.5, 6.1.6, 7.1.3).

use super::super::super::definition::{Lint, br};
use super::super::super::key;
use super::super::super::oid;
use super::ALL;

/// AlgorithmIdentifiers of signatures (7.1.3.2), in hexadecimal as the Requirements list them.
const SIGNATURES: [&[u8]; 6] = [
    &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0],
    &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12, 5, 0],
    &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13, 5, 0],
    &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
    &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
    &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
];

/// AlgorithmIdentifiers of keys (7.1.3.1).
const KEYS: [&[u8]; 4] = [
    &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0],
    &[0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    &[0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 34],
    &[0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 35],
];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-signature-algorithm", br("7.1.3.2"), "The signature is by RSA or ECDSA with SHA-256, SHA-384 or SHA-512.", |c, say| {
        let algorithm = &c.certificate.algorithm;
        if !SIGNATURES.contains(&algorithm.raw) && !is_pss(algorithm.raw) {
            say(format!(
                "the algorithm is {}, written as {}",
                oid::name(algorithm.oid),
                hex::encode(&algorithm.raw[..algorithm.raw.len().min(80)])
            ));
        }
    })
    .baseline(ALL),
    Lint::error("br-key-algorithm", br("7.1.3.1"), "The key is of RSA, or of ECDSA on P-256, P-384 or P-521.", |c, say| {
        let algorithm = &c.certificate.key.algorithm;
        if !KEYS.contains(&algorithm.raw) {
            say(format!(
                "the key is of {}, written as {}",
                oid::name(algorithm.oid),
                hex::encode(&algorithm.raw[..algorithm.raw.len().min(80)])
            ));
        }
    })
    .baseline(ALL),
    Lint::error("br-rsa-size", br("6.1.5"), "An RSA modulus's size is divisible by 8.", |c, say| {
        if c.certificate.key.algorithm.oid == oid::RSA
            && let Ok(rsa) = key::rsa(&c.certificate.key)
            && !key::bits(rsa.modulus).is_multiple_of(8)
        {
            say(format!("the modulus has {} bits", key::bits(rsa.modulus)));
        }
    })
    .baseline(ALL),
    Lint::error("br-extensions-missing", br("7.1.2"), "There are extensions.", |c, say| {
        if c.certificate.extensions.is_none() {
            say("there are none".to_owned());
        }
    })
    .baseline(ALL),
    Lint::warning("br-serial-entropy", br("7.1"), "A serial number holds 64 bits from a generator.", |c, say| {
        if c.certificate.serial.len() < 8 {
            say(format!("the serial number has {} bytes", c.certificate.serial.len()));
        }
    })
    .baseline(&[super::Kind::Intermediate, super::Kind::OcspResponder, super::Kind::Leaf])
    .since(2016, 9, 30),
];

/// RSASSA-PSS whose hash is also that of MGF1, and whose salt is as long as the hash.
fn is_pss(raw: &[u8]) -> bool {
    let hash = |number: u8| [0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, number, 5, 0];
    [(1, 32), (2, 48), (3, 64)].into_iter().any(|(number, salt)| {
        let mut wanted = vec![0x30, 0x41, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10, 0x30, 0x34, 0xa0, 0x0f];
        wanted.extend(hash(number));
        wanted.extend([0xa1, 0x1c, 0x30, 0x1a, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8]);
        wanted.extend(hash(number));
        wanted.extend([0xa2, 3, 2, 1, salt]);
        raw == wanted
    })
}
