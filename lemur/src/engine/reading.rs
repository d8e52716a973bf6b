//! Reading what is stored.

use super::Engine;
use crate::store::authorities::{self, Authority, AuthorityKind, AuthorityState};
use crate::store::certificates::{self, Certificate};
use crate::store::list::{self, Filter, Listing, Numbers, Order, Page};
use crate::store::{AuthorityId, CertificateId, StoreError};

impl Engine {
    /// All authorities, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn authorities(&self) -> Result<Vec<Authority>, StoreError> {
        Ok(authorities::all(&mut self.shared.store.read().await?).await?)
    }

    /// The authorities that issue to others than authorities by a profile, in the order in which they were made: active, with their key
    /// here or by reference, and none of ours below them.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn issuing(&self, profile: &str) -> Result<Vec<Authority>, StoreError> {
        let all = self.authorities().await?;
        let issues = |one: &&Authority| {
            let is_ready = one.state == AuthorityState::Active && one.kind != AuthorityKind::Offline && one.der.is_some();
            is_ready && one.may_use(profile) && !all.iter().any(|other| other.parent == Some(one.id))
        };
        let mut issuing = Vec::new();
        for one in all.iter().filter(issues) {
            // One that was revoked, or stands below one that was, issues no more.
            if self.load(one.id).await.is_ok_and(|loaded| loaded.signer().is_ok()) {
                issuing.push(one.clone());
            }
        }
        Ok(issuing)
    }

    /// An authority.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn authority(&self, id: AuthorityId) -> Result<Option<Authority>, StoreError> {
        Ok(authorities::by_id(&mut self.shared.store.read().await?, id).await?)
    }

    /// The authorities of some numbers, in no order; those that are not there are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn authorities_of(&self, ids: impl IntoIterator<Item = AuthorityId>) -> Result<Vec<Authority>, StoreError> {
        let ids: Vec<_> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(authorities::by_ids(&mut self.shared.store.read().await?, ids).await?)
    }

    /// The authority of a name.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn authority_by_name(&self, name: &str) -> Result<Option<Authority>, StoreError> {
        Ok(authorities::by_name(&mut self.shared.store.read().await?, name).await?)
    }

    /// Asks for the keys of authorities that are elsewhere: the names of those that cannot be used now, and why.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn unreachable_keys(&self) -> Result<Vec<(String, String)>, StoreError> {
        let all = self.authorities().await?;
        let elsewhere = all.into_iter().filter(|authority| authority.key_reference.is_some() && authority.der.is_some());
        let asked = elsewhere.map(async |authority| {
            let ready = async { self.load(authority.id).await?.ready().await };
            ready.await.err().map(|error| (authority.name, error.to_string()))
        });
        Ok(futures_util::future::join_all(asked).await.into_iter().flatten().collect())
    }

    /// A certificate.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificate(&self, id: CertificateId) -> Result<Option<Certificate>, StoreError> {
        Ok(certificates::by_id(&mut self.shared.store.read().await?, id).await?)
    }

    /// The certificate of a name.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificate_by_name(&self, name: &str) -> Result<Option<Certificate>, StoreError> {
        Ok(certificates::by_name(&mut self.shared.store.read().await?, name).await?)
    }

    /// The certificate of an authority with a serial number. Whoever acts on what a client shows compares all its bytes, and not the
    /// number alone.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificate_by_serial(&self, authority: AuthorityId, serial: &[u8]) -> Result<Option<Certificate>, StoreError> {
        Ok(certificates::by_serial(&mut self.shared.store.read().await?, authority, serial).await?)
    }

    /// The certificate that is these bytes, whose serial number is `serial`.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificate_by_fingerprint(&self, serial: &[u8], fingerprint: &[u8; 32]) -> Result<Option<Certificate>, StoreError> {
        Ok(certificates::by_fingerprint(&mut self.shared.store.read().await?, serial, fingerprint).await?)
    }

    /// A page of the list of certificates.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificates(&self, filter: &Filter, order: Order, page: Page) -> Result<Listing, StoreError> {
        Ok(list::certificates(&self.shared.surveys, self.now(), filter, order, page).await?)
    }

    /// Which certificates a page of the list has.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificate_numbers(&self, filter: &Filter, order: Order, page: Page) -> Result<Numbers, StoreError> {
        Ok(list::numbers(&self.shared.surveys, self.now(), filter, order, page).await?)
    }

    /// Certificates by their numbers, in that order; those that are gone are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn certificates_of(&self, ids: &[CertificateId]) -> Result<Vec<Certificate>, StoreError> {
        Ok(list::by_ids(&mut self.shared.store.read().await?, ids).await?)
    }
}
