//! Allow-lists and comments: what they hide, what they do not, and what is told of those that do nothing.

use crate::bench::{Bench, aws_key, password};

/// Lines with a password each.
fn line(seed: u64) -> String {
    format!("db_password = \"{}\"", password(seed))
}

#[test]
fn comments_hide_their_line() {
    let bench = Bench::new();
    bench.write("a.py", &format!("{} # lanius:allow\n{} # gitleaks:allow\n{}\n", line(1), line(2), line(3)));
    bench.write("b.py", &format!("# lanius:allow generic-password until=2999-12-31 -- made up\n{}\n", line(4)));
    bench.write("c.py", &format!("{} # pragma: allowlist secret\n# pragma: allowlist nextline secret\n{}\n", line(5), line(6)));
    let ran = bench.scan(&["."]);
    assert_eq!(ran.places(), ["a.py:3"]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.json()["suppressed"].as_array().unwrap().len(), 5);
    assert!(!ran.out.contains(&password(1)), "a secret is shown");
}

#[test]
fn comments_that_expired_or_name_another_rule_hide_nothing() {
    let bench = Bench::new();
    let comments = ["until=2020-01-01", "github-pat-classic", "until=2020-02-31"];
    for (number, comment) in (1..).zip(comments) {
        bench.write(&format!("{number}.py"), &format!("{} # lanius:allow {comment}\n", line(number)));
    }
    let ran = bench.scan(&["."]);
    assert_eq!(ran.places(), ["1.py:1", "2.py:1", "3.py:1"]);
    let run = ran.json();
    let told: Vec<_> = run["expired_waivers"].as_array().unwrap().iter().map(|waiver| waiver["why"].as_str().unwrap()).collect();
    assert_eq!(told.len(), 3);
    assert!(told[0].contains("expired") && told[1].contains("other rules") && told[2].contains("date"), "{told:?}");
}

#[test]
fn an_allow_list_hides_by_path_rule_value_and_fingerprint() {
    let bench = Bench::new();
    for (number, name) in (1..).zip(["docs/a.py", "src/b.py", "src/c.py", "src/d.py", "src/e.py"]) {
        bench.write(name, &format!("{}\n", line(number)));
    }
    bench.write("src/f.py", &format!("key = '{}'\n", aws_key(9)));
    let first = bench.scan(&["."]);
    assert_eq!(first.places().len(), 6, "{first:?}");
    let found = first.json();
    let of = |path: &str| {
        let mut places = found["findings"].as_array().unwrap().iter().flat_map(|finding| finding["places"].as_array().unwrap());
        places.find(|place| place["path"] == path).unwrap()["fingerprint"].as_str().unwrap().to_owned()
    };
    // Without a key the fingerprint is that of the context, which these lines share.
    assert_eq!(of("src/b.py"), of("src/c.py"));
    let config = format!(
        "[[allow]]\npaths = ['docs/**']\nreason = 'examples'\n\
         [[allow]]\nvalues = ['^{}$']\nowner = 'team'\n\
         [[allow]]\nfingerprints = ['{}']\npaths = ['src/c.py']\n\
         [[allow]]\npaths = ['src/d.py']\nuntil = '2020-01-01'\n\
         [[allow]]\nrules = ['generic-password']\npaths = ['nowhere/**']\n",
        password(2).replace('!', "\\!"),
        of("src/c.py"),
    );
    bench.write(".lanius.toml", &config);
    let ran = bench.scan(&["."]);
    assert_eq!(ran.places(), ["src/d.py:1", "src/e.py:1", "src/f.py:1"], "{ran:?}");
    let run = ran.json();
    assert_eq!(run["unused_waivers"].as_array().unwrap().len(), 1);
    assert!(run["unused_waivers"][0]["waiver"].as_str().unwrap().ends_with("[[allow]] 5"));
    assert!(run["expired_waivers"][0]["waiver"].as_str().unwrap().ends_with("[[allow]] 4"));
    assert!(ran.err.contains("1 waiver matches nothing:") && ran.err.contains("1 waiver no longer counts:"), "{}", ran.err);
    // From within a folder of a repository, paths are still from its top.
    bench.git(&["init", "-q"]);
    assert_eq!(bench.scan(&["src"]).places().len(), 3);
    assert_eq!(bench.scan(&["docs/a.py"]).places(), Vec::<String>::new());
    let absolute = bench.path("docs");
    assert_eq!(bench.scan(&[absolute.to_str().unwrap()]).status, 0);
    assert_eq!(bench.scan(&["--no-config", "."]).places().len(), 6);
}

#[test]
fn value_hashes_need_the_key() {
    let bench = Bench::new();
    bench.write("src/a.py", &format!("{}\n{}\n", line(1), line(2))).write("key", "0123456789abcdef0123456789abcdef\n");
    let ran = bench.scan(&["--key-file", "key", "src"]);
    let run = ran.json();
    assert_eq!(run["findings"].as_array().unwrap().len(), 2);
    bench.write("c.toml", &format!("[[allow]]\nvalue_hashes = [{}]\n", run["findings"][0]["value_hash"]));
    assert_eq!(bench.scan(&["--key-file", "key", "--config", "c.toml", "src"]).places(), ["src/a.py:2"]);
    let without = bench.scan(&["--config", "c.toml", "src"]);
    assert_eq!(without.status, 2);
    assert!(without.err.contains("LANIUS_KEY_FILE"), "{without:?}");
    bench.write("short", "secret\n");
    assert_eq!(bench.scan(&["--key-file", "short", "src"]).status, 2);
}

#[test]
fn an_untrusted_source_decides_nothing_and_is_told() {
    let bench = Bench::repository();
    let lines = format!("{} # gitleaks:allow\n{}\n{}\n{}\n", line(1), line(2), line(3), line(4));
    bench.write("repo/a.py", &lines);
    bench.write("repo/.lanius.toml", "[scan]\nexclude = ['*.py']\ndisabled_rules = ['generic-password']\n[[allow]]\npaths = ['*']\n");
    bench.write("repo/.gitleaksignore", "a.py:generic-api-key:2\n");
    bench.git(&["init", "-q", "repo"]);
    assert_eq!(bench.scan(&["repo"]).places(), Vec::<String>::new());
    let ran = bench.scan(&["--untrusted", "repo"]);
    assert_eq!(ran.places().len(), 4);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.json()["suppression_asked"]["count"], 4);
    assert_eq!(ran.json()["suppression_asked"]["places"].as_array().unwrap().len(), 4);
    assert!(ran.err.contains("asks not to report 4 places"), "{}", ran.err);
    // The caller's own word counts.
    bench.write("org.toml", "[[allow]]\npaths = ['a.py']\nvalues = ['.']\n");
    let ran = bench.scan(&["--untrusted", "--config", "org.toml", "repo"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.json()["suppression_asked"]["count"], 0);
    // A file of it that cannot be read stops nothing.
    bench.write("repo/.lanius.toml", "what is this");
    let ran = bench.scan(&["--untrusted", "repo"]);
    assert_eq!(ran.places().len(), 4);
    assert!(ran.err.contains("cannot be told"), "{}", ran.err);
    assert_eq!(bench.scan(&["repo"]).status, 2);
}

#[test]
fn what_is_excluded_is_skipped_and_told() {
    let bench = Bench::new();
    bench
        .write("vendor/a.py", &line(1))
        .write("b.py", &line(2))
        .write(".lanius.toml", "[scan]\nexclude = ['vendor/']\nconfidence = 'high'\n");
    let ran = bench.scan(&["."]);
    assert!(!ran.places().iter().any(|place| place.starts_with("vendor")));
    assert_eq!(ran.json()["coverage"]["skipped"], 1);
    bench.write(".lanius.toml", "[scan]\nexclude = ['vendor/']\n");
    assert_eq!(bench.scan(&["."]).places(), ["b.py:1"]);
}

#[test]
fn the_exit_status_follows_fail_on() {
    let bench = Bench::new();
    bench.write("a.py", &format!("{}\n", line(1)));
    let found = bench.scan(&["."]).json();
    let medium = found["findings"][0]["level"] == "medium";
    assert_eq!(bench.scan(&["."]).status, 1);
    assert_eq!(bench.scan(&["--fail-on", "high", "."]).status, i32::from(!medium));
    assert_eq!(bench.scan(&["--fail-on", "low", "."]).status, 1);
    assert_eq!(bench.scan(&["."]).places(), ["a.py:1"]);
    assert_eq!(bench.scan(&[".", "missing"]).status, 2);
}
