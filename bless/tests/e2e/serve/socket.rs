//! The Unix socket: whose it is, and who is known through it.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{exchange, json, request};
use crate::authority::Authority;
use crate::events::{fresh_key, host_event, user_event, with};

fn connect(authority: &Authority) -> UnixStream {
    UnixStream::connect(authority.file("bless.sock")).expect("the service listens")
}

fn ask(authority: &Authority, path: &str, event: &Value) -> Value {
    let (status, body) = exchange(connect(authority), request(path, &["Host: localhost"], &event.to_string()).as_bytes());
    assert_eq!(status, 200, "{body}");
    json(&body)
}

#[test]
fn only_its_owner_can_open_it() {
    let authority = Authority::new("mode");
    let _service = authority.serve(&[]);
    let mode = std::fs::metadata(authority.file("bless.sock")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn the_peers_uid_is_a_user() {
    let authority = Authority::new("uid");
    authority.change("principals = [\"alice\"]", "principals = [\"alice\", \"ops\"]");
    let _service = authority.serve(&[]);
    let event = user_event(&fresh_key(&authority.namespace, "key"));
    assert!(ask(&authority, "/user", &event)["certificate"].is_string());
    assert!(ask(&authority, "/", &with(&event, "remote_usernames", "ops,alice"))["certificate"].is_string());
    for (field, value) in [("bastion_user", "bob"), ("remote_usernames", "root"), ("remote_usernames", "alice,root")] {
        let answer = ask(&authority, "/user", &with(&event, field, value));
        assert_eq!(answer["errorType"], "InputValidationError", "{answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains(field)), "{answer}");
    }
    let lines = authority.log_lines();
    assert_eq!((lines.len(), lines[0]["verified"]["method"].as_str()), (5, Some("uid")));
    // Host certificates are off.
    let answer = ask(&authority, "/host", &host_event(event["public_key_to_sign"].as_str().expect("a key"), "db1"));
    assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains("not allowed for alice")), "{answer}");
}

#[test]
fn a_uid_that_is_not_configured_is_refused() {
    let authority = Authority::new("other-uid");
    let text = std::fs::read_to_string(authority.config()).expect("there");
    let uid = text.lines().find(|line| line.starts_with("uid = ")).expect("a uid").to_owned();
    authority.change(&uid, "uid = 4242424");
    let _service = authority.serve(&[]);
    let answer = ask(&authority, "/user", &user_event(&fresh_key(&authority.namespace, "key")));
    let message = answer["errorMessage"].as_str().expect("refused");
    assert!(message.contains("is not in [[authentication.local]]"), "{message}");
    assert_eq!(authority.log_lines()[0]["type"], "refused");
}

#[test]
fn hosts_for_a_verified_user() {
    let authority = Authority::new("hosts");
    authority.append("[[host.allow]]\nuser = \"alice\"\nnames = [\"*.lab.example.com\"]\n");
    let _service = authority.serve(&[]);
    let key = fresh_key(&authority.namespace, "key");
    assert!(ask(&authority, "/host", &host_event(&key, "a.lab.example.com"))["certificate"].is_string());
    assert!(ask(&authority, "/host", &host_event(&key, "a.example.com"))["certificate"].is_null());
    // `bless get --host` asks for the same.
    let _ = authority.get("host", &["--host", "--hostname", "b.lab.example.com"]);
}

#[test]
fn what_is_no_request() {
    let authority = Authority::new("paths");
    let _service = authority.serve(&[]);
    let status = |text: &str| exchange(connect(&authority), text.as_bytes()).0;
    assert_eq!(status("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200);
    assert_eq!(status("GET /user HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 405);
    assert_eq!(status(&request("/elsewhere", &["Host: x"], "{}")), 404);
    assert_eq!(status(&request("/user", &["Host: x"], "not JSON")), 200);
    assert_eq!(status("nonsense\r\n\r\n"), 400);
    let large = "x".repeat(200_000);
    assert_eq!(status(&request("/user", &["Host: x"], &large)), 413);
    assert_eq!(status("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200, "it still serves");
}

/// Callers that send slowly are cut off, and hold up nobody.
#[test]
fn slow_callers() {
    let authority = Authority::new("slow");
    let _service = authority.serve(&[]);
    let event = user_event(&fresh_key(&authority.namespace, "key"));
    let started = Instant::now();
    let (mut in_head, mut in_body) = (connect(&authority), connect(&authority));
    in_head.write_all(b"POST /user HTTP/1.1\r\nHost:").expect("sent");
    in_body.write_all(b"POST /user HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{").expect("sent");
    assert!(ask(&authority, "/user", &event)["certificate"].is_string());
    assert!(started.elapsed() < Duration::from_secs(20), "the slow held up the quick");
    for stream in [&in_head, &in_body] {
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    }
    let (status, _) = exchange(in_body, b"");
    assert_eq!(status, 408);
    let (status, body) = exchange(in_head, b"");
    assert!(status == 0 || status == 408, "{status} {body}");
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(25) && waited < Duration::from_secs(50), "{waited:?}");
}
