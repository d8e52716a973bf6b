//! A server by HTTPS that stands before an upstream: it hands requests on, or does with them and with their answers what a test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::pebble::Pebble;

/// What was asked, and, after it was handed on, what was answered.
pub(crate) struct Exchange<'a> {
    pub(crate) path: &'a str,
    /// None before it is handed on.
    pub(crate) answer: Option<&'a Answer>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is done.
pub(crate) enum Do {
    /// Nothing special.
    On,
    /// This is answered.
    Answer(Answer),
    /// An answer without an end.
    Endless,
    /// No answer at all; who waits for [`Front::held`] is told.
    Hold,
}

type Rule = Arc<dyn Fn(&Exchange<'_>) -> Do + Send + Sync>;

/// A running one.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    rule: Arc<Mutex<Rule>>,
    held: mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

struct Behind {
    address: SocketAddr,
    connector: TlsConnector,
    rule: Arc<Mutex<Rule>>,
    held: mpsc::UnboundedSender<()>,
}

impl Front {
    /// One before this pebble, whose certificate it shows too.
    pub(crate) async fn start(pebble: &Pebble) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let certificate = CertificateDer::from_pem_file(pebble.root()).unwrap();
        let key = PrivateKeyDer::from_pem_file(pebble.key()).unwrap();
        let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let connector = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Arc::new(|_: &Exchange<'_>| Do::On)));
        let (tell, held) = mpsc::unbounded_channel();
        let behind = Arc::new(Behind { address: pebble.address(), connector, rule: Arc::clone(&rule), held: tell });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, TlsAcceptor::from(Arc::new(server)), behind));
        Self { address, rule, held, _tasks: tasks }
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.address.port())
    }

    pub(crate) fn rule(&self, rule: impl Fn(&Exchange<'_>) -> Do + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Arc::new(rule);
    }

    /// Waits until an answer is held back.
    pub(crate) async fn held(&mut self) {
        tokio::time::timeout(super::house::PATIENCE, self.held.recv()).await.expect("a request comes").unwrap();
    }
}

impl Answer {
    pub(crate) fn new(status: u16, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Self {
        let headers = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        Self { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The same with another body.
    pub(crate) fn with(&self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, behind: Arc<Behind>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, behind) = (acceptor.clone(), Arc::clone(&behind));
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let behind = Arc::clone(&behind);
                async move { behind.answer(request).await }
            });
            if let Ok(stream) = acceptor.accept(stream).await {
                // A client that breaks off, or is killed, is no failure of a test.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        });
    }
}

impl Behind {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, std::io::Error>>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let path = parts.uri.path().to_owned();
        let decide = |answer: Option<&Answer>| {
            let rule = Arc::clone(&self.rule.lock().unwrap());
            rule(&Exchange { path: &path, answer })
        };
        let mut done = decide(None);
        let mut answer = Answer::new(500, &[], "");
        if matches!(done, Do::On) {
            answer = self.hand_on(Request::from_parts(parts.clone(), Full::new(body))).await?;
            done = decide(Some(&answer));
        }
        match done {
            Do::On => {}
            Do::Answer(other) => answer = other,
            Do::Endless => {
                let chunk = || Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(&[b' '; 4096])));
                let endless = futures_util::stream::repeat_with(chunk);
                return Ok(Response::new(BoxBody::new(StreamBody::new(endless))));
            }
            Do::Hold => {
                // The test may have ended.
                let _ = self.held.send(());
                std::future::pending::<()>().await;
            }
        }
        let mut response = Response::new(BoxBody::new(Full::new(answer.body).map_err(|never| match never {})));
        *response.status_mut() = answer.status;
        let own = |name: &http::HeaderName| name != http::header::CONTENT_LENGTH && name != http::header::TRANSFER_ENCODING;
        for (name, value) in answer.headers.iter().filter(|(name, _)| own(name)) {
            response.headers_mut().append(name, value.clone());
        }
        Ok(response)
    }

    async fn hand_on(&self, request: Request<Full<Bytes>>) -> Result<Answer, std::io::Error> {
        let stream = TcpStream::connect(self.address).await?;
        let stream = self.connector.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            let _ = connection.await;
        });
        let (parts, body) = sender.send_request(request).await.map_err(std::io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}
