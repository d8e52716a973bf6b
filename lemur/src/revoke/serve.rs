//! What anonymous clients read: lists, answers, authorities' certificates. Nothing here signs anything.

use crate::certificate::Serial;
use crate::engine::Engine;
use crate::issue::IssueError;
use crate::ocsp;
use crate::store::published::{self, PublishedCrl};
use crate::store::{AuthorityId, StoreError, intents};

impl Engine {
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
        Ok(published::is_behind(&mut self.shared.store.read().await?, self.now().as_second()).await?)
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
