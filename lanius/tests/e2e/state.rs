//! States of findings, and histories that are scanned from where the last scan ended.

use std::process::Stdio;

use crate::bench::{Bench, aws_key, password, token};

fn key(seed: u64) -> String {
    format!("key = '{}'\n", aws_key(seed))
}

/// What a scan said, but for what states and times add.
fn findings(run: &serde_json::Value) -> serde_json::Value {
    let mut findings = run["findings"].clone();
    for finding in findings.as_array_mut().unwrap() {
        for field in ["state", "reopened", "first_seen"] {
            finding.as_object_mut().unwrap().remove(field);
        }
    }
    findings
}

#[test]
fn a_state_outlives_runs() {
    let bench = Bench::new();
    bench.write("src/a.py", &key(1));
    let scan = || bench.scan(&["--state", "s.json", "src"]);
    let first = scan().json();
    assert_eq!(first["findings"][0]["state"], "open");
    let fingerprint = first["findings"][0]["places"][0]["fingerprint"].as_str().unwrap().to_owned();
    assert!(!bench.read("s.json").contains(&aws_key(1)));
    // Rotated: told, and no failure.
    let set = |state: &str| bench.lanius(&["state", "set", "--state", "s.json", &fingerprint[..12], state, "--note", "by hand"]);
    assert_eq!(set("rotated").status, 0);
    let ran = scan();
    assert_eq!((ran.status, &ran.json()["findings"][0]["state"]), (0, &"rotated".into()));
    assert_eq!(ran.json()["findings"][0]["first_seen"], first["findings"][0]["first_seen"]);
    // Closed, and here again.
    set("closed");
    let ran = scan();
    assert_eq!((ran.status, &ran.json()["findings"][0]["reopened"]), (1, &true.into()));
    assert_eq!(ran.json()["findings"][0]["state"], "open");
    assert_eq!(scan().json()["findings"][0]["reopened"], false);
    let human = bench.lanius(&["state", "list", "--state", "s.json"]);
    assert!(human.out.contains(&fingerprint) && human.out.contains("by hand"), "{human:?}");
    let list = bench.lanius(&["state", "list", "--state", "s.json", "--format", "json"]).json();
    assert_eq!(list["findings"][0]["state"], "open");
    assert_eq!(bench.lanius(&["state", "set", "--state", "s.json", "c1:ffffffffffff", "closed"]).status, 2);
    assert_eq!(bench.lanius(&["state", "list", "--state", "none.json"]).status, 2);
    bench.write("s.json", "{}");
    assert_eq!(scan().status, 2);
}

#[test]
fn a_rotated_one_does_not_speak_for_a_second_of_its_context() {
    let bench = Bench::new();
    bench.write("src/a.py", &key(1));
    let scan = || bench.scan(&["--state", "s.json", "src"]);
    let fingerprint = scan().json()["findings"][0]["places"][0]["fingerprint"].as_str().unwrap().to_owned();
    bench.lanius(&["state", "set", "--state", "s.json", &fingerprint, "rotated"]);
    assert_eq!(scan().status, 0);
    bench.write("src/b.py", &key(2));
    assert_eq!(scan().status, 1);
}

#[test]
fn a_second_scan_of_a_history_is_that_of_its_new_commits() {
    let bench = Bench::repository();
    for day in 1..20 {
        bench.write(&format!("src/{day}.py"), &format!("x = {day}\n{}", if day % 5 == 0 { key(day.into()) } else { String::new() }));
        bench.write("moving.py", &format!("api_token = \"{}\"\ny = {day}\n", token(77)));
        bench.commit("more", day);
    }
    let out = Bench::new();
    let state = out.path("s.json");
    let scan = || bench.scan(&["--git", ".", "--state", state.to_str().unwrap()]);
    let first = scan().json();
    assert_eq!(findings(&first), findings(&bench.scan(&["--git", "."]).json()));
    let all = first["coverage"]["sources"].as_u64().unwrap();
    // Nothing new.
    let again = scan().json();
    assert_eq!(findings(&again), findings(&first));
    // A commit that brings one, one that takes one away, one on another branch that is merged.
    bench.write("src/new.py", &key(99));
    bench.commit("new", 21);
    bench.git(&["rm", "-q", "src/5.py"]);
    bench.commit("gone", 22);
    bench.git(&["checkout", "-q", "-b", "side", "HEAD~3"]);
    bench.write("side.py", &format!("db_password = \"{}\"\n", password(5)));
    bench.commit("side", 23);
    bench.git(&["checkout", "-q", "main"]);
    bench.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let ran = scan().json();
    assert_eq!(findings(&ran), findings(&bench.scan(&["--git", "."]).json()));
    let seen = ran["coverage"]["sources"].as_u64().unwrap();
    assert!(seen < all / 3, "{seen} of {all} blobs were read again");
    // Back to a version between the first and the last, and a known blob at a new path.
    bench.git(&["checkout", "-q", "HEAD~6", "--", "moving.py"]);
    bench.git(&["mv", "src/10.py", "src/moved.py"]);
    bench.commit("back", 24);
    assert_eq!(findings(&scan().json()), findings(&bench.scan(&["--git", "."]).json()));
    // A state that tells of places where nothing is.
    let mut wrong: serde_json::Value = serde_json::from_str(&out.read("s.json")).unwrap();
    let (_, history) = wrong["repositories"].as_object_mut().unwrap().iter_mut().next().unwrap();
    history["memory"]["secrets"][0]["start"] = 1.into();
    out.write("s.json", &wrong.to_string());
    assert_eq!(findings(&scan().json()), findings(&bench.scan(&["--git", "."]).json()));
}

#[test]
fn other_rules_a_rewound_branch_or_a_lower_level_are_scanned_from_the_beginning() {
    let bench = Bench::repository();
    bench.write("a.py", &key(1));
    bench.commit("one", 1);
    bench.write("b.py", &key(2));
    bench.commit("two", 2);
    let out = Bench::new();
    let state = out.path("s.json");
    let scan = |more: &[&str]| bench.scan(&[&["--git", ".", "--state", state.to_str().unwrap()], more].concat()).json();
    let slow = |more: &[&str]| bench.scan(&[&["--git", "."], more].concat()).json();
    scan(&[]);
    out.write("r.toml", "[[rules]]\nid = 'mine'\nregex = '''key = '(AK[A-Z0-9]+)'''\n");
    let rules = out.path("r.toml");
    let more = ["--rules", rules.to_str().unwrap()];
    assert_eq!(findings(&scan(&more)), findings(&slow(&more)));
    assert_eq!(findings(&scan(&["--confidence", "low"])), findings(&slow(&["--confidence", "low"])));
    bench.git(&["reset", "-q", "--hard", "HEAD~1"]);
    assert_eq!(findings(&scan(&[])), findings(&slow(&[])));
    assert_eq!(slow(&[])["findings"].as_array().unwrap().len(), 1);
}

/// A scan that is killed leaves the old states or the new ones, whole.
#[test]
fn a_killed_scan_leaves_whole_states() {
    let bench = Bench::new();
    for number in 0..200 {
        bench.write(&format!("src/{number}.py"), &format!("name_{number} = '{}'\n", aws_key(number)));
    }
    assert_eq!(bench.scan(&["--state", "s.json", "src"]).status, 1);
    let known = bench.lanius(&["state", "list", "--state", "s.json", "--format", "jsonl"]).out.lines().count();
    assert!(known > 100, "{known}");
    for delay in 0..12 {
        let mut command = bench.command(env!("CARGO_BIN_EXE_lanius"));
        let mut child = command.args(["scan", "--state", "s.json", "src"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay * 9));
        child.kill().unwrap();
        child.wait().unwrap();
        let list = bench.lanius(&["state", "list", "--state", "s.json", "--format", "jsonl"]);
        assert_eq!((list.status, list.out.lines().count()), (0, known), "killed after {delay}");
    }
}
