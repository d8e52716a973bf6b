//! Values that must not be printed, logged or left in memory.
//!
//! [`Secret`] has no `Debug`, `Display` or `Serialize`, so that a secret cannot reach a log, an error or a report by accident: a
//! type that holds one does not derive them either. It is zeroized when it is dropped. With the feature `envelope`, [`KeyRing`] seals what
//! is to be stored.

#[cfg(feature = "envelope")]
mod envelope;
#[cfg(feature = "envelope")]
mod keeper;
#[cfg(feature = "envelope")]
mod ring;
#[cfg(feature = "envelope")]
mod ring_file;

#[cfg(feature = "envelope")]
pub use envelope::{MAX_SEALED, OpenError, SealError};
#[cfg(feature = "envelope")]
pub use keeper::{Keeper, KeeperError};
#[cfg(feature = "envelope")]
pub use ring::{KeyId, KeyRing};
#[cfg(feature = "envelope")]
pub use ring_file::{RingFile, RingFileError, RingLock};

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that is wiped from memory when it is dropped and that has no printed form.
#[expect(missing_debug_implementations, reason = "a secret has no printed form")]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes ownership of a secret value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every use of this method is a place to review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether `other` is the same bytes, in a time that depends on the lengths alone.
    #[must_use]
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_bytes() {
        let secret = Secret::new(b"token".to_vec());
        assert!(secret.ct_eq(b"token"));
        assert!(!secret.ct_eq(b"tokem"));
        assert!(!secret.ct_eq(b"toke"));
        assert!(!secret.ct_eq(b""));
    }

    #[test]
    fn is_wiped_when_dropped() {
        struct Watch<'a>(&'a std::cell::Cell<bool>);
        impl Zeroize for Watch<'_> {
            fn zeroize(&mut self) {
                self.0.set(true);
            }
        }
        let wiped = std::cell::Cell::new(false);
        drop(Secret::new(Watch(&wiped)));
        assert!(wiped.get());
    }
}
