//! Building OCSP answers (RFC 6960, 4.2).

use jiff::Timestamp;
use menagerie_sign::{Algorithm, PublicKey, Signature};
use x509_cert::spki::ObjectIdentifier;

use super::id::{CertId, key_hash};
use crate::asn1::{Writer, context, context_constructed};
use crate::certificate::{SignatureMismatch, TemplateError, attach, check_algorithm};
use crate::crl::Reason;

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// What is known of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Issued, and not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// Not issued here.
    Unknown,
}

/// What an answer says, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What is known.
    pub status: Status,
    /// Since when it is known.
    pub this_update: Timestamp,
    /// Until when it may be relied on.
    pub next_update: Timestamp,
}

/// Why there is no answer to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// A time to rely on it that ends before it begins.
    #[error("an OCSP answer's next update is after its own")]
    Backwards,
    /// An algorithm that the responder's key does not sign by.
    #[error(transparent)]
    Algorithm(#[from] TemplateError),
}

/// A complete answer, unsigned (ResponseData).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspToBeSigned {
    der: Vec<u8>,
    algorithm: Algorithm,
}

/// Answers that say nothing of a certificate, and are not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The request cannot be read.
    MalformedRequest,
    /// The responder is out of order.
    InternalError,
    /// Not now.
    TryLater,
    /// Not by this responder, which does not know the certificate (RFC 5019, 2.2.3).
    Unauthorized,
}

impl Refusal {
    /// The DER-encoded answer.
    #[must_use]
    pub const fn as_der(self) -> &'static [u8] {
        match self {
            Self::MalformedRequest => &[0x30, 3, 0x0a, 1, 1],
            Self::InternalError => &[0x30, 3, 0x0a, 1, 2],
            Self::TryLater => &[0x30, 3, 0x0a, 1, 3],
            Self::Unauthorized => &[0x30, 3, 0x0a, 1, 6],
        }
    }
}

impl OcspToBeSigned {
    /// An answer about one certificate, named as the client names it. It is about no other and names it once: some clients take no answer
    /// that says more (RFC 5019, 2.2.1). `responder` is the key that will sign.
    ///
    /// # Errors
    /// [`OcspError`] if that is no answer.
    pub fn new(
        id: &CertId,
        answer: &Answer,
        responder: &PublicKey,
        produced_at: Timestamp,
        algorithm: Algorithm,
    ) -> Result<Self, OcspError> {
        check_algorithm(responder, algorithm)?;
        if answer.next_update.as_second() <= answer.this_update.as_second() {
            return Err(OcspError::Backwards);
        }
        let mut writer = Writer::with_capacity(384);
        writer.sequence(|writer| {
            writer.nest(context_constructed(2), |writer| writer.octet_string(&key_hash(responder)));
            writer.generalized_time(produced_at);
            writer.sequence(|writer| answer.write(writer, id));
        });
        Ok(Self { der: writer.into_vec(), algorithm })
    }

    /// The bytes to sign.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The algorithm that they are to be signed by.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The DER-encoded answer that they become with their signature and the certificate of who signed.
    ///
    /// # Errors
    /// [`SignatureMismatch`] if the signature is by another algorithm.
    pub fn response(&self, signature: &Signature, responder_certificate: &[u8]) -> Result<Vec<u8>, SignatureMismatch> {
        let basic = attach(&self.der, self.algorithm, signature, |writer| {
            writer.nest(context_constructed(0), |writer| writer.sequence(|writer| writer.raw(responder_certificate)));
        })?;
        let mut writer = Writer::with_capacity(basic.len() + 64);
        writer.sequence(|writer| {
            writer.enumerated(0);
            writer.nest(context_constructed(0), |writer| {
                writer.sequence(|writer| {
                    writer.oid(&BASIC);
                    writer.octet_string(&basic);
                });
            });
        });
        Ok(writer.into_vec())
    }
}

impl Answer {
    fn write(&self, writer: &mut Writer, id: &CertId) {
        writer.sequence(|writer| {
            id.write(writer);
            match self.status {
                Status::Good => writer.primitive(context(0), &[]),
                Status::Revoked { at, reason } => writer.nest(context_constructed(1), |writer| {
                    writer.generalized_time(at);
                    if reason != Reason::Unspecified {
                        writer.nest(context_constructed(0), |writer| writer.enumerated(reason.code()));
                    }
                }),
                Status::Unknown => writer.primitive(context(2), &[]),
            }
            writer.generalized_time(self.this_update);
            writer.nest(context_constructed(0), |writer| writer.generalized_time(self.next_update));
        });
    }
}
