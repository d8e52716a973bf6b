//! lanius finds secrets and personal data in source, git history, object stores, logs and tables.
//!
//! Bytes come from a source ([`archive`], [`table`], files, git), pass the scanner once, and what it finds is judged in its context.

pub mod archive;
pub mod commands;
pub mod decode;
pub mod personal;
pub mod table;
