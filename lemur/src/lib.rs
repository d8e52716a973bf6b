//! lemur issues TLS certificates for a fleet, by REST and by ACME, and says for each whether it still holds.

pub mod access;
pub mod acme;
pub mod approval;
mod asn1;
pub mod audit;
pub mod authority;
pub mod certificate;
pub mod cli;
pub mod commands;
pub mod config;
pub mod crl;
pub mod csr;
pub mod engine;
pub mod export;
pub mod issue;
pub mod lint;
pub mod name;
pub mod ocsp;
pub mod profile;
pub mod repository;
pub mod rest;
pub mod revoke;
pub mod serve;
pub mod store;
pub mod validate;
