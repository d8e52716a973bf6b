//! The binary form of a public key, read strictly to its last byte.

use super::curve;
use super::error::{Part, SubjectKeyError};
use super::{KeyType, rsa};

const MAX_APPLICATION: usize = 256;
/// How the applications of SSH keys begin (ssh-keygen(1), `-O application`).
const SSH_APPLICATION: &[u8] = b"ssh:";
const CERTIFICATE_SUFFIX: &[u8] = b"-cert-v01@openssh.com";

/// How the base64 of an OpenSSH private key begins, without the lines around it.
const OPENSSH_PRIVATE_KEY: &[u8] = b"b3BlbnNzaC1rZXktdjE";

/// Checks a blob against the type that stands before it.
pub(super) fn check(blob: &[u8], key_type: KeyType) -> Result<(), SubjectKeyError> {
    if blob.is_empty() {
        return Err(SubjectKeyError::MissingKey);
    }
    let mut fields = Fields(blob);
    let inside = fields.string(Part::TypeName)?;
    if inside != key_type.name().as_bytes() {
        if inside.ends_with(CERTIFICATE_SUFFIX) {
            return Err(SubjectKeyError::Certificate);
        }
        return Err(SubjectKeyError::TypeMismatch { stated: key_type.name() });
    }
    match key_type {
        KeyType::Ed25519 => edwards(&mut fields)?,
        KeyType::EcdsaP256 => weierstrass(&mut fields, b"nistp256", curve::P256)?,
        KeyType::EcdsaP384 => weierstrass(&mut fields, b"nistp384", curve::P384)?,
        KeyType::EcdsaP521 => weierstrass(&mut fields, b"nistp521", curve::P521)?,
        KeyType::SkEd25519 => {
            edwards(&mut fields)?;
            application(&mut fields)?;
        }
        KeyType::SkEcdsaP256 => {
            weierstrass(&mut fields, b"nistp256", curve::P256)?;
            application(&mut fields)?;
        }
        KeyType::Rsa => {
            let e = fields.number(Part::Exponent)?;
            let n = fields.number(Part::Modulus)?;
            fields.end()?;
            rsa::check(n, e)?;
        }
    }
    fields.end()
}

/// The type that a name stands for.
pub(super) fn key_type(name: &[u8]) -> Result<KeyType, SubjectKeyError> {
    if let Some(key_type) = KeyType::from_name(name) {
        return Ok(key_type);
    }
    if name.ends_with(CERTIFICATE_SUFFIX) || name.ends_with(b"-cert-v00@openssh.com") {
        return Err(SubjectKeyError::Certificate);
    }
    if name == b"ssh-dss" {
        return Err(SubjectKeyError::Dsa);
    }
    if name.starts_with(OPENSSH_PRIVATE_KEY) {
        return Err(SubjectKeyError::PrivateKey);
    }
    Err(SubjectKeyError::UnknownType { name: repeatable(name) })
}

/// What may be repeated in a message: what has the form of a type's name. Anything else could be a secret.
fn repeatable(name: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.@_".contains(byte);
    if name.len() <= 64 && name.iter().all(plain) { name.iter().map(|byte| char::from(*byte)).collect() } else { "...".to_owned() }
}

fn edwards(fields: &mut Fields<'_>) -> Result<(), SubjectKeyError> {
    let point = fields.string(Part::Point)?;
    curve::check_ed25519(point.try_into().map_err(|_| SubjectKeyError::PointForm)?)
}

fn weierstrass(fields: &mut Fields<'_>, curve_name: &[u8], curve: curve::Weierstrass) -> Result<(), SubjectKeyError> {
    if fields.string(Part::Curve)? != curve_name {
        return Err(SubjectKeyError::WrongCurve);
    }
    curve.check(fields.string(Part::Point)?)
}

fn application(fields: &mut Fields<'_>) -> Result<(), SubjectKeyError> {
    let application = fields.string(Part::Application)?;
    if application.len() > MAX_APPLICATION || application.contains(&0) {
        return Err(SubjectKeyError::Application);
    }
    // Any other is a web site's, and the site can have the browser sign with the key.
    if application.starts_with(SSH_APPLICATION) { Ok(()) } else { Err(SubjectKeyError::WebApplication) }
}

/// The modulus of a well-formed RSA blob.
pub(super) fn modulus(blob: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields(blob);
    if fields.string(Part::TypeName).ok()? != KeyType::Rsa.name().as_bytes() {
        return None;
    }
    fields.number(Part::Exponent).ok()?;
    fields.number(Part::Modulus).ok()
}

/// The point of an elliptic-curve blob, whether or not it is bound to a security key, and whether the curve is Edwards's.
pub(super) fn point(blob: &[u8]) -> Option<(&[u8], bool)> {
    let mut fields = Fields(blob);
    let edwards = match KeyType::from_name(fields.string(Part::TypeName).ok()?)? {
        KeyType::Rsa => return None,
        KeyType::Ed25519 | KeyType::SkEd25519 => true,
        _ => {
            fields.string(Part::Curve).ok()?;
            false
        }
    };
    Some((fields.string(Part::Point).ok()?, edwards))
}

/// What a point shares with its negative and no other: y without the sign of x on Ed25519, x on the NIST curves.
pub(super) fn unsigned_point(blob: &[u8]) -> Option<(&[u8], u8)> {
    let (point, edwards) = point(blob)?;
    if edwards {
        let (last, y) = point.split_last()?;
        return Some((y, last & 0x7f));
    }
    let (form, point) = point.split_first()?;
    Some((&point[..point.len() / 2], *form))
}

/// What is left of a blob.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn string(&mut self, part: Part) -> Result<&'a [u8], SubjectKeyError> {
        let truncated = SubjectKeyError::Truncated { part };
        let Some((length, rest)) = self.0.split_first_chunk::<4>() else { return Err(truncated) };
        let Some((field, rest)) = usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|length| rest.split_at_checked(length)) else {
            return Err(truncated);
        };
        self.0 = rest;
        Ok(field)
    }

    /// A positive multiple-precision integer in its shortest form, without the zero byte that keeps it positive.
    fn number(&mut self, part: Part) -> Result<&'a [u8], SubjectKeyError> {
        let bytes = self.string(part)?;
        match *bytes {
            [0, next, ..] if next >= 0x80 => Ok(&bytes[1..]),
            [first, ..] if (1..0x80).contains(&first) => Ok(bytes),
            _ => Err(SubjectKeyError::Number { part }),
        }
    }

    fn end(&self) -> Result<(), SubjectKeyError> {
        if self.0.is_empty() { Ok(()) } else { Err(SubjectKeyError::TrailingBytes { count: self.0.len() }) }
    }
}
