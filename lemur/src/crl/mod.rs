//! Revocation lists (RFC 5280, 5): version 2, complete for their scope, never deltas. An authority's list is cut into shards, each
//! at its own URL that stands in the list (issuing distribution point, 5.2.5) and in the certificates that it covers, so that a revocation
//! publishes one shard anew and not all.

mod build;
mod reason;
mod view;

pub use build::{Covers, CrlBuilder, CrlError, CrlToBeSigned, Revoked, Scope};
pub use reason::{Reason, ReasonError};
pub use view::{Crl, CrlReadError, MAX_CRL_BYTES};
