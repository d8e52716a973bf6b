//! What a key is that is not certified here, as certificates that were brought have them: its name and its size, for lists and people.

use x509_cert::spki::ObjectIdentifier;

use super::View;
use crate::asn1::{Malformed, Reader};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Keys by their algorithm alone.
const ALONE: [(ObjectIdentifier, &str, usize); 3] = [
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "ED448", 456),
    (ObjectIdentifier::new_unwrap("1.3.101.110"), "X25519", 256),
    (ObjectIdentifier::new_unwrap("1.3.101.111"), "X448", 448),
];

/// Curves, called what Lemur calls them.
const CURVES: [(ObjectIdentifier, &str, usize); 6] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), "ECCPRIME192V1", 192),
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), "ECCSECP224R1", 224),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "ECCSECP256K1", 256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "ECCPRIME256V1", 256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "ECCSECP384R1", 384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "ECCSECP521R1", 521),
];

impl View {
    /// How many bits the key has, also one that is not certified here. None of an algorithm that is not known.
    #[must_use]
    pub fn key_bits(&self) -> Option<usize> {
        self.public_key().ok().map(|key| key.bits()).or_else(|| Some(self.foreign_key()?.1))
    }

    /// What a key that is not certified here is called, and how many bits it has.
    pub(crate) fn foreign_key(&self) -> Option<(String, usize)> {
        read(self.spki()).ok().flatten()
    }
}

fn read(spki: &[u8]) -> Result<Option<(String, usize)>, Malformed> {
    let mut info = Reader::sequence_of(spki)?;
    let mut algorithm = info.sequence()?;
    let of = algorithm.oid()?;
    let known = |list: &[(ObjectIdentifier, &str, usize)], wanted| {
        list.iter().find(|(oid, ..)| *oid == wanted).map(|(_, name, bits)| ((*name).to_owned(), *bits))
    };
    match of {
        RSA => {
            let mut key = Reader::sequence_of(info.whole_bit_string()?)?;
            let modulus = key.integer()?;
            let digits: Vec<u8> = modulus.iter().copied().skip_while(|byte| *byte == 0).collect();
            let unused = digits.first().map_or(0, |first| first.leading_zeros() as usize);
            let bits = 8 * digits.len() - unused;
            Ok(Some((format!("RSA{bits}"), bits)))
        }
        EC => Ok(known(&CURVES, algorithm.oid()?)),
        _ => Ok(known(&ALONE, of)),
    }
}
