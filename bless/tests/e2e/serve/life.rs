//! Starts and ends: one service a socket, what a killed one leaves, and SIGTERM.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use menagerie_tests::assert_eventually;
use rustix::process::Signal;

use super::request;
use crate::authority::Authority;
use crate::events::{fresh_key, user_event};

#[test]
fn two_on_one_socket() {
    let authority = Authority::new("two");
    let first = authority.serve(&[]);
    let second = authority.run(&["serve", "--config", "ca/bless.toml"]);
    assert_eq!(second.status, Some(2), "{second:?}");
    assert!(second.stderr.contains("is the socket of a service that is running"), "{}", second.stderr);
    let _ = authority.get("still", &["--no-agent"]);
    drop(first);
}

#[test]
fn what_a_killed_service_left_is_replaced() {
    let authority = Authority::new("killed");
    let mut first = authority.serve(&[]);
    first.process.kill();
    assert!(authority.file("bless.sock").exists(), "a killed process removes nothing");
    let _second = authority.serve(&[]);
    let _ = authority.get("again", &["--no-agent"]);
}

/// A certificate that is there is used without asking anybody.
#[test]
fn a_kept_certificate_needs_no_service() {
    let authority = Authority::new("kept");
    let mut service = authority.serve(&[]);
    let _ = authority.get("kept", &["--no-agent"]);
    service.process.kill();
    let kept = authority.get("kept", &["--no-agent", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&kept.stdout).expect("JSON");
    assert_eq!((&report["source"], report["errors"].as_array().map(Vec::len)), (&"cache".into(), Some(0)), "{report}");
    assert_eq!(authority.log_lines().len(), 1);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let authority = Authority::new("file");
    std::fs::write(authority.file("bless.sock"), "mine").expect("written");
    let refused = authority.run(&["serve", "--config", "ca/bless.toml"]);
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert_eq!(std::fs::read_to_string(authority.file("bless.sock")).expect("there"), "mine");
}

/// A request that is under way is answered; then the process ends well, and its socket is gone.
#[test]
fn sigterm_ends_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let authority = Authority::new("term");
        let mut service = authority.serve(&[]);
        let event = user_event(&fresh_key(&authority.namespace, "key")).to_string();
        let text = request("/user", &["Host: x"], &event);
        let mut stream = UnixStream::connect(authority.file("bless.sock")).expect("it listens");
        let (head, tail) = text.split_at(text.len() - 10);
        stream.write_all(head.as_bytes()).expect("sent");
        // The service has this connection once a later one was answered.
        let _ = authority.get("later", &["--no-agent"]);
        service.signal(signal);
        assert_eventually!(UnixStream::connect(authority.file("bless.sock")).is_err());
        stream.write_all(tail.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        assert!(answer.contains("\"certificate\""), "{signal:?}: {answer}");
        assert_eventually!(service.process.ended().is_some());
        assert_eq!(service.process.ended().and_then(|status| status.code()), Some(0), "{}", service.output.text());
        assert!(!authority.file("bless.sock").exists());
    }
}
