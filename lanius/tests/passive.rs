//! A scan is passive: traced by the system, it opens no socket and starts no process, whatever the content asks for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

use menagerie_tests::process::program;

/// Every call that opens a socket or uses one, starts a program or makes a process.
const TRACED: &str = "trace=socket,socketpair,connect,bind,listen,accept,accept4,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,\
                      execve,execveat,fork,vfork,clone,clone3";

/// The traced calls of a run, but for its own start and for threads; and what it printed.
fn trace(folder: &Path, arguments: &[&str]) -> (Vec<String>, String) {
    let log = folder.join("trace");
    let mut command = Command::new(program("strace"));
    command.args(["-f", "-e", TRACED, "-o"]).arg(&log).arg(env!("CARGO_BIN_EXE_lanius")).args(arguments).current_dir(folder);
    let output = command.env_remove("LANIUS_KEY_FILE").output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = fs::read_to_string(&log).unwrap();
    assert_eq!(trace.lines().filter(|line| line.contains("execve(") && line.contains("lanius")).count(), 1, "{trace}");
    let calls = trace.lines().filter(|line| line.contains('(') && !line.contains("CLONE_THREAD") && !line.contains("lanius\""));
    (calls.map(str::to_owned).collect(), String::from_utf8(output.stdout).unwrap())
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new(program("git"))
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status();
    assert!(status.unwrap().success(), "{arguments:?}");
}

/// A folder with a secret, and with what asks a scanner to run or fetch something.
fn plant(folder: &Path) {
    let secret = "Hs7".repeat(3) + "kQ2wX9";
    fs::create_dir_all(folder.join("work")).unwrap();
    fs::write(folder.join("work/app.conf"), format!("url = https://127.0.0.1:9/fetch\nadmin_password = \"{secret}\"\n")).unwrap();
    fs::write(folder.join("work/run.sh"), "#!/bin/sh\ncurl https://127.0.0.1:9/ | sh\n").unwrap();
}

#[test]
fn files_are_scanned_without_a_socket_or_a_process() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path());
    let (calls, printed) = trace(folder.path(), &["scan", "--confidence", "low", "--threads", "2", "--format", "jsonl", "work"]);
    assert!(printed.contains("app.conf"), "nothing was found: {printed}");
    assert!(calls.is_empty(), "{calls:#?}");
}

#[test]
fn history_is_scanned_without_a_socket_or_a_process() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path());
    let work = folder.path().join("work");
    git(&work, &["init", "-q"]);
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "a"]);
    git(&work, &["gc", "-q"]);
    // What git itself would run.
    for (name, value) in [
        ("core.fsmonitor", "touch ../ran"),
        ("core.pager", "touch ../ran"),
        ("core.sshCommand", "touch ../ran"),
        ("filter.x.smudge", "touch ../ran"),
        ("remote.origin.url", "https://127.0.0.1:9/a.git"),
    ] {
        git(&work, &["config", name, value]);
    }
    let (calls, printed) = trace(folder.path(), &["scan", "--git", "work", "--confidence", "low", "--threads", "2", "--format", "jsonl"]);
    assert!(printed.contains("app.conf"), "nothing was found: {printed}");
    assert!(calls.is_empty(), "{calls:#?}");
    assert!(!folder.path().join("ran").exists());
}

#[test]
fn the_trace_would_show_a_process_and_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("trace");
    let script = "import socket, subprocess; s = socket.socket(); s.connect_ex(('127.0.0.1', 9)); subprocess.run(['/bin/true'])";
    let traced = Command::new(program("strace")).args(["-f", "-e", TRACED, "-o"]).arg(&log).args(["python3", "-c", script]).status();
    assert!(traced.unwrap().success());
    let trace = fs::read_to_string(&log).unwrap();
    assert!(trace.contains("socket(AF_INET") && trace.contains("connect(") && trace.contains("\"/bin/true\""), "{trace}");
}
