//! Authorities whose issuer is outside: a root that is kept offline is known by its certificate, and an intermediate brings a request out and
//! its certificate in.

use super::create::{PROFILE, authority_row, store_certificate};
use super::{AuthorityError, sha256};
use crate::audit::{Actor, Event, shortened};
use crate::certificate::{Issuer, View};
use crate::engine::Engine;
use crate::store::authorities::{self, AuthorityKind, AuthorityState, NewAuthority};
use crate::store::{ADDRESS, AuthorityId, DOCUMENT, LONG, RoleId, SHORT, check_text};

/// An authority that is known by its certificate alone.
#[derive(Debug, Clone)]
pub struct OfflineAuthority {
    /// What it shall be called.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// What people say about it.
    pub description: String,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// What the interface keeps with it, a JSON document.
    pub options: String,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
}

impl Engine {
    /// Makes an authority known whose key is offline: others may stand under it, and it issues nothing here.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing was stored.
    pub async fn add_offline_authority(&self, offline: OfflineAuthority, actor: &Actor) -> Result<AuthorityId, AuthorityError> {
        let view = View::parse(&offline.certificate)?;
        let issuer = Issuer::new(&view)?;
        if view.is_self_issued() {
            issuer.check_signature(&view)?;
        }
        for (field, text, longest) in [
            ("name", &offline.name, SHORT),
            ("owner", &offline.owner, ADDRESS),
            ("description", &offline.description, LONG),
            ("options", &offline.options, DOCUMENT),
        ] {
            check_text(field, text, longest)?;
        }
        if self.authority_by_name(&offline.name).await?.is_some() {
            return Err(AuthorityError::NameTaken { name: offline.name });
        }
        let mut transaction = self.shared.store.write().await?;
        let mut row = authority_row(&view, &offline.owner, actor.user, self.now());
        PROFILE.clone_into(&mut row.profile);
        let certificate = store_certificate(&mut transaction, row).await?;
        let new = NewAuthority {
            name: offline.name,
            kind: AuthorityKind::Offline,
            state: AuthorityState::Active,
            owner: offline.owner,
            description: offline.description,
            creator: actor.user,
            created_ms: self.now().as_millisecond(),
            parent: None,
            certificate: Some(certificate),
            der: Some(offline.certificate),
            csr: None,
            spki: view.spki().to_vec(),
            subject: view.subject().as_der().to_vec(),
            sealed_key: None,
            key_reference: None,
            profiles: Vec::new(),
            options: offline.options,
            roles: offline.roles,
        };
        let id = authorities::insert(&mut transaction, &new).await?;
        let event = Event::AuthorityCreated { name: shortened(&new.name), parent: None, key: hex::encode(sha256(&new.spki)) };
        self.commit_audited(transaction, actor, &[event]).await?;
        Ok(id)
    }

    /// Brings in the certificate of an authority that waits for it, and those above it. It issues from then on.
    ///
    /// # Errors
    /// [`AuthorityError`]: the certificate is not for its key and name, is no authority's, or its issuer did not sign it; nothing changes.
    pub async fn activate_authority(&self, id: AuthorityId, chain: &[Vec<u8>], actor: &Actor) -> Result<(), AuthorityError> {
        let waiting = self.authority(id).await?.ok_or(AuthorityError::Unknown { id })?;
        if waiting.state != AuthorityState::Pending {
            return Err(AuthorityError::NotPending { name: waiting.name });
        }
        let different = |reason| AuthorityError::OtherCertificate { reason };
        let der = chain.first().ok_or_else(|| different("there is none"))?;
        let view = View::parse(der)?;
        Issuer::new(&view)?;
        if view.spki() != waiting.spki {
            return Err(different("its key is another"));
        }
        if view.subject().as_der() != waiting.subject {
            return Err(different("its subject is another"));
        }
        if !view.validity().contains(self.now()) {
            return Err(different("it does not hold now"));
        }
        let parent = self.outside_issuer(&view, &chain[1..]).await?;
        let mut transaction = self.shared.store.write().await?;
        let mut row = authority_row(&view, &waiting.owner, actor.user, self.now());
        PROFILE.clone_into(&mut row.profile);
        let certificate = store_certificate(&mut transaction, row).await?;
        if !authorities::activate(&mut transaction, id, certificate, der, parent).await? {
            return Err(AuthorityError::NotPending { name: waiting.name });
        }
        self.open_list(&mut transaction, id).await?;
        let event = Event::AuthorityActivated { authority: id, fingerprint: hex::encode(view.sha256()) };
        self.commit_audited(transaction, actor, &[event]).await?;
        self.shared.cache.forget(id);
        self.renew_responder(id).await?;
        self.notice_changes().await?;
        self.shared.publish.notify_one();
        Ok(())
    }

    /// The authority known here that signed a certificate, or the one that it comes with.
    async fn outside_issuer(&self, view: &View, above: &[Vec<u8>]) -> Result<Option<AuthorityId>, AuthorityError> {
        for known in self.authorities().await? {
            let Some(der) = &known.der else { continue };
            let Ok(certificate) = View::parse(der) else { continue };
            let Ok(issuer) = Issuer::new(&certificate) else { continue };
            if issuer.subject() == view.issuer() && issuer.check_signature(view).is_ok() {
                return Ok(Some(known.id));
            }
        }
        let Some(above) = above.first() else {
            return Err(AuthorityError::OtherCertificate { reason: "its issuer is not known: bring the issuer's certificate too" });
        };
        Issuer::new(&View::parse(above)?)?.check_signature(view)?;
        Err(AuthorityError::IssuerNotKnown)
    }
}
