//! Where texts come from.

pub mod files;
