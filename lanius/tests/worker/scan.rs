//! `lanius scan s3://…`.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use crate::world::{World, lines, secret, token};

fn paths(text: &str) -> Vec<String> {
    let mut paths: Vec<_> = lines(text).iter().filter(|line| line["type"] == "finding").map(|line| line["path"].to_string()).collect();
    paths.sort();
    paths.dedup();
    paths
}

#[test]
fn a_prefix_is_scanned_and_nothing_beside_it() {
    let world = World::new("scan");
    for (key, text) in [("in/a b+ä.txt", secret(1)), ("in/deep/x", "nothing here".to_owned()), ("out/c", secret(2))] {
        let _ = world.put(key, &text);
    }
    let _ = world.moto.put_object_as(&world.bucket, "in/cold", secret(3), "GLACIER");
    let ledger = world.namespace.file("ledger");
    let done = world.run(&["scan", &world.place("in/"), "--format", "jsonl", "--ledger", ledger.to_str().expect("a path")]);
    assert_eq!(done.status, Some(1), "{}{}", done.text(), done.stderr);
    assert_eq!(paths(&done.text()), [format!("\"s3://{}/in/a b+ä.txt\"", world.bucket)]);
    let ledger = std::fs::read_to_string(ledger).expect("the ledger is written");
    let entry = |key: &str| lines(&ledger).into_iter().find(|line| line["source"].as_str().is_some_and(|source| source.ends_with(key)));
    assert_eq!(entry("in/deep/x").expect("an entry")["state"], "scanned");
    let cold = entry("in/cold").expect("an entry");
    assert!(cold["state"] == "skipped" && cold["reason"].as_str().is_some_and(|reason| reason.contains("GLACIER")), "{cold}");
    assert!(!done.text().contains(&token(1)), "a secret is not shown");
}

#[test]
fn any_number_at_once_gives_the_same_lines() {
    let world = World::new("many");
    for number in 0..40 {
        let _ = world.put(&format!("d{}/{number}", number % 3), &secret(number));
    }
    let scan = |at_once: &str| world.run(&["scan", &world.place(""), "--format", "jsonl", "--at-once", at_once]).text();
    let one = scan("1");
    assert_eq!(paths(&one).len(), 40);
    assert_eq!(one, scan("16"));
    let sampled = world.run(&["scan", &world.place(""), "--format", "jsonl", "--sample", "2"]);
    assert_eq!(paths(&sampled.text()).len(), 6, "two of each of three folders");
}

#[test]
fn a_large_object_takes_little_memory() {
    let world = World::new("large");
    let mut text = "the quick brown fox jumps over the lazy dog\n".repeat(1_000_000);
    text.push_str(&secret(7));
    for number in 0..4 {
        let _ = world.put(&format!("large/{number}"), &text);
    }
    let mut process =
        menagerie_tests::process::Running::start("lanius", world.lanius(&["scan", &world.place("large/"), "--format", "jsonl"]));
    let mut peak = 0;
    assert!(menagerie_tests::eventually(std::time::Duration::from_secs(120), || {
        peak = peak.max(process.peak_resident_kib().unwrap_or(0));
        process.ended().is_some()
    }));
    assert_eq!(process.ended().and_then(|status| status.code()), Some(1));
    assert!(peak > 0 && peak < 256 << 10, "{peak} KiB");
}

#[test]
fn archives_are_opened_when_asked_for() {
    let world = World::new("archives");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(secret(5).as_bytes()).expect("memory takes it");
    let _ = world.moto.put_object(&world.bucket, "log.gz", packed.finish().expect("memory takes it"));
    assert_eq!(world.run(&["scan", &world.place("")]).status, Some(0));
    let opened = world.run(&["scan", &world.place(""), "--archives", "--format", "jsonl"]);
    assert_eq!(opened.status, Some(1), "{}", opened.stderr);
    assert!(paths(&opened.text())[0].contains("log.gz!"), "{}", opened.text());
}

#[test]
fn a_lost_source_is_no_success() {
    let world = World::new("lost");
    let missing = world.run(&["scan", "s3://no-such-bucket-of-anyone/x"]);
    assert_eq!(missing.status, Some(2));
    assert!(missing.stderr.contains("no such bucket"), "{}", missing.stderr);
    let _ = world.moto.put_object_as(&world.bucket, "cold", secret(3), "DEEP_ARCHIVE");
    let nothing = world.run(&["scan", &world.place("")]);
    assert_eq!(nothing.status, Some(2), "a bucket that is not empty, and nothing of it scanned: {}", nothing.stderr);
    assert_eq!(world.run(&["scan", "s3://b"]).status, Some(2), "no name of a bucket");
}
