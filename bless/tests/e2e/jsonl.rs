//! `bless handle --jsonl`: an event a line, an answer a line, in order.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::authority::Authority;
use crate::events::{fresh_key, user_event, with};
use crate::lambda::serial;

fn answers(authority: &Authority, input: &[u8]) -> Vec<Value> {
    let finished = authority.run_with(&["handle", "--jsonl", "--config", "ca/bless.toml"], input).success();
    finished.text().lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

#[test]
fn every_line_has_its_answer_in_its_place() {
    let authority = Authority::new("order");
    let good = user_event(&fresh_key(&authority.namespace, "key"));
    let mut input = Vec::new();
    let mut wanted = Vec::new();
    for number in 0..400 {
        let command = format!("number {number}");
        let (line, kind) = match number % 8 {
            0 => (b"not JSON".to_vec(), None),
            1 => (Vec::new(), None),
            2 => (b"\xff\xfe".to_vec(), None),
            3 => (with(&good, "remote_usernames", "root").to_string().into_bytes(), None),
            4 if number == 4 => (vec![b'x'; 1 << 20], None),
            _ => (with(&good, "command", command.as_str()).to_string().into_bytes(), Some(format!("command[{command}]"))),
        };
        input.extend(line);
        input.push(b'\n');
        wanted.push(kind);
    }
    // The last line needs no end.
    input.extend(with(&good, "command", "the last").to_string().into_bytes());
    wanted.push(Some("command[the last]".to_owned()));
    let answers = answers(&authority, &input);
    assert_eq!(answers.len(), wanted.len());
    for (number, (answer, wanted)) in answers.iter().zip(&wanted).enumerate() {
        match wanted {
            None => assert_eq!(answer["errorType"], "InputValidationError", "{number}: {answer}"),
            Some(command) => {
                let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("{number}: {answer}"));
                let certificate = ssh_key::Certificate::from_openssh(line).expect("a certificate");
                assert!(certificate.key_id().contains(command.as_str()), "{number}: {}", certificate.key_id());
            }
        }
    }
}

#[test]
fn two_thousand_events() {
    let authority = Authority::new("many");
    let line = format!("{}\n", user_event(&fresh_key(&authority.namespace, "key")));
    let answers = answers(&authority, line.repeat(2_000).as_bytes());
    let printed: BTreeSet<_> = answers.iter().map(|answer| serial(answer["certificate"].as_str().expect("issued"))).collect();
    assert_eq!((answers.len(), printed.len()), (2_000, 2_000), "serials are unique");
    let logged: BTreeSet<u64> =
        authority.log_lines().iter().map(|line| line["serial"].as_str().expect("a serial").parse().expect("a number")).collect();
    assert_eq!(printed, logged);
    let _ = authority.run(&["log", "verify", "--config", "ca/bless.toml"]).success();
}

#[test]
fn no_events() {
    let authority = Authority::new("none");
    assert!(answers(&authority, b"").is_empty());
}

/// One event: its answer, and in the status whether it is a certificate.
#[test]
fn one_event() {
    let authority = Authority::new("one");
    let event = user_event(&fresh_key(&authority.namespace, "key"));
    for (event, status) in [(event.to_string(), 0), (with(&event, "bastion_ips", "x").to_string(), 1), ("nonsense".to_owned(), 1)] {
        let finished = authority.run_with(&["handle", "user", "--config", "ca/bless.toml"], event.as_bytes());
        assert_eq!((finished.status, finished.text().lines().count()), (Some(status), 1), "{finished:?}");
    }
    // A log that cannot be written: no certificate, also in the middle of a run.
    let finished = authority.run_with(&["handle", "--config", "ca/bless.toml", "--log", "file:/dev/full"], event.to_string().as_bytes());
    assert!(finished.status != Some(0) && !finished.text().contains("certificate\""), "{finished:?}");
}
