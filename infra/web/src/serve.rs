//! Listeners that serve routers until the process is told to end. Requests under way are answered first.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server as Listening};
use hyper_util::rt::TokioTimer;
use tokio::task::JoinSet;

use crate::Tls;
use crate::client::Showing;
use crate::connections::Bounded;

/// What connections may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections a listener holds at once.
    pub connections: usize,
    /// How many of them from one address (of IPv6: from one network of 64 bits).
    pub connections_of_one: usize,
    /// How long a handshake of TLS may take, how long it may be from there to the end of the first request's headers, and how long a client may
    /// let the server wait until it has read 32 KiB more of an answer.
    pub patience: Duration,
    /// How long a connection of HTTP/1.1 may be kept without another request, that one's headers included. Longer than load balancers
    /// keep theirs (60 s by default on AWS), so that none sends a request into a connection that is being closed.
    pub idle: Duration,
    /// The most bytes of a request's headers.
    pub headers: u16,
    /// How long requests under way have once the service is told to end.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            connections_of_one: 512,
            patience: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            headers: 32 * 1024,
            farewell: Duration::from_secs(10),
        }
    }
}

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener cannot be used.
    #[error("cannot listen: {source}")]
    Listen {
        /// What the system said.
        source: std::io::Error,
    },
    /// A listener broke.
    #[error("a listener failed: {source}")]
    Broken {
        /// What the system said.
        source: std::io::Error,
    },
}

/// Listeners, each with what it serves.
#[derive(Debug)]
pub struct Server {
    limits: Limits,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
}

impl Server {
    /// Without listeners yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, parts: Vec::new() }
    }

    /// Serves a router by HTTPS: HTTP/1.1 and HTTP/2 over TLS 1.2 and 1.3.
    #[must_use]
    pub fn https(mut self, listener: TcpListener, tls: Tls, router: Router) -> Self {
        self.parts.push(Part { listener, tls: Some(tls), router });
        self
    }

    /// Serves a router by plain HTTP.
    #[must_use]
    pub fn http(mut self, listener: TcpListener, router: Router) -> Self {
        self.parts.push(Part { listener, tls: None, router });
        self
    }

    /// Serves until `stop` is done, and then answers what is under way. Handlers see who is connected by
    /// [`axum::extract::ConnectInfo`]`<SocketAddr>`, and over TLS the certificate that it showed by the extension
    /// `Option<`[`crate::ClientCertificate`]`>`.
    ///
    /// # Errors
    /// [`ServeError`] if a listener cannot be used or breaks: the others are then ended, too.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut serving = JoinSet::new();
        let mut handles = Vec::new();
        for part in self.parts {
            part.listener.set_nonblocking(true).map_err(|source| ServeError::Listen { source })?;
            let handle = Handle::new();
            handles.push(handle.clone());
            let bounded = Bounded::new(self.limits.connections, self.limits.connections_of_one, self.limits.patience);
            let listening = axum_server::from_tcp(part.listener).map_err(|source| ServeError::Listen { source })?.handle(handle);
            let service = part.router.into_make_service_with_connect_info::<SocketAddr>();
            let limits = self.limits;
            match part.tls {
                Some(tls) => {
                    let acceptor = RustlsAcceptor::new(tls.rustls()).handshake_timeout(limits.patience).acceptor(bounded);
                    let mut listening = listening.acceptor(Showing(acceptor));
                    limit(&mut listening, limits);
                    serving.spawn(listening.serve(service));
                }
                None => {
                    let mut listening = listening.acceptor(bounded);
                    limit(&mut listening, limits);
                    serving.spawn(listening.serve(service));
                }
            }
        }
        let mut result = tokio::select! {
            () = stop => Ok(()),
            Some(ended) = serving.join_next() => outcome(ended),
        };
        for handle in &handles {
            handle.graceful_shutdown(Some(self.limits.farewell));
        }
        while let Some(ended) = serving.join_next().await {
            result = result.and(outcome(ended));
        }
        result
    }
}

fn outcome(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> Result<(), ServeError> {
    ended.map_err(std::io::Error::other).and_then(|served| served).map_err(|source| ServeError::Broken { source })
}

/// How much a stream of HTTP/2 may send that nobody has read yet, in bytes; a connection may twice as much.
const WINDOW: u32 = 64 * 1024;

fn limit<A>(listening: &mut Listening<SocketAddr, A>, limits: Limits) {
    let builder = listening.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(usize::from(limits.headers).max(8 * 1024))
        .max_headers(96);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::from(limits.headers))
        .max_concurrent_streams(64)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(2 * WINDOW)
        .keep_alive_interval(limits.patience)
        .keep_alive_timeout(limits.patience);
}
