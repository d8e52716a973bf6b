//! What anonymous clients read: lists, answers, authorities' certificates. Nothing here signs anything.

use crate::certificate::Serial;
use crate::engine::Engine;
use crate::ocsp::{self, CertId, Refusal};
use crate::store::published::{self, PublishedCrl};
use crate::store::{AuthorityId, StoreError, intents};

/// An OCSP answer that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAnswer {
    /// The answer.
    pub der: Vec<u8>,
    /// When another takes its place, in seconds: it may be cached until then.
    pub refresh: i64,
    /// Until when it holds, in seconds.
    pub next_update: i64,
}

impl Engine {
    /// The answer to an OCSP request, DER: one that stands, or one that says why there is none. Nobody's key signs for it.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn ocsp(&self, request: &[u8]) -> Result<Vec<u8>, StoreError> {
        match ocsp::parse_request(request) {
            Ok(id) => Ok(self.ocsp_answer(&id).await?.map_or_else(|refusal| refusal.as_der().to_vec(), |answer| answer.der)),
            Err(error) => Ok(error.refusal().as_der().to_vec()),
        }
    }

    /// The answer that stands for a certificate, or why there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn ocsp_answer(&self, id: &CertId) -> Result<Result<StandingAnswer, Refusal>, StoreError> {
        for authority in self.known_authorities() {
            let Ok(issuer) = self.load(authority).await else { continue };
            if !issuer.ids.is_issuer_of(id) {
                continue;
            }
            let row = published::ocsp(&mut self.shared.store.read().await?, authority, id.serial().as_unsigned()).await?;
            return Ok(match row {
                None if self.answer_is_missing(authority, &id.serial()).await? => Err(Refusal::TryLater),
                None => Err(Refusal::Unauthorized),
                Some(row) if row.next_update <= self.now().as_second() => Err(Refusal::TryLater),
                Some(row) => Ok(StandingAnswer { refresh: row.refresh, next_update: row.next_update, der: row.answer(id.hash()) }),
            });
        }
        Ok(Err(Refusal::Unauthorized))
    }

    /// A part of an authority's revocation list.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn crl(&self, authority: AuthorityId, shard: i64) -> Result<Option<PublishedCrl>, StoreError> {
        Ok(published::crl(&mut self.shared.store.read().await?, (authority, shard)).await?)
    }

    /// What tells a part of an authority's revocation list from any other, for `ETag`, without reading the list.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn crl_etag(&self, authority: AuthorityId, shard: i64) -> Result<Option<String>, StoreError> {
        Ok(published::etag(&mut self.shared.store.read().await?, (authority, shard)).await?)
    }

    /// The parts of an authority's revocation list.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn crl_shards(&self, authority: AuthorityId) -> Result<Vec<i64>, StoreError> {
        Ok(published::shards(&mut self.shared.store.read().await?, authority).await?)
    }

    /// How many serial numbers are begun and not stored, by any process.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn unfinished(&self) -> Result<u64, StoreError> {
        let count = intents::count(&mut self.shared.store.read().await?).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Whether a list or an answer is waiting to be made anew.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn unpublished(&self) -> Result<bool, StoreError> {
        Ok(published::is_behind(&mut self.shared.store.read().await?, &self.window()).await?)
    }

    /// Whether OCSP says of a serial number that it is revoked.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn is_revoked(&self, authority: AuthorityId, serial: &Serial) -> Result<bool, StoreError> {
        let row = published::ocsp(&mut self.shared.store.read().await?, authority, serial.as_unsigned()).await?;
        Ok(row.is_some_and(|row| row.revoked.is_some()))
    }
}
