//! The REST interface of a server, over HTTPS. No redirect is followed, since the token would go along; answers are bounded, and waits end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use menagerie_secret::Secret;
use serde_json::Value;
use ureq::Agent;

use super::super::place;
use super::{Answer, Refusal, credentials};
use crate::rest::PREFIX;
use crate::trust;

/// The most bytes of an answer.
const LARGEST: u64 = 64 << 20;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take in all: making an RSA key of an authority takes its time.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where a server is, and what it is known by.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Server {
    url: String,
    agent: Agent,
}

/// A server, and what one comes in by.
pub(in crate::commands) struct Remote {
    server: Server,
    token: Secret<String>,
}

impl Server {
    /// A server that is trusted by the certificates of a file, or by the system's roots.
    ///
    /// # Errors
    /// If the URL is none of HTTPS, or there are no certificates.
    pub(in crate::commands) fn new(url: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        Self::with_patience(url, ca_file, PATIENCE)
    }

    pub(super) fn with_patience(url: &str, ca_file: Option<&Path>, patience: Duration) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let parsed: http::Uri = url.parse().with_context(|| format!("{url:?} is no URL"))?;
        let has_user = parsed.authority().is_none_or(|authority| authority.as_str().contains('@'));
        anyhow::ensure!(
            parsed.scheme_str() == Some("https") && !has_user && parsed.query().is_none(),
            "{url:?}: a server's URL has the form https://HOST or https://HOST:PORT"
        );
        let client = trust::client(ca_file).context("by what the server is trusted (--ca-file)")?;
        let config = client.https_only(true).timeout_connect(Some(CONNECT)).timeout_global(Some(patience));
        Ok(Self { url, agent: config.build().new_agent() })
    }

    /// Its URL, without a slash at its end.
    pub(in crate::commands) fn url(&self) -> &str {
        &self.url
    }

    /// Asks, with a token if there is one.
    pub(in crate::commands) async fn call(
        &self,
        method: &'static str,
        path: &str,
        token: Option<&Secret<String>>,
        body: Option<Value>,
    ) -> Result<Answer, Refusal> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{PREFIX}{path}", self.url));
        if let Some(token) = token {
            let bearer = http::HeaderValue::from_str(&format!("Bearer {}", token.expose()));
            // What is wrong with it is not repeated.
            let mut bearer = bearer.map_err(|_| Refusal::Failed("the token has characters that no token has".to_owned()))?;
            bearer.set_sensitive(true);
            request = request.header(http::header::AUTHORIZATION, bearer);
        }
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.map(|body| body.to_string()).unwrap_or_default());
        let request = request.map_err(|error| Refusal::Failed(error.to_string()))?;
        let this = self.clone();
        let answered = tokio::task::spawn_blocking(move || this.ask(request)).await;
        answered.map_err(|error| Refusal::Failed(error.to_string()))?
    }

    fn ask(&self, request: http::Request<String>) -> Result<Answer, Refusal> {
        let response = self.agent.run(request).map_err(|error| self.unreached(&error))?;
        let status = response.status().as_u16();
        let foreign = |reason: String| Refusal::Foreign { url: self.url.clone(), reason };
        let bytes = response.into_body().into_with_config().limit(LARGEST).read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => foreign(format!("it has more than {LARGEST} bytes")),
            other => self.unreached(&other),
        })?;
        if bytes.is_empty() {
            return Ok(Answer { status, body: Value::Null });
        }
        let body = serde_json::from_slice(&bytes).map_err(|_| foreign(format!("status {status}, and no JSON")))?;
        Ok(Answer { status, body })
    }

    fn unreached(&self, error: &ureq::Error) -> Refusal {
        let text = error.to_string();
        let reason = match error {
            ureq::Error::Timeout(_) => "no answer in time".to_owned(),
            // What rustls says of a certificate that nobody it knows vouches for.
            _ if text.contains("UnknownIssuer") => {
                "its certificate is of an authority that is not trusted here: name the root by --ca-file (the server has it in internal-root.pem)"
                    .to_owned()
            }
            _ => text,
        };
        Refusal::Unreached { url: self.url.clone(), reason: menagerie_report::shown(&reason).into_owned() }
    }
}

impl Remote {
    /// The token is that of a file, of `LEMUR_TOKEN`, or of the last `lemur login`.
    pub(super) fn open(url: &str, token_file: Option<&Path>, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let kept = credentials::of_server(url)?;
        let from_login: Option<PathBuf> = kept.as_ref().and_then(|kept| kept.ca_file.clone());
        let server = Server::new(url, ca_file.or(from_login.as_deref()))?;
        let token = match (token_file, std::env::var("LEMUR_TOKEN"), kept) {
            (Some(path), _, _) => place::first_line(path)?,
            (None, Ok(token), _) if !token.trim().is_empty() => Secret::new(token.trim().to_owned()),
            (None, _, Some(kept)) => kept.token,
            (None, _, None) => {
                anyhow::bail!("nobody is signed in to {0}: `lemur login --server {0}`, or an API key by --token-file", server.url())
            }
        };
        Ok(Self { server, token })
    }

    /// With a token that is at hand.
    #[cfg(test)]
    pub(super) fn of(server: Server, token: Secret<String>) -> Self {
        Self { server, token }
    }

    pub(super) async fn call(&self, method: &'static str, path: &str, body: Option<Value>) -> Result<Answer, Refusal> {
        self.server.call(method, path, Some(&self.token), body).await
    }

    /// What to do about a refusal that is of the token, and not of what was asked.
    pub(super) fn with_hint(&self, status: u16, sentence: String) -> String {
        let of_token = ["Token ", "User is not currently active"].iter().any(|begin| sentence.starts_with(begin));
        if status == 401 || (status == 403 && of_token) {
            return format!("{sentence}: sign in again by `lemur login --server {}`", self.server.url());
        }
        sentence
    }
}
