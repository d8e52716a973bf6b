//! Rule files of other tools, given with `--rules`.

use crate::bench::{Bench, token};

/// The rules that fired, in order.
fn rules(bench: &Bench, arguments: &[&str]) -> Vec<String> {
    let run = bench.scan(arguments).json();
    let mut rules: Vec<_> =
        run["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect();
    rules.sort();
    rules
}

/// The examples of every rule of ours, and of the rule file that the manual shows.
#[test]
fn the_examples_of_our_rules_and_of_the_manual_pass() {
    let bench = Bench::new();
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, shown) = manual.split_once("```toml\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    bench.write("acme.toml", shown);
    let tested = bench.lanius(&["rules", "test", "acme.toml"]);
    assert_eq!(tested.status, 0, "{tested:?}");
    assert!(tested.err.contains(", 0 failed"), "{tested:?}");
}

#[test]
fn gitleaks_rules_and_allow_lists() {
    let bench = Bench::new();
    bench.write(
        "g.toml",
        r#"
[extend]
useDefault = true
disabledRules = ["generic-api-key"]
[[rules]]
id = "acme_Token"
description = "Acme"
regex = '''acme[_-]{1}([a-z]{4})-([0-9a-f]{12})'''
secretGroup = 2
entropy = 2.0
keywords = ["acme"]
[[rules.allowlists]]
condition = "AND"
paths = ['''^docs/''']
regexes = ['''^0''']
[[rules]]
id = "acme-number"
regex = '''\b7[0-9]{8}\b'''
path = '''\.num$'''
[[allowlists]]
regexTarget = "line"
regexes = ['''made-up''']
"#,
    );
    bench
        .write("src/a.py", "x = 'acme_live-3f9a0c71e5b2'\n")
        .write("src/b.py", "x = 'acme_live-9b1d7c3e5a20' # made-up\n")
        .write("docs/a.md", "acme_live-0d4c6b8a1f37 and acme_live-8e6a4c2b1d93\n")
        .write("src/c.num", "order 731904586 of 2\n")
        .write("src/c.txt", "order 731904586 of 2\n");
    let ran = bench.scan(&["--rules", "g.toml", "src", "docs"]);
    assert_eq!(ran.places(), ["docs/a.md:1", "src/a.py:1", "src/c.num:1"], "{ran:?}");
    assert!(ran.err.contains("acme-number") && ran.err.contains("every line"), "{}", ran.err);
    let secret = bench.scan(&["--rules", "g.toml", "--show-secrets", "src/a.py"]).json();
    assert_eq!(secret["findings"][0]["secret"], "3f9a0c71e5b2");
    assert_eq!(secret["findings"][0]["rule"], "acme-token");
}

#[test]
fn trufflehog_detectors() {
    let bench = Bench::new();
    bench.write(
        "t.yaml",
        r"
detectors:
  - name: HogToken
    keywords: [hog]
    regex:
      id: '\b(HID[0-9]{6})\b'
      token: '\b(HOG[0-9A-Z]{17})\b'
    primary_regex_name: token
    exclude_words: [sample]
    verify:
      - endpoint: http://localhost:8000/
",
    );
    bench
        .write("a.txt", "hog id HID331904 is HOGQ4Z8K1M7T2R9W3XV5\n")
        .write("b.txt", "hog is HOGQ4Z8K1M7T2R9W3XB5\n")
        .write("c.txt", "hog HID331904 HOGSAMPLE1M7T2R9W3X5\n");
    let ran = bench.scan(&["--rules", "t.yaml", "a.txt", "b.txt", "c.txt"]);
    assert_eq!(ran.places(), ["a.txt:1"], "{ran:?}");
    assert!(ran.err.contains("`verify` is not used"), "{}", ran.err);
}

#[test]
fn kingfisher_and_nosey_parker_rules() {
    let bench = Bench::new();
    bench.write(
        "k.yml",
        r"
rules:
  - name: Acme Key
    id: kingfisher.acme.1
    pattern: |
      (?xi)
      acme            # the name
      .{0,20}?
      \b
      (
        [a-z0-9]{40}
      )
      \b
    min_entropy: 3.0
    confidence: high
    pattern_requirements:
      min_digits: 2
      ignore_if_contains: [test]
    examples:
      - acme_key = wJ4lrXUt3FEMIK7MDENGbPxRfiCYz9Q2aT5vN8hS
  - name: Acme Note
    id: np.acme.2
    pattern: 'ACME-NOTE-([0-9]{8})'
    examples: [ACME-NOTE-31337421]
    negative_examples: [ACME-NOTE-1]
",
    );
    bench
        .write("a.txt", &format!("acme_key {}\nACME-NOTE-90417365\n", token(4)))
        .write("b.txt", &format!("acme_key {}\n", "abcd".repeat(10)));
    assert_eq!(rules(&bench, &["--rules", "k.yml", "a.txt", "b.txt"]), ["kingfisher-acme-1", "np-acme-2"]);
    let tested = bench.lanius(&["rules", "test", "k.yml"]);
    assert!(tested.err.contains("examples") && !tested.err.contains("acme"), "{tested:?}");
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let bench = Bench::new();
    bench.write("a.txt", "x\n");
    for (name, text, told) in [
        ("a.toml", "[[rules]]\nid = 'a'\nregex = '('\n", "pattern"),
        ("b.yml", "rules: [{id: a}]\n", "pattern"),
        ("c.yml", "a: 1\n", "neither"),
        ("d.toml", "x = \n", "d.toml"),
        ("e.yml", "a: &a [x, x]\nb: &b [*a, *a]\nrules: {", "e.yml"),
        ("f.yml", "detectors: [{name: x}]\n", "regex"),
    ] {
        bench.write(name, text);
        let ran = bench.scan(&["--rules", name, "a.txt"]);
        assert_eq!(ran.status, 2, "{name}");
        assert!(ran.err.contains(told), "{name}: {}", ran.err);
    }
}
