//! repokid narrows IAM policies to what usage proves is needed, with proof and a way back.

pub mod account;
pub mod advice;
pub mod analysis;
#[cfg(feature = "aws")]
pub mod apply;
pub mod cli;
pub mod commands;
pub mod compat;
pub mod proof;
#[cfg(feature = "aws")]
pub mod reach;
#[cfg(feature = "aws")]
pub mod repo;
pub mod report;
pub mod rewrite;
#[cfg(feature = "aws")]
pub mod rollback;
pub mod sight;
pub mod state;
#[cfg(feature = "aws")]
pub mod survey;
pub mod usage;
pub mod verdict;
#[cfg(feature = "aws")]
pub mod watch;
