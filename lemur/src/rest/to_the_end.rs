//! Work of several commits that goes on when the request that asked for it goes away: a client that hangs up stops nothing half way.

use tokio::task::JoinError;
use tracing::Instrument as _;

use super::fault::Fault;

/// Does some work in a task of its own, and waits for it.
pub(super) async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T, Fault>> + Send + 'static) -> Result<T, Fault> {
    let broke_off = |error: JoinError| Fault::Internal(format!("the work broke off: {error}"));
    tokio::spawn(work.in_current_span()).await.map_err(broke_off)?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it_any_more() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel::<()>();
        let work = to_the_end(async move {
            gone.await.unwrap();
            done.send(()).unwrap();
            Ok(())
        });
        let dropped = tokio::time::timeout(Duration::from_millis(50), work).await;
        assert!(dropped.is_err(), "the client went away");
        go.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(60), seen).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn work_that_panics_is_an_internal_failure() {
        let done: Result<(), Fault> = to_the_end(async { panic!("for the test") }).await;
        assert!(matches!(done, Err(Fault::Internal(_))));
    }
}
