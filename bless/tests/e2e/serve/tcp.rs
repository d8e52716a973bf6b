//! The loopback address, in reach of every program and web page of this machine: a token, its own name, and no origin.

use std::net::TcpStream;

use super::{exchange, json, request};
use crate::authority::{Authority, Service};
use crate::events::{fresh_key, unused_name, user_event};

struct Listening {
    authority: Authority,
    service: Service,
    address: String,
    token: String,
}

impl Listening {
    fn new(label: &str) -> Self {
        let authority = Authority::new(label);
        let service = authority.serve(&["--listen", "127.0.0.1:0"]);
        menagerie_tests::assert_eventually!(service.output.text().contains("listening on http://"));
        let text = service.output.text();
        let address = text.lines().find_map(|line| line.strip_prefix("listening on http://")).expect("said above").trim().to_owned();
        let token = std::fs::read_to_string(authority.file("token")).expect("ca init made it").trim().to_owned();
        Self { authority, service, address, token }
    }

    fn ask(&self, headers: &[&str]) -> (u16, String) {
        let event = user_event(&fresh_key(&self.authority.namespace, &unused_name()));
        let stream = TcpStream::connect(&self.address).expect("it listens");
        exchange(stream, request("/user", headers, &event.to_string()).as_bytes())
    }
}

#[test]
fn who_shows_the_token_comes_in() {
    let listening = Listening::new("token");
    let host = format!("Host: {}", listening.address);
    let bearer = format!("Authorization: Bearer {}", listening.token);
    let (status, body) = listening.ask(&[&host, &bearer]);
    assert_eq!(status, 200, "{body}");
    assert!(json(&body)["certificate"].is_string(), "{body}");
    assert_eq!(listening.authority.log_lines()[0]["verified"]["method"], "token");
    let url = format!("http://{}", listening.address);
    let mut get = listening.authority.bless();
    get.args(["get", "--url", &url, "--token-file", "ca/token", "--cache-dir", "cache", "--user", "alice"]);
    let _ = menagerie_tests::process::run(get, b"").success();
    // Nothing that is logged or said has the token in it.
    let log = std::fs::read_to_string(listening.authority.file("log.jsonl")).expect("a log");
    assert!(!log.contains(&listening.token) && !listening.service.output.text().contains(&listening.token));
}

#[test]
fn others_do_not() {
    let listening = Listening::new("no-token");
    let host = format!("Host: {}", listening.address);
    let port = listening.address.rsplit_once(':').expect("a port").1.to_owned();
    let bearer = format!("Authorization: Bearer {}", listening.token);
    let mut wrong = bearer.clone();
    let last = wrong.pop().expect("a token");
    wrong.push(if last == 'A' { 'B' } else { 'A' });
    let shorter = &bearer[..bearer.len() - 1];
    let cut = format!("{bearer}x");
    let rebound = format!("Host: evil.example:{port}");
    let basic = bearer.replace("Bearer", "Basic");
    for (headers, wanted) in [
        (vec![host.as_str()], 401),
        (vec![&host, &wrong], 401),
        (vec![&host, shorter], 401),
        (vec![&host, &cut], 401),
        (vec![&host, "Authorization: Bearer "], 401),
        (vec![&host, &basic], 401),
        (vec![&rebound, &bearer], 421),
        (vec!["Host: 127.0.0.1:1", &bearer], 421),
        (vec![&host, &rebound, &bearer], 421),
        (vec![&bearer], 421),
        (vec![&host, &bearer, "Origin: null"], 403),
        (vec![&host, &bearer, "Origin: https://evil.example"], 403),
    ] {
        let (status, body) = listening.ask(&headers);
        assert_eq!(status, wanted, "{headers:?}: {body}");
        assert!(!body.contains("certificate\""), "{headers:?}: {body}");
    }
    assert!(listening.authority.log_lines().is_empty(), "nothing was asked of the authority");
}

#[test]
fn only_loopback_and_only_with_a_good_token() {
    let authority = Authority::new("loopback");
    for address in ["0.0.0.0:0", "192.0.2.1:8022", "[::]:0"] {
        let refused = authority.run(&["serve", "--config", "ca/bless.toml", "--listen", address]);
        assert_eq!(refused.status, Some(2), "{address}: {refused:?}");
        assert!(refused.stderr.contains("loopback"), "{}", refused.stderr);
    }
    let _ = authority.namespace.write("short", "tooshort");
    let open = authority.namespace.write("open", "0123456789abcdef0123456789abcdef");
    std::fs::set_permissions(open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("set");
    for (file, word) in [("short", "fewer than 22"), ("open", "chmod 600"), ("missing", "cannot read")] {
        let refused = authority.run(&["serve", "--config", "ca/bless.toml", "--listen", "127.0.0.1:0", "--token-file", file]);
        assert_eq!(refused.status, Some(2), "{file}: {refused:?}");
        assert!(refused.stderr.contains(word), "{file}: {}", refused.stderr);
    }
}
