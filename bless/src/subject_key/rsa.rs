//! The judgement on an RSA key's strength is menagerie-sign's; this is where it is asked for.

/// temporary
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("weak")]
pub enum WeakRsa {
    /// small
    TooSmall,
}

/// `n` and `e` are big-endian without leading zeros.
pub(super) fn check(n: &[u8], _e: &[u8]) -> Result<(), WeakRsa> {
    if n.len() < 256 { Err(WeakRsa::TooSmall) } else { Ok(()) }
}
