//! What the lints ask of public keys, on top of `menagerie-sign`, which knows weak ones.

use menagerie_sign::weak::{self, WeakRsa};
use menagerie_sign::{PublicKey, PublicKeyError};

use super::certificate::KeyInfo;
use super::oid;
use super::tlv::{Broken, Malformed, Reader, tag};

/// An RSA public key as unsigned big-endian numbers, and whether one of them is written as negative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rsa<'a> {
    pub modulus: &'a [u8],
    pub exponent: &'a [u8],
    pub negative: bool,
}

/// Reads an RSAPublicKey (RFC 8017, A.1.1).
pub(super) fn rsa<'a>(info: &KeyInfo<'a>) -> Result<Rsa<'a>, Malformed> {
    let part = "the RSA key";
    let mut whole = Reader::new(info.key.bytes, part);
    let mut fields = whole.sequence(part)?;
    whole.finish()?;
    let modulus = fields.take(tag::INTEGER, part)?.value;
    let exponent = fields.take(tag::INTEGER, part)?.value;
    fields.finish()?;
    if modulus.is_empty() || exponent.is_empty() {
        return Err(Malformed::new(part, Broken::Empty));
    }
    Ok(Rsa { modulus: unsigned(modulus), exponent: unsigned(exponent), negative: (modulus[0] | exponent[0]) & 0x80 != 0 })
}

fn unsigned(integer: &[u8]) -> &[u8] {
    &integer[integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len())..]
}

/// How many bits an unsigned number has.
pub(super) fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| 8 * number.len() - first.leading_zeros() as usize)
}

/// Why an RSA modulus is weak, if it is. One past [`weak::MAX_BITS`] is not looked at further. The exponent is a matter of its own: the
/// usual one stands in for it, so that an odd exponent does not hide a bad modulus.
pub(super) fn weakness(rsa: &Rsa<'_>, foreign: bool) -> Option<WeakRsa> {
    let usual = [1, 0, 1];
    let checked = if foreign { weak::check_foreign_rsa(rsa.modulus, &usual) } else { weak::check_rsa(rsa.modulus, &usual) };
    checked.err()
}

/// What is to be said of an RSA exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exponent {
    /// Odd, and from 65537 to 2^256 - 1.
    Good,
    /// Odd, but smaller or larger.
    Unusual,
    /// Even, or below 3.
    Wrong,
}

/// Judges an RSA exponent (BR 6.1.6).
pub(super) fn exponent(rsa: &Rsa<'_>) -> Exponent {
    let e = rsa.exponent;
    if e.last().is_none_or(|low| low & 1 == 0) || e == [1] {
        Exponent::Wrong
    } else if bits(e) < 17 || bits(e) > 256 {
        Exponent::Unusual
    } else {
        Exponent::Good
    }
}

/// The curve of an EC key: its name's identifier.
pub(super) fn curve<'a>(info: &KeyInfo<'a>) -> Option<&'a [u8]> {
    info.algorithm.parameters.filter(|parameters| info.algorithm.oid == oid::EC && parameters.tag == tag::OID).map(|curve| curve.value)
}

/// How many bytes a coordinate has on a curve that is known here.
pub(super) const fn coordinate(curve: &[u8]) -> Option<usize> {
    match curve {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Some(32),
        [0x2b, 0x81, 4, 0, 34] => Some(48),
        [0x2b, 0x81, 4, 0, 35] => Some(66),
        _ => None,
    }
}

/// Whether a key of P-256, P-384 or Ed25519 is no point of its curve, or one of small order. Other keys pass.
pub(super) fn off_curve(info: &KeyInfo<'_>) -> Option<PublicKeyError> {
    let bytes = info.key.bytes;
    let key = match (info.algorithm.oid, curve(info)) {
        (x, _) if x == oid::ED25519 => PublicKey::Ed25519(bytes.try_into().ok()?),
        (_, Some(x)) if x == oid::P256 => PublicKey::EcdsaP256(bytes.try_into().ok()?),
        (_, Some(x)) if x == oid::P384 => PublicKey::EcdsaP384(bytes.try_into().ok()?),
        _ => return None,
    };
    key.validate().err()
}

/// How many bytes a raw key of this algorithm has (RFC 8410; FIPS 204).
pub(super) fn raw_length(algorithm: &[u8]) -> Option<usize> {
    Some(match algorithm {
        x if x == oid::ED25519 || x == oid::X25519 => 32,
        x if x == oid::ED448 => 57,
        x if x == oid::X448 => 56,
        x if x == oid::ML_DSA_44 => 1312,
        x if x == oid::ML_DSA_65 => 1952,
        x if x == oid::ML_DSA_87 => 2592,
        _ => return None,
    })
}
