//! Many callers and several processes at once: one log, no serial twice, no line lost.

use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;

use menagerie_tests::Moto;
use menagerie_tests::process::run;
use serde_json::Value;

use crate::authority::Authority;
use crate::events::{fresh_key, user_event};
use crate::lambda::serial;
use crate::serve::{exchange, json, request};

/// The serials of the issuances in a log, which must be whole and have each once.
fn logged(authority: &Authority, target: &str) -> BTreeSet<u64> {
    let log = |arguments: &[&str]| {
        let mut command = authority.bless();
        command.arg("log").args(arguments).envs(Moto::shared().environment());
        run(command, b"").success().text()
    };
    let _ = log(&["verify", target]);
    let lines = log(&["search", target, "--type", "issued", "--format", "jsonl"]);
    let serial = |line| serde_json::from_str::<Value>(line).expect("JSON")["serial"].as_str().expect("a serial").parse().expect("a number");
    let serials: BTreeSet<u64> = lines.lines().map(serial).collect();
    assert_eq!(serials.len(), lines.lines().count(), "a serial twice");
    serials
}

/// The serials of the certificates that `bless handle --jsonl` answers so many equal events with.
fn handled(authority: &Authority, target: &str, event: &str, count: usize) -> BTreeSet<u64> {
    let mut command = authority.bless();
    command.args(["handle", "--jsonl", "--config", "ca/bless.toml", "--log", target]).envs(Moto::shared().environment());
    let finished = run(command, format!("{event}\n").repeat(count).as_bytes()).success();
    let answers = finished.text();
    let serials: BTreeSet<_> = answers
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|answer| serial(answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}"))))
        .collect();
    assert_eq!(serials.len(), count);
    serials
}

#[test]
fn callers_of_one_service() {
    let authority = Authority::new("callers");
    let _service = authority.serve(&[]);
    let event = user_event(&fresh_key(&authority.namespace, "key")).to_string();
    let text = request("/user", &["Host: x"], &event);
    let ask = || {
        let stream = UnixStream::connect(authority.file("bless.sock")).expect("it listens");
        let (status, body) = exchange(stream, text.as_bytes());
        assert_eq!(status, 200, "{body}");
        serial(json(&body)["certificate"].as_str().expect("issued"))
    };
    let answered: BTreeSet<u64> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..16).map(|_| scope.spawn(|| (0..25).map(|_| ask()).collect::<Vec<_>>())).collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("a caller does not panic")).collect()
    });
    assert_eq!(answered.len(), 400);
    assert_eq!(logged(&authority, "ca/log.jsonl"), answered);
}

fn processes_on(label: &str, target: impl Fn(&Authority) -> String, each: usize) {
    let authority = Authority::new(label);
    let target = target(&authority);
    let event = user_event(&fresh_key(&authority.namespace, "key")).to_string();
    let answered: BTreeSet<u64> = std::thread::scope(|scope| {
        let processes: Vec<_> = (0..4).map(|_| scope.spawn(|| handled(&authority, &target, &event, each))).collect();
        processes.into_iter().flat_map(|process| process.join().expect("a process ends well")).collect()
    });
    assert_eq!(answered.len(), 4 * each, "two processes gave one serial");
    assert_eq!(logged(&authority, &target), answered);
}

#[test]
fn processes_on_one_file() {
    processes_on("on-file", |authority| format!("file:{}", authority.namespace.file("log").display()), 500);
}

#[test]
fn processes_on_one_database() {
    processes_on("on-sqlite", |authority| format!("sqlite:{}", authority.namespace.file("log.db").display()), 500);
}

#[test]
fn processes_on_one_log_group() {
    let made = |authority: &Authority| {
        let group = authority.namespace.name("group");
        Moto::shared().create_log_group(&group);
        format!("cloudwatch:{group}")
    };
    processes_on("on-cloudwatch", made, 150);
}

#[test]
fn processes_on_one_table() {
    let made = |authority: &Authority| {
        let table = authority.namespace.name("table");
        Moto::shared().create_table(&table, &[("writer", "S"), ("seq", "N")]);
        format!("dynamodb:{table}")
    };
    processes_on("on-dynamodb", made, 150);
}
