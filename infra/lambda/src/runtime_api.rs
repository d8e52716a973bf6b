//! The Lambda Runtime API (AWS's developer guide, "Using the Lambda runtime API for custom runtimes"), over one kept connection.
//!
//! Written here and not taken from `lambda_runtime`, whose 1.5.0 ends the process on a body that is not UTF-8, on a client context of
//! another shape and on a missing deadline, all of which an invoker or an emulator can send.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The most bytes of an event that are read: Lambda's own limit is 6 MiB, and no request comes near.
const MAX_BODY: usize = 7 << 20;

/// What is kept of an invocation's time for sending the answer.
const ANSWER_TIME: Duration = Duration::from_millis(300);

/// One event.
#[derive(Debug)]
pub struct Invocation {
    /// The request's ID, fit for a path.
    pub request_id: String,
    /// The ARN that was invoked; empty if the API did not say.
    pub function_arn: String,
    /// When Lambda ends the invocation, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
    /// The event, which need not be JSON.
    pub event: Bytes,
}

impl Invocation {
    /// What is left of its time at `now`, less what it takes to send an answer; none if the API did not say, or none is left.
    #[must_use]
    pub fn time_left(&self, now: SystemTime) -> Option<Duration> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let left = Duration::from_millis(self.deadline_ms?).saturating_sub(now).saturating_sub(ANSWER_TIME);
        (!left.is_zero()).then_some(left)
    }
}

/// Why the Runtime API gave no event, or took no answer.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeApiError {
    /// It cannot be reached.
    #[error("no connection to the Runtime API: {0}")]
    Connect(#[source] std::io::Error),
    /// The connection broke.
    #[error("the Runtime API broke off: {0}")]
    Http(#[from] hyper::Error),
    /// It answered with a status that is no success.
    #[error("the Runtime API answered {0}")]
    Status(StatusCode),
    /// An event cannot be answered without its ID.
    #[error("the Runtime API gave an event without a request ID")]
    NoRequestId,
    /// An event that is not read.
    #[error("the event of request {request_id} is too large or broke off")]
    TooLarge {
        /// The request's ID.
        request_id: String,
        /// The ARN that was invoked.
        function_arn: String,
    },
    /// What is to be sent is no request.
    #[error("a request to the Runtime API cannot be written: {0}")]
    Request(#[from] http::Error),
}

/// The Runtime API, as far as a bootstrap needs it.
#[derive(Debug)]
pub struct RuntimeApi {
    authority: String,
    agent: &'static str,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl RuntimeApi {
    /// The API at `authority` (`AWS_LAMBDA_RUNTIME_API`), for the program `agent`.
    #[must_use]
    pub const fn new(authority: String, agent: &'static str) -> Self {
        Self { authority, agent, connection: None }
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// [`RuntimeApiError`]. After [`RuntimeApiError::TooLarge`] the event may still be answered.
    pub async fn next(&mut self) -> Result<Invocation, RuntimeApiError> {
        let response = self.send(Method::GET, "/2018-06-01/runtime/invocation/next", Bytes::new(), None).await?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            drain(response).await;
            return Err(RuntimeApiError::Status(status));
        }
        let header = |name: &str| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let request_id = header("lambda-runtime-aws-request-id").filter(|id| is_request_id(id));
        let function_arn = header("lambda-runtime-invoked-function-arn").unwrap_or_default();
        let deadline_ms = header("lambda-runtime-deadline-ms").and_then(|text| text.parse().ok());
        let Some(request_id) = request_id else {
            drain(response).await;
            return Err(RuntimeApiError::NoRequestId);
        };
        match Limited::new(response.into_body(), MAX_BODY).collect().await {
            Ok(body) => Ok(Invocation { request_id, function_arn, deadline_ms, event: body.to_bytes() }),
            Err(_) => {
                self.connection = None;
                Err(RuntimeApiError::TooLarge { request_id, function_arn })
            }
        }
    }

    /// Answers an event.
    ///
    /// # Errors
    /// [`RuntimeApiError`].
    pub async fn respond(&mut self, request_id: &str, body: String) -> Result<(), RuntimeApiError> {
        let path = format!("/2018-06-01/runtime/invocation/{request_id}/response");
        self.post(&path, body, None).await
    }

    /// Tells that the function failed at an event: its invoker is told so, and may try again.
    ///
    /// # Errors
    /// [`RuntimeApiError`].
    pub async fn fail(&mut self, request_id: &str, error_type: &str, message: &str) -> Result<(), RuntimeApiError> {
        let path = format!("/2018-06-01/runtime/invocation/{request_id}/error");
        self.post(&path, report(error_type, message), Some(error_type)).await
    }

    /// Tells that the function cannot start.
    ///
    /// # Errors
    /// [`RuntimeApiError`].
    pub async fn init_error(&mut self, error_type: &str, message: &str) -> Result<(), RuntimeApiError> {
        self.post("/2018-06-01/runtime/init/error", report(error_type, message), Some(error_type)).await
    }

    async fn post(&mut self, path: &str, body: String, error_type: Option<&str>) -> Result<(), RuntimeApiError> {
        let response = self.send(Method::POST, path, Bytes::from(body), error_type).await?;
        let status = response.status();
        drain(response).await;
        if status.is_success() { Ok(()) } else { Err(RuntimeApiError::Status(status)) }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
        error_type: Option<&str>,
    ) -> Result<Response<Incoming>, RuntimeApiError> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.authority).header("user-agent", self.agent);
        if let Some(error_type) = error_type {
            request = request.header("lambda-runtime-function-error-type", error_type);
        }
        let request = request.header("content-type", "application/json").body(Full::new(body))?;
        let mut connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => connect(&self.authority).await?,
        };
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        self.connection = Some(connection);
        Ok(response)
    }
}

fn report(error_type: &str, message: &str) -> String {
    serde_json::json!({"errorType": error_type, "errorMessage": message, "stackTrace": []}).to_string()
}

async fn connect(authority: &str) -> Result<SendRequest<Full<Bytes>>, RuntimeApiError> {
    let stream = TcpStream::connect(authority).await.map_err(RuntimeApiError::Connect)?;
    stream.set_nodelay(true).map_err(RuntimeApiError::Connect)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the Runtime API ended");
        }
    });
    Ok(sender)
}

/// Reads a body to its end, so that the connection can be used again.
async fn drain(response: Response<Incoming>) {
    // A body that cannot be read closes the connection, which the next request then finds.
    let _ = Limited::new(response.into_body(), MAX_BODY).collect().await;
}

/// A request ID goes into a path.
fn is_request_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
