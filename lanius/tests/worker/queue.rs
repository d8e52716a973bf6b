//! `lanius worker` on a queue: every form of event, duplicates, changes, kills, and messages that are none.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use menagerie_tests::eventually;
use menagerie_tests::process::{Running, command, run, spawn};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Row;
use serde_json::json;

use crate::world::{World, secret, token};

#[test]
fn every_form_of_event_and_none_twice() {
    let world = World::new("forms");
    let tags: Vec<_> = (0..4).map(|number| world.put(&format!("in/{number}"), &secret(number))).collect();
    let plain = |number: usize| world.event(&format!("in/{number}"), &tags[number]);
    world.send(&plain(0));
    world.send(&json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": plain(1).to_string()}));
    world.send(&json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": world.bucket}, "object": {"key": "in/2", "etag": tags[2]}}}));
    // An object without its ETag is asked for it.
    world.send(&json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": world.bucket}, "object": {"key": "in/3"}}}));
    world.send(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}));
    world.send(&world.event("in/deleted", "0123"));
    let first = world.drain(&[]);
    assert_eq!(first.status, Some(0), "{}", first.stderr);
    assert!(
        first.stderr.contains("6 messages done, 0 left in the queue; 4 objects scanned, 0 known, 2 left out; 4 places"),
        "{}",
        first.stderr
    );
    assert_eq!(world.found(), ["in/0", "in/1", "in/2", "in/3"]);
    assert_eq!(world.moto.messages(&world.queue), (0, 0));
    for number in 0..4 {
        world.send(&plain(number));
    }
    // A worker that is told of its own results leaves them.
    world.send(&world.event(&world.result_keys()[0], "0123"));
    let second = world.drain(&[]);
    assert!(second.stderr.contains("0 objects scanned, 4 known, 1 left out"), "{}", second.stderr);
    assert_eq!(world.result_keys().len(), 4);
    let text = world.records().iter().map(ToString::to_string).collect::<String>() + &first.stderr;
    assert!((0..4).all(|number| !text.contains(&token(number))), "a secret stands in no result and no log");
}

#[test]
fn the_callers_policy_counts_and_what_an_object_asks_is_told() {
    let world = World::new("policy");
    let waived = world.put("in/waived", &secret(1));
    let asks = world.put("in/asks", &format!("token: {} # lanius:allow -- please\n", token(2)));
    let events = || {
        world.send(&world.event("in/waived", &waived));
        world.send(&world.event("in/asks", &asks));
    };
    events();
    assert!(world.drain(&[]).stderr.contains("2 objects scanned, 0 known, 0 left out; 2 places"));
    let config = world.namespace.file("org.toml");
    std::fs::write(&config, "[[allow]]\npaths = [\"**/in/waived\"]\nreason = \"of a test\"\n").unwrap();
    events();
    let done = world.drain(&["--config", config.to_str().unwrap()]);
    assert!(done.stderr.contains("2 objects scanned, 0 known, 0 left out; 1 place"), "another policy, another look: {}", done.stderr);
    let records = world.records();
    let of = |kind: &str| records.iter().filter(|record| record["type"] == kind).collect::<Vec<_>>();
    let suppressed = of("suppressed");
    assert_eq!(suppressed.len(), 1);
    assert!(suppressed[0]["path"].as_str().unwrap().ends_with("/in/waived"));
    assert!(suppressed[0]["reason"].as_str().unwrap().ends_with("[[allow]] 1: of a test"), "{}", suppressed[0]);
    // Twice: a comment in an object never counts, by whatever policy.
    let asked = of("suppression_asked");
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|record| record["path"].as_str().unwrap().ends_with("/in/asks")));
    assert_eq!(of("finding").len(), 3);
}

#[test]
fn what_changed_is_scanned_anew() {
    let world = World::new("change");
    let tag = world.put("in/x", "nothing");
    world.send(&world.event("in/x", &tag));
    assert!(world.drain(&[]).stderr.contains("1 object scanned"));
    let new = world.put("in/x", &secret(9));
    // The old event again: what is there now counts, and is scanned once.
    world.send(&world.event("in/x", &new));
    world.send(&world.event("in/x", &new));
    assert_eq!(world.drain(&[]).status, Some(0));
    assert_eq!((world.result_keys().len(), world.found()), (2, vec!["in/x".to_owned()]));
    let rules = world.namespace.write(
        "rules.toml",
        "[[rule]]\nid='house-key'\nname='A house key'\nseverity='high'\nconfidence='high'\nkeywords=['hk_']\npattern='hk_[a-z0-9]{12}'\n",
    );
    world.send(&world.event("in/x", &new));
    let ruled = world.drain(&["--rules", rules.to_str().expect("a path")]);
    assert!(ruled.stderr.contains("1 object scanned, 0 known"), "other rules, another look: {}", ruled.stderr);
    assert_eq!(world.result_keys().len(), 3);
}

#[test]
fn each_version_is_scanned() {
    let world = World::new("versions");
    world.moto.keep_versions(&world.bucket);
    for number in 0..2 {
        let (tag, version) = world.moto.put_object(&world.bucket, "in/x", secret(number));
        let mut event = world.event("in/x", &tag);
        event["Records"][0]["s3"]["object"]["versionId"] = json!(version.expect("the bucket keeps versions"));
        world.send(&event);
    }
    let done = world.drain(&[]);
    assert!(done.stderr.contains("2 objects scanned"), "{}", done.stderr);
    let versions: BTreeSet<_> = world.records().iter().map(|record| record["version"].to_string()).collect();
    assert_eq!(versions.len(), 2);
}

#[test]
fn results_as_parquet() {
    let world = World::new("parquet");
    let tag = world.put("in/x", &format!("first line\n{}", secret(4)));
    world.send(&world.event("in/x", &tag));
    let done = world.drain(&["--format", "parquet"]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let keys = world.result_keys();
    assert!(keys.len() == 1 && keys[0].ends_with(".parquet"), "{keys:?}");
    let path = world.namespace.write("result.parquet", world.moto.object(&world.bucket, &keys[0]));
    let reader = SerializedFileReader::new(std::fs::File::open(path).expect("it is there")).expect("it is Parquet");
    let fields = |row: Row| row.get_column_iter().map(|(name, field)| (name.clone(), field.to_string())).collect::<BTreeMap<_, _>>();
    let rows: Vec<_> = reader.get_row_iter(None).expect("it has rows").map(|row| fields(row.expect("a row"))).collect();
    assert_eq!((rows.len(), rows[0]["type"].as_str(), rows[1]["type"].as_str()), (2, "\"object\"", "\"finding\""));
    assert_eq!((rows[0]["places"].as_str(), rows[0]["line"].as_str()), ("1", "null"));
    assert_eq!((rows[1]["key"].as_str(), rows[1]["line"].as_str(), rows[1]["places"].as_str()), ("\"in/x\"", "2", "null"));
    assert_eq!((&rows[1]["etag"], &rows[1]["rule"]), (&format!("\"{tag}\""), &"\"github-pat-classic\"".to_owned()));
}

#[test]
fn what_is_no_message_stays_for_the_redrive_policy() {
    let world = World::new("poison");
    world.moto.send_message(&world.queue, "hello");
    let tag = world.put("in/x", &secret(1));
    world.send(&world.event("in/x", &tag));
    world.send(&json!({"Records": [{"eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "no-such-bucket-of-anyone"}, "object": {"key": "k", "eTag": "0"}}}]}));
    let done = world.drain(&[]);
    assert_eq!(done.status, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("1 message done, 2 left in the queue"), "{}", done.stderr);
    assert!(done.stderr.contains("no notification of S3") && done.stderr.contains("redrive"), "{}", done.stderr);
    assert!(done.stderr.contains("s3://no-such-bucket-of-anyone/k"), "{}", done.stderr);
    assert_eq!((world.found(), world.moto.messages(&world.queue)), (vec!["in/x".to_owned()], (0, 2)));
}

fn signalled(process: &Running, signal: &str) {
    let mut kill = command("kill");
    kill.args([signal, &process.id().to_string()]);
    assert_eq!(run(kill, b"").status, Some(0));
}

#[test]
fn kills_lose_nothing_and_repeat_no_result() {
    const OBJECTS: u64 = 120;
    let world = World::new("kills");
    for number in 0..OBJECTS {
        let tag = world.put(&format!("in/{number:03}"), &secret(number));
        world.send(&world.event(&format!("in/{number:03}"), &tag));
    }
    let results = world.place("results");
    let start = || -> Command { world.lanius(&["worker", "--queue", &world.queue, "--results", &results, "--visibility", "3"]) };
    let mut kills = 0;
    for share in [1, 2] {
        let mut process = spawn(start()).expect("it starts");
        assert!(eventually(Duration::from_secs(60), || world.result_keys().len() as u64 > OBJECTS * share / 4));
        kills += u64::from((world.result_keys().len() as u64) < OBJECTS);
        process.kill().expect("it can be killed");
        let _ = process.wait();
    }
    assert!(kills > 0, "the worker was done before it could be killed");
    let mut last = Running::start("lanius", start());
    assert!(eventually(Duration::from_secs(60), || world.moto.messages(&world.queue) == (0, 0)), "{:?}", world.moto.messages(&world.queue));
    signalled(&last, "-TERM");
    assert!(eventually(Duration::from_secs(30), || last.ended().is_some()), "it ends when it is told to");
    assert_eq!(last.ended().and_then(|status| status.code()), Some(0));
    assert_eq!((world.found().len() as u64, world.result_keys().len() as u64), (OBJECTS, OBJECTS));
}
