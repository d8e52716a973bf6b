//! The REST interface as its clients see it: over TLS, with tokens, on a database of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asked;
mod certificates;
mod described;
mod dns_providers;
mod faults;
mod pages;
mod paths;
mod pending;
mod people;
mod rights;
mod second_person;
mod statements;
mod support;
mod told;
mod walk;
