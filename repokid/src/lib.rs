//! repokid narrows IAM policies to what usage proves is needed, with proof and a way back.

pub mod account;
pub mod advice;
pub mod analysis;
pub mod cli;
pub mod commands;
pub mod compat;
pub mod iac;
pub mod permission_set;
pub mod proof;
pub mod ranking;
pub mod report;
pub mod rewrite;
pub mod sight;
pub mod state;
pub mod usage;
pub mod verdict;
