//! The usage store: a file is read once, and a reader that is killed midway loses nothing and counts nothing twice.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use menagerie_tests::process::Running;
use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::world::World;

both!(a_file_is_read_once, a_reader_that_is_killed_loses_nothing, what_cannot_be_read_is_told);

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/app";

/// An event of the role, as a trail logs it.
pub(crate) fn event(time: &str, source: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.09", "eventTime": time, "eventSource": source, "eventName": name, "awsRegion": "us-east-1",
        "eventID": format!("{time}-{name}"), "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "111122223333",
        "requestParameters": null, "responseElements": null,
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/session", "accountId": "111122223333",
            "sessionContext": { "sessionIssuer": { "type": "Role", "arn": ROLE, "accountId": "111122223333", "userName": "app" } },
        },
    })
}

/// A log file of so many events.
pub(crate) fn log(events: &[Value]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(json!({ "Records": events }).to_string().as_bytes()).expect("is written");
    gz.finish().expect("is written")
}

/// A day, some days before now, as events have it.
pub(crate) fn ago(days: i64, clock: &str) -> String {
    let day = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    format!("{}T{clock}Z", day.strftime("%Y-%m-%d"))
}

fn count(world: &World<'_>, action: &str) -> u64 {
    let shown = world.json(&["usage", "show", ROLE]);
    let uses = shown["uses"].as_array().expect("a list");
    uses.iter().filter(|one| one["action"] == action).filter_map(|one| one["count"].as_u64()).sum()
}

fn a_file_is_read_once(place: &Place) {
    let world = World::new("once", place, json!({}));
    let logs = world.namespace.file("logs");
    std::fs::create_dir(&logs).expect("is made");
    let write = |name: &str, events: &[Value]| std::fs::write(logs.join(name), log(events)).expect("is written");
    let buckets = |days: i64| event(&ago(days, "10:00:00"), "s3.amazonaws.com", "ListBuckets");
    write("1.json.gz", &[buckets(3), buckets(2)]);
    let add = || world.json(&["usage", "add", logs.to_str().expect("text")]);
    let numbers = |added: &Value| (added["read"].as_u64(), added["known"].as_u64(), added["events"].as_u64());
    assert_eq!(numbers(&add()), (Some(1), Some(0), Some(2)));
    assert_eq!(numbers(&add()), (Some(0), Some(1), Some(0)));
    assert_eq!(count(&world, "s3:ListAllMyBuckets"), 2);
    write("2.json.gz", &[buckets(1), event(&ago(1, "11:00:00"), "nowhere.amazonaws.com", "Dream")]);
    assert_eq!(numbers(&add()), (Some(1), Some(1), Some(2)));
    assert_eq!(count(&world, "s3:ListAllMyBuckets"), 3);
    assert_eq!(count(&world, "nowhere.amazonaws.com Dream"), 1, "what no action is known for is kept, too");

    // The same folder by another name is the same folder.
    let mut elsewhere = world.command(&["usage", "add", "logs", "--format", "json"]);
    elsewhere.current_dir(world.namespace.path());
    let added: Value = serde_json::from_slice(&menagerie_tests::process::run(elsewhere, b"").success().stdout).expect("is JSON");
    assert_eq!(numbers(&added), (Some(0), Some(2), Some(0)));

    let listed = world.json(&["usage", "list"]);
    assert_eq!(listed["principals"][0]["principal"], json!(ROLE), "{listed}");
    assert_eq!(world.json(&["usage", "list", "--files"])["files"].as_array().map(Vec::len), Some(2));
    // What is too old goes.
    write("3.json.gz", &[event(&ago(500, "10:00:00"), "sqs.amazonaws.com", "ListQueues")]);
    assert_eq!(numbers(&add()), (Some(1), Some(2), Some(1)));
    assert_eq!((count(&world, "s3:ListAllMyBuckets"), count(&world, "sqs:ListQueues")), (3, 0));
}

fn a_reader_that_is_killed_loses_nothing(place: &Place) {
    const FILES: u64 = 3_000;
    let world = World::new("killed", place, json!({}));
    let logs = world.namespace.file("logs");
    std::fs::create_dir(&logs).expect("is made");
    let bytes = log(&[
        event(&ago(1, "10:00:00"), "s3.amazonaws.com", "ListBuckets"),
        event(&ago(1, "10:00:01"), "sqs.amazonaws.com", "ListQueues"),
    ]);
    for number in 0..FILES {
        std::fs::write(logs.join(format!("{number:04}.json.gz")), &bytes).expect("is written");
    }
    let logs = logs.to_str().expect("text");
    let kills = if std::env::var_os("MENAGERIE_SOAK").is_some() { 50 } else { 4 };
    let mut last = 0;
    for kill in 1..=kills {
        let mut reader = Running::start("repokid usage add", world.command(&["usage", "add", logs]));
        std::thread::sleep(Duration::from_millis(60 + kill * 37 % 150));
        reader.kill();
        let files = world.json(&["usage", "list", "--files"])["files"].as_array().map_or(0, |files| files.len() as u64);
        assert!(files >= last, "what was taken in stays: {files} after {last}");
        for action in ["s3:ListAllMyBuckets", "sqs:ListQueues"] {
            assert_eq!(count(&world, action), files, "{action} after {kill} kills");
        }
        last = files;
        // It may be killed before it begins.
        assert!(files == 0 || unread(place) == (files < FILES), "what is not read is missed: {files}");
    }
    let added = world.json(&["usage", "add", logs]);
    assert_eq!((added["known"].as_u64(), added["read"].as_u64()), (Some(last), Some(FILES - last)), "{added}");
    assert_eq!(count(&world, "s3:ListAllMyBuckets"), FILES);
    assert!(!unread(place));
}

/// Whether something was not read to its end.
fn unread(place: &Place) -> bool {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    runtime.block_on(async {
        let state = place.open().await;
        let kept = state.deliveries("111122223333", jiff::Timestamp::UNIX_EPOCH).await.expect("is read");
        state.close().await;
        kept.damaged.iter().any(|(name, _)| name.starts_with("(not read"))
    })
}

fn what_cannot_be_read_is_told(place: &Place) {
    let world = World::new("broken", place, json!({}));
    let whole = log(&[event(&ago(1, "10:00:00"), "s3.amazonaws.com", "ListBuckets")]);
    let cut = world.namespace.write("cut.json.gz", &whole[..whole.len() - 20]);
    let done = world.run(&["usage", "add", cut.to_str().expect("text")]);
    assert_eq!(done.status, Some(2), "{}", done.text());
    assert!(done.stderr.contains("cut.json.gz") && done.stderr.contains("cut off"), "{}", done.stderr);
    let missing = world.run(&["usage", "add", world.namespace.file("missing").to_str().expect("text")]);
    assert_eq!(missing.status, Some(2));
    // It is not taken for read, and is read when it is there.
    assert_eq!(world.json(&["usage", "list", "--files"])["files"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.run(&["usage", "add", "ftp://x"]).status, Some(2));
    assert_eq!(world.run(&["usage", "show", "nobody"]).status, Some(1));
}
