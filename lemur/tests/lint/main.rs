//! The linter: each lint has a certificate that breaks it, what `pkilint` calls an error is found, and the command says it all.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod baseline_cases;
mod cases;
mod codes;
mod command;
mod differential;
mod keys;
mod made;
mod pkix_cases;
mod table;
