//! The commands, one file a verb.

pub mod get;
pub mod ssh_config;
