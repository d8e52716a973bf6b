//! Names of objects from their content, where a pack has no index to say them.

use crate::object::Kind;
use crate::oid::{HashKind, ObjectId};
use sha1::Digest;

/// Hashes an object as git does: type, length, a zero byte, content.
pub(crate) enum ObjectHasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl ObjectHasher {
    pub(crate) fn new(hash: HashKind, kind: Kind, size: u64) -> Self {
        let mut hasher = match hash {
            HashKind::Sha1 => Self::Sha1(sha1::Sha1::new()),
            HashKind::Sha256 => Self::Sha256(sha2::Sha256::new()),
        };
        hasher.update(format!("{kind} {size}\0").as_bytes());
        hasher
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> ObjectId {
        match self {
            Self::Sha1(hasher) => ObjectId::from_bytes(&hasher.finalize()),
            Self::Sha256(hasher) => ObjectId::from_bytes(&hasher.finalize()),
        }
        .expect("a digest has the length of a name")
    }
}

/// The name that content would have, for callers that compare what they read.
#[must_use]
pub fn name_of(hash: HashKind, kind: Kind, content: &[u8]) -> ObjectId {
    let mut hasher = ObjectHasher::new(hash, kind, content.len() as u64);
    hasher.update(content);
    hasher.finish()
}
