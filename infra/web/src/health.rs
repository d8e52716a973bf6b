//! Whether the service lives, and whether it can do its work: the first for whoever restarts it, the second for whoever sends it requests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};

use crate::JsonError;

/// Looks whether the service can do its work.
pub type Ready = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// The resources `/health/live` and `/health/ready`.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Health {
    ready: Ready,
}

impl Health {
    /// By what looks whether the service is ready.
    #[must_use]
    pub fn new(ready: Ready) -> Self {
        Self { ready }
    }

    /// The two resources.
    pub fn router(self) -> Router {
        let ready = async move || {
            if (self.ready)().await {
                Ok("ready")
            } else {
                let error = JsonError::new(StatusCode::SERVICE_UNAVAILABLE, "The service is not ready.");
                Err(error.with_header(header::RETRY_AFTER, HeaderValue::from(crate::guard::AGAIN)))
            }
        };
        Router::new().route("/health/live", get(async || "live")).route("/health/ready", get(ready))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_service_may_live_and_not_be_ready() {
        let up = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&up);
        let router = Health::new(Arc::new(move || {
            let ready = seen.load(Ordering::SeqCst);
            Box::pin(async move { ready })
        }))
        .router();
        let status = async |path: &str| {
            let request = http::Request::get(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request).await.expect("never fails").status()
        };
        assert_eq!((status("/health/live").await, status("/health/ready").await), (StatusCode::OK, StatusCode::OK));
        up.store(false, Ordering::SeqCst);
        assert_eq!((status("/health/live").await, status("/health/ready").await), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
    }
}
