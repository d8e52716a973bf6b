//! A way to a server that can fall silent, as one over a firewall that forgets its connections, or to a machine that vanishes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Passes TCP on to a server.
#[derive(Debug)]
pub struct SilentProxy {
    url: String,
    /// How often it has fallen silent: connections from before pass nothing on.
    silences: Arc<AtomicU64>,
}

impl SilentProxy {
    /// A way to the server that a URL with a user, a host and a port names.
    ///
    /// # Panics
    ///
    /// When the URL is another, or no port is free.
    #[must_use]
    pub fn before(url: &str) -> Self {
        let (user, rest) = url.split_once('@').expect("a URL with a user");
        let (server, path) = rest.split_once('/').expect("a URL with a path");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let silences = Arc::new(AtomicU64::new(0));
        let (server, now) = (server.to_owned(), Arc::clone(&silences));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&server)) else { continue };
                let made = now.load(Ordering::SeqCst);
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                    let now = Arc::clone(&now);
                    std::thread::spawn(move || pass_on(from, to, || now.load(Ordering::SeqCst) == made));
                }
            }
        });
        Self { url: format!("{user}@{address}/{path}"), silences }
    }

    /// The URL that leads over it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on nothing passes over the connections that there are, not even their end; new ones are as good as ever.
    pub fn fall_silent(&self) {
        self.silences.fetch_add(1, Ordering::SeqCst);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, passes: impl Fn() -> bool) {
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if passes() && buffer.get(..length).is_none_or(|read| to.write_all(read).is_err()) {
            break;
        }
    }
    if passes() {
        let _ = to.shutdown(Shutdown::Both);
    }
}
