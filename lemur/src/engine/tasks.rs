//! What runs beside the requests: saying that this process is there, finishing what others left, noticing what others changed, publishing.
//!
//! A task holds no engine between its rounds, only what tells it to end; an engine that is dropped ends its tasks.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::{Engine, Shared};
use crate::store::{StoreError, replicas};

/// How often the database is asked whether another process has made something that is to be published.
const LOOK: Duration = Duration::from_millis(250);

/// In which rounds OCSP responders are looked at, counted from one to the next.
const RESPONDERS: u64 = 40;

impl Engine {
    pub(super) async fn begin(&self) -> Result<(), StoreError> {
        self.say_there().await?;
        self.notice_changes().await?;
        let mut tasks = self.shared.tasks.lock().await;
        let weak = Arc::downgrade(&self.shared);
        let ending = || self.shared.ending.subscribe();
        tasks.spawn(keep_there(weak.clone(), ending(), self.shared.settings.lease / 3));
        tasks.spawn(publish(weak, ending(), Arc::clone(&self.shared.publish)));
        Ok(())
    }

    /// Waits for what was begun, ends the tasks, and takes this process off the list of those that are there.
    pub async fn close(&self) {
        self.shared.ending.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.shared.tasks.lock().await);
        while tasks.join_next().await.is_some() {}
        let left = async {
            let mut transaction = self.shared.store.write().await?;
            replicas::leave(&mut transaction, &self.shared.replica).await?;
            Ok::<_, StoreError>(transaction.commit().await?)
        };
        if let Err(error) = left.await {
            tracing::warn!(%error, "this process could not take itself off the list; others will notice");
        }
        self.shared.store.database().close().await;
    }

    async fn say_there(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let lease = i64::try_from(shared.settings.lease.as_millis()).unwrap_or(i64::MAX / 4);
        let mut transaction = shared.store.write().await?;
        replicas::renew(&shared.store, &mut transaction, &shared.replica, lease).await?;
        replicas::bury(&shared.store, &mut transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// Whether it is time to end; else after `pause`.
async fn ends(ending: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    tokio::select! {
        _ = ending.wait_for(|ending| *ending) => true,
        () = tokio::time::sleep(pause) => false,
    }
}

async fn keep_there(shared: Weak<Shared>, mut ending: watch::Receiver<bool>, pause: Duration) {
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let engine = Engine { shared };
        let round = async {
            engine.say_there().await?;
            engine.recover().await
        };
        if let Err(error) = round.await {
            tracing::error!(%error, "what other processes left could not be looked at; it is tried again");
        }
        drop(engine);
        if ends(&mut ending, pause).await {
            return;
        }
    }
}

async fn publish(shared: Weak<Shared>, mut ending: watch::Receiver<bool>, told: Arc<tokio::sync::Notify>) {
    for round in 0_u64.. {
        let Some(shared) = shared.upgrade() else { return };
        let engine = Engine { shared };
        engine.shared.lists.tidy();
        let more = async {
            engine.notice_changes().await?;
            if round.is_multiple_of(RESPONDERS) {
                engine.renew_responders().await;
            }
            engine.publish_round().await
        };
        let more = more.await.unwrap_or_else(|error| {
            tracing::error!(%error, "nothing could be published; it is tried again");
            false
        });
        drop(engine);
        let pause = if more { Duration::ZERO } else { LOOK };
        tokio::select! {
            () = told.notified() => {}
            ended = ends(&mut ending, pause) => if ended { return },
        }
        if *ending.borrow() {
            return;
        }
    }
}
