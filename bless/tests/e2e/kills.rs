//! `bless handle --jsonl` killed at any moment: whatever certificate it printed is in the log, and the log is whole.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use menagerie_tests::process::spawn;
use serde_json::Value;

use crate::authority::Authority;
use crate::events::{fresh_key, user_event};
use crate::lambda::serial;

/// Numbers that look random and are the same each time (Knuth's MMIX).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn kills() -> u32 {
    if std::env::var_os("MENAGERIE_SOAK").is_some() { 100 } else { 10 }
}

/// Runs it, and kills it once it has printed this many lines. What it printed whole is given.
fn killed_after(authority: &Authority, target: &str, events: &str, lines: u64) -> Vec<String> {
    let mut command = authority.bless();
    command.args(["handle", "--jsonl", "--config", "ca/bless.toml", "--log", target]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = spawn(command).expect("bless runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = events.to_owned();
    // Ends with an error when the reader is killed.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut printed = Vec::new();
    let mut line = String::new();
    loop {
        if printed.len() as u64 == lines {
            child.kill().expect("it is ours");
        }
        line.clear();
        // What was in the pipe when it was killed was printed, too.
        let read = reader.read_line(&mut line).expect("text");
        if read == 0 {
            break;
        }
        if line.ends_with('\n') {
            printed.push(line.trim_end().to_owned());
        }
    }
    let _ = child.wait();
    writer.join().expect("the writer ends");
    printed
}

fn holds_what_was_printed(label: &str, target: &str, seed: u64) {
    let authority = Authority::new(label);
    let target = target.replace("DIR", authority.namespace.path().to_str().expect("text"));
    let event = format!("{}\n", user_event(&fresh_key(&authority.namespace, "key")));
    let events = event.repeat(4_000);
    let mut random = Sequence(seed);
    let mut printed = BTreeSet::new();
    let mut cut_short = 0;
    for _ in 0..kills() {
        let answers = killed_after(&authority, &target, &events, random.below(1_500));
        cut_short += u32::from(answers.len() < 4_000);
        for answer in answers {
            let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
            assert!(printed.insert(serial(answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}")))), "a serial twice");
        }
    }
    assert!(cut_short > kills() / 2, "most runs were to be cut short: {cut_short}");
    let verified = authority.run(&["log", "verify", &target]);
    assert_eq!(verified.status, Some(0), "{verified:?}");
    let found = authority.run(&["log", "search", &target, "--type", "issued", "--format", "jsonl"]);
    let logged: BTreeSet<u64> = found
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["serial"].as_str().expect("a serial").parse().expect("a number"))
        .collect();
    let missing: Vec<_> = printed.difference(&logged).collect();
    assert!(missing.is_empty() && !printed.is_empty(), "printed and not logged: {missing:?}");
}

#[test]
fn with_a_log_file() {
    holds_what_was_printed("kill-file", "file:DIR/issued.jsonl", 1);
}

#[test]
fn with_a_log_in_sqlite() {
    holds_what_was_printed("kill-sqlite", "sqlite:DIR/issued.db", 2);
}
