//! The service on one machine: HTTP/1.1 on a Unix socket, and on a loopback address for callers that show a token.
//!
//! `POST /user`, `POST /host` and `POST /` (by the event's fields) take the Lambda function's events and answer its answers, with status
//! 200 also for refusals. On the socket the kernel tells the caller's uid. The TCP listener is in reach of every program and, through a
//! browser, of every web page: it wants the token, its own name in `Host` (or a page could come by DNS rebinding) and no `Origin`.

mod gate;
mod listen;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, watch};

pub use gate::{Gate, Token, TokenError};
pub use listen::{ListenError, Listeners};

use crate::certificate::Kind;
use crate::issue::{Answer, Call, Issuer, Refusal};
use crate::request::MAX_EVENT_BYTES;

/// Connections that are served at once; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;

/// How long a caller may take to send its request, and the service to answer it.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// How long open connections have to end once the service is told to.
const SHUTDOWN_TIME: Duration = Duration::from_secs(10);

/// Serves until the process is told to end (SIGTERM or SIGINT); requests under way are answered first.
pub async fn run(issuer: Arc<Issuer>, listeners: Listeners) {
    let (stop, stopped) = watch::channel(false);
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners.into_parts() {
        let (issuer, connections, mut stopped) = (Arc::clone(&issuer), Arc::clone(&connections), stopped.clone());
        accepting.spawn(async move {
            loop {
                let permit = Arc::clone(&connections).acquire_owned().await.expect("never closed");
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = async { let _ = stopped.wait_for(|stop| *stop).await; } => return,
                };
                match accepted {
                    Ok((stream, gate)) => {
                        let (issuer, stopped) = (Arc::clone(&issuer), stopped.clone());
                        tokio::spawn(async move {
                            connection(issuer, stream, gate, stopped).await;
                            drop(permit);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        });
    }
    listen::told_to_end().await;
    tracing::info!("ending: no further requests are taken");
    // A receiver is held here, so that this cannot fail.
    let _ = stop.send(true);
    while accepting.join_next().await.is_some() {}
    let all = u32::try_from(MAX_CONNECTIONS).expect("a small number");
    if tokio::time::timeout(SHUTDOWN_TIME, connections.acquire_many(all)).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    issuer.log().close().await;
}

async fn connection(issuer: Arc<Issuer>, stream: listen::Stream, gate: Gate, mut stopped: watch::Receiver<bool>) {
    let gate = Arc::new(gate);
    let service = service_fn(move |request| {
        let (issuer, gate) = (Arc::clone(&issuer), Arc::clone(&gate));
        async move { Ok::<_, Infallible>(respond(&issuer, &gate, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIME).max_buf_size(64 * 1024);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let told = async {
        // A sender that is gone has stopped, too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

async fn respond(issuer: &Issuer, gate: &Gate, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if let Err((status, message)) = gate.admit(request.headers()) {
        return refused(status, message);
    }
    let kind = match (request.method(), request.uri().path()) {
        (&Method::POST, "/user") => Some(Kind::User),
        (&Method::POST, "/host") => Some(Kind::Host),
        (&Method::POST, "/") => None,
        (&Method::GET, "/health") => return json(StatusCode::OK, "{\"status\": \"ok\"}".to_owned()),
        (_, "/user" | "/host" | "/") => return refused(StatusCode::METHOD_NOT_ALLOWED, "send the event by POST"),
        _ => return refused(StatusCode::NOT_FOUND, "POST /user, POST /host and GET /health are what there is"),
    };
    let Ok(request_id) = crate::issue::request_id() else {
        return failed(StatusCode::SERVICE_UNAVAILABLE, "the system gave no randomness");
    };
    let call = Call { request_id, function_arn: "bless-serve".to_owned(), caller: gate.caller(&issuer.settings().authentication) };
    let event = match tokio::time::timeout(REQUEST_TIME, Limited::new(request.into_body(), MAX_EVENT_BYTES).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return unread(issuer, kind, &call, StatusCode::PAYLOAD_TOO_LARGE, "the event broke off or is larger than any request").await;
        }
        Err(_) => return unread(issuer, kind, &call, StatusCode::REQUEST_TIMEOUT, "the event took too long to come").await,
    };
    match AssertUnwindSafe(tokio::time::timeout(REQUEST_TIME, issuer.answer(kind, &event, &call))).catch_unwind().await {
        Ok(Ok(answer)) => json(StatusCode::OK, answer.to_json()),
        Ok(Err(_)) => failed(StatusCode::GATEWAY_TIMEOUT, "the answer took too long: KMS, IAM or the log is slow"),
        Err(_) => {
            tracing::error!("a fault in this program: the request is refused");
            let answer = issuer.refuse(kind, &call, Refusal::unavailable("the service failed; its log says where")).await;
            json(StatusCode::INTERNAL_SERVER_ERROR, answer.to_json())
        }
    }
}

/// Refuses an event that could not be read, which the log holds as every other refusal.
async fn unread(issuer: &Issuer, kind: Option<Kind>, call: &Call, status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    json(status, issuer.refuse(kind, call, Refusal::invalid(message)).await.to_json())
}

/// Turns away what is no request to the authority: it is traced and not logged, or any web page could fill the log.
fn refused(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    tracing::info!(status = status.as_u16(), message, "a request was turned away");
    let mut response = json(status, Answer::Refused(Refusal::invalid(message)).to_json());
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert("www-authenticate", http::HeaderValue::from_static("Bearer"));
    }
    response
}

fn failed(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    json(status, Answer::Refused(Refusal::unavailable(message)).to_json())
}

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .body(Full::new(Bytes::from(body)))
        .expect("constant headers")
}
