//! Building a revocation list, entry by entry, at about fifty bytes of memory each.

use jiff::Timestamp;
use menagerie_sign::{Algorithm, Signature, x509};

use super::reason::Reason;
use crate::asn1::{self, Writer, context, context_constructed};
use crate::certificate::extensions::{self, extension};
use crate::certificate::{Issuer, Serial, SignatureMismatch, TemplateError, attach, check_algorithm};
use crate::name::Uri;

/// What one entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// The certificate's serial number.
    pub serial: Serial,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// Which of an authority's certificates a list covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Where the list is, if it is a shard: its URLs, as they stand in the certificates that it covers.
    pub places: Vec<Uri>,
    /// The kinds of certificates.
    pub covers: Covers,
}

/// Kinds of certificates that a list covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Covers {
    /// Leaves and authorities.
    #[default]
    Everything,
    /// Leaves alone (`onlyContainsUserCerts`).
    Leaves,
    /// Authorities alone (`onlyContainsCACerts`).
    Authorities,
}

/// Why there is no list to sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// A next list before this one.
    #[error("a revocation list's next update is after its own")]
    Backwards,
    /// An authority whose certificate does not let it sign lists.
    #[error("the authority's certificate lacks the key usage cRLSign")]
    NotAllowed,
    /// An algorithm that the issuer's key does not sign by.
    #[error(transparent)]
    Algorithm(#[from] TemplateError),
}

/// A list in the making.
#[derive(Debug)]
pub struct CrlBuilder<'a> {
    issuer: &'a Issuer,
    number: u64,
    this_update: Timestamp,
    next_update: Timestamp,
    scope: Scope,
    algorithm: Algorithm,
    entries: Writer,
    count: usize,
}

/// A complete list, unsigned (TBSCertList).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlToBeSigned {
    der: Vec<u8>,
    algorithm: Algorithm,
}

impl<'a> CrlBuilder<'a> {
    /// Begins a list of `issuer`. Numbers of one scope only grow.
    ///
    /// # Errors
    /// [`CrlError`] if the issuer cannot sign such a list.
    pub fn new(
        issuer: &'a Issuer,
        number: u64,
        this_update: Timestamp,
        next_update: Timestamp,
        scope: Scope,
        algorithm: Algorithm,
    ) -> Result<Self, CrlError> {
        check_algorithm(issuer.public_key(), algorithm)?;
        if !issuer.may_sign_crls() {
            return Err(CrlError::NotAllowed);
        }
        if next_update.as_second() <= this_update.as_second() {
            return Err(CrlError::Backwards);
        }
        Ok(Self { issuer, number, this_update, next_update, scope, algorithm, entries: Writer::default(), count: 0 })
    }

    /// Makes room for so many entries.
    #[must_use]
    pub fn with_capacity(mut self, entries: usize) -> Self {
        self.entries = Writer::with_capacity(entries.saturating_mul(54));
        self
    }

    /// Adds an entry. A serial number is added once.
    pub fn push(&mut self, revoked: &Revoked) {
        self.entries.sequence(|writer| {
            writer.primitive(asn1::INTEGER, revoked.serial.as_integer());
            writer.time(revoked.at);
            // RFC 5280, 5.3.1: "unspecified" is said by saying nothing.
            if revoked.reason != Reason::Unspecified {
                writer.sequence(|writer| {
                    extension(writer, &extensions::CRL_REASON, false, |writer| writer.enumerated(revoked.reason.code()));
                });
            }
        });
        self.count += 1;
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no entry, which is a list as good as any.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes for the issuer to sign.
    #[must_use]
    pub fn finish(self) -> CrlToBeSigned {
        let entries = self.entries.into_vec();
        let mut writer = Writer::with_capacity(entries.len() + 1024);
        writer.sequence(|writer| {
            writer.unsigned(1);
            writer.raw(x509::algorithm_identifier(self.algorithm));
            writer.raw(self.issuer.subject().as_der());
            writer.time(self.this_update);
            writer.time(self.next_update);
            // RFC 5280, 5.1.2.6: a list without entries leaves out their sequence.
            if self.count > 0 {
                writer.primitive(asn1::SEQUENCE, &entries);
            }
            writer.nest(context_constructed(0), |writer| {
                writer.sequence(|writer| {
                    extensions::authority_key_id(writer, self.issuer.key_id());
                    extension(writer, &extensions::CRL_NUMBER, false, |writer| writer.unsigned(self.number));
                    self.scope.write(writer);
                });
            });
        });
        CrlToBeSigned { der: writer.into_vec(), algorithm: self.algorithm }
    }
}

impl Scope {
    /// Every certificate of the authority, in a list that is not cut.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// A shard of the leaves, at these URLs.
    #[must_use]
    pub const fn leaves_at(places: Vec<Uri>) -> Self {
        Self { places, covers: Covers::Leaves }
    }

    fn write(&self, writer: &mut Writer) {
        if self.places.is_empty() && self.covers == Covers::Everything {
            return;
        }
        extension(writer, &extensions::ISSUING_DISTRIBUTION_POINT, true, |writer| {
            writer.sequence(|writer| {
                if !self.places.is_empty() {
                    writer.nest(context_constructed(0), |writer| extensions::full_name(writer, &self.places));
                }
                match self.covers {
                    Covers::Everything => {}
                    Covers::Leaves => writer.primitive(context(1), &[0xff]),
                    Covers::Authorities => writer.primitive(context(2), &[0xff]),
                }
            });
        });
    }
}

impl CrlToBeSigned {
    /// The bytes to sign.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The algorithm that they say they are signed by.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The DER-encoded list that they become with their signature.
    ///
    /// # Errors
    /// [`SignatureMismatch`] if the signature is by another algorithm.
    pub fn list(&self, signature: &Signature) -> Result<Vec<u8>, SignatureMismatch> {
        attach(&self.der, self.algorithm, signature, |_| {})
    }
}
