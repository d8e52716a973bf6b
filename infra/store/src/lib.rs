//! Durable stores: the append-only, hash-chained log and its verifier.
