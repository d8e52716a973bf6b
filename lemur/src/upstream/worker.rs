//! The worker: takes what is due by lease, works on several at once, and puts each back with when to go on and what went wrong.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::order::pending_event;
use super::resource::plain;
use super::step::{Stop, Work};
use super::store::leases::{self, LEASE, Later, Lease};
use super::store::{challenges, pending};
use super::{MOST_ATTEMPTS, Upstreams};
use crate::audit::Actor;
use crate::store::StoreError;

/// On how many one process works at a time.
const AT_ONCE: usize = 16;

/// After how many looks what is shown for nobody any more is taken away.
const SWEEP: u32 = 30;

/// How much of it at a time.
const SWEPT: i64 = 50;

/// The longest pause between two attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(6 * 3600);

/// After so long somebody looks who has the upstream in the configuration.
const ELSEWHERE: Duration = Duration::from_secs(60);

impl Upstreams {
    /// Works on pending certificates until `end`.
    pub async fn run(&self, end: impl Future<Output = ()> + Send) {
        let mut end = std::pin::pin!(end.fuse());
        let mut busy: JoinSet<()> = JoinSet::new();
        for look in 0_u32.. {
            while busy.try_join_next().is_some() {}
            match self.take(AT_ONCE.saturating_sub(busy.len())).await {
                Ok(leases) => {
                    for lease in leases {
                        let upstreams = self.clone();
                        busy.spawn(async move { upstreams.work_on(lease).await });
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "pending certificates could not be looked at; it is tried again"
                    );
                }
            }
            if look.is_multiple_of(SWEEP)
                && let Err(error) = self.sweep().await
            {
                tracing::error!(error = &error as &dyn std::error::Error, "what is shown for nobody was not taken away; it is tried again");
            }
            tokio::select! {
                () = &mut end => break,
                () = self.shared.told.notified() => {}
                () = tokio::time::sleep(self.shared.pace.look) => {}
                // What ended may have left something to do at once.
                Some(_) = busy.join_next() => {}
            }
        }
        // What is begun is left as it is: its lease runs out, and whoever comes next goes on with it.
        busy.shutdown().await;
    }

    /// Takes leases of what is due, up to so many.
    async fn take(&self, limit: usize) -> Result<Vec<Lease>, StoreError> {
        let engine = &self.shared.engine;
        let kind = engine.store().database().kind();
        let limit = i64::try_from(limit).unwrap_or(0);
        if limit == 0 || leases::due(&mut engine.store().read().await?, kind, 1).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = engine.store().write().await?;
        let mut taken = Vec::new();
        for pending in leases::due(&mut transaction, kind, limit).await? {
            let lease = Lease { pending, holder: hex::encode(engine.random::<16>()) };
            if leases::take(&mut transaction, kind, &lease).await? {
                taken.push(lease);
            }
        }
        transaction.commit().await?;
        Ok(taken)
    }

    async fn work_on(&self, lease: Lease) {
        let worked = tokio::select! {
            worked = self.work_of(&lease) => worked,
            () = self.keep(&lease) => Err(Stop::Lost),
        };
        let id = lease.pending;
        let ended = match worked {
            Ok(certificate) => {
                tracing::info!(pending = %id, %certificate, "a pending certificate was issued");
                self.withdraw(id).await
            }
            Err(stop) => self.put_back(&lease, stop).await,
        };
        if let Err(error) = ended {
            // The lease runs out, and it is taken up again.
            tracing::error!(pending = %id, error = &error as &dyn std::error::Error, "what came of a pending certificate was not kept");
        }
    }

    async fn work_of(&self, lease: &Lease) -> Result<crate::store::CertificateId, Stop> {
        let engine = &self.shared.engine;
        let pending = pending::by_id(&mut engine.store().read().await?, lease.pending).await?.ok_or(Stop::Lost)?;
        let authority = engine.authority(pending.authority).await?.ok_or(Stop::Lost)?;
        let upstream = authority.upstream().unwrap_or_default();
        let Some(known) = self.shared.by_name.get(upstream) else {
            tracing::warn!(pending = %lease.pending, upstream, "the configuration has no such upstream: its pending certificates wait");
            return Err(Stop::Wait(ELSEWHERE));
        };
        self.work(Work { known, pending, lease, until: Instant::now() + self.shared.pace.patience }).await
    }

    /// Keeps a lease until it is lost.
    async fn keep(&self, lease: &Lease) {
        let store = self.shared.engine.store();
        let mut last = Instant::now();
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let renewed = async {
                let mut transaction = store.write().await?;
                let mine = leases::renew(&mut transaction, store.database().kind(), lease).await?;
                transaction.commit().await?;
                Ok::<_, StoreError>(mine)
            };
            match renewed.await {
                Ok(true) => last = Instant::now(),
                Ok(false) => return,
                // Who cannot say that they are there is soon taken to be gone.
                Err(_) if last.elapsed() < LEASE * 2 / 3 => {}
                Err(_) => return,
            }
        }
    }

    async fn put_back(&self, lease: &Lease, stop: Stop) -> Result<(), StoreError> {
        let engine = &self.shared.engine;
        let kind = engine.store().database().kind();
        let mut transaction = engine.store().write().await?;
        let (why, after, forget_order) = match stop {
            Stop::Lost => return Ok(()),
            Stop::Wait(pause) => {
                leases::release(&mut transaction, kind, lease, &Later { pause, failed: None, forget_order: false }).await?;
                return Ok(transaction.commit().await?);
            }
            Stop::Again { why, after, forget_order } => (why, Some(after), forget_order),
            Stop::Never { why } => (why, None, true),
        };
        let why = plain(&why);
        let Some(pending) = pending::by_id(&mut transaction, lease.pending).await? else { return Ok(()) };
        let failed = pending.attempts + 1;
        tracing::warn!(pending = %lease.pending, attempt = failed, why, "an attempt at a pending certificate failed");
        match after {
            Some(after) if failed < MOST_ATTEMPTS => {
                let pause = self.retry_after(&pending, failed).await?.max(after.unwrap_or_default());
                leases::release(&mut transaction, kind, lease, &Later { pause, failed: Some(&why), forget_order }).await?;
                transaction.commit().await?;
                // The same order has the same proofs.
                if !forget_order {
                    return Ok(());
                }
            }
            _ => {
                if leases::give_up(&mut transaction, kind, lease, &why).await? {
                    let fields = [("why", serde_json::json!(why)), ("attempts", serde_json::json!(failed))];
                    let event = pending_event("pending_certificate_failed", lease.pending, fields);
                    engine.commit_audited(transaction, &Actor::server(), &[event]).await?;
                }
            }
        }
        self.withdraw(lease.pending).await
    }

    /// How long after its so-many-th failure the next attempt begins: four times as long each time, and a bit by chance.
    async fn retry_after(&self, pending: &super::Pending, failed: i64) -> Result<Duration, StoreError> {
        let authority = self.shared.engine.authority(pending.authority).await?;
        let known = authority.as_ref().and_then(|authority| self.shared.by_name.get(authority.upstream()?));
        let first = known.map_or(ELSEWHERE, |known| known.config.retry);
        let times = 4_u32.saturating_pow(u32::try_from(failed - 1).unwrap_or(0));
        let [chance] = self.shared.engine.random::<1>();
        let pause = first.saturating_mul(times).min(LONGEST_RETRY);
        Ok(pause + pause / 4 * u32::from(chance) / 256)
    }

    /// Takes away what is shown for what is resolved or gone.
    async fn sweep(&self) -> Result<(), StoreError> {
        for shown in challenges::left(&mut self.shared.engine.store().read().await?, SWEPT).await? {
            self.withdraw_one(&shown).await?;
        }
        Ok(())
    }

    /// Whether anything is to be worked on: upstreams that are configured.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.by_name.is_empty()
    }
}
