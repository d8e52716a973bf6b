//! Fetching a git repository as git does, without git: a client of protocol version 2 (git's `protocol-v2`, `gitprotocol-http` and
//! `gitprotocol-pack`) that asks for all refs, says what an earlier fetch brought, and keeps what comes in a bare repository of its own
//! ([`Store`]) that [`menagerie_git::Repository`] reads.
//!
//! How bytes travel is the caller's: a [`Transport`] makes the two calls of smart HTTP. All that comes back is taken for hostile: packets,
//! lists and packs are bounded, names of refs are data and never paths, and what the other side says is shortened before it is shown.

mod advertisement;
mod answer;
mod client;
mod error;
mod listing;
mod packet;
mod store;

pub use advertisement::Advertisement;
pub use answer::{Answer, read_answer};
pub use client::{FetchOptions, Fetched, Transport, fetch};
pub use error::{FetchError, ProtocolError, TransportError};
pub use listing::{Listing, RemoteRef, is_ref_name, parse_ref_line};
pub use packet::{LONGEST_PACKET, Packet, PacketReader, parse_packet, put_delimiter, put_flush, put_line};
pub use store::{Store, StoreError};
