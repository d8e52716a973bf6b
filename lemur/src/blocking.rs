//! Work that keeps a processor busy for long: making keys, deriving them from passphrases. So much is done at once that the rest of the service
//! is answered meanwhile; the rest waits in turn, and what nobody waits for any more is not begun.

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// How much is done at once.
const AT_ONCE: usize = 2;

static LONG: LazyLock<Places> = LazyLock::new(|| Places::new(AT_ONCE));

/// Does such work when it is its turn.
///
/// # Errors
/// [`JoinError`] if the work panics, or the runtime ends.
pub(crate) async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    LONG.with(work).await
}

/// Places for work that holds a thread. Clones are the same places.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Places {
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Does work when a place is free, in the order of those who ask. It keeps its place until it is done, whether or not somebody waits for it.
    ///
    /// # Errors
    /// [`JoinError`] if the work panics, or the runtime ends.
    pub(crate) async fn with<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
        let place = Arc::clone(&self.0).acquire_owned().await.expect("never closed");
        let work = move || {
            let _place = place;
            work()
        };
        tokio::task::spawn_blocking(work).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn only_so_much_is_done_at_once_and_nothing_that_nobody_waits_for() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        static DONE: AtomicUsize = AtomicUsize::new(0);
        let work = || {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50));
            NOW.fetch_sub(1, Ordering::SeqCst);
            DONE.fetch_add(1, Ordering::SeqCst);
        };
        let left = futures_util::future::join_all((0..100).map(|_| in_turn(work)));
        assert!(tokio::time::timeout(Duration::from_millis(120), left).await.is_err());
        in_turn(|| ()).await.expect("is done");
        in_turn(|| ()).await.expect("is done");
        assert!(MOST.load(Ordering::SeqCst) <= AT_ONCE);
        assert!(DONE.load(Ordering::SeqCst) < 20, "those who left were not served");
    }
}
