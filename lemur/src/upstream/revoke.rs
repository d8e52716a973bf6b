//! Revoking what an authority elsewhere issued: it is asked first, and what it did is noted here then. Asked again after a crash between the two
//! it says that it did.

use menagerie_store::database::Value;

use super::Upstreams;
use super::account::AccountError;
use super::client::ClientError;
use super::resource::plain;
use crate::audit::{Actor, Event, shortened};
use crate::crl::Reason;
use crate::revoke::RevokeError;
use crate::store::certificates::Certificate;
use crate::store::{CertificateId, compromised};

impl Upstreams {
    /// Revokes a certificate: one of ours as [`crate::engine::Engine::revoke`] does, another's by asking whoever issued it.
    ///
    /// # Errors
    /// [`RevokeError`]: nothing was revoked, or, if the database failed, it is not known here that it was.
    pub async fn revoke(&self, id: CertificateId, reason: Reason, comments: &str, actor: &Actor) -> Result<(), RevokeError> {
        let engine = &self.shared.engine;
        let certificate = engine.certificate(id).await?.ok_or(RevokeError::Unknown { id })?;
        let authority = match certificate.authority {
            Some(authority) => engine.authority(authority).await?,
            None => None,
        };
        let Some(upstream) = authority.as_ref().and_then(|authority| authority.upstream()) else {
            return engine.revoke(id, reason, comments, actor).await;
        };
        if certificate.revoked.is_some() {
            return Err(RevokeError::Revoked { name: certificate.name });
        }
        if reason == Reason::CertificateHold {
            return Err(RevokeError::NoHold { name: certificate.name });
        }
        self.ask_to_revoke(upstream, &certificate, reason).await?;
        let event = Event::CertificateRevoked {
            certificate: id,
            serial: hex::encode(&certificate.serial),
            reason: reason.name().to_owned(),
            comments: shortened(comments),
        };
        let mut transaction = engine.store().write().await?;
        let sql = "UPDATE certificate SET revoked_ms = $1, reason = $2 WHERE id = $3 AND revoked_ms IS NULL";
        let values = [engine.now().as_millisecond().into(), Value::from(reason.name()), id.into()];
        if transaction.execute(sql, &values).await? == 0 {
            return Err(RevokeError::Revoked { name: certificate.name });
        }
        if compromised::says_so(reason) {
            engine.others_have_the_key(&mut transaction, &certificate).await?;
        }
        Ok(engine.commit_audited(transaction, actor, &[event]).await?)
    }

    async fn ask_to_revoke(&self, upstream: &str, certificate: &Certificate, reason: Reason) -> Result<(), RevokeError> {
        let refuse = |reason: String| RevokeError::Upstream { name: certificate.name.clone(), reason };
        let known = self.shared.by_name.get(upstream);
        let known = known.ok_or_else(|| refuse(format!("the configuration has no [upstream.{upstream}]")))?;
        let asked = async {
            let (key, account) = self.open_account(known).await?;
            let mut session = self.session(known, (&key, &account)).await?;
            Ok::<_, AccountError>(session.revoke(&certificate.der, reason.code()).await?)
        };
        match asked.await {
            Err(AccountError::Client(ClientError::Problem { problem, .. })) if problem.word() == "alreadyRevoked" => Ok(()),
            Err(AccountError::Store(error)) => Err(error.into()),
            Err(error) => Err(refuse(plain(&error.to_string()))),
            Ok(()) => Ok(()),
        }
    }
}
