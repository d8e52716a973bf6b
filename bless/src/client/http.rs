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
use menagerie_secret::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroize as _;

use super::answer::{Answer, LONGEST, Refusal, excerpt};
use super::files::read_text;
use super::service::{Loopback, Service};
use super::transport::TransportError;

/// How long a service on this machine may take for its answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest token file, in bytes.
const LONGEST_TOKEN: u64 = 4096;

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
    closed_to_others(path)?;
    let text = Secret::new(read_text(path, LONGEST_TOKEN)?);
    let token = text.expose().trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TransportError::Token(path.clone()));
    }
    let mut header = format!("Bearer {token}");
    let value = HeaderValue::from_str(&header);
    header.zeroize();
    let mut value = value.map_err(|_| TransportError::Token(path.clone()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(unix)]
fn closed_to_others(path: &Path) -> Result<(), TransportError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).map_err(|source| super::files::FileError::new("could not read", path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(TransportError::OpenToken { path: path.to_owned(), mode }) }
}

/// On Windows the profile's directory keeps others out.
#[cfg(not(unix))]
fn closed_to_others(_path: &Path) -> Result<(), TransportError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn loopback(text: &str, mode: u32) -> (tempfile::TempDir, Loopback) {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let token_file = directory.path().join("token");
        std::fs::write(&token_file, text).expect("written");
        std::fs::set_permissions(&token_file, std::fs::Permissions::from_mode(mode)).expect("set");
        (directory, Loopback { address: ([127, 0, 0, 1], 1).into(), token_file })
    }

    #[cfg(unix)]
    #[test]
    fn token_files() {
        let (_kept, good) = loopback("s3cret\n", 0o600);
        let header = bearer(&good).expect("a token");
        assert_eq!(header.as_bytes(), b"Bearer s3cret");
        assert!(header.is_sensitive());
        for mode in [0o644, 0o640, 0o604, 0o620] {
            let (_kept, open) = loopback("s3cret\n", mode);
            assert!(matches!(bearer(&open), Err(TransportError::OpenToken { .. })), "{mode:o}");
        }
        for text in ["", "\n", "two words", "line\r\nHost: x", "ü"] {
            let (_kept, bad) = loopback(text, 0o600);
            assert!(matches!(bearer(&bad), Err(TransportError::Token(_))), "{text:?}");
        }
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
