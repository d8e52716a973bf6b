//! Why a validation did not succeed, as the applicant may know it: nothing here quotes what a host answered, since a host that the
//! applicant cannot reach might have answered.

use super::reach::Forbidden;

/// Why a validation did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The name service gave no answer that can be relied on.
    #[error("the name service gave no answer about {name}: {reason}")]
    Dns {
        /// What was asked for.
        name: String,
        /// What went wrong.
        reason: &'static str,
    },
    /// The name has no address.
    #[error("{name} has no address")]
    NoAddress {
        /// The name.
        name: String,
    },
    /// Every address of the host is one that validation does not connect to.
    #[error("{host} is not connected to: it is {reason}")]
    Forbidden {
        /// The host.
        host: String,
        /// What its address is.
        reason: Forbidden,
    },
    /// No connection, or it broke, or took too long.
    #[error("cannot connect to {host}, port {port}: {reason}")]
    Connection {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What went wrong.
        reason: &'static str,
    },
    /// The handshake failed.
    #[error("no TLS with {host}, port {port}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What went wrong.
        reason: &'static str,
    },
    /// The host led elsewhere, to where it must not.
    #[error("{host} redirects, and {reason}")]
    Redirect {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host answered with something else.
    #[error("{host} answered wrongly: {reason}")]
    Response {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// No TXT record holds what it should.
    #[error("no TXT record at {name} {wanted}")]
    NoRecord {
        /// Where it was looked for.
        name: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A TXT record that would be for this authority is not what it should be.
    #[error("a TXT record at {name} is malformed")]
    MalformedRecord {
        /// Where it is.
        name: String,
    },
    /// The domain's owner lets others certify it.
    #[error("the CAA records of {name} do not let this authority certify {domain}: {reason}")]
    Caa {
        /// Where the records are.
        name: String,
        /// What was to be certified.
        domain: String,
        /// Why not.
        reason: &'static str,
    },
    /// The method does not go with the identifier.
    #[error("{method} cannot validate {host}")]
    Method {
        /// The method.
        method: &'static str,
        /// The identifier.
        host: String,
    },
    /// It took too long.
    #[error("validating {host} took too long")]
    TooLong {
        /// The identifier.
        host: String,
    },
}

impl Failure {
    /// Whether the same attempt may succeed a moment later: the network's troubles, and records that are not yet everywhere.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::NoAddress { .. }
            | Self::Connection { .. }
            | Self::NoRecord { .. }
            | Self::MalformedRecord { .. }
            | Self::TooLong { .. } => true,
            Self::Forbidden { .. }
            | Self::Tls { .. }
            | Self::Redirect { .. }
            | Self::Response { .. }
            | Self::Caa { .. }
            | Self::Method { .. } => false,
        }
    }
}
