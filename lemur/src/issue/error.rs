//! Why no certificate was issued.

use jiff::Timestamp;
use menagerie_secret::{OpenError, SealError};
use menagerie_sign::{ExportError, GenerateError, PublicKeyError, SignError};

use crate::certificate::{IssuerError, MAX_CERTIFICATE_BYTES, SignatureMismatch, TemplateError};
use crate::engine::RingError;
use crate::lint::Finding;
use crate::profile::ProfileRefusal;
use crate::store::{AuthorityId, StoreError};

/// How many bytes are signed at most: with the longest signature that there is they are a certificate that is read again.
pub(super) const MOST_TO_SIGN: usize = MAX_CERTIFICATE_BYTES - 8 * 1024;

/// What is told of a database that is away. A statement that broke off may have been done.
const DATABASE_AWAY: &str = "the database cannot be used at the moment; look whether this was done before it is asked again";

/// What is told of a key file that is not the others' (any more): it may be copied here at any time, and is looked at again then.
const OTHER_RING: &str = "this server cannot open the key at the moment: its key file is not the one that the key was sealed by";

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// There is no such authority.
    #[error("there is no authority {id}")]
    UnknownAuthority {
        /// The number that was given.
        id: AuthorityId,
    },
    /// Its time has not come.
    #[error("the authority {name} is not valid before {from}: ask for it then")]
    NotYet {
        /// What it is called.
        name: String,
        /// When it begins.
        from: Timestamp,
    },
    /// Its time is over.
    #[error("the authority {name} was valid until {until}")]
    Ended {
        /// What it is called.
        name: String,
        /// When it ended.
        until: Timestamp,
    },
    /// The authority does not issue: it waits for its certificate, was disabled, or its key is elsewhere.
    #[error("the authority {name} does not issue: {reason}")]
    NotIssuing {
        /// What it is called.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// There is no such profile.
    #[error("there is no profile {name:?}")]
    UnknownProfile {
        /// The name that was given.
        name: String,
    },
    /// The authority does not issue by this profile.
    #[error("the authority {authority} does not issue by the profile {profile}")]
    ProfileNotAllowed {
        /// What the authority is called.
        authority: String,
        /// The profile.
        profile: String,
    },
    /// What is asked for is not what the profile gives.
    #[error(transparent)]
    Refused(#[from] ProfileRefusal),
    /// The issuer's own certificate does not allow it.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A kind of key that is experimental, and not wanted.
    #[error("keys of type {kind} are experimental: set `experimental = true`, or give --experimental")]
    Experimental {
        /// The kind.
        kind: String,
    },
    /// A public key that cannot be certified.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// What would be signed breaks rules.
    #[error("what would be signed breaks {}", rules(.findings))]
    Lint {
        /// The rules.
        findings: Vec<Finding>,
    },
    /// The certificate would be longer than one is.
    #[error(
        "the certificate would have {bytes} bytes before it is signed, and {MOST_TO_SIGN} are the most: ask for fewer or shorter names"
    )]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// No key could be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The key that was made could not be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The key that was made could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The authority's key could not be opened.
    #[error("the authority's key cannot be opened: {0}")]
    Ring(#[from] RingError),
    /// The authority's key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The authority's key is elsewhere and cannot be reached or used: nothing was begun.
    #[error("the key of the authority {name} cannot be used: {source}")]
    KeyElsewhere {
        /// What the authority is called.
        name: String,
        /// What is wrong.
        source: crate::authority::OpenSignerError,
    },
    /// What the authority's key signed is by another algorithm.
    #[error(transparent)]
    Mismatch(#[from] SignatureMismatch),
    /// What came back from signing is not what was to be signed.
    #[error("what was signed was thrown away: {0}")]
    Issuer(#[from] IssuerError),
    /// The authority is stored in a way that it cannot be used.
    #[error("the authority {name} cannot be used: {reason}")]
    Broken {
        /// What it is called.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// This process was taken for dead while the certificate was signed: it was thrown away, and its serial is revoked.
    #[error("the server was too slow: what it had begun was given up; try again")]
    Lost,
    /// A certificate with this issuer and serial number is stored already.
    #[error("a certificate of this issuer with this serial number is stored already")]
    Duplicate,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn rules(findings: &[Finding]) -> String {
    let mut ids: Vec<&str> = findings.iter().map(|finding| finding.lint.id).collect();
    ids.dedup();
    ids.join(", ")
}

impl IssueError {
    /// Whether the request is at fault and not the server: the same request would be refused again.
    #[must_use]
    pub const fn is_the_requests_fault(&self) -> bool {
        if let Self::Store(error) = self {
            return error.is_the_requests_fault();
        }
        matches!(
            self,
            Self::UnknownAuthority { .. }
                | Self::NotIssuing { .. }
                | Self::NotYet { .. }
                | Self::Ended { .. }
                | Self::UnknownProfile { .. }
                | Self::ProfileNotAllowed { .. }
                | Self::Refused(_)
                | Self::Template(_)
                | Self::PublicKey(_)
                | Self::Experimental { .. }
                | Self::Lint { .. }
                | Self::TooLarge { .. }
                | Self::Duplicate
        )
    }
}

impl IssueError {
    /// What is not to be had, if that may pass by itself: for whoever asks, without what lies behind it.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        match self {
            Self::KeyElsewhere { name, .. } => Some(format!("the key of the authority {name} cannot be used at the moment")),
            Self::Sign(_) => Some("the authority's key did not sign".to_owned()),
            Self::Lost => Some(self.to_string()),
            Self::Store(error) if error.is_outage() => Some(DATABASE_AWAY.to_owned()),
            Self::Ring(RingError::Open(OpenError::UnknownKey { .. }) | RingError::File(_)) => Some(OTHER_RING.to_owned()),
            _ => None,
        }
    }
}

impl From<menagerie_store::database::DatabaseError> for IssueError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
