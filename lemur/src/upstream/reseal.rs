//! Sealing what is stored of upstreams anew, when the key that it is sealed under is exchanged.

use menagerie_secret::KeyRing;
use menagerie_store::database::DatabaseError;

use super::account::{external_place, key_place, sealed};
use super::store::accounts::{self, Account, Sealed, Which};
use super::store::pending;
use crate::authority;
use crate::csr::Csr;
use crate::engine::{Engine, RingError};
use crate::store::keys::SealedKey;
use crate::store::{PendingId, StoreError};

/// How many keys are sealed anew in one transaction.
const AT_ONCE: i64 = 200;

/// Why keys were not sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// One does not open.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The request that a key belongs to cannot be read.
    #[error("the request of the pending certificate {id} cannot be read")]
    Request {
        /// Which.
        id: PendingId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for ResealError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// Seals accounts' keys and the keys of pending certificates under the ring's newest key that are not; how many they were.
///
/// # Errors
/// [`ResealError`]: some may be sealed anew and others not; doing it again goes on with those.
pub async fn reseal(engine: &Engine) -> Result<usize, ResealError> {
    let ring = engine.ring().reload().map_err(RingError::from)?;
    let mut done = 0;
    for (upstream, directory, account) in accounts::all(&mut engine.store().read().await?).await? {
        done += usize::from(reseal_account(engine, &ring, Which { upstream: &upstream, directory: &directory }, &account).await?);
    }
    let newest = ring.newest().to_string();
    loop {
        let mut transaction = engine.store().write().await?;
        let found = pending::sealed_otherwise(&mut transaction, &newest, AT_ONCE).await?;
        for (id, old, csr) in &found {
            let csr = Csr::from_der(csr).map_err(|_| ResealError::Request { id: *id })?;
            let place = authority::key_place(&authority::sha256(&csr.public_key().to_spki_der()));
            let plain = engine.ring().open_sealed(&old.sealed, &place)?;
            let sealed = ring.seal(&plain, &place).map_err(RingError::from)?;
            pending::reseal(&mut transaction, *id, old, &SealedKey { ring_key: newest.clone(), sealed }).await?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        if found.is_empty() {
            return Ok(done);
        }
        done += found.len();
    }
}

async fn reseal_account(engine: &Engine, ring: &KeyRing, which: Which<'_>, old: &Account) -> Result<bool, ResealError> {
    let newest = ring.newest().to_string();
    let anew = |old: &Sealed, place: &str| -> Result<Sealed, RingError> {
        if old.ring_key == newest {
            return Ok(old.clone());
        }
        let plain = engine.ring().open_sealed(&old.bytes, place)?;
        Ok(sealed(ring.seal(&plain, place)?))
    };
    let external = match &old.external {
        Some((id, key)) => Some((id.clone(), anew(key, &external_place(which))?)),
        None => None,
    };
    let new = Account { key: anew(&old.key, &key_place(which))?, external, url: old.url.clone() };
    if new == *old {
        return Ok(false);
    }
    let mut transaction = engine.store().write().await?;
    let replaced = accounts::reseal(&mut transaction, which, (old, &new)).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(replaced)
}
