//! Keys that are elsewhere: in AWS KMS, as `moto` and a loopback server have it, and in SoftHSM's tokens. Authorities sign with them, and the key
//! ring is kept under them.

mod kms;
mod ring;
mod token;
mod world;
