//! Authorities: roots, intermediates, those whose root is offline, and certificates of one for another.
//!
//! A key that is made here is stored sealed under the key ring, bound to its public half; one that is elsewhere is opened through
//! [`Signers`]. Each authority has an OCSP responder, whose key is always here: what signs an answer is never the authority's own key.

mod change;
mod create;
mod cross;
mod order;
mod outside;
mod responder;
mod signers;

use aws_lc_rs::digest::{SHA256, digest};

pub(crate) use create::PROFILE;
pub use order::{AuthorityError, AuthorityKey, AuthorityOrder, CreatedAuthority, Parent};
pub use outside::OfflineAuthority;
pub use signers::{NoSigners, OpenSignerError, Opening, Signers};

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

/// What an authority's sealed key belongs to.
pub(crate) fn authority_place(spki: &[u8]) -> String {
    format!("lemur/authority/{}", hex::encode(sha256(spki)))
}

/// What the sealed key of an authority's OCSP responder belongs to.
pub(crate) fn responder_place(authority_spki: &[u8]) -> String {
    format!("lemur/responder/{}", hex::encode(sha256(authority_spki)))
}

/// What a certificate's sealed key belongs to.
pub(crate) fn key_place(spki_hash: &[u8; 32]) -> String {
    format!("lemur/certificate/{}", hex::encode(spki_hash))
}
