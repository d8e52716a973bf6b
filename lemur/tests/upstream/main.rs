//! Certificates of an authority elsewhere, ordered by ACME: from `pebble`, which refuses every other nonce, and from our own server; by http-01 and
//! dns-01; with upstreams that lie, and with a server that is killed at each step.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod front;
mod hostile;
mod house;
mod issue;
mod kill;
mod ours;
mod pebble;
mod served;
mod verbs;
