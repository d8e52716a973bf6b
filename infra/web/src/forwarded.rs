//! Whose request it is behind a proxy: the address that a trusted proxy names, and nobody else's word for it.
//!
//! Each proxy appends the address that it was connected to from. So what is read begins at the end: addresses of trusted proxies are passed over,
//! and the first that is none is the client's. What stands before it, anybody may have written. One header alone is read, the one that the
//! proxies are known to write: a proxy passes the other on as it came.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

/// How many addresses are looked at: no chain of proxies is longer.
const MOST_HOPS: usize = 16;

/// The header in which proxies name the address that they were connected to from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, addresses between commas.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239, its `for`.
    Forwarded,
}

/// The proxies whose word is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Vec<IpNet>,
    by: ForwardedBy,
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl Proxies {
    /// Those of these networks, which write this header.
    #[must_use]
    pub fn new(networks: Vec<IpNet>, by: ForwardedBy) -> Self {
        Self { networks, by }
    }

    /// The address that a request comes from, where `peer` made the connection.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let name = match self.by {
            ForwardedBy::XForwardedFor => &X_FORWARDED_FOR,
            ForwardedBy::Forwarded => &header::FORWARDED,
        };
        let mut nearest = peer;
        let mut hops = 0;
        // Several headers of the name are one list, in their order.
        for value in headers.get_all(name).iter().rev() {
            let Ok(text) = value.to_str() else { return nearest };
            for element in text.rsplit(',') {
                hops += 1;
                let address = match self.by {
                    ForwardedBy::XForwardedFor => address(element.trim()),
                    ForwardedBy::Forwarded => element.split(';').find_map(forwarded_for),
                };
                // What is no address was written by nobody who is trusted with more than the address before.
                let Some(address) = address.filter(|_| hops <= MOST_HOPS) else { return nearest };
                nearest = address;
                if !self.trusts(address) {
                    return address;
                }
            }
        }
        nearest
    }

    /// Lets a router's resources see the client's address as that of the connection.
    pub fn before(self, router: Router) -> Router {
        if self.networks.is_empty() {
            return router;
        }
        router.layer(middleware::from_fn_with_state(Arc::new(self), seen))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

async fn seen(State(proxies): State<Arc<Proxies>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    if let Some(peer) = peer {
        let client = proxies.client(peer.ip(), request.headers());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    next.run(request).await
}

/// The address of a `for` parameter: `for=192.0.2.60`, `for="[2001:db8::1]:4711"`.
fn forwarded_for(parameter: &str) -> Option<IpAddr> {
    let (name, value) = parameter.trim().split_once('=')?;
    if !name.eq_ignore_ascii_case("for") {
        return None;
    }
    address(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = IpAddr::from_str(text).ok();
    let in_brackets = || IpAddr::from_str(text.strip_prefix('[')?.strip_suffix(']')?).ok();
    let with_port = || SocketAddr::from_str(text).ok().map(|socket| socket.ip());
    bare.or_else(in_brackets).or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(by: ForwardedBy, peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|network| network.parse().expect("a network"));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Proxies::new(networks.to_vec(), by).client(peer.parse().expect("an address"), &map).to_string()
    }

    #[test]
    fn a_strangers_word_is_not_taken() {
        let said = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        for by in [ForwardedBy::XForwardedFor, ForwardedBy::Forwarded] {
            assert_eq!(client(by, "198.51.100.7", &said), "198.51.100.7");
        }
        // What a trusted proxy passes on of the other header, a stranger wrote.
        assert_eq!(client(ForwardedBy::XForwardedFor, "10.0.0.1", &[("forwarded", "for=192.0.2.1")]), "10.0.0.1");
        assert_eq!(client(ForwardedBy::Forwarded, "10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]), "10.0.0.1");
    }

    #[test]
    fn the_last_address_that_is_no_proxys_is_the_clients() {
        let by = ForwardedBy::XForwardedFor;
        assert_eq!(client(by, "10.0.0.1", &[("x-forwarded-for", "203.0.113.9, 192.0.2.1, 10.2.0.1")]), "192.0.2.1");
        assert_eq!(client(by, "10.0.0.1", &[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.2.0.1,10.3.0.1")]), "192.0.2.1");
        assert_eq!(client(by, "::ffff:10.0.0.1", &[("x-forwarded-for", "[2001:db8::1]:4711")]), "2001:db8::1");
        assert_eq!(client(by, "10.0.0.1", &[("x-forwarded-for", "10.2.0.1")]), "10.2.0.1");
        assert_eq!(client(by, "10.0.0.1", &[]), "10.0.0.1");
        let by = ForwardedBy::Forwarded;
        assert_eq!(client(by, "10.0.0.1", &[("forwarded", "for=203.0.113.9, For=\"[2001:db8::1]:4711\";proto=https")]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_ends_the_reading() {
        let by = ForwardedBy::XForwardedFor;
        assert_eq!(client(by, "10.0.0.1", &[("x-forwarded-for", "192.0.2.1, unknown, 10.2.0.1")]), "10.2.0.1");
        assert_eq!(client(by, "10.0.0.1", &[("x-forwarded-for", "")]), "10.0.0.1");
        assert_eq!(client(ForwardedBy::Forwarded, "10.0.0.1", &[("forwarded", "for=_hidden")]), "10.0.0.1");
        let long = "10.2.0.1,".repeat(1_000) + "10.2.0.2";
        let map = HeaderMap::from_iter([(X_FORWARDED_FOR.clone(), HeaderValue::from_str(&long).expect("ASCII"))]);
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().expect("a network")], by);
        assert_eq!(proxies.client("10.0.0.1".parse().expect("an address"), &map).to_string(), "10.2.0.1");
    }
}
