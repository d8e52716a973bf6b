//! The HTTP client of verification: TLS by rustls with aws-lc-rs and the system's roots, no redirect followed, nothing read from the
//! environment, answers and times bounded. What it says of a failure holds nothing of the call.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::call::Call;

/// The longest answer that is read.
const ANSWER: u64 = 64 << 10;
/// The longest head of an answer.
const HEAD: usize = 32 << 10;

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// How long to wait, if it said so.
    pub(super) retry_after: Option<Duration>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The proxy's address is none.
    #[error("the proxy's address is not of the form http://host:port")]
    Proxy,
}

/// Makes calls.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    pub(super) fn new(proxy: Option<&str>, timeout: Duration) -> Result<Self, ClientError> {
        let proxy = proxy.map(Proxy::new).transpose().map_err(|_| ClientError::Proxy)?;
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .max_redirects(0)
            .http_status_as_error(false)
            .max_response_header_size(HEAD)
            .user_agent(concat!("lanius/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(timeout))
            .build();
        Ok(Self { agent: config.into() })
    }

    /// Makes a call; says in a few words why there is no answer.
    pub(super) fn call(&self, call: &Call) -> Result<Answer, &'static str> {
        let mut request = ureq::http::Request::builder().method(call.method).uri(call.url.expose());
        for (name, value) in &call.headers {
            request = request.header(name, value.expose());
        }
        let sent = match &call.body {
            Some(body) => self.agent.run(request.body(body.expose().clone()).map_err(|_| "the call cannot be written")?),
            None => self.agent.run(request.body(()).map_err(|_| "the call cannot be written")?),
        };
        let mut response = sent.map_err(|error| reason(&error))?;
        let mut body = Vec::new();
        response.body_mut().as_reader().take(ANSWER).read_to_end(&mut body).map_err(|_| "the answer broke off")?;
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Answer { status: response.status().as_u16(), body, retry_after: wait.map(Duration::from_secs) })
    }
}

/// What kind of failure it was. The error's own text may hold the address, and with it the secret.
fn reason(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "the service did not answer in time",
        ureq::Error::HostNotFound => "the service's name is not known",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "the service's certificate is not trusted",
        ureq::Error::ConnectProxyFailed(_) => "the proxy refused",
        ureq::Error::LargeResponseHeader(..) => "the answer is too large",
        _ => "the service cannot be reached",
    }
}
