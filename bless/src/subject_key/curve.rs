//! Whether a public point is a usable point of its curve, in its one encoding.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use curve25519_dalek::edwards::CompressedEdwardsY;

use super::error::SubjectKeyError;

/// A NIST curve.
#[derive(Clone, Copy)]
pub(super) struct Weierstrass {
    /// Bytes of the uncompressed form: 4, x, y.
    length: usize,
    algorithm: &'static EcdsaVerificationAlgorithm,
}

pub(super) const P256: Weierstrass = Weierstrass { length: 65, algorithm: &ECDSA_P256_SHA256_FIXED };
pub(super) const P384: Weierstrass = Weierstrass { length: 97, algorithm: &ECDSA_P384_SHA384_FIXED };
pub(super) const P521: Weierstrass = Weierstrass { length: 133, algorithm: &ECDSA_P521_SHA512_FIXED };

impl Weierstrass {
    /// Takes the uncompressed form only, as OpenSSH does.
    pub(super) fn check(self, point: &[u8]) -> Result<(), SubjectKeyError> {
        if point.len() != self.length || point[0] != 4 {
            return Err(SubjectKeyError::PointForm);
        }
        ParsedPublicKey::new(self.algorithm, point).map(drop).map_err(|_| SubjectKeyError::PointNotOnCurve)
    }
}

/// Takes canonical encodings of points that are not of small order.
pub(super) fn check_ed25519(point: &[u8; 32]) -> Result<(), SubjectKeyError> {
    if !is_canonical(point) {
        return Err(SubjectKeyError::PointNotOnCurve);
    }
    let point = CompressedEdwardsY(*point).decompress().ok_or(SubjectKeyError::PointNotOnCurve)?;
    if point.is_small_order() { Err(SubjectKeyError::SmallOrder) } else { Ok(()) }
}

/// Whether y, which is the encoding without its top bit, is below the field's prime 2^255 - 19. (The other
/// non-canonical form, a sign on x = 0, belongs to points of small order.)
fn is_canonical(point: &[u8; 32]) -> bool {
    point[0] < 0xed || point[31] & 0x7f != 0x7f || point[1..31].iter().any(|byte| *byte != 0xff)
}
