//! Revocation lists as they are handed out: whoever reads a list reads the same bytes.
//!
//! A list has megabytes and anybody may ask for it, so that there is one copy of it for all who read it at a time, and no more copies of
//! all lists together than there is room for, those that a slow reader still holds counted in. A list is read from the database by one
//! request at a time; what nobody asked for in a while is given back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::Engine;
use crate::store::published::{self, Shard};
use crate::store::{AuthorityId, StoreError};

/// How many bytes all lists take that are held at a time, older versions in slow readers' hands included.
const ROOM: u32 = 40 * 1024 * 1024;

/// How long a list is kept that nobody asks for.
const KEPT: Duration = Duration::from_secs(60);

/// A part of an authority's revocation list, as it is handed out.
#[derive(Debug, Clone)]
pub struct SharedCrl {
    /// When it was made, in seconds.
    pub this_update: i64,
    /// When the next is there at the latest, in seconds.
    pub next_update: i64,
    /// What tells it from any other, for `ETag`, without quotes.
    pub etag: String,
    /// The list. Clones share it.
    pub der: Bytes,
}

/// Why a list is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Clients that read slowly hold so many lists that there is no room for another.
    #[error("clients that read slowly hold as many lists as there is room for")]
    Busy,
}

/// The lists that are held.
#[derive(Debug)]
pub(crate) struct Lists {
    room: Arc<Semaphore>,
    kept: Mutex<HashMap<Shard, (SharedCrl, Instant)>>,
    reading: tokio::sync::Mutex<()>,
}

impl Default for Lists {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM as usize)), kept: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

/// A list's bytes and their part of the room, which is given back with the last of those who read them.
struct Held {
    der: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.der
    }
}

impl Lists {
    fn kept(&self) -> MutexGuard<'_, HashMap<Shard, (SharedCrl, Instant)>> {
        // A thread that panics while it holds the lock has only changed one entry.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, shard: Shard, etag: &str) -> Option<SharedCrl> {
        let mut kept = self.kept();
        let (list, used) = kept.get_mut(&shard).filter(|(list, _)| list.etag == etag)?;
        *used = Instant::now();
        Some(list.clone())
    }

    /// Room for so many bytes: what was not asked for in the longest time is given up for it.
    fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ListError> {
        let bytes = u32::try_from(bytes).unwrap_or(ROOM).min(ROOM);
        loop {
            if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(bytes) {
                return Ok(room);
            }
            let mut kept = self.kept();
            let oldest = kept.iter().min_by_key(|(_, (_, used))| *used).map(|(shard, _)| *shard);
            kept.remove(&oldest.ok_or(ListError::Busy)?);
        }
    }

    /// Gives back what nobody asked for in a while.
    pub(crate) fn tidy(&self) {
        self.kept().retain(|_, (_, used)| used.elapsed() < KEPT);
    }
}

impl Engine {
    /// The part of an authority's revocation list that [`Engine::crl_etag`] named; none if another has taken its place meanwhile, and it is
    /// gone.
    ///
    /// # Errors
    /// [`ListError`] if the database fails, or there is no room for it.
    pub async fn shared_crl(&self, authority: AuthorityId, shard: i64, etag: &str) -> Result<Option<SharedCrl>, ListError> {
        let (lists, shard) = (&self.shared.lists, (authority, shard));
        if let Some(list) = lists.get(shard, etag) {
            return Ok(Some(list));
        }
        let _turn = lists.reading.lock().await;
        // Whoever had the turn before may have read it.
        if let Some(list) = lists.get(shard, etag) {
            return Ok(Some(list));
        }
        lists.kept().remove(&shard);
        let found = published::crl(&mut self.shared.store.read().await?, shard).await.map_err(StoreError::from)?;
        let Some(found) = found else { return Ok(None) };
        let room = lists.room(found.der.len())?;
        let list = SharedCrl {
            this_update: found.this_update,
            next_update: found.next_update,
            etag: found.etag,
            der: Bytes::from_owner(Held { der: found.der, _room: room }),
        };
        lists.kept().insert(shard, (list.clone(), Instant::now()));
        Ok(Some(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(lists: &Lists, shard: i64, bytes: usize) -> Result<SharedCrl, ListError> {
        let room = lists.room(bytes)?;
        let der = Bytes::from_owner(Held { der: vec![0; 1], _room: room });
        let list = SharedCrl { this_update: 0, next_update: 0, etag: shard.to_string(), der };
        lists.kept().insert((AuthorityId(1), shard), (list.clone(), Instant::now()));
        Ok(list)
    }

    #[test]
    fn readers_share_a_list_and_slow_ones_hold_no_more_than_there_is_room_for() {
        let lists = Lists::default();
        let third = ROOM as usize / 3;
        let first = list(&lists, 1, third).expect("room");
        let again = lists.get((AuthorityId(1), 1), "1").expect("it is kept");
        assert_eq!(first.der.as_ptr(), again.der.as_ptr(), "one copy");
        assert!(lists.get((AuthorityId(1), 1), "2").is_none(), "another version is another list");
        drop((first, again));
        for shard in 2..20 {
            drop(list(&lists, shard, third).expect("what nobody reads makes room"));
        }
        assert!(lists.kept().len() <= 3);
        let held: Vec<_> = (20..23).map(|shard| list(&lists, shard, third).expect("room")).collect();
        assert!(matches!(list(&lists, 23, third), Err(ListError::Busy)), "slow readers hold it all");
        drop(held);
        assert!(list(&lists, 23, third).is_ok());
    }
}
