//! The little DER that keys and signatures need: SubjectPublicKeyInfo (RFC 5280) and ECDSA-Sig-Value (RFC 3279), read with the
//! `der` and `spki` crates that `pkcs8` brings.

use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::ml_dsa::MlDsa;
use crate::public_key::{PublicKey, PublicKeyError};

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// What people call an algorithm or a curve that has no use here.
pub(crate) fn name(oid: ObjectIdentifier) -> String {
    let known = match oid.to_string().as_str() {
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.3.1" => "DH",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.10" => "secp256k1",
        "1.3.132.0.35" => "P-521",
        "1.2.840.113549.1.5.3" => "pbeWithMD5AndDES-CBC",
        "1.2.840.113549.1.5.10" => "pbeWithSHA1AndDES-CBC",
        "1.2.840.113549.1.12.1.3" => "pbeWithSHA1And3-KeyTripleDES-CBC",
        "1.2.840.113549.3.2" => "RC2-CBC",
        "1.3.14.3.2.7" => "DES-CBC",
        "1.2.392.200011.61.1.1.1.4" => "Camellia-256-CBC",
        _ => return oid.to_string(),
    };
    known.to_owned()
}

/// Reads a SubjectPublicKeyInfo.
pub(crate) fn public_key(spki: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let malformed = || PublicKeyError::Malformed { what: "SubjectPublicKeyInfo" };
    let info = SubjectPublicKeyInfoRef::try_from(spki).map_err(|_| malformed())?;
    let bits = info.subject_public_key.as_bytes().ok_or_else(malformed)?;
    match info.algorithm.oid {
        ED25519 => Ok(PublicKey::Ed25519(bits.try_into().map_err(|_| malformed())?)),
        EC => match info.algorithm.parameters_oid().map_err(|_| malformed())? {
            P256 => Ok(PublicKey::EcdsaP256(bits.try_into().map_err(|_| malformed())?)),
            P384 => Ok(PublicKey::EcdsaP384(bits.try_into().map_err(|_| malformed())?)),
            other => Err(PublicKeyError::Unsupported { name: name(other) }),
        },
        RSA => {
            let key = pkcs1::RsaPublicKey::from_der(bits).map_err(|_| malformed())?;
            Ok(PublicKey::Rsa { n: key.modulus.as_bytes().to_vec(), e: key.public_exponent.as_bytes().to_vec() })
        }
        other => match MlDsa::of_oid(other) {
            // RFC 9881, 2: there are no parameters.
            Some(_) if info.algorithm.parameters.is_some() => Err(malformed()),
            Some(set) => Ok(PublicKey::MlDsa(set, bits.to_vec())),
            None => Err(PublicKeyError::Unsupported { name: name(other) }),
        },
    }
}

/// Turns `SEQUENCE { r INTEGER, s INTEGER }` into r and s, each of `width` bytes, one after the other.
pub(crate) fn ecdsa_fixed(der: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let (r, s) = reader.sequence(|inner| Ok((UintRef::decode(inner)?, UintRef::decode(inner)?))).ok()?;
    reader.finish(()).ok()?;
    let mut fixed = vec![0; 2 * width];
    for (half, number) in fixed.chunks_exact_mut(width).zip([r.as_bytes(), s.as_bytes()]) {
        let start = width.checked_sub(number.len())?;
        half[start..].copy_from_slice(number);
    }
    Some(fixed)
}

/// Turns r and s, one after the other at the same width, into `SEQUENCE { r INTEGER, s INTEGER }`.
pub(crate) fn ecdsa_value(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let number = |bytes| UintRef::new(bytes).expect("a signature's halves are far shorter than DER's limit");
    [number(r), number(s)].to_der().expect("a signature is far shorter than DER's limit")
}
