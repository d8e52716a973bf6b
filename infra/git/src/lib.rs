//! A passive reader of git repositories: no process is started, no hook run, no socket opened, and of a repository's configuration only
//! the version of its format and its extensions are read. Everything read is taken for hostile: lengths are checked before memory is
//! asked for, nothing recurses, and a broken object is a [`Problem`] while the rest goes on.
//!
//! [`Repository`] opens one; [`Repository::refs`] and [`Repository::index`] say what it stands on; [`ObjectReader`] reads single objects
//! and walks the history; [`Repository::blobs`] is the fast way to all blobs.

mod bulk;
mod disk;
mod error;
mod hash;
mod history;
mod index;
mod loose;
mod object;
mod oid;
mod pack;
mod reach;
mod read;
mod receive;
mod refs;
mod repository;
mod staged;

pub use bulk::{Blob, BlobOptions, BlobVisitor, DeltaView};
pub use error::{Lost, ObjectError, OpenError, Problem, RevisionError};
pub use hash::name_of;
pub use history::{HistoryEnd, Introduced};
pub use index::{IndexEntry, IndexError, parse_index};
pub use object::{Commit, Kind, Mode, Object, Signature, Tree, TreeEntry, parse_tag_target};
pub use oid::{HashKind, ObjectId};
pub use pack::{Delta, DeltaPiece, EntryHeader, EntryKind, PackIndex};
pub use reach::{Held, Unreachable};
pub use read::ObjectReader;
pub use receive::{PackReceiver, ReceiveError, ReceiveLimits, Received, pack_count};
pub use refs::{ReflogEntry, Refs, parse_packed_refs, parse_reflog};
pub use repository::Repository;
pub use staged::{Removed, Staged, StagedError};
