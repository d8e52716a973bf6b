//! Members of archives, compressed files, container images and notebooks, read as streams within bounds.
//!
//! [`Opener::open`] takes the bytes of a file and shows what is in them, however deep: a member of a tar file in a gzip stream in a zip
//! file is one [`Event::Member`], a stream that is read once. What a file is is told by its first bytes, never by its name; a file that is
//! no container is its own only member. Nothing is written to a path that an archive names, and no link is followed: a zip file inside a
//! stream, whose directory stands at its end, is kept in an unlinked temporary file of bounded size.
//!
//! Every member that a container lists has one [`Event::Entry`]: read, left, skipped with the reason, or failed with the reason, with the
//! bytes that were seen of it. A member that breaks off or meets a limit ends early as a stream, without an error; its entry says so.
//!
//! Sources of the rules: PKWARE's APPNOTE (zip), POSIX.1-2024 pax and GNU tar's manual (tar), RFC 1952 (gzip), RFC 8878 (zstd), the
//! xz and LZ4 frame format descriptions, deb(5), the OCI image layout specification, Jupyter's nbformat 4.

mod ar;
mod budget;
mod compressed;
mod event;
mod format;
mod image;
mod limits;
mod name;
mod notebook;
mod tar;
#[cfg(test)]
mod tests;
mod walk;
mod zip;

pub use event::{Entry, Event, Failure, Member, Outcome, Skip, Status};
pub use format::{Format, HEAD, sniff};
pub use image::Layers;
pub use limits::Limits;
pub use walk::{Opener, open};
