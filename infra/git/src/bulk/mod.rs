//! All blobs of a repository, each inflated once and each delta applied once on a base that is in memory. A pack's deltas are walked as
//! a forest, depth first; a base is let go when its last delta is applied. Whoever looks at the blobs gets each with the delta that made
//! it, and what it kept of the base, so that it need only look at what changed.

mod forest;
mod pool;
mod worker;

use crate::error::{ObjectError, Problem};
use crate::loose;
use crate::object::Kind;
use crate::oid::ObjectId;
use crate::pack::Delta;
use crate::repository::Repository;
use forest::Forest;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use worker::Worker;

/// How much the bulk route may use.
#[derive(Debug, Clone, Copy)]
pub struct BlobOptions {
    /// How many threads look at blobs; at least one does.
    pub threads: usize,
    /// Blobs up to this length are loaded. Longer ones are streamed if they are whole in their pack or file, and problems if they are deltas.
    pub largest: u64,
    /// How many bytes of bases wait for their deltas, over all threads; beyond it they are dropped and rebuilt.
    pub live: usize,
    /// How many bytes are rebuilt in all before the rest is reported as lost. A pack of a megabyte can expand to a terabyte.
    pub budget: u64,
}

impl Default for BlobOptions {
    fn default() -> Self {
        Self { threads: 1, largest: 64 << 20, live: 48 << 20, budget: u64::MAX }
    }
}

/// A blob in memory.
#[derive(Debug)]
pub struct Blob<'a> {
    /// Its name.
    pub oid: ObjectId,
    /// Its content.
    pub bytes: &'a [u8],
    /// How it was made, if by a delta. Its base need not have been wanted.
    pub delta: Option<DeltaView<'a>>,
    /// Whether deltas on it follow, so that what is kept of it is of use.
    pub is_base: bool,
}

/// The delta that made a blob.
#[derive(Clone, Copy)]
pub struct DeltaView<'a> {
    /// The base's name.
    pub base: ObjectId,
    /// The base's content.
    pub base_bytes: &'a [u8],
    /// The instructions: see [`Delta::pieces`].
    pub delta: Delta<'a>,
}

impl std::fmt::Debug for DeltaView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaView").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Who looks at the blobs; one for each thread.
pub trait BlobVisitor: Send {
    /// What is kept of a base until its last delta was looked at.
    type Kept: Send;

    /// A blob. `base` is what was kept of its delta's base, if that was wanted and this visitor saw it.
    fn blob(&mut self, blob: &Blob<'_>, base: Option<&Self::Kept>) -> Self::Kept;

    /// A blob of more than [`BlobOptions::largest`] bytes, as a stream. Reading it fails where it is broken.
    fn large(&mut self, oid: &ObjectId, size: u64, content: &mut dyn Read);

    /// A wanted blob that cannot be had.
    fn lost(&mut self, problem: Problem);
}

/// What the threads of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) options: BlobOptions,
    pub(crate) spent: AtomicU64,
}

impl Shared<'_> {
    /// Counts bytes that are about to be rebuilt.
    pub(crate) fn spend(&self, bytes: u64) -> Result<(), ObjectError> {
        let before = self.spent.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.options.budget {
            self.spent.fetch_sub(bytes, Ordering::Relaxed);
            return Err(ObjectError::Budget { limit: self.options.budget });
        }
        Ok(())
    }
}

impl Repository {
    /// Shows every wanted blob of every pack and loose store to one of the visitors that `make` makes, one for each thread, and gives
    /// them back. Each name is shown once; which thread shows it, and in which order, is not said.
    ///
    /// # Errors
    /// If a folder of loose objects cannot be listed. What is wrong with single objects is told to the visitors.
    pub fn blobs<V: BlobVisitor>(
        &self,
        options: BlobOptions,
        wanted: impl Fn(&ObjectId) -> bool + Sync,
        mut make: impl FnMut(usize) -> V,
    ) -> Result<Vec<V>, ObjectError> {
        let threads = options.threads.clamp(1, 256);
        let options = BlobOptions { threads, ..options };
        let shared = Shared { repository: self, options, spent: AtomicU64::new(0) };
        let mut workers: Vec<_> = (0..threads).map(|number| Worker::new(&shared, make(number))).collect();
        let mut kinds = self.objects();
        for (number, pack) in self.packs.iter().enumerate() {
            let earlier = &self.packs[..number];
            let first = |oid: &ObjectId| wanted(oid) && !earlier.iter().any(|pack| pack.index.position(oid).is_some());
            let entries = u32::try_from(pack.index.len()).unwrap_or(u32::MAX);
            let heavy = if threads == 1 { u32::MAX } else { (entries / u32::try_from(threads * 16).unwrap_or(u32::MAX)).max(64) };
            let forest = Forest::of(pack, &first, &mut |oid| kinds.kind(oid).ok(), heavy);
            for (entry, why) in &forest.lost {
                let oid = pack.index.oid(usize::try_from(forest.node(*entry).position).expect("it fits"));
                workers[0].failed(oid, why.clone());
            }
            let pieces = forest.starts.len();
            share(&mut workers, pieces, &|worker, piece| worker.tree(number, pack, &forest, forest.starts[piece]));
        }
        let mut seen = BTreeSet::new();
        for (store, folder) in self.stores.iter().enumerate() {
            let mut names = loose::names(folder, self.hash_kind())?;
            names.retain(|oid| wanted(oid) && !self.packs.iter().any(|pack| pack.index.position(oid).is_some()));
            if self.stores.len() > 1 {
                names.retain(|oid| seen.insert(*oid));
            }
            share(&mut workers, names.len(), &|worker, piece| worker.loose(store, &names[piece]));
        }
        // What is broken in one place may be whole in another.
        let failed: Vec<_> = workers.iter_mut().flat_map(Worker::take_failed).collect();
        share(&mut workers, failed.len(), &|worker, piece| worker.again(&failed[piece].0, &failed[piece].1));
        Ok(workers.into_iter().map(Worker::into_visitor).collect())
    }
}

/// Lets the workers take pieces until none is left.
fn share<V: BlobVisitor>(workers: &mut [Worker<'_, V>], pieces: usize, work: &(dyn Fn(&mut Worker<'_, V>, usize) + Sync)) {
    // Neighbours in a pack are read together.
    let at_once = (pieces / (workers.len() * 32)).clamp(1, 64);
    let next = AtomicUsize::new(0);
    let run = |worker: &mut Worker<'_, V>| loop {
        let start = next.fetch_add(at_once, Ordering::Relaxed);
        if start >= pieces {
            return;
        }
        (start..pieces.min(start + at_once)).for_each(|piece| work(worker, piece));
    };
    if pieces < 2 || workers.len() == 1 {
        return run(&mut workers[0]);
    }
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| run(worker));
        }
    });
}

/// Whether an object is one for the bulk route.
pub(crate) fn is_blob(kind: Kind) -> bool {
    kind == Kind::Blob
}
