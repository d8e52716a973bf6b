//! `lanius redact` and `lanius scan --verify` as they are called.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use lanius::rules::examples::{Dice, expand};
use menagerie_tests::http::{Response, Server};

fn lanius(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanius"));
    command.args(arguments).current_dir(folder).env_remove("LANIUS_KEY_FILE").env_remove("HTTPS_PROXY");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn token() -> String {
    expand("${crc:ghp_}", &mut Dice::new(7)).unwrap()
}

#[test]
fn a_stream_is_covered() {
    let folder = tempfile::tempdir().unwrap();
    let log = format!("start\nAuthorization: Bearer {}\nend\n", token());
    let output = lanius(folder.path(), &["redact", "--confidence", "medium"], &log);
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), "start\nAuthorization: Bearer [REDACTED:github-pat-classic]\nend\n");
    assert!(!text(&output.stderr).contains(&token()));
    let output = lanius(folder.path(), &["redact", "--mask-char", "*", "--confidence", "medium"], &log);
    assert_eq!(text(&output.stdout), log.replace(&token(), &"*".repeat(40)));
}

#[test]
fn a_tokenised_file_scans_empty_with_its_key_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("key"), [7; 32]).unwrap();
    fs::write(path.join("other"), [8; 32]).unwrap();
    fs::write(path.join("in.log"), format!("a {0}\nb {0}\nmail anna.maria@posteo.de\n", token())).unwrap();
    let arguments = ["redact", "in.log", "-o", "out.log", "--tokenise", "--key-file", "key", "--pii"];
    assert!(lanius(path, &arguments, "").status.success());
    let out = fs::read_to_string(path.join("out.log")).unwrap();
    assert!(!out.contains(&token()) && !out.contains("anna.maria") && out.matches("ghp_").count() == 2, "{out}");
    let tokens: Vec<_> = out.lines().take(2).map(|line| &line[2..]).collect();
    assert_eq!(tokens[0], tokens[1]);
    let found = |key: &str| lanius(path, &["scan", "out.log", "--confidence", "low", "--key-file", key], "").status.code();
    assert_eq!((found("key"), found("other")), (Some(0), Some(1)));
}

#[test]
fn a_copy_that_fails_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("out"), "before").unwrap();
    let output = lanius(folder.path(), &["redact", "missing", "-o", "out"], "");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("out")).unwrap(), "before");
    let output = lanius(folder.path(), &["redact", "out", "--tokenise"], "");
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("--key-file"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_was_not_looked_at_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // More streams that may be compressed than are tried, none of which is one.
    let packed: String = (0..60).map(|number| format!("x = \"H4sIAAAAAAAA{number:04}abcdefghijkl\"\n")).collect();
    fs::write(folder.path().join("in.conf"), &packed).unwrap();
    for (arguments, input) in [(&["redact", "in.conf"][..], ""), (&["redact", "--path", "in.conf"], &packed)] {
        let output = lanius(folder.path(), arguments, input);
        assert!(output.status.success() && text(&output.stdout) == packed);
        let told = text(&output.stderr);
        assert!(told.contains("warning: in.conf: not looked at: a part: more is encoded in it than is decoded"), "{told}");
    }
    let output = lanius(folder.path(), &["redact"], "nothing is hidden\n");
    assert!(!text(&output.stderr).contains("warning"));
}

#[test]
fn verification_is_told_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let server = Server::start(move |request| {
        noted.lock().unwrap().push((request.target.clone(), request.value("authorization").unwrap_or_default().to_owned()));
        Some(Response::new(401, ""))
    });
    fs::write(folder.path().join("a.conf"), format!("token = {0}\nagain = {0}\n", token())).unwrap();
    let endpoint = format!("api.github.com={}/api/v3", server.url());
    let output = lanius(folder.path(), &["scan", "a.conf", "--format", "json", "--verify", "--verify-endpoint", &endpoint], "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "github-pat-classic").unwrap();
    assert_eq!(finding["verification"], serde_json::json!({ "state": "inactive", "reason": "the service answered 401" }));
    assert_eq!(*seen.lock().unwrap(), [("/api/v3/user".to_owned(), format!("Bearer {}", token()))]);
    assert!(!text(&output.stdout).contains(&token()) && !text(&output.stderr).contains(&token()));
    // Not asked, nothing is sent.
    lanius(folder.path(), &["scan", "a.conf"], "");
    assert_eq!(seen.lock().unwrap().len(), 1);
}
