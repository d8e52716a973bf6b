//! Why a certificate was revoked (RFC 5280, 5.3.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A reason. `removeFromCRL` is one of delta lists alone, and not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[repr(u8)]
pub enum Reason {
    /// None is given.
    #[default]
    Unspecified = 0,
    /// Somebody else has the key.
    KeyCompromise = 1,
    /// Somebody else has the authority's key.
    CaCompromise = 2,
    /// The subject has changed.
    AffiliationChanged = 3,
    /// Another certificate takes its place.
    Superseded = 4,
    /// It is not needed any more.
    CessationOfOperation = 5,
    /// For now; the one reason that can be taken back.
    CertificateHold = 6,
    /// The subject may not have it any more.
    PrivilegeWithdrawn = 9,
    /// Somebody else has the attribute authority's key.
    AaCompromise = 10,
}

/// A text or number that is no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no reason for a revocation: one is {}", Reason::ALL.map(Reason::name).join(", "))]
pub struct ReasonError {
    found: String,
}

impl Reason {
    /// Every reason, by its number.
    pub const ALL: [Self; 9] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// RFC 5280's number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// RFC 5280's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    /// The reason of a number.
    ///
    /// # Errors
    /// [`ReasonError`] if there is none.
    pub fn from_code(code: u8) -> Result<Self, ReasonError> {
        Self::ALL.into_iter().find(|reason| reason.code() == code).ok_or_else(|| ReasonError { found: code.to_string() })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.name() == text).ok_or_else(|| ReasonError { found: text.to_owned() })
    }
}

impl TryFrom<String> for Reason {
    type Error = ReasonError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.name().to_owned()
    }
}
