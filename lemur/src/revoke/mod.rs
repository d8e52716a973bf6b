//! Revocation, and what is published without anybody asking: revocation lists and OCSP answers, signed beforehand.
//!
//! A revocation is one commit: the certificate's row, the entry in its part of the list, the answer that says so (signed by the
//! responder, whose key is here), and the audit log's line. The list follows within a second ([`publish`]). Only what was on hold can be
//! released; and whoever says that others have the key is heard also when it was revoked for another reason. For such a key nothing is
//! certified any more ([`crate::store::compromised`]). An authority whose certificate, or one above it, is revoked issues no more; what it
//! issued is still answered for.

mod answer;
mod error;
mod keys;
mod lists;
mod publish;
mod serve;

use menagerie_store::database::{Transaction, Value};

use crate::audit::{Actor, Event, shortened};
use crate::authority::sha256;
use crate::certificate::{Serial, View};
use crate::crl::Reason;
use crate::engine::{Engine, Loaded};
use crate::store::certificates::{self, Certificate};
use crate::store::revocations::{self, Revocation};
use crate::store::{AuthorityId, CertificateId, authorities, compromised, published};

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
        // One that turns out to be for the key was revoked all the time.
        let before = certificate.revoked.as_ref().filter(|revoked| revoked.reason != Reason::CertificateHold.name());
        let since_ms = before.map_or_else(|| self.now(), |revoked| revoked.at).as_millisecond();
        let row = Revocation {
            authority,
            shard,
            serial: certificate.serial.clone(),
            revoked_ms: since_ms,
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
        // Whoever comes second finds it revoked, here and in no race; unless they know what the first did not, that others have the key.
        let sql = "UPDATE certificate SET revoked_ms = $1, reason = $2 WHERE id = $3 AND (revoked_ms IS NULL
            OR (reason = $4 AND $2 <> $4) OR ($2 = $5 AND reason NOT IN ($5, $6, $7)))";
        let reasons = [Reason::CertificateHold, Reason::KeyCompromise, Reason::CaCompromise, Reason::AaCompromise];
        let mut values = vec![since_ms.into(), Value::from(&row.reason), id.into()];
        values.extend(reasons.map(|reason| Value::from(reason.name())));
        if transaction.execute(sql, &values).await? == 0 {
            return Err(RevokeError::Revoked { name: certificate.name });
        }
        if revocations::insert(&mut transaction, std::slice::from_ref(&row)).await? == 0 {
            revocations::change_reason(&mut transaction, (authority, shard, &row.serial), (since_ms, &row.reason)).await?;
        }
        if compromised::says_so(reason) {
            self.others_have_the_key(&mut transaction, &certificate).await?;
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

    /// Nothing is certified any more for a certificate's key, by any authority.
    pub(crate) async fn others_have_the_key(&self, transaction: &mut Transaction, certificate: &Certificate) -> Result<(), RevokeError> {
        // What is stored was read when it was stored.
        let view = View::parse(&certificate.der).map_err(|_| RevokeError::NotOurs { name: certificate.name.clone() })?;
        Ok(compromised::add(transaction, &sha256(view.spki()), self.now().as_millisecond()).await?)
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
