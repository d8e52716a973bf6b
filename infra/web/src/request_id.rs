//! A name for each request, in its trace and in its answer, so that a client's complaint is found in the log.

use std::fmt;

use aws_lc_rs::rand;

/// 128 random bits as hexadecimal digits. It is the service's own: what a client sends under this name is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        // Without randomness the name is zeros; nothing hangs on it but the finding of a line.
        let _ = rand::fill(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
