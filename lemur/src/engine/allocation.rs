//! Which part of its authority's revocation list a certificate belongs to: the next in the order of issuance, counted in blocks, so that
//! a block costs a write and a certificate none. What of a block is not used when the process ends is lost, which leaves a part smaller.

use tokio::sync::Mutex;

use super::Engine;
use crate::store::{AuthorityId, StoreError, authorities};

/// How many numbers are taken at once.
const BLOCK: i64 = 500;

/// Numbers in an authority's order of issuance that this process has taken.
#[derive(Debug, Default)]
pub(crate) struct Allocation(Mutex<std::ops::Range<i64>>);

impl Allocation {
    /// The part of the revocation list for the authority's next certificate.
    pub(crate) async fn next_shard(&self, engine: &Engine, authority: AuthorityId) -> Result<i64, StoreError> {
        let capacity = engine.shared.settings.shard_capacity.max(1);
        let mut taken = self.0.lock().await;
        if taken.is_empty() {
            // A block never takes more than one part has room for.
            let block = BLOCK.min(capacity);
            let mut transaction = engine.shared.store.write().await?;
            let first = authorities::allocate(&mut transaction, authority, block).await?;
            transaction.commit().await?;
            *taken = first..first + block;
        }
        let number = taken.start;
        taken.start += 1;
        Ok(number / capacity)
    }
}
