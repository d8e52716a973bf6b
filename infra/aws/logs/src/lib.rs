//! The adapter of AWS logs, the only crate that uses its SDK.
