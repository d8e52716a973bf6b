//! Calls to issuers of tokens and to AWS STS. TLS by rustls with the system's roots or those of a configured file, no redirect is followed, no
//! proxy is taken from anywhere, and the number, the length and the time of calls are bounded.

use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use zeroize::Zeroizing;

use crate::blocking::Places;
use crate::trust::{self, RootsError};

/// The longest head of an answer.
const HEAD: usize = 32 << 10;
/// The longest answer.
const BODY: u64 = 512 << 10;
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many calls there are at once; each holds a thread while it waits.
const AT_ONCE: usize = 16;

/// Why a call has no answer that can be used. No text here holds what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The address may not be called.
    #[error("{0:?} is not called: https is wanted, or http to this machine itself")]
    Address(String),
    /// It could not be made, or broke off.
    #[error("{0}")]
    Failed(&'static str),
    /// Another status than success.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The answer is not what it should be.
    #[error("{0}")]
    Content(&'static str),
}

/// Makes calls.
#[derive(Debug, Clone)]
pub(super) struct Web {
    agent: Agent,
    places: Places,
}

/// What is sent.
pub(super) struct Call {
    pub(super) url: String,
    pub(super) headers: Vec<(String, Zeroizing<String>)>,
    /// The body of a POST; a GET without it.
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
}

impl Call {
    pub(super) fn get(url: &str) -> Self {
        Self { url: url.to_owned(), headers: vec![("accept".to_owned(), Zeroizing::new("application/json, */*".to_owned()))], body: None }
    }

    /// A form. Values are encoded here.
    pub(super) fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        let mut body = Zeroizing::new(String::new());
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(name);
            body.push('=');
            body.push_str(&encoded(value));
        }
        let header = |name: &str, value: &str| (name.to_owned(), Zeroizing::new(value.to_owned()));
        Self {
            url: url.to_owned(),
            headers: vec![header("accept", "application/json"), header("content-type", "application/x-www-form-urlencoded")],
            body: Some(Zeroizing::new(body.as_bytes().to_vec())),
        }
    }

    pub(super) fn with(mut self, name: &str, value: Zeroizing<String>) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

/// A value as forms and queries have it.
pub(super) fn encoded(value: &str) -> Zeroizing<String> {
    Zeroizing::new(percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string())
}

impl Web {
    /// With the system's certificates, or those of a file alone.
    pub(super) fn new(roots: Option<&Path>) -> Result<Self, RootsError> {
        let client = trust::client(roots)?.proxy(None).max_response_header_size(HEAD);
        let config = client.timeout_global(Some(PATIENCE)).build();
        Ok(Self { agent: config.into(), places: Places::new(AT_ONCE) })
    }

    /// Calls; gives the answer's body if its status is success.
    pub(super) async fn call(&self, call: Call) -> Result<Zeroizing<Vec<u8>>, WebError> {
        check_address(&call.url)?;
        let agent = self.agent.clone();
        self.places.with(move || made(&agent, &call)).await.map_err(|_| WebError::Failed("the call broke off"))?
    }

    pub(super) async fn json(&self, call: Call) -> Result<serde_json::Value, WebError> {
        let body = self.call(call).await?;
        serde_json::from_slice(&body).map_err(|_| WebError::Content("the answer is not JSON"))
    }
}

fn made(agent: &Agent, call: &Call) -> Result<Zeroizing<Vec<u8>>, WebError> {
    let mut request = http::Request::builder().uri(&call.url).method(if call.body.is_some() { "POST" } else { "GET" });
    for (name, value) in &call.headers {
        let mut value = http::HeaderValue::from_str(value).map_err(|_| WebError::Failed("a header cannot be sent"))?;
        value.set_sensitive(true);
        request = request.header(name.as_str(), value);
    }
    let bad = |_| WebError::Failed("the address is none that can be called");
    let answered = match &call.body {
        Some(body) => agent.run(request.body(body.as_slice()).map_err(bad)?),
        None => agent.run(request.body(()).map_err(bad)?),
    };
    let mut response = answered.map_err(|error| WebError::Failed(reason(&error)))?;
    if !response.status().is_success() {
        return Err(WebError::Status(response.status().as_u16()));
    }
    let body = response.body_mut().with_config().limit(BODY).read_to_vec();
    body.map(Zeroizing::new).map_err(|_| WebError::Failed("the answer broke off or is too long"))
}

/// What kind of failure it was.
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

/// Whether an address may be called: by TLS, or on this machine itself, where nobody is in between.
pub(crate) fn check_address(url: &str) -> Result<(), WebError> {
    let wrong = || WebError::Address(url.chars().take(300).collect());
    let parsed: http::Uri = url.parse().map_err(|_| wrong())?;
    let authority = parsed.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
    let here = matches!(authority.host(), "127.0.0.1" | "[::1]" | "localhost");
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if here => Ok(()),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_a_network_in_clear() {
        for url in ["https://idp.example/x", "https://10.0.0.1:8443", "http://127.0.0.1:80/", "http://[::1]/x", "http://localhost:9400"] {
            assert_eq!(check_address(url), Ok(()), "{url}");
        }
        for url in [
            "http://idp.example",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://localhost.evil.example",
            "https://a@b.example/",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "/x",
            "",
            "idp.example",
        ] {
            assert!(check_address(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_form_is_encoded() {
        let call = Call::form("https://x", &[("a", "b c&d=é"), ("e", "f+g")]);
        assert_eq!(call.body.expect("a body").as_slice(), b"a=b%20c%26d%3D%C3%A9&e=f%2Bg");
    }
}
