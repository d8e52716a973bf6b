//! lemur issues TLS certificates for a fleet, by REST and by ACME, and says for each whether it still holds.

pub mod cli;
pub mod commands;
pub mod store;
pub mod validate;
