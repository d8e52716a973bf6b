//! Tracing to stderr, for people or as JSON.
