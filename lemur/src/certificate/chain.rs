//! Chains: a leaf, its issuer, that one's issuer, and so on, found in a bundle whatever its order, and checked as RFC 5280 (6.1) does,
//! but for time, which is asked apart ([`Chain::validity`]), and revocation.

use std::collections::VecDeque;

use menagerie_sign::x509;

use super::pem::write_bundle;
use super::usage::KeyUsage;
use super::validity::Validity;
use super::view::View;
use crate::name::{ConstraintError, NotPermitted};

/// The most certificates of a chain.
pub const MAX_CHAIN: usize = 16;

/// Certificates of which each but the last is signed by the next. The last is a root, or one whose issuer was not at hand.
#[derive(Debug, Clone)]
pub struct Chain {
    certificates: Vec<View>,
}

/// Why certificates are no chain that a verifier would accept. Positions count from the leaf, which is 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No certificate at all.
    #[error("there is no certificate")]
    Empty,
    /// More certificates than a chain has.
    #[error("a chain has at most {MAX_CHAIN} certificates")]
    TooLong,
    /// Certificates in the bundle that the chain does not pass.
    #[error("the certificate of {subject} is no part of the chain")]
    Stray {
        /// Its subject.
        subject: String,
    },
    /// Something that is no authority has signed.
    #[error("the certificate of {subject} signs another, and is not an authority's")]
    NotAnAuthority {
        /// Its subject.
        subject: String,
    },
    /// More authorities below one than its path length says.
    #[error("the certificate of {subject} allows fewer authorities below it than there are")]
    PathLength {
        /// Its subject.
        subject: String,
    },
    /// A name below an authority that its constraints forbid.
    #[error("{0}")]
    NotPermitted(#[from] NotPermitted),
    /// Constraints that cannot be decided by.
    #[error("the certificate of {subject}: {source}")]
    Constraints {
        /// Its subject.
        subject: String,
        /// What is wrong with them.
        source: ConstraintError,
    },
    /// A critical extension that nothing here knows.
    #[error("the certificate of {subject} has a critical extension that is not supported")]
    Critical {
        /// Its subject.
        subject: String,
    },
}

impl Chain {
    /// Finds the chain of `leaf` among other certificates, in any order, which need not all belong to it.
    ///
    /// # Errors
    /// [`ChainError::TooLong`] if it does not end soon enough.
    pub fn find(leaf: View, others: impl IntoIterator<Item = View>) -> Result<Self, ChainError> {
        let mut others: VecDeque<View> = others.into_iter().collect();
        let mut certificates = vec![leaf];
        while let Some(last) = certificates.last() {
            if is_root(last) {
                break;
            }
            let Some(index) = others.iter().position(|other| is_issued_by(last, other)) else {
                break;
            };
            if certificates.len() == MAX_CHAIN {
                return Err(ChainError::TooLong);
            }
            certificates.extend(others.remove(index));
        }
        Ok(Self { certificates })
    }

    /// Takes a bundle whose first certificate is the leaf, and whose others, in any order, are its chain and nothing else.
    ///
    /// # Errors
    /// [`ChainError`] if it is empty, too long, or has certificates that do not belong to it.
    pub fn of_bundle(bundle: Vec<View>) -> Result<Self, ChainError> {
        let mut bundle = bundle.into_iter();
        let leaf = bundle.next().ok_or(ChainError::Empty)?;
        let others: Vec<View> = bundle.filter(|other| other.as_der() != leaf.as_der()).collect();
        if others.len() >= MAX_CHAIN {
            return Err(ChainError::TooLong);
        }
        let chain = Self::find(leaf, others.iter().cloned())?;
        match others.iter().find(|other| !chain.certificates.iter().any(|one| one.as_der() == other.as_der())) {
            Some(stray) => Err(ChainError::Stray { subject: stray.subject().to_string() }),
            None => Ok(chain),
        }
    }

    /// The certificates, the leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[View] {
        &self.certificates
    }

    /// The leaf.
    ///
    /// # Panics
    /// Never: a chain has a leaf.
    #[must_use]
    pub fn leaf(&self) -> &View {
        self.certificates.first().expect("a chain has a leaf")
    }

    /// The certificates above the leaf, the root among them if it was at hand.
    #[must_use]
    pub fn issuers(&self) -> &[View] {
        &self.certificates[1..]
    }

    /// Whether the last certificate is a root.
    #[must_use]
    pub fn has_root(&self) -> bool {
        self.certificates.last().is_some_and(is_root)
    }

    /// When all of it is valid: `None` if never.
    #[must_use]
    pub fn validity(&self) -> Option<Validity> {
        let mut certificates = self.certificates.iter().map(View::validity);
        let first = certificates.next()?;
        certificates.try_fold(first, Validity::within)
    }

    /// Checks what RFC 5280 (6.1) wants of a path: authorities, path lengths, name constraints, critical extensions. Signatures were
    /// checked when the chain was found.
    ///
    /// # Errors
    /// [`ChainError`] names the first thing that is wrong, from the leaf up.
    pub fn check(&self) -> Result<(), ChainError> {
        let mut below = 0;
        for (index, certificate) in self.certificates.iter().enumerate() {
            let subject = || certificate.subject().to_string();
            if !certificate.unknown_critical().is_empty() {
                return Err(ChainError::Critical { subject: subject() });
            }
            if index == 0 {
                continue;
            }
            if !certificate.is_authority() || certificate.key_usages().is_some_and(|usages| !usages.contains(KeyUsage::KeyCertSign)) {
                return Err(ChainError::NotAnAuthority { subject: subject() });
            }
            if certificate.path_length().is_some_and(|length| length < below) {
                return Err(ChainError::PathLength { subject: subject() });
            }
            let constraints = certificate.name_constraints().map_err(|source| ChainError::Constraints { subject: subject(), source })?;
            if let Some(constraints) = constraints {
                for name in self.certificates[..index].iter().flat_map(View::names) {
                    constraints.permits(name)?;
                }
            }
            if !certificate.is_self_issued() {
                below += 1;
            }
        }
        Ok(())
    }

    /// The chain as text, the leaf first; without its root, which whoever trusts it has already.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let end = if self.has_root() && self.certificates.len() > 1 { self.certificates.len() - 1 } else { self.certificates.len() };
        write_bundle(self.certificates[..end].iter().map(View::as_der))
    }
}

/// Whether a certificate is signed by its own key.
fn is_root(certificate: &View) -> bool {
    certificate.is_self_issued() && is_signed_by(certificate, certificate)
}

/// Whether `issuer` is named in the certificate, and its key signed it.
fn is_issued_by(certificate: &View, issuer: &View) -> bool {
    let key_ids_agree = match (certificate.issuer_key_id(), issuer.key_id()) {
        (Some(wanted), Some(found)) => wanted == found,
        _ => true,
    };
    certificate.issuer() == issuer.subject() && key_ids_agree && is_signed_by(certificate, issuer)
}

fn is_signed_by(certificate: &View, issuer: &View) -> bool {
    let (algorithm, value) = certificate.signature();
    issuer.public_key().is_ok_and(|key| x509::verify(&key, algorithm, certificate.to_be_signed(), value).is_ok())
}
