//! The edges of the command line: pipes and devices, where output goes, what is said to who names nothing or something wrong.

use std::os::unix::fs::FileTypeExt as _;

use crate::bench::{Bench, Ran, aws_key, password};

/// Runs a line of shell, in which `lanius` is the program.
fn shell(bench: &Bench, line: &str) -> Ran {
    let line = line.replace("lanius", env!("CARGO_BIN_EXE_lanius"));
    Ran::of(&bench.command("bash").args(["-c", &line]).output().unwrap())
}

fn planted() -> Bench {
    let bench = Bench::new();
    bench.write("a.py", &format!("key = '{}'\n", aws_key(1)));
    bench
}

#[test]
fn pipes_that_a_shell_hands_over_are_read_and_others_refused() {
    let bench = planted();
    // With `--archives` and `--tables` files are read twice, which a pipe cannot be.
    for options in ["", "--archives", "--tables"] {
        let ran = shell(&bench, &format!("lanius scan --format json {options} <(cat a.py)"));
        assert_eq!(ran.status, 1, "{options}: {ran:?}");
        assert!(ran.places()[0].starts_with("/dev/fd/"), "{ran:?}");
    }
    assert_eq!(shell(&bench, "cat a.py | lanius scan --format json /dev/stdin").places(), ["/dev/stdin:1"]);
    let made = shell(&bench, "mkfifo pipe");
    assert_eq!(made.status, 0, "{made:?}");
    for (what, special) in [("a named pipe", "pipe"), ("a device", "/dev/zero")] {
        let ran = bench.scan(&["a.py", special]);
        assert_eq!((ran.status, ran.places()), (2, vec!["a.py:1".to_owned()]), "what is a file is scanned all the same");
        assert!(ran.err.contains(&format!("{special}: {what} is not opened")) && ran.err.contains("standard input"), "{ran:?}");
        for arguments in [&["redact", special][..], &["scan", "a.py", "--rules", special], &["scan", "a.py", "--key-file", special]] {
            let ran = bench.lanius(arguments);
            assert!(ran.status == 2 && ran.err.contains(what), "{ran:?}");
        }
        let ran = bench.lanius(&["scan", "a.py", "--config", special]);
        assert!(ran.status == 2 && ran.err.contains(what), "{ran:?}");
    }
    // A key need not be in a file.
    let ran = shell(&bench, "lanius scan --format json --key-file <(echo sixteen bytes or more) a.py");
    assert!(ran.json()["findings"][0]["places"][0]["fingerprint"].as_str().unwrap().starts_with("k1:"), "{ran:?}");
}

#[test]
fn output_goes_to_descriptors_and_devices() {
    let bench = planted();
    let ran = bench.lanius(&["scan", "--format", "jsonl", "-o", "/dev/null", "--ledger", "/dev/stdout", "a.py"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(ran.out, "{\"source\":\"a.py\",\"bytes\":29,\"state\":\"scanned\"}\n");
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    // What was written before to where standard output goes stays.
    bench.write("log", "before\n");
    let ran = shell(&bench, "lanius scan --format jsonl -o /dev/stdout --ledger /dev/fd/9 a.py >> log 9>> ledger");
    assert_eq!(ran.status, 1, "{ran:?}");
    let log = bench.read("log");
    assert!(log.starts_with("before\n{") && log.lines().count() == 2, "{log}");
    assert!(bench.read("ledger").contains("\"scanned\""));
    let ran = bench.lanius(&["redact", "a.py", "-o", "/dev/stdout"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "key = '[REDACTED:aws-access-key-id]'\n"), "{ran:?}");
    let ran = bench.lanius(&["baseline", "a.py", "-o", "/dev/stdout"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.json()["entries"].as_array().unwrap().len(), 1);
    // A reader that has enough is no error.
    assert_eq!(shell(&bench, "set -o pipefail; lanius scan -o /dev/stdout a.py | true").status, 1);
}

#[test]
fn who_names_nothing_is_told_what_to_do() {
    let bench = planted();
    for verb in ["scan", "baseline"] {
        let ran = bench.lanius(&[verb]);
        assert_eq!(ran.status, 2);
        assert!(ran.err.contains(&format!("hint: lanius {verb} . ")), "{ran:?}");
    }
    bench.write("own-rules.toml", "");
    let ran = bench.lanius(&["scan", "--rules", "nosuch", "a.py"]);
    assert_eq!(ran.status, 2);
    for expected in ["there is no rule file nosuch", "the folder has own-rules.toml", "`pii`"] {
        assert!(ran.err.contains(expected), "{expected}: {ran:?}");
    }
}

#[test]
fn errors_in_rule_files_name_file_and_line() {
    let bench = planted();
    let rule = |pattern: &str| {
        format!(
            "# Ours.\n[[rule]]\nid = \"acme\"\nname = \"Acme\"\nseverity = \"high\"\nconfidence = \"high\"\nkeywords = [\"acme_\"]\npattern = {pattern}\n"
        )
    };
    for (name, text, expected) in [
        ("syntax.toml", "[[rule]]\nid = \"a\"\nname =\n".to_owned(), "syntax.toml:3"),
        ("field.toml", rule("'acme_x'\nwrong = 1"), "field.toml:9"),
        ("regex.toml", rule("\"acme_(\\\\d+\""), "regex.toml:8: the rule acme: the pattern"),
        ("keyword.toml", rule("'acme_x'").replace("acme_\"", "a\""), "keyword.toml:3: the rule acme: the literal"),
        ("allow.toml", rule("'acme_x'\nallow = [\n  'fine',\n  '[',\n]"), "allow.toml:11: the rule acme: the pattern"),
        ("gitleaks.toml", "[[rules]]\nid = 'a'\nkeywords = [\nregex = 'x'\n".to_owned(), "gitleaks.toml:4"),
        ("go.toml", "[[rules]]\nid = 'acme'\nregex = '''acme_(x'''\n".to_owned(), "go.toml:3: the rule acme: the pattern"),
        ("n.yaml", "rules:\n  - id: acme\n    name: Acme\n    pattern: 'acme_(x'\n".to_owned(), "n.yaml:4: the rule acme: the pattern"),
    ] {
        bench.write(&format!("rules/{name}"), &text);
        let ran = bench.lanius(&["scan", "--rules", &format!("rules/{name}"), "a.py"]);
        assert_eq!(ran.status, 2, "{name}: {ran:?}");
        assert!(ran.err.contains(&format!("rules/{expected}")), "{expected}: {ran:?}");
        assert!(ran.err.matches("the rule acme").count() <= 1, "it is said once: {ran:?}");
    }
    bench.write("c.toml", "[scan]\nconfidence = 'sure'\n");
    let ran = bench.lanius(&["scan", "--config", "c.toml", "a.py"]);
    assert!(ran.status == 2 && ran.err.contains("c.toml:2"), "{ran:?}");
}

#[test]
fn a_repository_without_commits_is_told() {
    let bench = Bench::repository();
    let ran = bench.lanius(&["scan", "--git", "."]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.err.contains("the repository . has no commits") && ran.err.contains("hint: "), "{ran:?}");
    bench.write("a", "x\n").commit("one", 1);
    assert!(!bench.lanius(&["scan", "--git", "."]).err.contains("no commits"));
}

#[test]
fn one_is_not_told_as_many() {
    let bench = planted();
    bench.write("ignore", "src/gone.py:aws-access-key-id:1\n");
    let ran = bench.lanius(&["scan", "--baseline", "ignore", "a.py"]);
    assert!(ran.err.contains("1 waiver matches nothing:"), "{ran:?}");
    assert!(ran.out.contains("1 finding at 1 place in 1 source"), "{ran:?}");
    let ran = bench.lanius(&["redact", "a.py"]);
    assert!(ran.err.contains("1 place replaced"), "{ran:?}");
    let ran = bench.lanius(&["baseline", "a.py"]);
    assert!(ran.err.contains("; 1 entry\n"), "{ran:?}");
}

#[test]
fn a_baseline_that_is_written_is_whole_whatever_another_knows() {
    let bench = Bench::repository();
    bench.write("a.py", &format!("key = '{}'\n", aws_key(1)));
    bench.commit("one", 1);
    assert_eq!(bench.lanius(&["baseline", "--git", "."]).status, 0);
    assert_eq!(bench.scan(&["--git", "."]).status, 0, "it counts for scans");
    assert_eq!(bench.lanius(&["baseline", "--git", ".", "-o", "other.json"]).status, 0);
    let entries = |name: &str| serde_json::from_str::<serde_json::Value>(&bench.read(name)).unwrap()["entries"].clone();
    assert_eq!(entries("other.json"), entries(".lanius-baseline.json"));
    assert_eq!(entries("other.json").as_array().unwrap().len(), 1);
    // Only what is new, for who asks for that.
    bench.write("b.py", &format!("db_password = \"{}\"\n", password(2)));
    bench.commit("two", 2);
    assert_eq!(bench.lanius(&["baseline", "--git", ".", "--baseline", ".lanius-baseline.json", "-o", "new.json"]).status, 0);
    let new = entries("new.json");
    assert_eq!(new.as_array().unwrap().len(), 1, "{new}");
    assert_ne!(new, entries("other.json"));
}

#[test]
fn options_stand_under_their_headings() {
    let bench = Bench::new();
    let heading = |help: &str, option: &str| {
        let mut heading = String::new();
        for line in help.lines() {
            if !line.starts_with(' ') && line.ends_with(':') {
                heading = line.to_owned();
            }
            if line.trim_start().split([' ', ',']).any(|word| word == option) && line.trim_start().starts_with('-') {
                return heading;
            }
        }
        panic!("{option} is not in {help}");
    };
    let scan = bench.lanius(&["scan", "--help"]).out;
    for (option, expected) in [
        ("--format", "Options:"),
        ("--output", "Options:"),
        ("--fail-on", "Options:"),
        ("--show-secrets", "Options:"),
        ("--git", "What to look at:"),
        ("--tables", "What to look at:"),
        ("--rules", "What counts as a finding:"),
        ("--threads", "The run:"),
        ("--ledger", "The run:"),
        ("--baseline", "What is not to be reported:"),
        ("--untrusted", "What is not to be reported:"),
        ("--verify", "Whether a credential lives:"),
        ("--cache", "Code hosts (github://OWNER[/REPO], gitlab://GROUP[/PROJECT]):"),
    ] {
        assert_eq!(heading(&scan, option), expected, "{option}");
    }
    assert!(heading(&scan, "--resume").starts_with("Objects in S3"));
    let baseline = bench.lanius(&["baseline", "--help"]).out;
    assert_eq!((heading(&baseline, "--prune").as_str(), heading(&baseline, "--output").as_str()), ("Options:", "Options:"));
}
