//! The adapter of AWS dynamodb, the only crate that uses its SDK.
