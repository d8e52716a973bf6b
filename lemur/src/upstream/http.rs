//! HTTPS to one host: that of an upstream's directory. Each exchange has a connection of its own; what is answered is bounded in length and time,
//! and a redirect is an answer like any other, which nobody follows.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an exchange may take, the connection included.
const EXCHANGE: Duration = Duration::from_secs(30);

/// How long an answer's head may be, in bytes.
const HEAD: usize = 16 * 1024;

/// How many header fields an answer may have.
const FIELDS: usize = 100;

/// How long an answer may be, in bytes: a chain has some thousands, an order of a hundred names ten thousand.
const BODY: usize = 256 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nobody is reached there.
    #[error("{host} cannot be reached: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// Its certificate is not trusted, or it speaks no TLS.
    #[error("{host} does not show that it is the one: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection broke, or what came is no HTTP.
    #[error("the exchange with {host} broke off")]
    Broken {
        /// Host and port.
        host: String,
    },
    /// An answer that is too long.
    #[error("{host} answers more than {BODY} bytes")]
    TooLong {
        /// Host and port.
        host: String,
    },
    /// No answer in time.
    #[error("{host} takes longer than {} seconds", EXCHANGE.as_secs())]
    Slow {
        /// Host and port.
        host: String,
    },
}

/// A client of one host.
#[derive(Clone)]
pub(super) struct Http {
    tls: TlsConnector,
    host: String,
    port: u16,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Http {
    /// Of the host of a URL. None if it has none, or one that no certificate is for.
    pub(super) fn new(url: &Uri, roots: RootCertStore) -> Option<Self> {
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).ok()?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Some(Self { tls: TlsConnector::from(Arc::new(config)), host, port: url.port_u16().unwrap_or(443), name })
    }

    fn place(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }

    /// Whether a URL is of this host, by HTTPS.
    pub(super) fn is_here(&self, url: &Uri) -> bool {
        let host = url.host().map(|host| host.trim_matches(['[', ']']));
        let has_user = url.authority().is_some_and(|authority| authority.as_str().contains('@'));
        url.scheme_str() == Some("https")
            && host.is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && url.port_u16().unwrap_or(443) == self.port
            && !has_user
    }

    /// One exchange with a resource of this host.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
        let exchange = tokio::time::timeout(EXCHANGE, self.exchange(method, path, body));
        exchange.await.unwrap_or_else(|_| Err(HttpError::Slow { host: self.place() }))
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
        let host = || self.place();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, if self.port == 443 { self.host.clone() } else { self.place() })
            .header(USER_AGENT, concat!("lemur/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, HeaderValue::from_static("close"));
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/jose+json");
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default()))).map_err(|_| HttpError::Broken { host: host() })?;
        let stream = self.connect().await?;
        let stream = self.tls.connect(self.name.clone(), stream).await.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => HttpError::Tls { host: host(), reason: error.to_string() },
            _ => HttpError::Broken { host: host() },
        })?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD).max_headers(FIELDS);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| HttpError::Broken { host: host() })?;
        // The connection lives as long as what drives it.
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Why it ended is told by the answer, or by there being none.
            let _ = connection.await;
        });
        let answer = sender.send_request(request).await.map_err(|_| HttpError::Broken { host: host() })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, BODY).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
            true => HttpError::TooLong { host: host() },
            false => HttpError::Broken { host: host() },
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    async fn connect(&self) -> Result<TcpStream, HttpError> {
        let failed = |reason: String| HttpError::Connect { host: self.place(), reason };
        let connected = tokio::time::timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await;
        let stream = connected.map_err(|_| failed("it takes too long".to_owned()))?.map_err(|error| failed(error.to_string()))?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    #[test]
    fn only_urls_of_the_directorys_host_are_asked() {
        let http = |url: &str| Http::new(&url.parse().unwrap(), RootCertStore::empty()).unwrap();
        let here = |of: &str, url: &str| http(of).is_here(&url.parse().unwrap());
        assert!(here("https://acme.example/directory", "https://ACME.example:443/x"));
        assert!(here("https://[::1]:14000/dir", "https://[::1]:14000/order/1?x=y"));
        for url in [
            "http://acme.example/x",
            "https://acme.example:444/x",
            "https://acme.example.evil.example/x",
            "https://evil.example/x",
            "https://acme.example@evil.example/x",
            "https://user@acme.example/x",
            "https://169.254.169.254/latest",
            "/x",
        ] {
            assert!(!here("https://acme.example/directory", url), "{url}");
        }
    }
}
