//! The adapter of AWS kms, the only crate that uses its SDK.
