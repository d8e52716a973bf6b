//! The seam to the network: one act, connecting to an address that was checked.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::failure::Failure;
use super::reach::Reach;
use super::resolver::Resolver;

/// A connection in the making.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + 'a>>;

/// Who connects. What is handed in has passed [`Reach::check`].
pub trait Network: Send + Sync {
    /// Connects to this very address.
    fn connect(&self, address: SocketAddr) -> Connecting<'_>;
}

/// This machine's network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Direct;

impl Network for Direct {
    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        Box::pin(TcpStream::connect(address))
    }
}

/// How long one address is tried.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many addresses of a host are tried.
const ADDRESSES: usize = 4;

/// What a host is named by: both forms lead to addresses that are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name of the DNS: A-labels in lower case, without a dot at the end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// Resolves, checks, connects. The one way in which a validation reaches a host.
#[derive(Clone)]
pub(super) struct Dialer<'a> {
    pub(super) resolver: &'a Resolver,
    pub(super) network: &'a Arc<dyn Network>,
    pub(super) reach: &'a Reach,
}

impl Dialer<'_> {
    /// A connection to one of the host's addresses that may be reached.
    pub(super) async fn connect(&self, host: &Host, port: u16) -> Result<TcpStream, Failure> {
        let mut last = Failure::NoAddress { name: host.to_string() };
        for address in self.addresses(host).await? {
            let connecting = self.network.connect(SocketAddr::new(address, port));
            let reason = match tokio::time::timeout(PATIENCE, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => refusal(&error),
                Err(_) => "it takes too long",
            };
            last = Failure::Connection { host: host.to_string(), port, reason };
        }
        Err(last)
    }

    /// The addresses that may be connected to, in the order of trying.
    async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, Failure> {
        let found = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver.addresses(name).await?,
        };
        let refused = found.iter().find_map(|address| self.reach.check(*address).err());
        let mut reachable: Vec<IpAddr> = found.into_iter().filter(|address| self.reach.check(*address).is_ok()).collect();
        match refused {
            Some(reason) if reachable.is_empty() => Err(Failure::Forbidden { host: host.to_string(), reason }),
            _ => {
                reachable.truncate(ADDRESSES);
                Ok(reachable)
            }
        }
    }
}

fn refusal(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "it refuses connections",
        io::ErrorKind::ConnectionReset => "it breaks the connection",
        io::ErrorKind::TimedOut => "it takes too long",
        _ => "it is not reachable",
    }
}
