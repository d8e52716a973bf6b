//! How many connections a listener holds at once: in all, and from one address. One too many is closed before a byte of it is read, so that
//! whoever opens connections and says nothing shuts nobody else out.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Counts a listener's connections and closes those that are too many.
#[derive(Debug, Clone)]
pub(crate) struct Bounded {
    open: Arc<Mutex<Open>>,
    most: usize,
    most_of_one: usize,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

impl Bounded {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Self {
        Self { open: Arc::default(), most, most_of_one }
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
            Ok(Counted { stream, _place: place })
        });
        ready(counted.map(|stream| (stream, service)))
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Counted {
    stream: TcpStream,
    _place: Place,
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, parts)
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
        let bounded = Bounded::new(3, 2);
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
