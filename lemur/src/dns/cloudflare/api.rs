//! Calls of Cloudflare's API v4: by HTTPS alone and with the token in a header, redirects are not followed, an answer is bounded; what the
//! service cannot do now is asked again a few times, when it says so.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use menagerie_secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;

use crate::config::dns::CloudflareSettings;
use crate::dns::DnsError;
use crate::dns::record::shown;
use crate::secret_file::{self, SecretFileError};
use crate::trust::{self, RootsError};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How often a call is made.
const TRIES: u32 = 5;

/// How long after a failure the call is made again, the first time.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest wait that the service may ask for.
const LONGEST_WAIT: u64 = 60;

/// How long one call may take.
const CALL: Duration = Duration::from_secs(30);

/// Why no call can be made.
#[derive(Debug, thiserror::Error)]
pub(in crate::dns) enum ClientError {
    /// The token.
    #[error("token_file: {0}")]
    Token(#[from] SecretFileError),
    /// The certificates that the service is known by.
    #[error("ca_file: {0}")]
    Roots(#[from] RootsError),
}

/// Makes calls.
pub(super) struct Api {
    agent: Agent,
    base: String,
    authorization: Arc<Secret<String>>,
}

/// What the service answered, other than that it cannot now.
pub(super) struct Reply {
    status: u16,
    body: Body,
}

#[derive(serde::Deserialize)]
struct Body {
    success: bool,
    #[serde(default)]
    errors: Vec<Problem>,
    #[serde(default)]
    result: serde_json::Value,
}

#[derive(serde::Deserialize)]
struct Problem {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    message: String,
}

/// Why a call has to be made again.
struct Again {
    error: DnsError,
    wait: Option<Duration>,
}

impl Api {
    pub(super) fn new(settings: &CloudflareSettings, timeout: Duration) -> Result<Self, ClientError> {
        let token = secret_file::word(&settings.token_file)?;
        let client = trust::client(settings.ca_file.as_deref())?;
        let config = client.https_only(true).timeout_global(Some(CALL.min(timeout))).build();
        Ok(Self {
            agent: config.new_agent(),
            base: settings.url.clone(),
            authorization: Arc::new(Secret::new(format!("Bearer {}", token.expose()))),
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Reply, DnsError> {
        self.call(Method::GET, path, Vec::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply, DnsError> {
        let body = serde_json::to_vec(body).map_err(|error| DnsError::Unfit(error.to_string()))?;
        self.call(Method::POST, path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Reply, DnsError> {
        self.call(Method::DELETE, path, Vec::new()).await
    }

    async fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Reply, DnsError> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.once(&method, path, &body).await {
                Ok(reply) => return Ok(reply),
                Err(again) => {
                    tracing::debug!(error = %again.error, "Cloudflare is asked again");
                    tokio::time::sleep(again.wait.unwrap_or(pause)).await;
                }
            }
            pause *= 2;
        }
        self.once(&method, path, &body).await.map_err(|again| again.error)
    }

    async fn once(&self, method: &Method, path: &str, body: &[u8]) -> Result<Reply, Again> {
        let (agent, authorization) = (self.agent.clone(), Arc::clone(&self.authorization));
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("accept", "application/json")
            .header("accept-encoding", "identity");
        let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        let body = body.to_vec();
        let done = tokio::task::spawn_blocking(move || answer(&agent, request.header("authorization", authorization.expose()), body)).await;
        done.unwrap_or_else(|_| Err(Again { error: DnsError::Unreachable("the call was broken off".to_owned()), wait: None }))
    }
}

/// One call. An error is worth another one.
fn answer(agent: &Agent, request: http::request::Builder, body: Vec<u8>) -> Result<Reply, Again> {
    let failed = |error: ureq::Error| Again { error: DnsError::Unreachable(format!("Cloudflare: {error}")), wait: None };
    let answer = if body.is_empty() {
        request.body(()).map_err(|error| failed(error.into())).and_then(|request| agent.run(request).map_err(failed))?
    } else {
        request.body(body).map_err(|error| failed(error.into())).and_then(|request| agent.run(request).map_err(failed))?
    };
    let status = answer.status().as_u16();
    if status == 429 || status >= 500 {
        let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        return Err(Again {
            error: DnsError::Unreachable(format!("Cloudflare answers with the status {status}")),
            wait: seconds.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT))),
        });
    }
    let bytes = answer.into_body().into_with_config().limit(LONGEST_ANSWER).read_to_vec().map_err(failed)?;
    match serde_json::from_slice(&bytes) {
        Ok(body) => Ok(Reply { status, body }),
        Err(_) => {
            Err(Again { error: DnsError::Unreachable(format!("Cloudflare's answer is none of its API's (status {status})")), wait: None })
        }
    }
}

impl Reply {
    /// Whether it is an error of this code.
    pub(super) fn is(&self, code: u64) -> bool {
        !self.body.success && self.body.errors.iter().any(|problem| problem.code == code)
    }

    /// Nothing, if it was done.
    pub(super) fn done(&self) -> Result<(), DnsError> {
        if self.body.success && (200..300).contains(&self.status) {
            return Ok(());
        }
        let problems: Vec<_> =
            self.body.errors.iter().take(3).map(|problem| format!("{} ({})", shown(&problem.message), problem.code)).collect();
        Err(DnsError::Refused(format!("Cloudflare refuses with the status {}: {}", self.status, problems.join(", "))))
    }

    /// What was asked for.
    pub(super) fn result<T: DeserializeOwned>(self) -> Result<T, DnsError> {
        self.done()?;
        serde_json::from_value(self.body.result)
            .map_err(|_| DnsError::Unreachable("Cloudflare's answer is not of its API's form".to_owned()))
    }
}
