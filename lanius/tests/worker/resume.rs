//! A scan that is killed goes on where it stood: nothing is lost, and nothing is scanned twice but what was under way.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::time::Duration;

use menagerie_tests::eventually;
use menagerie_tests::process::{command, run_within, spawn};

use crate::world::{World, lines, secret};

const OBJECTS: u64 = 200;
/// At most so many are planned ahead: four for each of `--at-once`.
const UNDER_WAY: u64 = 4 * 4;

#[test]
fn kills_lose_nothing() {
    let world = World::new("resume");
    for number in 0..OBJECTS {
        let _ = world.put(&format!("k/{number:03}"), &secret(number));
    }
    let (out, progress) = (world.namespace.file("out.jsonl"), world.namespace.file("progress"));
    let (place, progress) = (world.place("k/"), progress.to_str().expect("a path").to_owned());
    let arguments = ["scan", &place, "--format", "jsonl", "--at-once", "4", "--resume", &progress];
    let open = || OpenOptions::new().append(true).create(true).open(&out).expect("it can be made");
    let written = || std::fs::read_to_string(&out).unwrap_or_default().lines().count() as u64;
    let mut kills = 0;
    for share in [1, 2, 3] {
        let mut lanius = world.lanius(&arguments);
        lanius.stdout(open()).stderr(File::create(world.namespace.file("errors")).expect("it can be made"));
        let mut process = spawn(lanius).expect("it starts");
        assert!(eventually(Duration::from_secs(60), || written() > OBJECTS * share / 5 || process.try_wait().expect("a child").is_some()));
        kills += u64::from(process.try_wait().expect("a child").is_none());
        process.kill().expect("it can be killed");
        let _ = process.wait();
    }
    assert!(kills > 0, "no scan was under way when it was killed");
    let mut last = command("sh");
    last.envs(world.moto.environment()).args(["-c", "out=$1; shift; exec \"$@\" >> \"$out\"", "sh"]);
    last.arg(&out).arg(env!("CARGO_BIN_EXE_lanius")).args(arguments);
    let last = run_within(Duration::from_secs(120), last, b"");
    assert_eq!(last.status, Some(1), "{}", last.stderr);
    let text = std::fs::read_to_string(&out).expect("it is there");
    // A kill may have cut a line short; the object is then scanned again.
    let whole: Vec<_> = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).collect();
    let keys: BTreeSet<String> = lines(&whole.join("\n")).iter().map(|line| line["path"].to_string()).collect();
    assert_eq!(keys.len() as u64, OBJECTS, "every object's finding is there");
    assert!(whole.len() as u64 <= OBJECTS + kills * UNDER_WAY, "{} lines after {kills} kills", whole.len());
    // What is finished is not scanned again, and its exit status is that of the whole.
    let again = world.run(&arguments);
    assert_eq!((again.status, again.text().as_str()), (Some(1), ""), "{}", again.stderr);
    assert!(again.stderr.contains("0 objects scanned now; since the beginning 200 objects"), "{}", again.stderr);
}

#[test]
fn progress_is_of_one_scan() {
    let world = World::new("again");
    let progress = world.namespace.file("progress");
    let progress = progress.to_str().expect("a path");
    let place = world.place("");
    let _ = world.put("a", &secret(1));
    let first = world.run(&["scan", &place, "--format", "jsonl", "--resume", progress]);
    assert_eq!((first.status, lines(&first.text()).len()), (Some(1), 1), "{}", first.stderr);
    for wrong in [vec!["--confidence", "low"], vec!["--archives"], vec!["--sample", "1"]] {
        let mut arguments = vec!["scan", &place, "--format", "jsonl", "--resume", progress];
        arguments.extend(wrong);
        let other = world.run(&arguments);
        assert!(other.status == Some(2) && other.stderr.contains("another scan"), "{}", other.stderr);
    }
    let human = world.run(&["scan", &place, "--resume", progress]);
    assert!(human.status == Some(2) && human.stderr.contains("jsonl"), "{}", human.stderr);
}
