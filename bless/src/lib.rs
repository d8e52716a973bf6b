//! An SSH certificate authority for AWS Lambda and for one machine, and its client.

pub mod certificate;
pub mod client;
pub mod commands;
pub mod subject_key;
