//! What runs beside the requests: saying that this process is there, finishing what others left, noticing what others changed, publishing.
//!
//! A task holds no engine between its rounds, only what tells it to end; an engine that is dropped ends its tasks. A round has an end whatever
//! it waits for, so that nothing stops for good; and what others changed is noticed by a task of its own, which waits for nothing else.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Engine, Shared};
use crate::store::{StoreError, replicas};

/// How often the database is asked whether another process has made something that is to be published.
const LOOK: Duration = Duration::from_millis(250);

/// In which rounds OCSP responders are looked at, counted from one to the next.
const RESPONDERS: u64 = 40;

/// How long a round takes at most. What it has committed stays, and the next one goes on from there.
const ROUND: Duration = Duration::from_mins(1);

/// How often the log says that a task still fails.
const AGAIN: Duration = Duration::from_mins(1);

impl Engine {
    pub(super) async fn begin(&self) -> Result<(), StoreError> {
        self.say_there().await?;
        self.notice_changes().await?;
        let mut tasks = self.shared.tasks.lock().await;
        let weak = Arc::downgrade(&self.shared);
        let ending = || self.shared.ending.subscribe();
        tasks.spawn(keep_there(weak.clone(), ending(), self.shared.settings.lease / 3));
        tasks.spawn(notice(weak.clone(), ending()));
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

/// A task's rounds: how they end, and what the log says of them.
struct Rounds {
    /// What is not done while they fail.
    fails: &'static str,
    /// Since when they fail, and when the log said so last.
    failing: Option<(Instant, Instant)>,
}

impl Rounds {
    const fn new(fails: &'static str) -> Self {
        Self { fails, failing: None }
    }

    /// Waits for a round to its end, or to the limit; what it gave, if it succeeded.
    async fn wait<T>(&mut self, round: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
        let error = match tokio::time::timeout(ROUND, round).await {
            Ok(Ok(value)) => {
                if let Some((since, _)) = self.failing.take() {
                    tracing::warn!(seconds = since.elapsed().as_secs(), "it works again: {}", self.fails);
                }
                return Some(value);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it took more than {} seconds", ROUND.as_secs()),
        };
        let now = Instant::now();
        if self.failing.is_none_or(|(_, said)| now - said >= AGAIN) {
            tracing::error!(%error, "{}; it is tried again", self.fails);
            self.failing = Some((self.failing.map_or(now, |(since, _)| since), now));
        }
        None
    }
}

async fn keep_there(shared: Weak<Shared>, mut ending: watch::Receiver<bool>, pause: Duration) {
    let mut rounds = Rounds::new("what other processes left could not be looked at");
    let mut room = Rounds::new("the disk of the database takes no more, and nothing is signed");
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let engine = Engine { shared };
        engine.shared.ring.try_again();
        let round = async {
            engine.say_there().await?;
            engine.shared.store.read_compromised().await?;
            engine.recover().await
        };
        rounds.wait(round).await;
        room.wait(async { Ok(engine.shared.store.database().look_for_room().await?) }).await;
        drop(engine);
        if ends(&mut ending, pause).await {
            return;
        }
    }
}

async fn notice(shared: Weak<Shared>, mut ending: watch::Receiver<bool>) {
    let mut rounds = Rounds::new("what other processes changed could not be looked at");
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let engine = Engine { shared };
        rounds.wait(engine.notice_changes()).await;
        drop(engine);
        if ends(&mut ending, LOOK).await {
            return;
        }
    }
}

async fn publish(shared: Weak<Shared>, mut ending: watch::Receiver<bool>, told: Arc<tokio::sync::Notify>) {
    let mut rounds = Rounds::new("nothing could be published");
    for round in 0_u64.. {
        let Some(shared) = shared.upgrade() else { return };
        let engine = Engine { shared };
        engine.shared.lists.tidy();
        let more = async {
            // What is published follows from the authorities as they are now.
            engine.notice_changes().await?;
            if round.is_multiple_of(RESPONDERS) {
                engine.renew_responders().await;
            }
            engine.publish_round().await
        };
        let more = rounds.wait(more).await.unwrap_or(false);
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
