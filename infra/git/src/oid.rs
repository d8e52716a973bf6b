//! Object names: the SHA-1 or SHA-256 of an object, and which of the two a repository uses
//! (git's `Documentation/technical/hash-function-transition`).

use std::fmt;
use std::hash::{Hash, Hasher};

/// The hash function of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
}

impl HashKind {
    /// How many bytes a name has.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// A name is never empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// How many hexadecimal digits a name has.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        self.len() * 2
    }
}

/// The name of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    bytes: [u8; 32],
    kind: HashKind,
}

impl ObjectId {
    /// The name in these bytes, which must be 20 or 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let kind = match bytes.len() {
            20 => HashKind::Sha1,
            32 => HashKind::Sha256,
            _ => return None,
        };
        let mut whole = [0; 32];
        whole[..bytes.len()].copy_from_slice(bytes);
        Some(Self { bytes: whole, kind })
    }

    /// The name at the start of `bytes`, if there are enough of them.
    #[must_use]
    pub fn at_start(bytes: &[u8], kind: HashKind) -> Option<Self> {
        Self::from_bytes(bytes.get(..kind.len())?)
    }

    /// The name written as 40 or 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        if text.len() != HashKind::Sha1.hex_len() && text.len() != HashKind::Sha256.hex_len() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Self::from_bytes(&bytes[..text.len() / 2])
    }

    /// The name of no object: all zeros.
    #[must_use]
    pub const fn zero(kind: HashKind) -> Self {
        Self { bytes: [0; 32], kind }
    }

    /// Whether it is all zeros, as reflogs write "none".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.bytes == [0; 32]
    }

    /// Its 20 or 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.kind.len()]
    }

    /// Which hash function made it.
    #[must_use]
    pub const fn hash_kind(&self) -> HashKind {
        self.kind
    }
}

/// The value of a hexadecimal digit of either case.
pub(crate) fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl Hash for ObjectId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
