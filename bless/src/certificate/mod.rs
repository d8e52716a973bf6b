//! SSH certificates: written, read back by code that shares nothing with the writer, checked before they leave, and
//! shown.
//!
//! The layout comes from OpenSSH's `PROTOCOL.certkeys` and `PROTOCOL.u2f`; the limits in [`check`] are those that
//! `sshd` and `ssh` apply when they meet a certificate. Keys and signatures cross this module's edge as the byte
//! strings of the SSH protocol (RFC 4253 section 6.6), so nothing here knows how a signature is made.

mod check;
mod inspect;
mod options;
mod read;
mod source_address;
mod visible;
mod write;

#[cfg(test)]
mod tests;

pub use check::{CheckError, Expectations, Policy, Stated, check};
pub use inspect::{CertificateReport, KeyReport, OptionReport, Report, SourceError, inspect};
pub use options::{CriticalOptions, Extension, Extensions, ExtensionsError};
pub use read::{Certificate, CertificateOption, Curve, Field, Problem, PublicKey, ReadError, Signature, blob_of, read};
pub use source_address::{SourceAddress, SourceAddressError};
pub use visible::visible;
pub use write::{SignedCertificate, Template, ToBeSigned, WriteError};

/// The largest certificate that is written or read, in bytes of its binary form.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

/// The largest number of principals that OpenSSH reads in one certificate.
pub const MAX_PRINCIPALS: usize = 256;

/// Whom a certificate names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person or role that logs in.
    User,
    /// A server that is logged in to.
    Host,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Host => "host",
        })
    }
}
