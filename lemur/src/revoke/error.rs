//! Why a certificate was not revoked or released.

use crate::issue::IssueError;
use crate::store::{CertificateId, StoreError};

/// Why a certificate was not revoked or released.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// There is no such certificate.
    #[error("there is no certificate {id}")]
    Unknown {
        /// The number that was given.
        id: CertificateId,
    },
    /// None of our authorities issued it.
    #[error("the certificate {name} is not revoked here: its issuer is elsewhere, or it is a root's own")]
    NotOurs {
        /// What it is called.
        name: String,
    },
    /// It is revoked already.
    #[error("the certificate {name} is revoked already")]
    Revoked {
        /// What it is called.
        name: String,
    },
    /// It is not on hold.
    #[error("the certificate {name} is not on hold")]
    NotOnHold {
        /// What it is called.
        name: String,
    },
    /// It was issued elsewhere, where nothing is put on hold.
    #[error("the certificate {name} was issued elsewhere, and nothing is put on hold there")]
    NoHold {
        /// What it is called.
        name: String,
    },
    /// Whoever issued it elsewhere did not revoke it.
    #[error("the certificate {name} was issued elsewhere and is not revoked: {reason}")]
    Upstream {
        /// What it is called.
        name: String,
        /// What was said there.
        reason: String,
    },
    /// The authority cannot be used.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<menagerie_store::database::DatabaseError> for RevokeError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl RevokeError {
    /// Whether the request is at fault and not the server.
    #[must_use]
    pub const fn is_the_requests_fault(&self) -> bool {
        matches!(
            self,
            Self::Unknown { .. }
                | Self::NotOurs { .. }
                | Self::Revoked { .. }
                | Self::NotOnHold { .. }
                | Self::NoHold { .. }
                | Self::Upstream { .. }
        )
    }
}
