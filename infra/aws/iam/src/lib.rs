//! The adapter of AWS iam, the only crate that uses its SDK.
