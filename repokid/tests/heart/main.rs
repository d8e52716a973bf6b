//! The heart, attacked: verdicts that would remove what is used, rewrites that would widen or lose, proofs that would let them pass.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod defects;
mod digests;
mod generate;
mod groups;
mod limits;
mod mutation;
mod organization;
mod property;
mod signatures;
mod stage;
mod verdicts;
