//! Configuration: TOML with spans in errors, and an injectable environment.
