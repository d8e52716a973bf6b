//! Where and why some input is not a certificate.

use std::fmt;

/// Input that is not a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate, at byte {position}: {problem}")]
pub struct ReadError {
    /// The offset in the binary form, or in the text where the problem is one of text.
    pub position: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with some input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More bytes than any certificate may have.
    #[error("larger than 65536 bytes")]
    TooLarge,
    /// Text that is not `TYPE BASE64 [COMMENT]` on one line.
    #[error("neither binary nor one line TYPE BASE64 [COMMENT]")]
    NotOneLine,
    /// Bad, unpadded or non-canonical base64.
    #[error("invalid base64")]
    Base64,
    /// The type in front of the text is not the one inside.
    #[error("the type before the base64 is not the type inside")]
    TypeMismatch,
    /// The type is no certificate's.
    #[error("the type is not that of a certificate")]
    UnknownType,
    /// The input ends early.
    #[error("the {field} ends early")]
    Truncated {
        /// In which field.
        field: Field,
    },
    /// Bytes are left behind a field's end.
    #[error("bytes are left behind the {field}")]
    TrailingBytes {
        /// Behind which field.
        field: Field,
    },
    /// Neither user nor host.
    #[error("certificate kind {number} is neither user (1) nor host (2)")]
    UnknownKind {
        /// The number that stands there.
        number: u32,
    },
    /// A zero byte in what is handled as text.
    #[error("a zero byte in the {field}")]
    ZeroByte {
        /// In which field.
        field: Field,
    },
    /// An option stands twice.
    #[error("a name stands twice in the {field}")]
    DuplicateOption {
        /// Among which options.
        field: Field,
    },
    /// Options out of order.
    #[error("the names in the {field} are not sorted")]
    UnsortedOptions {
        /// Among which options.
        field: Field,
    },
    /// A key type that is not known, or a certificate in a key's place.
    #[error("the {field} is of no known type")]
    KeyType {
        /// Which key.
        field: Field,
    },
    /// A curve name that is not the type's.
    #[error("the {field} names another curve than its type")]
    CurveName {
        /// Which key.
        field: Field,
    },
    /// A point of a wrong length or form.
    #[error("the {field} has a malformed point")]
    PointForm {
        /// Which key.
        field: Field,
    },
    /// An RSA number that is not positive and in its shortest form.
    #[error("the {field} has a number that is not positive and in its shortest form")]
    Number {
        /// Which key.
        field: Field,
    },
    /// A signature algorithm whose name is not printable ASCII.
    #[error("the signature's algorithm has no printable name")]
    AlgorithmName,
}

/// A field of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The whole.
    Certificate,
    /// The type's name.
    TypeName,
    /// The nonce.
    Nonce,
    /// The certified key.
    Subject,
    /// The serial number.
    Serial,
    /// User or host.
    Kind,
    /// The key ID.
    KeyId,
    /// The list of principals.
    Principals,
    /// The beginning of validity.
    ValidAfter,
    /// The end of validity.
    ValidBefore,
    /// The critical options.
    CriticalOptions,
    /// The extensions.
    Extensions,
    /// The reserved field.
    Reserved,
    /// The authority's key.
    Authority,
    /// The signature.
    Signature,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate",
            Self::TypeName => "type name",
            Self::Nonce => "nonce",
            Self::Subject => "certified key",
            Self::Serial => "serial",
            Self::Kind => "kind",
            Self::KeyId => "key ID",
            Self::Principals => "principals",
            Self::ValidAfter => "valid-after time",
            Self::ValidBefore => "valid-before time",
            Self::CriticalOptions => "critical options",
            Self::Extensions => "extensions",
            Self::Reserved => "reserved field",
            Self::Authority => "authority's key",
            Self::Signature => "signature",
        })
    }
}
