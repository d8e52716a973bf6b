//! Durable stores: the append-only, hash-chained log and its verifier.
//!
//! [`log`] is the only store so far. It knows nothing of what its entries mean: whoever appends brings a JSON object.

pub mod log;
