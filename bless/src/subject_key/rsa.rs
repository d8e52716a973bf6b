//! The judgement on an RSA key's strength is menagerie-sign's; this is where it is asked for.

pub use menagerie_sign::weak::WeakRsa;

/// `n` and `e` are big-endian without leading zeros.
pub(super) fn check(n: &[u8], e: &[u8]) -> Result<(), WeakRsa> {
    menagerie_sign::weak::check_foreign_rsa(n, e)
}
