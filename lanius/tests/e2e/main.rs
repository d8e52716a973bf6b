//! The command `lanius` from end to end: its binary, real repositories made by git, real files of other tools.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod baseline;
mod bench;
mod damage;
mod edges;
mod peers;
mod policy;
mod rules;
mod state;
