//! Changing what is kept with a certificate, and deleting its row. The certificate itself does not change, and one that is deleted while
//! it holds is still answered for.

use crate::audit::{Actor, Changes, Event};
use crate::engine::Engine;
use crate::store::certificates::{self, CertificateChange};
use crate::store::{ADDRESS, CertificateId, LONG, SHORT, StoreError, check_text};

impl Engine {
    /// Changes what is kept with a certificate; false if there is none.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn change_certificate(&self, id: CertificateId, change: &CertificateChange, actor: &Actor) -> Result<bool, StoreError> {
        for (field, text, longest) in [
            ("owner", &change.owner, ADDRESS),
            ("description", &change.description, LONG),
            ("rotation policy", &change.rotation_policy, SHORT),
        ] {
            check_text(field, text.as_deref().unwrap_or_default(), longest)?;
        }
        let fields = [
            ("owner", change.owner.is_some()),
            ("description", change.description.is_some()),
            ("notify", change.notify.is_some()),
            ("rotation", change.rotation.is_some()),
            ("rotation_policy", change.rotation_policy.is_some()),
            ("roles", change.roles.is_some()),
            ("replaces", change.replaces.is_some()),
        ];
        let fields = fields.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect();
        let mut transaction = self.shared.store.write().await?;
        let Some(before) = certificates::by_id(&mut transaction, id).await? else { return Ok(false) };
        if !certificates::change(&mut transaction, id, change).await? {
            return Ok(false);
        }
        let changes = Changes::new()
            .with("owner", &before.owner, change.owner.as_ref())
            .with("description", &before.description, change.description.as_ref())
            .with("notify", before.notify, change.notify)
            .with("rotation", before.rotation, change.rotation)
            .with("rotation_policy", &before.rotation_policy, change.rotation_policy.as_ref())
            .with("roles", &before.roles, change.roles.as_ref())
            .with("replaces", &before.replaces, change.replaces.as_ref());
        self.commit_audited(transaction, actor, &[Event::CertificateChanged { certificate: id, fields, changes }]).await?;
        Ok(true)
    }

    /// Deletes a certificate's row, its private key with it; false if there is none. That it was issued stays in the audit log, and that it
    /// was revoked on the list.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was deleted.
    pub async fn delete_certificate(&self, id: CertificateId, actor: &Actor) -> Result<bool, StoreError> {
        let mut transaction = self.shared.store.write().await?;
        let Some(certificate) = certificates::by_id(&mut transaction, id).await? else { return Ok(false) };
        certificates::delete(&mut transaction, id).await?;
        let event = Event::CertificateDeleted { certificate: id, fingerprint: hex::encode(certificate.fingerprint) };
        self.commit_audited(transaction, actor, &[event]).await?;
        Ok(true)
    }
}
