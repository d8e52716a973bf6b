//! Public keys inside a certificate: the certified one, whose fields stand bare, and the authority's, a whole key.

use super::cursor::Cursor;
use super::error::{Field, Problem, ReadError};

/// A NIST curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// A public key as it stands; points are of the right length, numbers are without their leading zero byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// Ed25519.
    Ed25519 {
        /// The encoded point.
        point: &'a [u8],
    },
    /// ECDSA.
    Ecdsa {
        /// The curve.
        curve: Curve,
        /// The uncompressed point.
        point: &'a [u8],
    },
    /// Ed25519 in a security key.
    SkEd25519 {
        /// The encoded point.
        point: &'a [u8],
        /// What the key is bound to.
        application: &'a [u8],
    },
    /// ECDSA P-256 in a security key.
    SkEcdsa {
        /// The uncompressed point.
        point: &'a [u8],
        /// What the key is bound to.
        application: &'a [u8],
    },
    /// RSA.
    Rsa {
        /// The exponent.
        e: &'a [u8],
        /// The modulus.
        n: &'a [u8],
    },
}

impl PublicKey<'_> {
    /// The plain key's type name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.shape().names().0
    }

    /// The short name that stands before a fingerprint.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        match self.shape() {
            Shape::Ed25519 => "ED25519",
            Shape::Ecdsa(_) => "ECDSA",
            Shape::SkEd25519 => "ED25519-SK",
            Shape::SkEcdsa => "ECDSA-SK",
            Shape::Rsa => "RSA",
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Self::Ed25519 { .. } => Shape::Ed25519,
            Self::Ecdsa { curve, .. } => Shape::Ecdsa(*curve),
            Self::SkEd25519 { .. } => Shape::SkEd25519,
            Self::SkEcdsa { .. } => Shape::SkEcdsa,
            Self::Rsa { .. } => Shape::Rsa,
        }
    }
}

/// Which fields a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Ed25519,
    Ecdsa(Curve),
    SkEd25519,
    SkEcdsa,
    Rsa,
}

const SHAPES: [Shape; 7] = [
    Shape::Ed25519,
    Shape::Rsa,
    Shape::Ecdsa(Curve::P256),
    Shape::Ecdsa(Curve::P384),
    Shape::Ecdsa(Curve::P521),
    Shape::SkEd25519,
    Shape::SkEcdsa,
];

impl Shape {
    pub(super) fn of_certificate(name: &[u8]) -> Option<Self> {
        SHAPES.into_iter().find(|shape| shape.names().1.as_bytes() == name)
    }

    fn of_key(name: &[u8]) -> Option<Self> {
        SHAPES.into_iter().find(|shape| shape.names().0.as_bytes() == name)
    }

    pub(super) fn certificate_name(self) -> &'static str {
        self.names().1
    }

    /// The names of the plain key's type and of the certificate's.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Ed25519 => ("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"),
            Self::Ecdsa(Curve::P256) => ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com"),
            Self::Ecdsa(Curve::P384) => ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com"),
            Self::Ecdsa(Curve::P521) => ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com"),
            Self::SkEd25519 => ("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com"),
            Self::SkEcdsa => ("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"),
            Self::Rsa => ("ssh-rsa", "ssh-rsa-cert-v01@openssh.com"),
        }
    }

    /// Reads the fields behind the type's name.
    pub(super) fn read<'a>(self, cursor: &mut Cursor<'a>, field: Field) -> Result<PublicKey<'a>, ReadError> {
        Ok(match self {
            Self::Ed25519 => PublicKey::Ed25519 { point: edwards(cursor, field)? },
            Self::Ecdsa(curve) => PublicKey::Ecdsa { curve, point: weierstrass(curve, cursor, field)? },
            Self::SkEd25519 => PublicKey::SkEd25519 { point: edwards(cursor, field)?, application: cursor.string(field)? },
            Self::SkEcdsa => PublicKey::SkEcdsa { point: weierstrass(Curve::P256, cursor, field)?, application: cursor.string(field)? },
            Self::Rsa => PublicKey::Rsa { e: number(cursor, field)?, n: number(cursor, field)? },
        })
    }
}

/// Reads the authority's key, which fills its field.
pub(super) fn read_blob(mut cursor: Cursor<'_>) -> Result<PublicKey<'_>, ReadError> {
    let field = Field::Authority;
    let position = cursor.position();
    let shape = Shape::of_key(cursor.string(field)?).ok_or(ReadError { position, problem: Problem::KeyType { field } })?;
    let key = shape.read(&mut cursor, field)?;
    cursor.end(field)?;
    Ok(key)
}

fn edwards<'a>(cursor: &mut Cursor<'a>, field: Field) -> Result<&'a [u8], ReadError> {
    let position = cursor.position();
    let point = cursor.string(field)?;
    if point.len() == 32 { Ok(point) } else { Err(ReadError { position, problem: Problem::PointForm { field } }) }
}

fn weierstrass<'a>(curve: Curve, cursor: &mut Cursor<'a>, field: Field) -> Result<&'a [u8], ReadError> {
    let (name, length): (&[u8], usize) = match curve {
        Curve::P256 => (b"nistp256", 65),
        Curve::P384 => (b"nistp384", 97),
        Curve::P521 => (b"nistp521", 133),
    };
    let position = cursor.position();
    if cursor.string(field)? != name {
        return Err(ReadError { position, problem: Problem::CurveName { field } });
    }
    let position = cursor.position();
    let point = cursor.string(field)?;
    if point.len() != length || point[0] != 4 {
        return Err(ReadError { position, problem: Problem::PointForm { field } });
    }
    Ok(point)
}

fn number<'a>(cursor: &mut Cursor<'a>, field: Field) -> Result<&'a [u8], ReadError> {
    let position = cursor.position();
    let bytes = cursor.string(field)?;
    let fault = ReadError { position, problem: Problem::Number { field } };
    let (first, rest) = bytes.split_first().ok_or(fault.clone())?;
    match (first, rest.first()) {
        (0, Some(0x80..)) => Ok(rest),
        (1..=0x7f, _) => Ok(bytes),
        _ => Err(fault),
    }
}
