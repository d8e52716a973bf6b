//! What stands before every resource: a request ID, a line of the trace, a count and a time for the metrics, a limit of time, of the body's
//! size and of the memory that all bodies take, security headers on the answer, and an error in place of a panic.

use std::future::Future as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::Sleep;
use tracing::Instrument as _;

use crate::shares::{Share, Shares};
use crate::{JsonError, Metrics, RequestId, headers};

/// What stands before a router's resources.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The largest body of a request, in bytes, where a resource does not say otherwise.
    pub body: usize,
    /// How long a request may take, its body's arrival included.
    pub time: Duration,
    /// How long its body may take to arrive.
    pub arrival: Duration,
    /// Where requests are counted.
    pub metrics: Metrics,
}

impl Guard {
    /// Puts the guard before a router. Layers and resources that are added to the router later stand outside of it.
    pub fn before(self, router: Router) -> Router {
        let body = self.body;
        let standing = Standing { room: Shares::new(ROOM, ROOM_OF_ONE), guard: self };
        router.layer(DefaultBodyLimit::max(body)).layer(middleware::from_fn_with_state(Arc::new(standing), guarded))
    }
}

/// When who was refused for what may pass by itself may come back, in seconds.
pub(crate) const AGAIN: u16 = 10;

/// How much memory the bodies of all requests take that are under way, and those of one client's, in bytes.
const ROOM: usize = 32 << 20;
const ROOM_OF_ONE: usize = 8 << 20;

/// A guard at its place.
#[derive(Debug)]
struct Standing {
    guard: Guard,
    room: Shares,
}

static ID: HeaderName = HeaderName::from_static("x-request-id");

async fn guarded(State(standing): State<Arc<Standing>>, mut request: Request, next: Next) -> Response {
    let Standing { guard, room } = &*standing;
    let id = RequestId::random();
    let method = request.method().clone();
    let is_first_version = request.version() <= http::Version::HTTP_11;
    // The resource's pattern and not its path: a path may hold what is secret, and there is no end to paths.
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(id.clone());
    // Whatever is said meanwhile names the request.
    let span = tracing::error_span!("request", %id, %method, route);
    let began = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let arriving = Arriving::new(room.take(peer, 0), guard.arrival);
    let answer = async {
        match gathered(request, &arriving).await {
            Ok(request) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    }
    .instrument(span);
    let answer = AssertUnwindSafe(tokio::time::timeout(guard.time, answer)).catch_unwind().await;
    let mut response = match answer {
        Ok(Ok(_)) if let Some(refusal) = arriving.refusal() => refusal.into_response(),
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
    if let Some(rest) = arriving.rest() {
        let read = tokio::time::timeout(guard.arrival.min(LINGER), to_its_end(rest)).await;
        arriving.state().is_unread = !matches!(read, Ok(true));
    }
    let (status, took) = (response.status(), began.elapsed());
    guard.metrics.answered(&method, &route, status, took);
    tracing::info!(%id, %method, route, status = status.as_u16(), micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered");
    headers::harden(response.headers_mut());
    // Whatever is not to be had at the moment: clients are told to come back, wherever it was noticed.
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from(AGAIN));
    }
    // The connection ends with a body that is not read. Who knows that does not send the next request into it.
    if is_first_version && arriving.is_unread() {
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
async fn gathered(request: Request, arriving: &Arriving) -> Result<Request, JsonError> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let request = arriving.watch(request);
    if !length.is_some_and(|length| (1..=SMALL).contains(&length)) {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let broken = |_| JsonError::new(StatusCode::BAD_REQUEST, "The request's body broke off.");
    let body = axum::body::to_bytes(body, SMALL).await.map_err(broken)?;
    Ok(Request::from_parts(head, body.into()))
}

/// How much of a body is read, and how long, that nobody wants: who is still sending does not hear the answer when the connection ends.
const LEFT: usize = 8 << 20;
const LINGER: Duration = Duration::from_secs(5);

/// Reads what is left of a body and throws it away; whether that was all.
async fn to_its_end(mut body: Body) -> bool {
    let mut left = LEFT;
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(frame) = frame else { return false };
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    true
}

/// What is known of a request's body. It is kept until the request is answered, and with it the body's share of the memory.
#[derive(Debug, Clone)]
struct Arriving(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    share: Option<Share>,
    /// How long it may take to arrive.
    time: Duration,
    /// Whether there is more of it than was read.
    is_unread: bool,
    /// What is left of it, when nobody reads it any more.
    rest: Option<Body>,
    refused: Option<NotTaken>,
}

/// Why no more of a body is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NotTaken {
    #[error("The server is busy with what others send: try again.")]
    Room,
    #[error("The request's body took too long.")]
    Late,
}

impl Arriving {
    fn new(share: Option<Share>, time: Duration) -> Self {
        Self(Arc::new(Mutex::new(Known { share, time, is_unread: false, rest: None, refused: None })))
    }

    fn state(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, request: Request) -> Request {
        if request.body().is_end_stream() {
            return request;
        }
        let end = {
            let mut known = self.state();
            known.is_unread = true;
            Box::pin(tokio::time::sleep(known.time))
        };
        // Who waits to be told to go on has sent nothing yet.
        let waits = request.headers().contains_key(header::EXPECT);
        request.map(|body| Body::new(Watched { body, arriving: self.clone(), end, waits }))
    }

    fn is_unread(&self) -> bool {
        self.state().is_unread
    }

    fn rest(&self) -> Option<Body> {
        self.state().rest.take()
    }

    fn refusal(&self) -> Option<JsonError> {
        let refused = self.state().refused?;
        Some(match refused {
            NotTaken::Room => JsonError::new(StatusCode::SERVICE_UNAVAILABLE, refused.to_string())
                .with_header(header::RETRY_AFTER, HeaderValue::from(AGAIN)),
            NotTaken::Late => JsonError::new(StatusCode::REQUEST_TIMEOUT, refused.to_string()),
        })
    }

    fn refuse(&self, why: NotTaken) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.state().refused = Some(why);
        Poll::Ready(Some(Err(axum::Error::new(why))))
    }
}

/// A body that takes its share as it arrives, has so long to do so, and notes when it has been read.
#[derive(Debug)]
struct Watched {
    body: Body,
    arriving: Arriving,
    end: Pin<Box<Sleep>>,
    waits: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut known = self.arriving.state();
        if known.is_unread && known.refused.is_none() && !self.waits {
            known.rest = Some(std::mem::take(&mut self.body));
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() && self.end.as_mut().poll(context).is_ready() {
            return self.arriving.refuse(NotTaken::Late);
        }
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let more = frame.data_ref().map_or(0, Bytes::len);
            if !self.arriving.state().share.as_mut().is_some_and(|share| share.grow(more)) {
                return self.arriving.refuse(NotTaken::Room);
            }
        }
        if self.body.is_end_stream() || matches!(frame, Poll::Ready(None)) {
            self.arriving.state().is_unread = false;
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
    use futures_util::StreamExt as _;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn service(metrics: &Metrics) -> Router {
        let router = Router::new()
            .route("/fine/{id}", get(async || "fine"))
            .route("/away", get(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/away-longer", get(async || (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")])))
            .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
            .route("/echo", post(async |body: Bytes| body));
        Guard { body: 64, time: Duration::from_millis(50), arrival: Duration::from_millis(50), metrics: metrics.clone() }.before(router)
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
    async fn who_finds_the_service_without_what_it_needs_is_told_when_to_come_back() {
        for (path, seconds) in [("/away", "10"), ("/away-longer", "60")] {
            let (status, headers, _) = ask(&Metrics::new("test"), Request::get(path), Body::empty()).await;
            assert_eq!((status, headers["retry-after"].to_str().expect("ASCII")), (StatusCode::SERVICE_UNAVAILABLE, seconds));
        }
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

    /// A service that takes bodies of any length, and a body that comes in parts of a MiB.
    async fn send(
        parts: usize,
        rest: impl futures_util::Stream<Item = Result<Bytes, axum::Error>> + Send + 'static,
    ) -> (StatusCode, String) {
        let router = Router::new().route("/length", post(async |body: Bytes| body.len().to_string()));
        let guard = Guard { body: 64 << 20, time: Duration::from_secs(60), arrival: Duration::from_secs(1), metrics: Metrics::new("test") };
        let parts = futures_util::stream::iter((0..parts).map(|_| Ok(Bytes::from(vec![b'x'; 1 << 20]))));
        let request = Request::post("/length").body(Body::from_stream(parts.chain(rest))).expect("a request");
        let response = guard.before(router).oneshot(request).await.expect("never fails");
        let (head, body) = response.into_parts();
        (head.status, String::from_utf8_lossy(&body.collect().await.expect("a body").to_bytes()).into_owned())
    }

    #[tokio::test]
    async fn one_clients_bodies_take_so_much_memory_and_no_more() {
        assert_eq!(send(8, futures_util::stream::empty()).await, (StatusCode::OK, (8 << 20).to_string()));
        let (status, said) = send(9, futures_util::stream::empty()).await;
        assert!(status == StatusCode::SERVICE_UNAVAILABLE && said.contains("busy"), "{status} {said}");
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_to_its_end_is_refused() {
        let (status, said) = send(1, futures_util::stream::pending()).await;
        assert!(status == StatusCode::REQUEST_TIMEOUT && said.contains("too long"), "{status} {said}");
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_is_read_to_its_end() {
        let router = Router::new().route("/refused", post(async || StatusCode::FORBIDDEN));
        let guard = Guard { body: 64, time: Duration::from_secs(5), arrival: Duration::from_millis(100), metrics: Metrics::new("test") };
        let router = guard.before(router);
        for (mib, expects, is_closed) in [(1, false, false), (8, false, false), (9, false, true), (1, true, true)] {
            let parts = futures_util::stream::iter((0..mib).map(|_| Ok::<_, axum::Error>(Bytes::from(vec![b'x'; 1 << 20]))));
            let mut request = Request::post("/refused").body(Body::from_stream(parts)).expect("a request");
            if expects {
                request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
            }
            let response = router.clone().oneshot(request).await.expect("never fails");
            assert_eq!(response.status(), StatusCode::FORBIDDEN);
            assert_eq!(response.headers().contains_key(header::CONNECTION), is_closed, "{mib} MiB, {expects}");
        }
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
