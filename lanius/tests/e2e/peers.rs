//! Files that detect-secrets and Gitleaks themselves wrote and read.

use menagerie_tests::venv_program;

use crate::bench::{Bench, Ran, aws_key, password, token};

fn planted() -> Bench {
    let bench = Bench::repository();
    bench.write("src/a.py", &format!("import os\ndb_password = \"{}\"\n", password(1)));
    bench.write("src/b.py", &format!("aws_access_key_id = '{}'\n", aws_key(2)));
    bench.write("src/c.py", &format!("api_key = \"{}\"\n", token(3)));
    bench.commit("one", 1);
    bench
}

#[test]
fn the_baseline_of_detect_secrets() {
    let bench = planted();
    assert_eq!(bench.scan(&["src"]).places(), ["src/a.py:2", "src/b.py:1", "src/c.py:1"]);
    let scanned = Ran::of(&bench.command(venv_program("detect-secrets")).args(["scan", "src"]).output().unwrap());
    assert_eq!(scanned.status, 0, "{scanned:?}");
    let found: serde_json::Value = serde_json::from_str(&scanned.out).unwrap();
    for path in ["src/a.py", "src/b.py", "src/c.py"] {
        assert!(found["results"].get(path).is_some(), "detect-secrets did not find {path}");
    }
    bench.write(".secrets.baseline", &scanned.out);
    // Found by itself, or named; also where lines moved.
    bench.write("src/a.py", &format!("\n\n{}", bench.read("src/a.py")));
    assert_eq!(bench.scan(&["src"]).places(), Vec::<String>::new());
    assert_eq!(bench.scan(&["--no-config", "--baseline", ".secrets.baseline", "src"]).places(), Vec::<String>::new());
    // Another value in the same file is new.
    bench.write("src/c.py", &format!("api_key = \"{}\"\n", token(4)));
    assert_eq!(bench.scan(&["src"]).places(), ["src/c.py:1"]);
}

#[test]
fn reports_and_ignore_files_of_gitleaks() {
    let bench = planted();
    let gitleaks = |arguments: &[&str]| Ran::of(&bench.command(venv_program("gitleaks")).args(arguments).output().unwrap());
    let ran = gitleaks(&["git", ".", "-f", "json", "-r", "report.json", "--exit-code", "0"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&bench.read("report.json")).unwrap();
    let found: Vec<&serde_json::Value> = report.as_array().unwrap().iter().collect();
    assert!(!found.is_empty(), "Gitleaks found nothing");
    let mut left = vec!["src/a.py:2".to_owned(), "src/b.py:1".to_owned(), "src/c.py:1".to_owned()];
    left.retain(|place| !found.iter().any(|found| place.starts_with(found["File"].as_str().unwrap())));
    assert!(left.len() < 3);
    assert_eq!(bench.scan(&["--baseline", "report.json", "src"]).places(), left);
    // The fingerprints of its report are lines of its ignore file: with the commit they count in a history.
    let lines: Vec<_> = found.iter().map(|found| found["Fingerprint"].as_str().unwrap()).collect();
    bench.write("ignore", &lines.join("\n"));
    assert_eq!(bench.scan(&["--baseline", "ignore", "--git", "."]).places(), left);
    let short: Vec<_> = lines.iter().map(|line| line.split_once(':').unwrap().1).collect();
    bench.write(".gitleaksignore", &short.join("\n"));
    assert_eq!(bench.scan(&["src"]).places(), left);
}

/// One configuration, read by both: the same places of the same rules.
#[test]
fn a_configuration_of_gitleaks_finds_what_it_finds_there() {
    let bench = Bench::repository();
    bench.write(
        "rules.toml",
        r#"
[[rules]]
id = "acme-token"
regex = '''(?i)acme[\w.-]{0,20}?[=: '"]{1,5}([a-z0-9]{24})\b'''
keywords = ["acme"]
entropy = 3
[[rules]]
id = "acme-brace"
regex = '''{key:([0-9A-F]{10})}'''
[[rules.allowlists]]
stopwords = ["deadbeef"]
[[allowlists]]
paths = ['''(^|/)vendor/''']
"#,
    );
    let text = format!(
        "acme_key = '{0}'\nACME.id: {1}\nother = '{0}'\nacme = 'aaaaaaaaaaaaaaaaaaaaaaaa'\n{{key:0F1E2D3C4B}}\n{{key:DEADBEEF01}}\n",
        token(1)[..24].to_lowercase(),
        token(2)[..24].to_lowercase(),
    );
    bench.write("src/a.txt", &text).write("src/vendor/a.txt", &text);
    let ran = Ran::of(
        &bench
            .command(venv_program("gitleaks"))
            .args(["dir", "src", "-c", "rules.toml", "-f", "json", "-r", "report.json", "--exit-code", "0"])
            .output()
            .unwrap(),
    );
    assert_eq!(ran.status, 0, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&bench.read("report.json")).unwrap();
    let place = |rule: &str, line: &serde_json::Value| format!("{rule}:{line}");
    let mut theirs: Vec<_> =
        report.as_array().unwrap().iter().map(|found| place(found["RuleID"].as_str().unwrap(), &found["StartLine"])).collect();
    theirs.sort();
    assert_eq!(theirs.len(), 3, "{theirs:?}");
    let run = bench.scan(&["--no-config", "--config", "rules.toml", "src"]);
    assert_eq!(run.status, 2, "--config and --no-config say different things");
    let run = bench.scan(&["--config", "rules.toml", "src"]).json();
    let mut ours: Vec<_> = run["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"].as_str().unwrap().starts_with("acme"))
        .flat_map(|finding| {
            finding["places"].as_array().unwrap().iter().map(|found| place(finding["rule"].as_str().unwrap(), &found["line"]))
        })
        .collect();
    ours.sort();
    assert_eq!(ours, theirs);
}
