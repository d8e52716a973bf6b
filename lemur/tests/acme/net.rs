//! A network for tests: what the server would connect to on the internet is on loopback, by a table. The policy of addresses is the real
//! one; names resolve to public addresses, and only here do these lead to this machine.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use lemur::validate::{Connecting, Network};
use tokio::net::TcpStream;

/// Connects to what the table says, and remembers every address that it was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rerouted(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    routes: HashMap<SocketAddr, SocketAddr>,
    asked: Vec<SocketAddr>,
}

impl Rerouted {
    /// Makes an address of the internet lead to one of this machine.
    pub(crate) fn route(&self, address: &str, port: u16, to: SocketAddr) {
        let address: IpAddr = address.parse().expect("an address");
        self.0.lock().expect("no test panics with this lock").routes.insert(SocketAddr::new(address, port), to);
    }

    /// What was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<SocketAddr> {
        self.0.lock().expect("no test panics with this lock").asked.clone()
    }
}

impl Network for Rerouted {
    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        let mut table = self.0.lock().expect("no test panics with this lock");
        table.asked.push(address);
        let to = table.routes.get(&address).copied();
        Box::pin(async move {
            match to {
                Some(to) => TcpStream::connect(to).await,
                None => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
            }
        })
    }
}
