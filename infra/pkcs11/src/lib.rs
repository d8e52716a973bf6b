//! PKCS#11 tokens (OASIS PKCS #11 2.40 and 3.x): signing and wrapping with keys that never leave them.
//!
//! The only crate that calls modules, through `cryptoki`. A [`Module`] is a library's path; a [`Token`] keeps a bounded number of sessions, each
//! on a thread of its own, so that a module that hangs holds up nobody for longer than the time that was set; [`SigningKey`] and
//! [`WrappingKey`] are keys in it, named by a [`KeyUri`] (RFC 7512). A session that a device closed is opened anew, and the key looked
//! for again: one that is not the same any more is refused.

mod error;
mod key;
mod lookup;
mod module;
mod pool;
mod uri;

pub use error::Pkcs11Error;
pub use key::{PublicHalf, SigningKey, ToSign, WrappingKey};
pub use module::Module;
pub use pool::{Token, TokenSettings};
pub use uri::{KeyUri, TokenName, UriError};
