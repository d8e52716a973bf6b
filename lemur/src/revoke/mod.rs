//! Revocation, and what is published without anybody asking: revocation lists and OCSP answers, signed beforehand.
//!
//! A revocation is one commit: the certificate's row, the entry in its part of the list, the answer that says so (signed by the
//! responder, whose key is here), and the audit log's line. The list follows within a second ([`publish`]). Only what was on hold can be
//! released. An authority whose certificate, or one above it, is revoked issues no more; what it issued is still answered for.

mod answer;
mod error;
mod keys;
mod lists;
mod publish;
mod serve;

use menagerie_store::database::{Transaction, Value};

use crate::audit::{Actor, Event, shortened};
use crate::certificate::Serial;
use crate::crl::Reason;
use crate::engine::{Engine, Loaded};
use crate::store::certificates::{self, Certificate};
use crate::store::revocations::{self, Revocation};
use crate::store::{AuthorityId, CertificateId, authorities, published};

pub use error::RevokeError;
pub use keys::{KeyError, Resealed};
pub(crate) use lists::Lists;
pub use lists::{ListError, SharedCrl};
pub use serve::StandingAnswer;

/// Why a serial number is revoked that may have been signed and whose certificate was not stored: nothing is known of it.
pub(crate) const REASON_ABANDONED: Reason = Reason::Unspecified;

impl Engine {
    /// Revokes a certificate that one of our authorities issued.
    ///
    /// # Errors
    /// [`RevokeError`]: nothing was revoked.
    pub async fn revoke(&self, id: CertificateId, reason: Reason, comments: &str, actor: &Actor) -> Result<(), RevokeError> {
        let (certificate, authority, shard) = self.revocable(id).await?;
        let now_ms = self.now().as_millisecond();
        let row = Revocation {
            authority,
            shard,
            serial: certificate.serial.clone(),
            revoked_ms: now_ms,
            reason: reason.name().to_owned(),
            not_after: certificate.not_after.as_second(),
            certificate: Some(id),
        };
        let event = Event::CertificateRevoked {
            certificate: id,
            serial: hex::encode(&certificate.serial),
            reason: reason.name().to_owned(),
            comments: shortened(comments),
        };
        let mut transaction = self.shared.store.write().await?;
        // Whoever comes second finds it revoked, here and in no race.
        let sql =
            "UPDATE certificate SET revoked_ms = $1, reason = $2 WHERE id = $3 AND (revoked_ms IS NULL OR (reason = $4 AND $2 <> $4))";
        let hold = Reason::CertificateHold.name();
        let values = [now_ms.into(), Value::from(&row.reason), id.into(), hold.into()];
        if transaction.execute(sql, &values).await? == 0 {
            return Err(RevokeError::Revoked { name: certificate.name });
        }
        if revocations::insert(&mut transaction, std::slice::from_ref(&row)).await? == 0 {
            revocations::change_reason(&mut transaction, (authority, shard, &row.serial), (now_ms, &row.reason)).await?;
        }
        published::want(&mut transaction, (authority, shard)).await?;
        self.answer_revoked(&mut transaction, std::slice::from_ref(&row)).await?;
        self.commit_of(transaction, &certificate, (actor, event)).await
    }

    /// Lets a certificate hold again that was revoked for the reason `certificateHold`.
    ///
    /// # Errors
    /// [`RevokeError`]: nothing was changed.
    pub async fn release(&self, id: CertificateId, actor: &Actor) -> Result<(), RevokeError> {
        let (certificate, authority, shard) = self.revocable(id).await?;
        let issuer = self.load(authority).await?;
        let serial = Serial::from_unsigned(&certificate.serial).map_err(|error| Loaded::broken(&issuer.row, error))?;
        let mut transaction = self.shared.store.write().await?;
        let sql = "UPDATE certificate SET revoked_ms = NULL, reason = NULL WHERE id = $1 AND reason = $2";
        if transaction.execute(sql, &[id.into(), Reason::CertificateHold.name().into()]).await? == 0 {
            return Err(RevokeError::NotOnHold { name: certificate.name });
        }
        revocations::delete(&mut transaction, (authority, shard, &certificate.serial)).await?;
        published::want(&mut transaction, (authority, shard)).await?;
        let answer = self.answer(&issuer, &serial, certificate.not_after.as_second(), None)?;
        published::put_ocsp(&mut transaction, &[answer]).await?;
        let event = Event::CertificateReleased { certificate: id, serial: hex::encode(&certificate.serial) };
        self.commit_of(transaction, &certificate, (actor, event)).await
    }

    /// Commits what is new about a certificate. If it is an authority's, all processes look again whether that one and those under it issue.
    async fn commit_of(
        &self,
        mut transaction: Transaction,
        certificate: &Certificate,
        (actor, event): (&Actor, Event),
    ) -> Result<(), RevokeError> {
        if certificate.is_an_authoritys() {
            authorities::touch(&mut transaction, certificate.id).await?;
        }
        self.commit_audited(transaction, actor, &[event]).await?;
        if certificate.is_an_authoritys() {
            self.shared.cache.forget_all();
        }
        self.shared.publish.notify_one();
        Ok(())
    }

    /// A certificate and whose list it belongs to.
    async fn revocable(&self, id: CertificateId) -> Result<(Certificate, AuthorityId, i64), RevokeError> {
        let found = certificates::by_id(&mut self.shared.store.read().await?, id).await?;
        let certificate = found.ok_or(RevokeError::Unknown { id })?;
        match (certificate.authority, certificate.shard) {
            // A root does not say of itself that it does not hold any more: nobody could believe it.
            (Some(authority), Some(shard)) if self.certificate_of(authority).await? != Some(id) => Ok((certificate, authority, shard)),
            _ => Err(RevokeError::NotOurs { name: certificate.name }),
        }
    }

    async fn certificate_of(&self, authority: AuthorityId) -> Result<Option<CertificateId>, RevokeError> {
        Ok(self.load(authority).await?.row.certificate)
    }
}
