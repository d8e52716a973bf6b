//! What could not be read of an account, by the place where it stands.

use std::fmt;

/// Something that was left out, and why; the analysis is weaker for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a file, an ARN, a policy's name.
    pub source: String,
    /// What is wrong, and what it means.
    pub reason: String,
}

impl Problem {
    /// A problem of `source`.
    pub fn new(source: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { source: source.into(), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}
