//! The four types of object, and what an object is once it is read.

mod commit;
mod tree;

pub use commit::{Commit, Signature, parse_tag_target};
pub use tree::{Mode, Tree, TreeEntry};

use std::fmt;
use std::sync::Arc;

/// The type of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A tree at one time, with its ancestors.
    Commit,
    /// A folder.
    Tree,
    /// A file's content.
    Blob,
    /// A name for another object, with a message.
    Tag,
}

impl Kind {
    /// The type by its name in a loose object.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"commit" => Some(Self::Commit),
            b"tree" => Some(Self::Tree),
            b"blob" => Some(Self::Blob),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }

    /// Its name in a loose object.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An object in memory. Clones share its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Its type.
    pub kind: Kind,
    /// Its content, without the header that is hashed with it.
    pub bytes: Arc<Vec<u8>>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content may hold what must not be shown.
        f.debug_struct("Object").field("kind", &self.kind).field("len", &self.bytes.len()).finish()
    }
}
