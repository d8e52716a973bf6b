//! lemur issues TLS certificates for a fleet, by REST and by ACME, and says for each whether it still holds.

pub mod access;
pub mod audit;
pub mod authority;
pub mod cli;
pub mod commands;
pub mod engine;
pub mod issue;
pub mod lint;
pub mod revoke;
pub mod store;
