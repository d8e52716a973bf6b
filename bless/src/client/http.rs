//! The HTTP/1.1 of `bless serve`: `POST /user` or `POST /host` with the event as its body, over the Unix socket or loopback TCP.
//!
//! Status 200 brings the service's answer, certificate or refusal alike; any other status says that the request never got that far.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroize as _;

use super::answer::{Answer, LONGEST, Refusal, excerpt};
use super::service::{Loopback, Service};
use super::transport::TransportError;
use crate::secret_file::{self, SecretFileError};

/// How long a service on this machine may take for its answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks a service on this machine.
///
/// # Errors
/// [`TransportError`] if no answer comes.
pub(super) async fn ask(service: &Service, path: &'static str, event: Vec<u8>) -> Result<Answer, TransportError> {
    let name = service.name();
    let asking = async {
        match service {
            Service::Socket(socket) => ask_socket(&name, socket, path, event).await,
            Service::Loopback(loopback) => ask_loopback(&name, loopback, path, event).await,
            Service::Lambda(_) => Err(TransportError::Unreachable { service: name.clone(), reason: "it speaks no HTTP".to_owned() }),
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| Err(TransportError::Late { service: service.name(), seconds: PATIENCE.as_secs() }))
}

#[cfg(unix)]
async fn ask_socket(name: &str, socket: &Path, path: &'static str, event: Vec<u8>) -> Result<Answer, TransportError> {
    let stream = tokio::net::UnixStream::connect(socket).await.map_err(|error| TransportError::unreachable(name, &error))?;
    post(name, stream, HeaderValue::from_static("localhost"), path, None, event).await
}

#[cfg(not(unix))]
async fn ask_socket(_name: &str, _socket: &Path, _path: &'static str, _event: Vec<u8>) -> Result<Answer, TransportError> {
    Err(TransportError::NoSockets)
}

async fn ask_loopback(name: &str, loopback: &Loopback, path: &'static str, event: Vec<u8>) -> Result<Answer, TransportError> {
    let bearer = bearer(loopback)?;
    let host = HeaderValue::from_str(&loopback.address.to_string()).map_err(|error| TransportError::unreachable(name, &error))?;
    let stream = tokio::net::TcpStream::connect(loopback.address).await.map_err(|error| TransportError::unreachable(name, &error))?;
    post(name, stream, host, path, Some(bearer), event).await
}

async fn post(
    service: &str,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: HeaderValue,
    path: &'static str,
    bearer: Option<HeaderValue>,
    event: Vec<u8>,
) -> Result<Answer, TransportError> {
    let unreachable = |error: &hyper::Error| TransportError::unreachable(service, error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
    // What goes wrong on the connection shows in the answer as well.
    let driver = tokio::spawn(connection);
    let mut request = Request::post(path).header(HOST, host).header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(bearer) = bearer {
        request = request.header(AUTHORIZATION, bearer);
    }
    let request = request.body(Full::new(Bytes::from(event))).map_err(|error| TransportError::unreachable(service, &error))?;
    let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LONGEST).collect().await.map_err(|error| TransportError::Unreachable {
        service: service.to_owned(),
        reason: menagerie_report::shown(&error.to_string()).into_owned(),
    })?;
    driver.abort();
    read(service, status, &body.to_bytes())
}

fn read(service: &str, status: StatusCode, body: &[u8]) -> Result<Answer, TransportError> {
    if status == StatusCode::OK {
        return Answer::parse(body).map_err(|source| TransportError::Answer { service: service.to_owned(), source });
    }
    let reason = match Answer::parse(body) {
        Ok(Answer::Refusal(Refusal { kind, message })) => {
            format!("{}: {}", menagerie_report::shown(&kind), menagerie_report::shown(&message))
        }
        _ => excerpt(body),
    };
    Err(TransportError::Status { service: service.to_owned(), status: status.as_u16(), reason })
}

/// The header that carries the token of a service.
fn bearer(loopback: &Loopback) -> Result<HeaderValue, TransportError> {
    let path = &loopback.token_file;
    let token = secret_file::token(path)?;
    let mut header = format!("Bearer {}", token.expose());
    let value = HeaderValue::from_str(&header);
    header.zeroize();
    let mut value = value.map_err(|_| SecretFileError::NoToken { path: path.clone() })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_tokens_header() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let token_file = directory.path().join("token");
        std::fs::write(&token_file, "s3cret\n").expect("written");
        std::fs::set_permissions(&token_file, std::fs::Permissions::from_mode(0o600)).expect("set");
        let header = bearer(&Loopback { address: ([127, 0, 0, 1], 1).into(), token_file }).expect("a token");
        assert_eq!(header.as_bytes(), b"Bearer s3cret");
        assert!(header.is_sensitive());
    }

    #[test]
    fn statuses() {
        let refusal = br#"{"errorType":"ClientError","errorMessage":"no\u001b[31m"}"#;
        assert!(matches!(read("s", StatusCode::OK, refusal), Ok(Answer::Refusal(_))));
        let error = read("s", StatusCode::FORBIDDEN, refusal).expect_err("a fault").to_string();
        assert!(error.contains("403") && error.contains("ClientError: no\\u{1b}[31m"), "{error}");
        let error = read("s", StatusCode::BAD_GATEWAY, b"<html>").expect_err("a fault").to_string();
        assert!(error.contains("502") && error.contains("<html>"), "{error}");
        assert!(matches!(read("s", StatusCode::OK, b"{}"), Err(TransportError::Answer { .. })));
    }
}
