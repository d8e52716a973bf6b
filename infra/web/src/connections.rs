//! How many connections a listener holds at once: in all, and from one address. One too many is closed before a byte of it is read, so that
//! whoever opens connections and says nothing shuts nobody else out. Nor does who asks and does not read the answers: a connection that
//! takes too little of what is sent to it is closed ([`Pace`]).

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How many bytes a client takes at least in the time that it lets the server wait.
const PORTION: usize = 32 * 1024;

/// Counts a listener's connections and closes those that are too many.
#[derive(Debug, Clone)]
pub(crate) struct Bounded {
    open: Arc<Mutex<Open>>,
    most: usize,
    most_of_one: usize,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

impl Bounded {
    /// So many in all and of one, each of which may let the server wait so long for a [`PORTION`] to be read.
    pub(crate) fn new(most: usize, most_of_one: usize, patience: Duration) -> Self {
        Self { open: Arc::default(), most, most_of_one, patience }
    }

    fn enter(&self, peer: IpAddr) -> Option<Place> {
        let peer = network(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = open.by_peer.get(&peer).copied().unwrap_or(0);
        if open.all >= self.most || of_one >= self.most_of_one {
            return None;
        }
        open.all += 1;
        open.by_peer.insert(peer, of_one + 1);
        Some(Place { open: Arc::clone(&self.open), peer })
    }
}

/// Whose connections count together: an IPv4 address, or the 64 bits of IPv6 that one customer is given.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// One of the places; given back when the connection ends.
#[derive(Debug)]
struct Place {
    open: Arc<Mutex<Open>>,
    peer: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        match open.by_peer.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.by_peer.remove(&self.peer)),
        }
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let counted = stream.peer_addr().and_then(|peer| {
            stream.set_nodelay(true)?;
            let place = self.enter(peer.ip()).ok_or_else(|| io::Error::new(io::ErrorKind::QuotaExceeded, "too many connections"))?;
            Ok(Counted { stream, pace: Pace::new(self.patience), _place: place })
        });
        ready(counted.map(|stream| (stream, service)))
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
    pace: Pace,
    _place: Place,
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let bounded = Bounded::new(3, 2, Duration::from_secs(1));
        let (loud, quiet) = ("192.0.2.1".parse().expect("an address"), "192.0.2.2".parse().expect("an address"));
        let first = bounded.enter(loud).expect("a place");
        let _second = bounded.enter(loud).expect("a place");
        assert!(bounded.enter(loud).is_none());
        let third = bounded.enter(quiet).expect("a place");
        assert!(bounded.enter(quiet).is_none(), "there are three in all");
        drop((first, third));
        assert!(bounded.enter(loud).is_some());
        let open = bounded.open.lock().expect("no panic");
        assert_eq!((open.all, open.by_peer.len()), (1, 1), "who left is forgotten");
    }

    #[test]
    fn addresses_of_one_customer_count_together() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
