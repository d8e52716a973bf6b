//! How many connections a listener holds at once: in all, and from one address. One too many is closed before a byte of it is read, so that
//! whoever opens connections and says nothing shuts nobody else out. Nor does who does not come to the end of a first request's headers
//! ([`Beginning`]), or asks and does not read the answers: a connection that takes too little of what is sent to it is closed ([`Pace`]).

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;

use crate::shares::{Share, Shares};

/// How many bytes a client takes at least in the time that it lets the server wait.
const PORTION: usize = 32 * 1024;

/// Counts a listener's connections and closes those that are too many.
#[derive(Debug, Clone)]
pub(crate) struct Bounded {
    places: Shares,
    patience: Duration,
}

impl Bounded {
    /// So many in all and of one, each of which may let the server wait so long for its first request, and for a [`PORTION`] to be read.
    pub(crate) fn new(most: usize, most_of_one: usize, patience: Duration) -> Self {
        Self { places: Shares::new(most, most_of_one), patience }
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Counted;
    type Service = Asked<S>;
    type Future = Ready<io::Result<(Counted, Asked<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let counted = stream.peer_addr().and_then(|peer| {
            stream.set_nodelay(true)?;
            let place =
                self.places.take(peer.ip(), 1).ok_or_else(|| io::Error::new(io::ErrorKind::QuotaExceeded, "too many connections"))?;
            Ok(Counted { stream, beginning: Beginning::new(self.patience), pace: Pace::new(self.patience), _place: place })
        });
        ready(counted.map(|stream| {
            let asked = Arc::clone(&stream.beginning.asked);
            (stream, Asked { service, asked })
        }))
    }
}

/// A connection's service, which notes that it was asked: the headers of a request are there.
#[derive(Debug, Clone)]
pub(crate) struct Asked<S> {
    service: S,
    asked: Arc<AtomicBool>,
}

impl<R, S: Service<R>> Service<R> for Asked<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.asked.store(true, Ordering::Relaxed);
        self.service.call(request)
    }
}

/// How long a connection has until the headers of its first request are there. What comes after it may come as late as connections are kept.
#[derive(Debug)]
struct Beginning {
    patience: Duration,
    asked: Arc<AtomicBool>,
    end: Option<Pin<Box<Sleep>>>,
}

impl Beginning {
    fn new(patience: Duration) -> Self {
        Self { patience, asked: Arc::default(), end: Some(Box::pin(sleep_until(Instant::now() + patience))) }
    }

    /// What becomes of an attempt to read that found nothing for now.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.asked.load(Ordering::Relaxed) {
            self.end = None;
        }
        let Some(end) = &mut self.end else { return Poll::Pending };
        let slow = || io::Error::new(io::ErrorKind::TimedOut, "the client does not come to a request");
        end.as_mut().poll(context).map(|()| Err(slow()))
    }
}

/// How long a connection has kept the server waiting for its reader, since it last took a [`PORTION`].
#[derive(Debug)]
struct Pace {
    patience: Duration,
    waited: Duration,
    taken: usize,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Pace {
    fn new(patience: Duration) -> Self {
        Self { patience, waited: Duration::ZERO, taken: 0, waiting: None }
    }

    /// What becomes of an attempt to write that took so many bytes, or none for now.
    fn written(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let Poll::Ready(done) = written else { return self.wait(context) };
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        if let Ok(bytes) = &done {
            self.taken += bytes;
            if self.taken >= PORTION {
                (self.taken, self.waited) = (0, Duration::ZERO);
            }
        }
        Poll::Ready(done)
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let left = self.patience.saturating_sub(self.waited);
        let (_, end) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        });
        let slow = || io::Error::new(io::ErrorKind::TimedOut, "the client does not read what it asked for");
        end.as_mut().poll(context).map(|()| Err(slow()))
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Counted {
    stream: TcpStream,
    beginning: Beginning,
    pace: Pace,
    _place: Share,
}

impl Counted {
    /// Gives it the whole time for its first request once more: the handshake before it had its own.
    pub(crate) fn begin_anew(&mut self) {
        self.beginning.end = Some(Box::pin(sleep_until(Instant::now() + self.beginning.patience)));
    }
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, beginning, .. } = self.get_mut();
        match Pin::new(stream).poll_read(context, buffer) {
            Poll::Pending => beginning.wait(context),
            read => read,
        }
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, pace, .. } = self.get_mut();
        let written = Pin::new(stream).poll_write(context, bytes);
        pace.written(context, written)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let Self { stream, pace, .. } = self.get_mut();
        let written = Pin::new(stream).poll_write_vectored(context, parts);
        pace.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
