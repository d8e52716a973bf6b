//! http-01 (RFC 8555, 8.3): the host serves the key authorization at a well-known path.
//!
//! A host may redirect, to other names too: each step resolves, checks and connects anew ([`Dialer`]), to port 80 or 443 only and never to
//! an address literal, and there are few. What was answered is compared and forgotten: no failure quotes it.

use http::header::{CONNECTION, HOST, LOCATION, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use super::Ports;
use super::failure::Failure;
use super::network::{Dialer, Host};
use super::tls::{AnyCertificate, Inside};

/// How often a host may lead elsewhere.
const REDIRECTS: usize = 5;

/// How long an answer's head may be, in bytes.
const HEAD: usize = 16 * 1024;

/// How many header fields an answer may have.
const FIELDS: usize = 100;

/// How long an answer may be, in bytes. A key authorization has 87.
const BODY: usize = 4_096;

/// One place to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    host: Host,
    port: u16,
    tls: bool,
    /// Path and query.
    path: String,
}

pub(super) async fn challenge(
    dialer: &Dialer<'_>,
    tls: &AnyCertificate,
    ports: Ports,
    host: &Host,
    token: &str,
    key_authorization: &str,
) -> Result<(), Failure> {
    let mut step = Step { host: host.clone(), port: ports.http, tls: false, path: format!("/.well-known/acme-challenge/{token}") };
    for _ in 0..=REDIRECTS {
        // The connection lives as long as what drives it.
        let mut drivers = JoinSet::new();
        let answer = ask(dialer, tls, ports, &step, &mut drivers).await?;
        let status = answer.status();
        if let Some(next) = redirect(&step, &answer, ports)? {
            step = next;
            continue;
        }
        let wrong = |reason: String| Failure::Response { host: step.host.to_string(), reason };
        if status != StatusCode::OK {
            return Err(wrong(format!("its status is {}", status.as_u16())));
        }
        let body = Limited::new(answer.into_body(), BODY).collect().await;
        let body = body.map_err(|_| wrong("its answer broke off or is too long".to_owned()))?.to_bytes();
        if body.trim_ascii_end() == key_authorization.as_bytes() {
            return Ok(());
        }
        return Err(wrong("its answer is not the key authorization".to_owned()));
    }
    Err(Failure::Redirect { host: host.to_string(), reason: "does so too often" })
}

async fn ask(
    dialer: &Dialer<'_>,
    tls: &AnyCertificate,
    ports: Ports,
    step: &Step,
    drivers: &mut JoinSet<()>,
) -> Result<Response<Incoming>, Failure> {
    let stream = dialer.connect(&step.host, step.port).await?;
    let host = step.host.to_string();
    if !step.tls {
        return send(stream, ports, step, drivers).await;
    }
    let name =
        ServerName::try_from(host.clone()).map_err(|_| Failure::Tls { host: host.clone(), port: step.port, reason: "it has no name" })?;
    let stream = tls.handshake(stream, Inside::Web, name, &host, step.port).await?;
    send(stream, ports, step, drivers).await
}

async fn send<S>(stream: S, ports: Ports, step: &Step, drivers: &mut JoinSet<()>) -> Result<Response<Incoming>, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |reason| move |_| Failure::Connection { host: step.host.to_string(), port: step.port, reason };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD).max_headers(FIELDS);
    let (mut sender, connection) =
        builder.handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.map_err(broken("it breaks the connection"))?;
    drivers.spawn(async move {
        // Why it ended is told by the answer, or by there being none.
        let _ = connection.await;
    });
    let request = Request::get(step.path.as_str())
        .header(HOST, host_field(step, ports))
        .header(USER_AGENT, HeaderValue::from_static("lemur"))
        .header(CONNECTION, HeaderValue::from_static("close"))
        .body(Empty::new())
        .map_err(|_| Failure::Redirect { host: step.host.to_string(), reason: "to a place that cannot be asked for" })?;
    sender.send_request(request).await.map_err(broken("its answer is no HTTP, or too long"))
}

fn host_field(step: &Step, ports: Ports) -> String {
    let host = match &step.host {
        Host::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        other => other.to_string(),
    };
    let usual = if step.tls { ports.https } else { ports.http };
    if step.port == usual { host } else { format!("{host}:{}", step.port) }
}

/// Where an answer leads. `None` if it leads nowhere.
fn redirect(from: &Step, answer: &Response<Incoming>, ports: Ports) -> Result<Option<Step>, Failure> {
    let leads = matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    if !leads {
        return Ok(None);
    }
    let refused = |reason| Failure::Redirect { host: from.host.to_string(), reason };
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok()).ok_or(refused("does not say where to"))?;
    follow(from, location, ports).map(Some).map_err(refused)
}

fn follow(from: &Step, location: &str, ports: Ports) -> Result<Step, &'static str> {
    if location.starts_with('/') && !location.starts_with("//") {
        let path = location.parse::<Uri>().map_err(|_| "to what is no address")?;
        let path = path.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        return Ok(Step { path, ..from.clone() });
    }
    let absolute = match location.strip_prefix("//") {
        Some(rest) => format!("{}://{rest}", if from.tls { "https" } else { "http" }),
        None => location.to_owned(),
    };
    // A fragment is the browser's own.
    let absolute = absolute.split_once('#').map_or(absolute.as_str(), |(address, _)| address);
    let uri = absolute.parse::<Uri>().map_err(|_| "to what is no address")?;
    let tls = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => false,
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        _ => return Err("to what is neither http nor https"),
    };
    let authority = uri.authority().ok_or("to no host")?;
    let port = authority.port_u16().unwrap_or(if tls { ports.https } else { ports.http });
    let is_named = !authority.as_str().ends_with(authority.host());
    if is_named && authority.port_u16().is_none() || ![ports.http, ports.https].contains(&port) {
        return Err("to a port that is not the web's");
    }
    let host = host_name(authority)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Ok(Step { host, port, tls, path })
}

/// A name and nothing else: an address would not be what the applicant is to be authorized for, and is how internal ones are written.
fn host_name(authority: &Authority) -> Result<Host, &'static str> {
    if authority.as_str().contains('@') {
        return Err("with a user's name");
    }
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // The last label of an address in any of its notations begins with a digit: 127.1, 0x7f.1, 2130706433.
    if host.starts_with('[') || last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("to an address instead of a name");
    }
    if host.len() > 253 || !host.split('.').all(label) {
        return Err("to what is no host name");
    }
    Ok(Host::Name(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports { http: 80, https: 443 };

    fn from() -> Step {
        Step { host: Host::Name("a.example".to_owned()), port: 80, tls: false, path: "/.well-known/acme-challenge/t".to_owned() }
    }

    #[test]
    fn redirects_lead_to_the_webs_ports_of_names() {
        let to = |location: &str| follow(&from(), location, PORTS).map(|step| (step.host.to_string(), step.port, step.tls, step.path));
        let step = |host: &str, port, tls, path: &str| Ok((host.to_owned(), port, tls, path.to_owned()));
        assert_eq!(to("/x?y=1#z"), step("a.example", 80, false, "/x?y=1"));
        assert_eq!(to("//B.example./x"), step("b.example", 80, false, "/x"));
        assert_eq!(to("https://b.example"), step("b.example", 443, true, "/"));
        assert_eq!(to("http://b.example:443/x"), step("b.example", 443, false, "/x"));
        assert_eq!(to("https://b.example/x#y"), step("b.example", 443, true, "/x"));
    }

    #[test]
    fn redirects_to_elsewhere_are_refused() {
        for location in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1%25eth0]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://b.example:22/",
            "http://b.example:99999/",
            "http://b.example:/",
            "http://user@b.example/",
            "http://user:pw@169.254.169.254/",
            "ftp://b.example/",
            "file:///etc/passwd",
            "gopher://b.example/",
            "b.example",
            "../x",
            "",
            "http://",
            "///x",
            "http://b..example/",
            "http://b%2eexample/",
        ] {
            assert!(follow(&from(), location, PORTS).is_err(), "{location}: {:?}", follow(&from(), location, PORTS));
        }
    }
}
