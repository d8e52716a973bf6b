//! Keys that are elsewhere: in AWS KMS, as `moto` and a loopback server have it, and in SoftHSM's tokens. Authorities sign with them, and the key
//! ring is kept under them.
#![cfg(all(feature = "aws", feature = "pkcs11"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../e2e/house.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod house;
mod kms;
mod ring;
mod token;
mod world;
