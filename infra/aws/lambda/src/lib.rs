//! The adapter of AWS lambda, the only crate that uses its SDK.
