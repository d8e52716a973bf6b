//! `lanius explain`, `lanius rules list`, `lanius completions`; and that progress is for terminals alone.

use menagerie_tests::assert_eventually;
use menagerie_tests::process::{command, run};

use crate::planted::Planted;

#[test]
fn a_rule_is_explained() {
    let planted = Planted::new();
    let text = planted.lanius(&["explain", "github-pat-classic"]).success().text();
    for expected in [
        "GitHub personal access token (classic) [github-pat-classic]",
        "severity    critical",
        "looks for   a value that matches ghp_",
        "checked     its last six characters are a checksum",
        "example     Authorization: Bearer ghp_",
        "documented  https://docs.github.com/",
        "revoke      revoke it under Settings",
        "verify      GET https://api.github.com/user answers 200 if it lives",
        "waive       a comment `lanius:allow github-pat-classic",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in\n{text}");
    }
    // The example is one: the scanner finds it.
    let example = text.lines().find_map(|line| line.trim_start().strip_prefix("example ")).unwrap();
    std::fs::write(planted.file("example"), example).unwrap();
    let found = planted.lanius(&["scan", "example", "--format", "jsonl"]).text();
    assert!(found.contains("\"rule\":\"github-pat-classic\""), "{found}");

    let unknown = planted.lanius(&["explain", "github-pat"]);
    assert_eq!(unknown.status, Some(2));
    assert!(unknown.stderr.contains("github-pat-classic"), "{}", unknown.stderr);
}

#[test]
fn the_rules_are_listed() {
    let planted = Planted::new();
    let list: serde_json::Value = serde_json::from_str(&planted.lanius(&["rules", "list", "--format", "json"]).success().text()).unwrap();
    assert_eq!(list["schema"], "lanius.rules/1");
    let rules = list["rules"].as_array().unwrap();
    assert!(rules.len() >= 500, "{}", rules.len());
    let table = planted.lanius(&["rules", "list"]).success().text();
    assert_eq!(table.lines().count(), rules.len() + 1);
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        assert!(table.lines().any(|line| line.split(' ').next() == Some(id)), "{id}");
    }
}

#[test]
fn shells_complete_commands() {
    let planted = Planted::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = planted.lanius(&["completions", shell]).success().text();
        assert!(script.contains("lanius") && script.contains("show-secrets"), "{shell}");
    }
    std::fs::write(planted.file("bash"), planted.lanius(&["completions", "bash"]).stdout).unwrap();
    let mut bash = command("bash");
    bash.arg("-n").arg(planted.file("bash"));
    let _ = run(bash, b"").success();
}

/// A scan that waits for a pipe: on a terminal its line comes and goes, elsewhere there is none.
#[test]
fn progress_is_for_terminals() {
    let planted = Planted::new();
    let mut mkfifo = command("mkfifo");
    mkfifo.arg(planted.file("pipe"));
    let _ = run(mkfifo, b"").success();
    let (pipe, typed) = (planted.file("pipe"), planted.file("typed"));
    let read = || std::fs::read_to_string(&typed).unwrap_or_default();
    // `script` gives the command a terminal and writes down what that shows. The scan ends once the pipe was opened and closed.
    let on_terminal = |options: &str, until: &str| {
        let _ = std::fs::remove_file(&typed);
        let mut script = command("script");
        let scan = format!("bash -c '{} scan --format csv -o report.csv prod.env <(cat pipe) {options}'", env!("CARGO_BIN_EXE_lanius"));
        script.current_dir(planted.folder.path()).args(["-q", "-e", "-f", "-c", &scan, "typed"]);
        std::thread::scope(|scope| {
            let running = scope.spawn(|| run(script, b""));
            assert_eventually!(read().contains(until), "{:?}", read());
            drop(std::fs::OpenOptions::new().write(true).open(&pipe).unwrap());
            assert_eq!(running.join().unwrap().status, Some(1), "{}", read());
        });
        read()
    };
    let shown = on_terminal("", "scanned ");
    assert!(shown.contains("\rscanned ") && shown.contains("/s") && shown.contains(" left"), "{shown:?}");
    let end = shown.rfind("scanned ").unwrap();
    assert!(shown[end..].contains(&format!("\r{:78}\r", "")), "the line is gone before the summary: {shown:?}");
    let quiet = on_terminal("--no-progress", "");
    assert!(!quiet.contains("scanned ") && quiet.contains("findings: "), "{quiet:?}");
}
