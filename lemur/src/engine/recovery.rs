//! Serials that a process had begun when it died. Each may have been signed and may have been shown, so each is presumed issued: it goes
//! on the revocation list, and OCSP says revoked. Which process does it does not matter; the rows are taken in the transaction that
//! revokes.
//!
//! A request that ends between intent and certificate, because its client went away or the database failed, leaves an intent of a process
//! that lives: what is old and in no request's hands is given up in the same way.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use menagerie_store::database::Transaction;

use super::Engine;
use crate::audit::{Actor, Event, shortened};
use crate::revoke::REASON_ABANDONED;
use crate::store::intents::Intent;
use crate::store::revocations::{self, Revocation};
use crate::store::{StoreError, intents, published};

/// How many are finished in one transaction.
const AT_ONCE: i64 = 500;

impl Engine {
    /// Revokes the serials that dead processes had begun.
    pub(super) async fn recover(&self) -> Result<(), StoreError> {
        loop {
            let mut transaction = self.shared.store.write().await?;
            let abandoned = intents::take_abandoned(&mut transaction, AT_ONCE).await?;
            if abandoned.is_empty() {
                break;
            }
            self.give_up(transaction, abandoned).await?;
        }
        self.recover_own().await
    }

    /// Does at once what is done every few seconds: revokes the serials that dead processes had begun.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn recover_now(&self) -> Result<(), StoreError> {
        self.recover().await
    }

    async fn recover_own(&self) -> Result<(), StoreError> {
        let before = self.now() - SignedDuration::try_from(self.shared.settings.lease).unwrap_or(SignedDuration::MAX);
        let mut transaction = self.shared.store.write().await?;
        let mut old = intents::older_than(&mut transaction, &self.shared.replica, before.as_millisecond()).await?;
        old.retain(|intent| !self.shared.in_hands.has(&intent.serial));
        if old.is_empty() {
            return Ok(());
        }
        let serials: Vec<&[u8]> = old.iter().map(|intent| intent.serial.as_slice()).collect();
        let taken = intents::take(&mut transaction, &self.shared.replica, &serials).await?;
        old.retain(|intent| taken.contains(&intent.serial));
        self.give_up(transaction, old).await
    }

    /// Revokes serials whose intents were taken in the transaction.
    async fn give_up(&self, mut transaction: Transaction, abandoned: Vec<Intent>) -> Result<(), StoreError> {
        let now = self.now();
        let mut rows = Vec::with_capacity(abandoned.len());
        let mut entries = Vec::with_capacity(abandoned.len());
        for intent in abandoned {
            let event = Event::SerialAbandoned {
                authority: intent.authority,
                serial: hex::encode(&intent.serial),
                about: shortened(&intent.about),
            };
            entries.push(self.audit_entry(&Actor::server(), &event));
            rows.push(Revocation {
                authority: intent.authority,
                shard: intent.shard,
                serial: intent.serial,
                revoked_ms: now.as_millisecond(),
                reason: REASON_ABANDONED.name().to_owned(),
                not_after: intent.not_after,
                certificate: None,
            });
        }
        revocations::insert(&mut transaction, &rows).await?;
        let mut shards: Vec<_> = rows.iter().map(|row| (row.authority, row.shard)).collect();
        shards.sort_unstable();
        shards.dedup();
        for shard in shards {
            published::want(&mut transaction, shard).await?;
        }
        self.answer_revoked(&mut transaction, &rows).await?;
        self.shared.store.commit(transaction, entries).await?;
        tracing::warn!(serials = rows.len(), "serials that an ended process had begun were revoked");
        self.shared.publish.notify_one();
        Ok(())
    }
}

/// Serials that requests of this process are busy with.
#[derive(Debug, Default)]
pub(crate) struct InHands(Mutex<HashSet<Vec<u8>>>);

/// A serial in a request's hands, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    engine: Engine,
    serial: Vec<u8>,
}

impl InHands {
    fn has(&self, serial: &[u8]) -> bool {
        // A thread that panics while it holds the lock has only added or removed one serial.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(serial)
    }
}

impl Engine {
    /// Keeps a serial from being given up as long as what is returned lives.
    pub(crate) fn hold(&self, serial: &[u8]) -> Held {
        self.shared.in_hands.0.lock().unwrap_or_else(PoisonError::into_inner).insert(serial.to_vec());
        Held { engine: self.clone(), serial: serial.to_vec() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.engine.shared.in_hands.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.serial);
    }
}
