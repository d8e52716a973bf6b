//! Calls over HTTP to what is not AWS: Aardvark, and the places that notices go to. TLS by rustls with the system's roots, no redirect is
//! followed, answers and times are bounded, and what is said of a failure holds nothing of the address, which may be a secret.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use menagerie_secret::Secret;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The longest head of an answer.
const HEAD: usize = 32 << 10;

/// Why a call has no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// It could not be made, or broke off.
    #[error("{0}")]
    Failed(&'static str),
    /// Another status than success.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The answer is longer than any that is read.
    #[error("the answer is longer than {0} bytes")]
    TooLong(u64),
    /// The answer is not UTF-8.
    #[error("the answer is no text")]
    NotText,
}

/// Makes calls.
#[derive(Debug, Clone)]
pub struct Web {
    agent: Agent,
}

impl Web {
    /// With the system's certificates. No call takes longer than `timeout`.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .max_redirects(0)
            .http_status_as_error(false)
            .max_response_header_size(HEAD)
            .user_agent(concat!("repokid/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(timeout))
            .build();
        Self { agent: config.into() }
    }

    /// Posts JSON, with a bearer's token if there is one; gives the text of the answer, which has `most` bytes at most.
    ///
    /// # Errors
    /// [`WebError`].
    pub fn post(&self, url: &Secret<String>, bearer: Option<&Secret<String>>, body: &str, most: u64) -> Result<String, WebError> {
        let mut request = self.agent.post(url.expose()).header("content-type", "application/json").header("accept", "application/json");
        if let Some(token) = bearer {
            // Made for this call alone, and wiped with it.
            let value = Secret::new(format!("Bearer {}", token.expose()));
            request = request.header("authorization", value.expose());
        }
        let mut response = request.send(body).map_err(|error| WebError::Failed(reason(&error)))?;
        let mut text = Vec::new();
        let read = response.body_mut().as_reader().take(most + 1).read_to_end(&mut text);
        read.map_err(|_| WebError::Failed("the answer broke off"))?;
        if !response.status().is_success() {
            return Err(WebError::Status(response.status().as_u16()));
        }
        if text.len() as u64 > most {
            return Err(WebError::TooLong(most));
        }
        String::from_utf8(text).map_err(|_| WebError::NotText)
    }
}

/// What kind of failure it was. The error's own text may hold the address.
fn reason(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "there was no answer in time",
        ureq::Error::HostNotFound => "the host's name is not known",
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address is none that can be called",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "the host's certificate is not trusted",
        ureq::Error::LargeResponseHeader(..) => "the answer's head is too long",
        _ => "the host cannot be reached",
    }
}
