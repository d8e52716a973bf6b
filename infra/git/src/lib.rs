//! A passive reader of git repositories: no process is started, no hook run, no socket opened, and of a repository's configuration only
//! the version of its format and its extensions are read. Everything read is taken for hostile: lengths are checked before memory is
//! asked for, nothing recurses, and a broken object is a [`Problem`] while the rest goes on.
//!
//! [`Repository`] opens one; [`ObjectReader`] reads single objects; [`Repository::blobs`] is the fast way to all blobs.

mod bulk;
mod disk;
mod error;
mod hash;
mod loose;
mod object;
mod oid;
mod pack;
mod read;
mod repository;

pub use bulk::{Blob, BlobOptions, BlobVisitor, DeltaView};
pub use error::{Lost, ObjectError, OpenError, Problem, RevisionError};
pub use hash::name_of;
pub use object::{Commit, Kind, Mode, Object, Signature, Tree, TreeEntry, parse_tag_target};
pub use oid::{HashKind, ObjectId};
pub use pack::{Delta, DeltaPiece, EntryHeader, EntryKind, PackIndex};
pub use read::ObjectReader;
pub use repository::Repository;
