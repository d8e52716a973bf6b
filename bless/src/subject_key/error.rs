//! Why a public key is refused: one variant, and one sentence, per reason.

use super::rsa::WeakRsa;

/// A part of a public key's binary form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The name of the key's type.
    TypeName,
    /// The name of the curve.
    Curve,
    /// The public point.
    Point,
    /// The application that a security key is bound to.
    Application,
    /// The RSA exponent.
    Exponent,
    /// The RSA modulus.
    Modulus,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TypeName => "type name",
            Self::Curve => "curve name",
            Self::Point => "public point",
            Self::Application => "application",
            Self::Exponent => "exponent",
            Self::Modulus => "modulus",
        })
    }
}

/// Why a public key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectKeyError {
    /// Nothing was given.
    #[error("no public key was given")]
    Empty,
    /// More text than any key needs.
    #[error("the public key has {length} bytes of text: at most 16384 are allowed")]
    TooLong {
        /// The length in bytes.
        length: usize,
    },
    /// A private key was given. Nothing of it is repeated here.
    #[error("this is a private key: give its public half, the .pub file; a private key that was sent to anybody must be replaced")]
    PrivateKey,
    /// A line break or another control character.
    #[error("the public key's line has a line break or another control character")]
    ControlCharacter,
    /// The comment is too long.
    #[error("the public key's comment has {length} bytes: at most 1024 are allowed")]
    CommentTooLong {
        /// The length in bytes.
        length: usize,
    },
    /// The type stands alone.
    #[error("the public key has no base64 part: give TYPE BASE64 [COMMENT]")]
    MissingKey,
    /// Bad, unpadded or non-canonical base64.
    #[error("the public key is not valid base64")]
    Base64,
    /// DSA.
    #[error("DSA keys are not certified: make an Ed25519 key")]
    Dsa,
    /// A certificate in a key's place.
    #[error("this is a certificate: give the public key itself")]
    Certificate,
    /// A type that is not known here.
    #[error("{name:?} is no type of public key that can be certified")]
    UnknownType {
        /// The name, or `...` where it does not have a name's form.
        name: String,
    },
    /// The type before the key is not the type inside it.
    #[error("the public key says {stated} and is something else inside")]
    TypeMismatch {
        /// The type as stated.
        stated: &'static str,
    },
    /// The binary form ends early.
    #[error("the public key ends inside its {part}")]
    Truncated {
        /// Where.
        part: Part,
    },
    /// The binary form goes on behind the key.
    #[error("the public key has {count} bytes too many")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A curve name that is not the type's.
    #[error("the public key's curve is not that of its type")]
    WrongCurve,
    /// The point is empty, compressed or of a wrong length.
    #[error("the public key's point is malformed")]
    PointForm,
    /// The point is not on the curve, or not in its one encoding.
    #[error("the public key's point is not on its curve")]
    PointNotOnCurve,
    /// An Ed25519 point of small order, for which signatures prove nothing.
    #[error("the public key's point has a small order: signatures by it prove nothing")]
    SmallOrder,
    /// The application is too long or has a zero byte.
    #[error("the security key's application is longer than 256 bytes or has a zero byte")]
    Application,
    /// The application is none of SSH's.
    #[error("the security key's application does not begin with ssh: as those of ssh-keygen's keys do: web sites can sign with this key")]
    WebApplication,
    /// A number that is zero, negative or not in its shortest form.
    #[error("the public key's {part} is not a positive number in its shortest form")]
    Number {
        /// Which number.
        part: Part,
    },
    /// A weak RSA key.
    #[error("this RSA key is refused: {0}")]
    WeakRsa(#[from] WeakRsa),
    /// The authority's own key.
    #[error("this is the certificate authority's own key")]
    AuthorityKey,
}
