//! repokid narrows IAM policies to what usage proves is needed, with proof and a way back.

pub mod compat;
pub mod state;
