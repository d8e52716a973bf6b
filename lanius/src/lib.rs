//! lanius finds secrets and personal data in source, git history, object stores, logs and tables.
//!
//! Bytes come from a [`source`], pass the [`scan`]ner once, and what it finds is judged in its context ([`judge`]).

pub mod archive;
#[cfg(feature = "aws")]
pub mod bucket;
pub mod cli;
pub mod commands;
pub mod coverage;
pub mod decode;
pub mod durable;
pub mod hook;
pub mod hosting;
pub mod judge;
pub mod named;
pub mod personal;
pub mod policy;
pub mod redact;
pub mod report;
pub mod rules;
pub mod scan;
pub mod source;
pub mod state;
pub mod table;
pub mod triage;
pub mod verify;
#[cfg(feature = "aws")]
pub mod worker;
