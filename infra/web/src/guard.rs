//! What stands before every resource: a request ID, a line of the trace, a count and a time for the metrics, a limit of time and of the body's
//! size, security headers on the answer, and an error in place of a panic.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use tracing::Instrument as _;

use crate::{JsonError, Metrics, RequestId, headers};

/// What stands before a router's resources.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The largest body of a request, in bytes, where a resource does not say otherwise.
    pub body: usize,
    /// How long a request may take, its body's arrival included.
    pub time: Duration,
    /// Where requests are counted.
    pub metrics: Metrics,
}

impl Guard {
    /// Puts the guard before a router. Layers and resources that are added to the router later stand outside of it.
    pub fn before(self, router: Router) -> Router {
        let body = self.body;
        router.layer(DefaultBodyLimit::max(body)).layer(middleware::from_fn_with_state(Arc::new(self), guarded))
    }
}

static ID: HeaderName = HeaderName::from_static("x-request-id");

async fn guarded(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::random();
    let method = request.method().clone();
    let is_first_version = request.version() <= http::Version::HTTP_11;
    // The resource's pattern and not its path: a path may hold what is secret, and there is no end to paths.
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(id.clone());
    // Whatever is said meanwhile names the request.
    let span = tracing::error_span!("request", %id, %method, route);
    let began = Instant::now();
    let unread = Unread::default();
    let answer = async {
        match gathered(request, &unread).await {
            Ok(request) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    }
    .instrument(span);
    let answer = AssertUnwindSafe(tokio::time::timeout(guard.time, answer)).catch_unwind().await;
    let mut response = match answer {
        // Whoever reads a body refuses a larger one in plain words.
        Ok(Ok(response)) if response.status() == StatusCode::PAYLOAD_TOO_LARGE && !is_document(&response) => {
            JsonError::new(StatusCode::PAYLOAD_TOO_LARGE, "The request's body is larger than is taken here.").into_response()
        }
        Ok(Ok(response)) => response,
        Ok(Err(_)) => JsonError::new(StatusCode::GATEWAY_TIMEOUT, "The request took too long.").into_response(),
        Err(_) => {
            tracing::error!(%id, %method, route, "a fault in this program: the request is refused");
            JsonError::new(StatusCode::INTERNAL_SERVER_ERROR, "The service failed.").into_response()
        }
    };
    let (status, took) = (response.status(), began.elapsed());
    guard.metrics.answered(&method, &route, status, took);
    tracing::info!(%id, %method, route, status = status.as_u16(), micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered");
    headers::harden(response.headers_mut());
    // The connection ends with a body that is not read. Who knows that does not send the next request into it.
    if is_first_version && unread.is_any() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().insert(ID.clone(), HeaderValue::from_str(id.as_str()).expect("hexadecimal digits"));
    response
}

/// Whether it is JSON, a problem document or another format, and no plain text.
fn is_document(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"))
}

/// The longest body that is read before anybody looks at the request.
const SMALL: usize = 16 * 1024;

/// Reads a small body to its end, and watches what becomes of a larger one. A request that is refused before its body was read would
/// otherwise cost its client the connection.
async fn gathered(request: Request, unread: &Unread) -> Result<Request, JsonError> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if !length.is_some_and(|length| (1..=SMALL).contains(&length)) {
        return Ok(unread.watch(request));
    }
    let (head, body) = request.into_parts();
    let broken = |_| JsonError::new(StatusCode::BAD_REQUEST, "The request's body broke off.");
    let body = axum::body::to_bytes(body, SMALL).await.map_err(broken)?;
    Ok(Request::from_parts(head, body.into()))
}

/// Whether there is more of a request's body than was read.
#[derive(Debug, Clone, Default)]
struct Unread(Arc<AtomicBool>);

impl Unread {
    fn watch(&self, request: Request) -> Request {
        self.0.store(!request.body().is_end_stream(), Ordering::Relaxed);
        request.map(|body| Body::new(Watched { body, unread: self.clone() }))
    }

    fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that notes when it has been read.
#[derive(Debug)]
struct Watched {
    body: Body,
    unread: Unread,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if self.body.is_end_stream() || matches!(frame, Poll::Ready(None)) {
            self.unread.0.store(false, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn service(metrics: &Metrics) -> Router {
        let router = Router::new()
            .route("/fine/{id}", get(async || "fine"))
            .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
            .route("/echo", post(async |body: Bytes| body));
        Guard { body: 64, time: Duration::from_millis(50), metrics: metrics.clone() }.before(router)
    }

    async fn ask(metrics: &Metrics, request: http::request::Builder, body: Body) -> (StatusCode, http::HeaderMap, String) {
        let response = service(metrics).oneshot(request.body(body).expect("a request")).await.expect("never fails");
        let (head, body) = response.into_parts();
        (head.status, head.headers, String::from_utf8_lossy(&body.collect().await.expect("a body").to_bytes()).into_owned())
    }

    #[tokio::test]
    async fn an_answer_has_its_headers() {
        let metrics = Metrics::new("test");
        let (status, headers, body) = ask(&metrics, Request::get("/fine/7"), Body::empty()).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "fine"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert!(headers["strict-transport-security"].to_str().expect("ASCII").starts_with("max-age="));
        assert_eq!(headers["x-request-id"].len(), 32);
        let (_, again, _) = ask(&metrics, Request::get("/fine/7"), Body::empty()).await;
        assert_ne!(headers["x-request-id"], again["x-request-id"]);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_that_tells_nothing() {
        let (status, _, body) = ask(&Metrics::new("test"), Request::get("/panic"), Body::empty()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.contains("on purpose"), "{body}");
    }

    #[tokio::test]
    async fn what_takes_too_long_or_is_too_large_is_refused() {
        let metrics = Metrics::new("test");
        assert_eq!(ask(&metrics, Request::get("/slow"), Body::empty()).await.0, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(ask(&metrics, Request::post("/echo"), Body::from(vec![b'x'; 64])).await.0, StatusCode::OK);
        let (status, headers, body) = ask(&metrics, Request::post("/echo"), Body::from(vec![b'x'; 65])).await;
        assert_eq!((status, headers["content-type"].to_str().expect("ASCII")), (StatusCode::PAYLOAD_TOO_LARGE, "application/json"));
        assert_eq!(body, r#"{"message":"The request's body is larger than is taken here."}"#);
    }

    #[tokio::test]
    async fn metrics_know_patterns_and_no_paths() {
        let metrics = Metrics::new("test");
        for path in ["/fine/1", "/fine/2", "/a-secret-path"] {
            ask(&metrics, Request::get(path), Body::empty()).await;
        }
        let text = metrics.text();
        assert!(text.contains("test_requests_total{method=\"GET\",route=\"/fine/{id}\",status=\"200\"} 2"), "{text}");
        assert!(text.contains("test_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1"), "{text}");
        assert!(!text.contains("a-secret-path"));
    }
}
