//! Which part of its authority's revocation list a certificate belongs to: one that is at the address which the certificate names, as long
//! as it has room. Places are taken in blocks, so that a block costs a write and a certificate none. What of a block is not used when the
//! process ends is lost, which leaves a part smaller. Where the service's address has changed, new certificates go to a new part.

use tokio::sync::Mutex;

use super::Engine;
use crate::store::{AuthorityId, StoreError, published};

/// How many places are taken at once.
const BLOCK: i64 = 500;

/// Places in a part of an authority's list that this process has taken.
#[derive(Debug, Default)]
pub(crate) struct Allocation(Mutex<Block>);

#[derive(Debug, Default)]
struct Block {
    shard: i64,
    left: i64,
}

impl Allocation {
    /// The part of the revocation list for the authority's next certificate.
    pub(crate) async fn next_shard(&self, engine: &Engine, authority: AuthorityId) -> Result<i64, StoreError> {
        let mut block = self.0.lock().await;
        if block.left == 0 {
            let capacity = engine.shared.settings.shard_capacity.max(1);
            let mut transaction = engine.shared.store.write().await?;
            let url = |shard| engine.crl_url(authority, shard).as_str().to_owned();
            let (shard, left) = published::take_places(&mut transaction, authority, BLOCK, capacity, url).await?;
            transaction.commit().await?;
            *block = Block { shard, left };
        }
        block.left -= 1;
        Ok(block.shard)
    }
}
