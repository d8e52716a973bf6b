//! Profiles: what a certificate may say. A profile decides key usages, the kinds of names and keys, the subject, and how long; a request
//! decides the key and the names, as far as the profile lets it ([`Profile::admit`]), and nothing else.
//!
//! Three are built in ([`Profile::built_in`]); others are written in TOML ([`Profiles::parse`]).

mod admit;
mod built_in;
mod lifetime;
mod policy;
mod set;

pub use admit::{Admitted, Ask, Period, ProfileRefusal};
pub use lifetime::{Lifetime, LifetimeError};
pub use policy::{CommonName, KeyKind, NamePolicy, Revocation, SubjectPolicy};
pub use set::{Profiles, ProfilesError};

use serde::{Deserialize, Serialize};
use x509_cert::spki::ObjectIdentifier;

use crate::certificate::{ExtendedKeyUsage, KeyUsage, KeyUsages};

/// The longest that a certificate may be valid whose revocation nobody says (RFC 9608 speaks of short-lived ones; the Baseline
/// Requirements, 7.1.2.7, set seven days).
pub const MAX_UNREVOCABLE: Lifetime = Lifetime::days(7);

/// A profile that is consistent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "policy::Text", into = "policy::Text")]
pub struct Profile {
    description: String,
    key_usages: KeyUsages,
    extended_key_usages: Vec<ExtendedKeyUsage>,
    key_kinds: Vec<KeyKind>,
    names: NamePolicy,
    subject: SubjectPolicy,
    default_lifetime: Lifetime,
    max_lifetime: Lifetime,
    backdate: Lifetime,
    start_within: Lifetime,
    revocation: Revocation,
    baseline: bool,
    policies: Vec<ObjectIdentifier>,
}

/// Why a profile makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A list that needs at least one entry.
    #[error("{field} is empty")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A usage that makes an authority of a leaf.
    #[error("the usage {usage} is an authority's, and no profile gives it")]
    AuthoritysUsage {
        /// The usage.
        usage: String,
    },
    /// A default longer than the longest.
    #[error("the default lifetime is longer than the longest")]
    Lifetimes,
    /// Too long for a certificate that cannot be revoked.
    #[error("without revocation, a certificate is valid for at most {}", MAX_UNREVOCABLE)]
    Unrevocable,
    /// A backdate that leaves nothing.
    #[error("the backdate is as long as the default lifetime")]
    Backdate,
    /// No name and no common name, so that a certificate would be for nobody.
    #[error("the profile lets a certificate have neither a name nor a common name")]
    Nobody,
    /// A policy that is no object identifier.
    #[error("{text:?} is no object identifier")]
    Policy {
        /// What was given.
        text: String,
    },
    /// More names than any profile may allow.
    #[error("a profile allows at most {MAX_NAMES} names")]
    TooManyNames,
}

/// The most names that a profile may allow in one certificate.
pub const MAX_NAMES: usize = 1000;

impl Profile {
    /// What it is for, for people.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The key usages that it gives, to keys that have a use for them.
    #[must_use]
    pub const fn key_usages(&self) -> KeyUsages {
        self.key_usages
    }

    /// The extended key usages that it gives.
    #[must_use]
    pub fn extended_key_usages(&self) -> &[ExtendedKeyUsage] {
        &self.extended_key_usages
    }

    /// The kinds of keys that it certifies.
    #[must_use]
    pub fn key_kinds(&self) -> &[KeyKind] {
        &self.key_kinds
    }

    /// What names it certifies.
    #[must_use]
    pub const fn names(&self) -> &NamePolicy {
        &self.names
    }

    /// What subjects it writes.
    #[must_use]
    pub const fn subject(&self) -> &SubjectPolicy {
        &self.subject
    }

    /// How long a certificate is valid when nobody asks for a time.
    #[must_use]
    pub const fn default_lifetime(&self) -> Lifetime {
        self.default_lifetime
    }

    /// How long a certificate may be valid.
    #[must_use]
    pub const fn max_lifetime(&self) -> Lifetime {
        self.max_lifetime
    }

    /// How long before now a certificate starts, for clocks that are late.
    #[must_use]
    pub const fn backdate(&self) -> Lifetime {
        self.backdate
    }

    /// How far before or after now a certificate may start, where somebody asks for a start.
    #[must_use]
    pub const fn start_within(&self) -> Lifetime {
        self.start_within
    }

    /// Whether its certificates can be revoked.
    #[must_use]
    pub const fn revocation(&self) -> Revocation {
        self.revocation
    }

    /// Whether it claims the CA/Browser Forum's Baseline Requirements.
    #[must_use]
    pub const fn is_baseline(&self) -> bool {
        self.baseline
    }

    /// The certificate policies that it gives.
    #[must_use]
    pub fn policies(&self) -> &[ObjectIdentifier] {
        &self.policies
    }

    /// Refuses a profile whose parts contradict each other.
    fn checked(self) -> Result<Self, ProfileError> {
        for (field, is_empty) in [
            ("key_usages", self.key_usages.is_empty()),
            ("extended_key_usages", self.extended_key_usages.is_empty()),
            ("key_types", self.key_kinds.is_empty()),
        ] {
            if is_empty {
                return Err(ProfileError::Empty { field });
            }
        }
        if let Some(usage) = [KeyUsage::KeyCertSign, KeyUsage::CrlSign].into_iter().find(|usage| self.key_usages.contains(*usage)) {
            return Err(ProfileError::AuthoritysUsage { usage: usage.name().to_owned() });
        }
        let reserved = [ExtendedKeyUsage::OCSP_SIGNING, ExtendedKeyUsage::ANY];
        if let Some(usage) = self.extended_key_usages.iter().find(|usage| reserved.contains(usage)) {
            return Err(ProfileError::AuthoritysUsage { usage: usage.name() });
        }
        if self.default_lifetime > self.max_lifetime {
            return Err(ProfileError::Lifetimes);
        }
        if self.revocation == Revocation::None && self.max_lifetime > MAX_UNREVOCABLE {
            return Err(ProfileError::Unrevocable);
        }
        if self.backdate >= self.default_lifetime {
            return Err(ProfileError::Backdate);
        }
        if self.names.kinds.is_empty() && self.subject.common_name != CommonName::Free {
            return Err(ProfileError::Nobody);
        }
        if self.names.max > MAX_NAMES {
            return Err(ProfileError::TooManyNames);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
