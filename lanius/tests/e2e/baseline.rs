//! Baselines: they outlive moved lines and files, and hide nothing new.

use crate::bench::{Bench, aws_key, password, token};

fn line(seed: u64) -> String {
    format!("db_password = \"{}\"\n", password(seed))
}

#[test]
fn what_was_there_is_quiet_also_where_it_moved() {
    let bench = Bench::new();
    bench.write("src/a.py", &format!("{}key = '{}'\n", line(1), aws_key(1))).write("src/b.py", &format!("api_token = \"{}\"\n", token(3)));
    let made = bench.lanius(&["baseline", "src"]);
    assert_eq!(made.status, 0, "{made:?}");
    let text = bench.read(".lanius-baseline.json");
    for secret in [password(1), aws_key(1), token(3)] {
        assert!(!text.contains(&secret), "the baseline holds a value");
    }
    let scan = || bench.scan(&["--baseline", ".lanius-baseline.json", "src"]);
    assert_eq!(scan().status, 0);
    // Lines move, files move.
    bench.write("src/deep/c.py", &format!("import os\n\n\n{}", bench.read("src/a.py")));
    std::fs::remove_file(bench.path("src/a.py")).unwrap();
    let ran = scan();
    assert_eq!(ran.places(), Vec::<String>::new(), "{ran:?}");
    // Something new.
    bench.write("src/d.py", &format!("other = '{}'\n", aws_key(2)));
    let ran = scan();
    assert_eq!(ran.places(), ["src/d.py:1"]);
    assert_eq!(ran.status, 1);
}

#[test]
fn without_a_key_counts_limit_a_context() {
    let bench = Bench::new();
    bench.write("src/a.py", &line(1));
    bench.lanius(&["baseline", "src", "-o", "b.json"]);
    bench.write("src/0.py", &line(2));
    // The path that the baseline names is the known one, whatever the order.
    assert_eq!(bench.scan(&["--baseline", "b.json", "src"]).places(), ["src/0.py:1"]);
}

#[test]
fn with_a_key_the_value_decides() {
    let bench = Bench::new();
    bench.write("key", "c2l4dGVlbiBieXRlcyBhbmQgbW9yZQ==\n").write("src/a.py", &line(1));
    let with = |arguments: &[&str]| bench.lanius(&[arguments, &["--key-file", "key"]].concat());
    assert_eq!(with(&["baseline", "src", "-o", "b.json"]).status, 0);
    // The same value at more places is known; another in the same context is not.
    bench.write("src/b.py", &line(1)).write("src/c.py", &format!("x = 1\nadmin_password = '{}'\n", password(1)));
    assert_eq!(with(&["scan", "src", "--baseline", "b.json"]).status, 0);
    bench.write("src/a.py", &line(2));
    let ran = with(&["scan", "--format", "json", "src", "--baseline", "b.json"]);
    assert_eq!(ran.places(), ["src/a.py:1"]);
    // A baseline made with a key says so.
    let ran = bench.scan(&["--baseline", "b.json", "src"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("made with a key"), "{ran:?}");
    bench.write("key", "another key of sixteen bytes\n");
    let ran = with(&["scan", "src", "--baseline", "b.json"]);
    assert!(ran.status == 2 && ran.err.contains("another key"), "{ran:?}");
}

#[test]
fn what_is_gone_is_told_and_pruned() {
    let bench = Bench::new();
    bench.write("src/a.py", &line(1)).write("src/b.py", &format!("key = '{}'\n", aws_key(1)));
    bench.lanius(&["baseline", "src", "-o", "b.json"]);
    let before: serde_json::Value = serde_json::from_str(&bench.read("b.json")).unwrap();
    assert_eq!(before["entries"].as_array().unwrap().len(), 2);
    std::fs::remove_file(bench.path("src/b.py")).unwrap();
    let ran = bench.scan(&["--baseline", "b.json", "src"]);
    assert_eq!(ran.json()["unused_waivers"].as_array().unwrap().len(), 1);
    let kept = bench.lanius(&["baseline", "src", "-o", "b.json"]);
    assert!(kept.err.contains("--prune"), "{kept:?}");
    // A source that cannot be read is not gone.
    let lost = bench.lanius(&["baseline", "src", "missing", "-o", "b.json", "--prune"]);
    assert_eq!(lost.status, 2);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&bench.read("b.json")).unwrap()["entries"].as_array().unwrap().len(), 2);
    bench.lanius(&["baseline", "src", "-o", "b.json", "--prune"]);
    let after: serde_json::Value = serde_json::from_str(&bench.read("b.json")).unwrap();
    assert_eq!(after["entries"].as_array().unwrap().len(), 1);
    // The same entries are the same bytes.
    let text = bench.read("b.json");
    bench.lanius(&["baseline", "src", "-o", "b.json"]);
    assert_eq!(bench.read("b.json"), text);
}

#[test]
fn one_in_the_repository_counts_by_itself_and_over_its_history() {
    let bench = Bench::repository();
    bench.write("a.py", &line(1));
    bench.commit("one", 1);
    assert_eq!(bench.lanius(&["baseline", "--git", "."]).status, 0);
    assert_eq!(bench.scan(&["."]).status, 0);
    assert_eq!(bench.scan(&["--git", "."]).status, 0);
    // A moved file has two paths in its history, and is not new.
    bench.git(&["mv", "a.py", "b.py"]);
    bench.commit("two", 2);
    let ran = bench.scan(&["--git", "."]);
    assert_eq!(ran.status, 0, "{ran:?}");
    bench.write("c.py", &line(2));
    bench.commit("three", 3);
    assert_eq!(bench.scan(&["--git", "."]).places(), ["c.py:1"]);
}
