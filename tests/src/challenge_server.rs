//! Debian's `pebble-challtestsrv`: a name service whose answers a test sets, and hosts that answer http-01 and tls-alpn-01, written by those
//! who wrote ACME's test server.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};

use crate::http::{self, Request};
use crate::process::{Running, command, free_port};

/// A running server. A name that no test has told it of has no records.
#[derive(Debug)]
pub struct ChallengeServer {
    management: SocketAddr,
    dns: SocketAddr,
    http: SocketAddr,
    tls: SocketAddr,
    _process: Running,
}

impl ChallengeServer {
    /// Starts one on free ports.
    ///
    /// # Panics
    ///
    /// When Debian's package pebble is not installed, or the server does not start.
    #[must_use]
    pub fn start() -> Self {
        let [management, dns, http, tls] = std::array::from_fn(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
        let mut program = command("pebble-challtestsrv");
        program.args(["-https01", "", "-defaultIPv4", "", "-defaultIPv6", ""]);
        for (option, address) in [("-management", management), ("-dns01", dns), ("-http01", http), ("-tlsalpn01", tls)] {
            program.args([option, &address.to_string()]);
        }
        let (mut process, output) = Running::start_followed("pebble-challtestsrv", program);
        let ready = |address: &SocketAddr| std::net::TcpStream::connect(address).is_ok();
        // The name service is asked over TCP too, from the same start.
        let up = crate::eventually(std::time::Duration::from_secs(20), || {
            process.ended().is_some() || [management, dns, http, tls].iter().all(ready)
        });
        assert!(up && process.ended().is_none(), "pebble-challtestsrv did not start; it said:\n{}", output.text());
        Self { management, dns, http, tls, _process: process }
    }

    /// Where its name service listens.
    #[must_use]
    pub const fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// Where it answers http-01.
    #[must_use]
    pub const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Where it answers tls-alpn-01.
    #[must_use]
    pub const fn tls(&self) -> SocketAddr {
        self.tls
    }

    /// Where it is told what to answer, by HTTP, as its own manual says.
    #[must_use]
    pub const fn management(&self) -> SocketAddr {
        self.management
    }

    /// Sets the addresses of a name.
    pub fn addresses(&self, host: &str, addresses: &[&str]) {
        let (six, four): (Vec<&str>, Vec<&str>) = addresses.iter().partition(|address| address.contains(':'));
        for (path, addresses) in [("a", four), ("aaaa", six)] {
            self.tell(&format!("clear-{path}"), &json!({ "host": host }));
            if !addresses.is_empty() {
                self.tell(&format!("add-{path}"), &json!({ "host": host, "addresses": addresses }));
            }
        }
    }

    /// Adds a TXT record.
    pub fn text(&self, host: &str, value: &str) {
        self.tell("set-txt", &json!({ "host": format!("{host}."), "value": value }));
    }

    /// Takes the TXT records of a name away.
    pub fn no_text(&self, host: &str) {
        self.tell("clear-txt", &json!({ "host": format!("{host}.") }));
    }

    /// Sets the CAA records of a name: tags and values.
    pub fn caa(&self, host: &str, records: &[(&str, &str)]) {
        let policies: Vec<Value> = records.iter().map(|(tag, value)| json!({ "tag": tag, "value": value })).collect();
        self.tell("add-caa", &json!({ "host": host, "policies": policies }));
    }

    /// Makes a name another's alias.
    pub fn alias(&self, host: &str, target: &str) {
        self.tell("set-cname", &json!({ "host": host, "target": target }));
    }

    /// Makes questions about a name fail.
    pub fn fail(&self, host: &str) {
        self.tell("set-servfail", &json!({ "host": host }));
    }

    /// What the server answers to http-01.
    pub fn answer_http(&self, token: &str, content: &str) {
        self.tell("add-http01", &json!({ "token": token, "content": content }));
    }

    /// What the server answers to tls-alpn-01: the key authorization, of which it shows the digest.
    pub fn answer_tls(&self, host: &str, content: &str) {
        self.tell("add-tlsalpn01", &json!({ "host": host, "content": content }));
    }

    /// Where the server leads who asks it for a path by HTTP.
    pub fn redirect(&self, path: &str, target: &str) {
        self.tell("add-redirect", &json!({ "path": path, "targetURL": target }));
    }

    /// What its name service was asked about a name: types as numbers, in order.
    #[must_use]
    pub fn questions(&self, host: &str) -> Vec<u64> {
        let answer = self.tell("dns-request-history", &json!({ "host": host }));
        let questions: Value = serde_json::from_str(&answer).unwrap_or(Value::Null);
        let kind = |question: &Value| question["Question"]["Qtype"].as_u64();
        questions.as_array().map(|questions| questions.iter().filter_map(kind).collect()).unwrap_or_default()
    }

    fn tell(&self, path: &str, what: &Value) -> String {
        let request = Request::new("POST", &format!("/{path}"), what.to_string());
        let answer = http::call(self.management, &request).unwrap_or_else(|error| panic!("pebble-challtestsrv: {error}"));
        assert_eq!(answer.status, 200, "{path} {what}: {}", answer.text());
        answer.text()
    }
}
