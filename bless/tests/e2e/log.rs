//! `bless log`: tampering shows, cut tails show against a head that was kept, and what is looked for is found.

use menagerie_tests::Moto;
use menagerie_tests::process::{Finished, run};
use serde_json::Value;

use crate::authority::Authority;
use crate::events::{fresh_key, user_event, with};

/// A log of three issuances and two refusals at this target.
fn filled(label: &str, target: impl Fn(&Authority) -> String) -> (Authority, String) {
    let authority = Authority::new(label);
    authority.change("principals = [\"alice\"]", "principals = [\"alice\", \"ops\"]");
    let target = target(&authority);
    let event = user_event(&fresh_key(&authority.namespace, "key"));
    let events = [
        event.clone(),
        with(&event, "remote_usernames", "ops"),
        with(&event, "command", "find me"),
        with(&event, "remote_usernames", "root"),
        with(&event, "bastion_user", "bob"),
    ];
    let input: String = events.iter().map(|event| format!("{event}\n")).collect();
    let mut command = authority.bless();
    command.args(["handle", "--jsonl", "--config", "ca/bless.toml", "--log", &target]).envs(Moto::shared().environment());
    assert_eq!(run(command, input.as_bytes()).success().text().lines().count(), 5);
    (authority, target)
}

fn log(authority: &Authority, arguments: &[&str]) -> Finished {
    let mut command = authority.bless();
    command.arg("log").args(arguments).envs(Moto::shared().environment());
    run(command, b"")
}

fn in_file(label: &str) -> (Authority, String, Vec<String>) {
    let (authority, target) = filled(label, |authority| format!("file:{}", authority.namespace.file("log").display()));
    let text = std::fs::read_to_string(authority.namespace.file("log")).expect("a log");
    (authority, target, text.lines().map(str::to_owned).collect())
}

#[test]
fn every_target_is_verified_and_searched() {
    let moto = Moto::shared();
    type Target = fn(&Authority) -> String;
    let targets: [(&str, Target); 4] = [
        ("log-file", |authority| format!("file:{}", authority.namespace.file("log").display())),
        ("log-sqlite", |authority| format!("sqlite:{}", authority.namespace.file("log.db").display())),
        ("log-cloudwatch", |authority| format!("cloudwatch:{}", authority.namespace.name("group"))),
        ("log-dynamodb", |authority| format!("dynamodb:{}", authority.namespace.name("table"))),
    ];
    for (label, target) in targets {
        let made = |authority: &Authority| {
            let target = target(authority);
            match target.split_once(':') {
                Some(("cloudwatch", group)) => moto.create_log_group(group),
                Some(("dynamodb", table)) => moto.create_table(table, &[("writer", "S"), ("seq", "N")]),
                _ => {}
            }
            target
        };
        let (authority, target) = filled(label, made);
        let verified = log(&authority, &["verify", &target]).success();
        let head = verified.text().trim().to_owned();
        assert!(verified.stderr.contains("the log is whole: entries 5, chains 1"), "{label}: {}", verified.stderr);
        let _ = log(&authority, &["verify", &target, "--expect", &head]).success();
        let later = head.replacen(":5:", ":6:", 1);
        assert_eq!(log(&authority, &["verify", &target, "--expect", &later]).status, Some(1), "{label}: {head}");
        let found = |more: &[&str]| log(&authority, &[&["search", &target][..], more].concat()).success().text().lines().count();
        assert_eq!((found(&[]), found(&["--type", "issued"]), found(&["--type", "refused"])), (5, 3, 2), "{label}");
    }
}

#[test]
fn tampering_shows() {
    let (authority, target, lines) = in_file("tampering");
    assert_eq!(lines.len(), 5);
    let write = |lines: &[String]| std::fs::write(authority.namespace.file("log"), lines.join("\n") + "\n").expect("written");
    let edited = |at: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        assert!(lines[at].contains(from), "{from} is not in {}", lines[at]);
        lines[at] = lines[at].replacen(from, to, 1);
        lines
    };
    let mut left_out = lines.clone();
    let _ = left_out.remove(2);
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let mut added = lines.clone();
    added.insert(1, lines[3].replace("\"seq\":4", "\"seq\":2"));
    let mut headless = lines.clone();
    let _ = headless.remove(0);
    for (name, lines) in [
        ("a word changed", edited(1, "ops", "oqs")),
        ("refused made issued", edited(3, "refused", "issued")),
        ("a line left out", left_out),
        ("two lines swapped", swapped),
        ("a line added", added),
        ("the first line gone", headless),
        ("a line that is none", edited(2, "{", "")),
    ] {
        write(&lines);
        let found = log(&authority, &["verify", &target]);
        assert_eq!(found.status, Some(1), "{name}: {found:?}");
        assert!(found.stderr.contains("the log is NOT whole"), "{name}: {}", found.stderr);
    }
    write(&lines);
    let _ = log(&authority, &["verify", &target]).success();
}

/// A chain alone cannot show that its end was cut off or written anew: a head that was kept elsewhere does.
#[test]
fn a_cut_tail_shows_against_a_kept_head() {
    let (authority, target, lines) = in_file("tail");
    let head = log(&authority, &["verify", &target]).success().text().trim().to_owned();
    let path = authority.namespace.file("log");
    std::fs::write(&path, lines[..4].join("\n") + "\n").expect("written");
    let _ = log(&authority, &["verify", &target]).success();
    let cut = log(&authority, &["verify", &target, "--expect", &head, "--format", "json"]);
    assert_eq!(cut.status, Some(1), "{cut:?}");
    let report: Value = serde_json::from_slice(&cut.stdout).expect("JSON");
    assert_eq!((&report["schema"], &report["sound"]), (&Value::from("bless.log.verify/1"), &Value::Bool(false)));
    assert_eq!(report["problems"][0]["code"], "cut_tail", "{report}");
    let last = lines[4].replace("bob", "eve");
    std::fs::write(&path, [&lines[..4], &[last]].concat().join("\n") + "\n").expect("written");
    assert_eq!(log(&authority, &["verify", &target, "--expect", &head]).status, Some(1));
    std::fs::write(&path, "").expect("written");
    assert_eq!(log(&authority, &["verify", &target, "--expect", &head]).status, Some(1));
    assert_eq!(log(&authority, &["verify", &target, "--expect", "nonsense"]).status, Some(2));
}

/// Of a log that cannot be read nothing is known: it is not sound, and the report says why.
#[test]
fn a_report_names_what_could_not_be_read() {
    let (authority, target, _) = in_file("unread");
    let verify = |target: &str| {
        let finished = log(&authority, &["verify", target, "--format", "json"]);
        let report: Value = serde_json::from_slice(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"));
        (finished.status, report)
    };
    let (status, report) = verify(&target);
    assert_eq!((status, &report["sound"], &report["errors"]), (Some(0), &Value::Bool(true), &serde_json::json!([])));
    let database = authority.namespace.write("no.db", "SQLite format 3\0 and no more");
    let unmade = authority.namespace.name("unmade");
    for (target, reason) in [
        ("file:missing".to_owned(), "No such file"),
        (format!("sqlite:{}", database.display()), "the log's database"),
        (format!("cloudwatch:{unmade}"), "ResourceNotFoundException"),
    ] {
        let (status, report) = verify(&target);
        assert_eq!((status, &report["sound"], &report["entries"]), (Some(2), &Value::Bool(false), &Value::from(0)), "{report}");
        assert_eq!(report["errors"].as_array().map(Vec::len), Some(1), "{report}");
        assert_eq!(report["errors"][0]["source"], target.as_str(), "{report}");
        assert!(report["errors"][0]["reason"].as_str().is_some_and(|text| text.contains(reason)), "{report}");
    }
}

#[test]
fn search_filters() {
    let (authority, target, lines) = in_file("search");
    let first: Value = serde_json::from_str(&lines[0]).expect("JSON");
    let serial = first["serial"].as_str().expect("a serial");
    let key = first["key"]["fingerprint"].as_str().expect("a fingerprint");
    let time = first["time"].as_str().expect("a time");
    let found = |more: &[&str]| {
        let mut arguments = vec!["search", &target, "--format", "jsonl"];
        arguments.extend(more);
        log(&authority, &arguments).success().text().lines().count()
    };
    for (filter, count) in [
        (&["--serial", serial][..], 1),
        (&["--serial", "1"], 0),
        (&["--principal", "ops"], 1),
        (&["--principal", "root"], 1),
        // Who claimed to be bob was verified as alice.
        (&["--user", "alice"], 5),
        (&["--user", "bob"], 1),
        (&["--key", key], 5),
        (&["--kind", "user"], 5),
        (&["--kind", "host"], 0),
        (&["--text", "find me"], 1),
        (&["--since", time], 5),
        (&["--until", time], 0),
        (&["--since", "2020-01-01", "--until", "2021-01-01"], 0),
        (&["--since", "2020-01-01", "--type", "refused", "--user", "bob"], 1),
    ] {
        assert_eq!(found(filter), count, "{filter:?}");
    }
    // The lines are the log's own.
    let all = log(&authority, &["search", &target, "--format", "jsonl"]).success().text();
    assert_eq!(all.lines().map(str::to_owned).collect::<Vec<_>>(), lines);
    let human = log(&authority, &["search", &target, "--serial", serial]).success().text();
    assert!(human.contains("issued user for alice by alice (verified by uid)"), "{human}");
    assert_eq!(log(&authority, &["search", &target, "--since", "yesterday"]).status, Some(2));
    assert_eq!(log(&authority, &["search", "file:/nowhere/log"]).status, Some(2));
}
