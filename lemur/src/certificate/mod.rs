//! Certificates (RFC 5280, 4): built from a [`Template`] that only a profile or an authority's plan can make, signed by whoever holds
//! the issuer's key, and read for display and for checking.
//!
//! A [`ToBeSigned`] holds the exact bytes that are linted and then signed; [`ToBeSigned::certificate`] puts the signature to them.
//! Extensions are those that the template says, and no request can add one.

mod authority;
mod chain;
pub(crate) mod extensions;
mod foreign_key;
mod issuer;
mod key_id;
pub(crate) mod pem;
mod places;
mod serial;
mod template;
mod to_be_signed;
mod usage;
mod validity;
mod view;

pub(crate) use key_id::key_bits;
pub(crate) use template::check_algorithm;
pub(crate) use to_be_signed::attach;

pub use authority::{ANY_POLICY, AuthorityTemplate, ResponderTemplate};
pub use chain::{Chain, ChainError, MAX_CHAIN};
pub use issuer::{Issuer, IssuerError};
pub use key_id::KeyId;
pub use pem::{MAX_BUNDLE_BYTES, MAX_BUNDLE_CERTIFICATES, PemError, read_bundle, write_bundle, write_certificate};
pub use places::Places;
pub use serial::{Serial, SerialError};
pub use template::{Template, TemplateError};
pub use to_be_signed::{SignatureMismatch, ToBeSigned};
pub use usage::{ExtendedKeyUsage, ExtendedKeyUsageError, KeyUsage, KeyUsages};
pub use validity::{Validity, ValidityError, written};
pub use view::{CertificateError, MAX_CERTIFICATE_BYTES, View};

#[cfg(test)]
mod tests;
