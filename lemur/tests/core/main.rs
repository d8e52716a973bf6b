//! The engine against real databases and real verifiers: issuance, revocation, what is published, death at any moment, many processes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod address;
mod authorities;
mod baseline;
mod compromised;
mod deep;
mod disk;
mod kill;
mod last_administrator;
mod lists;
mod long_list;
mod ml_dsa;
mod path;
mod replicas;
mod rotation;
mod support;
mod time;
mod trust;
mod uploads;
