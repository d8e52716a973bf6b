//! The tool as people use it: its processes on empty folders and on one PostgreSQL, its command line, and what the programs of others make of
//! all that it gives out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod approvals;
mod audit;
mod given;
mod house;
#[cfg(all(feature = "aws", feature = "pkcs11"))]
mod keys;
mod path;
mod proxies;
mod random;
mod remote;
mod replicas;
mod rotations;
mod sessions;
mod start;
mod tls;
mod verbs;
