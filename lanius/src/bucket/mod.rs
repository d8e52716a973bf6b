//! Objects in S3, many at once: each is read as a stream and scanned while it arrives.
//!
//! An object is always read by the ETag that is written down for it, so that what is said of an ETag was found in those bytes. Memory is
//! bounded by a budget that all objects share, whatever their sizes.

mod address;
mod body;
mod journal;
mod object;
mod scan;
mod window;

pub use address::{Address, AddressError};
pub use journal::{Journal, JournalError};
pub use object::{Failure, Object, Reader, Scanned};
pub use scan::{Done, Options, ScanError, Totals, scan};
