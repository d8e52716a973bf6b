//! Any number of threads gives the same bytes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cases;
use crate::dice::Dice;

/// What lanius prints; it must find something.
fn lanius(at: &Path, arguments: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let output = Command::new(env!("CARGO_BIN_EXE_lanius")).args(arguments).current_dir(at).output().expect("lanius runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    (output.stdout, output.stderr)
}

fn git(at: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(at);
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]).args(arguments);
    assert!(command.status().expect("git is installed").success());
}

#[test]
fn any_number_of_threads_is_one() {
    for seed in cases(2, 20) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut dice = Dice::new(2000 + seed);
        git(folder.path(), &["init", "-q"]);
        for step in 0..6 {
            for number in 0..120 {
                let path = folder.path().join(format!("d{}/s{}/f{number}.{}", number % 7, number % 3, ["py", "conf", "md"][number % 3]));
                if step == 0 || dice.one_in(6) {
                    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    let lines: Vec<_> = (0..1 + dice.below(80)).map(|_| dice.line()).collect();
                    fs::write(path, lines.join("\n")).expect("a file");
                }
            }
            git(folder.path(), &["add", "-A"]);
            git(folder.path(), &["commit", "-q", "-m", "Step"]);
        }
        for format in ["human", "json", "jsonl"] {
            for what in [&["."][..], &["--git", "."], &["--git", ".", "--since", "HEAD~2"], &["--diff", "HEAD~3"]] {
                let run = |threads: &str| {
                    let fixed = ["scan", "--confidence", "low", "--format", format, "--threads", threads];
                    lanius(folder.path(), &[&fixed[..], what].concat())
                };
                let one = run("1");
                assert!(one.0.len() > 1000, "so little proves nothing");
                for threads in ["2", "7"] {
                    assert!(run(threads) == one, "seed {seed}, {what:?}, {format}, {threads} threads: other bytes");
                }
            }
        }
    }
}

/// A large file is cut where nothing of it shows: its parts are scanned by several threads, and what is in them is told as of the whole.
#[test]
fn a_large_file_in_parts_is_the_whole() {
    const PART: usize = 16 << 20;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut dice, mut text) = (Dice::new(3000), String::new());
    while text.len() < 2 * PART + PART / 2 {
        let border = text.len().abs_diff((text.len() + PART / 2) / PART * PART);
        if border < 80_000 || text.len() % (1 << 20) < 100 {
            text.push_str(&dice.line());
            text.push('\n');
        } else {
            text.push_str("    the parts of a file have lines that say nothing, such as this one\n");
        }
    }
    fs::write(folder.path().join("large.conf"), text).expect("a file");
    let run = |threads: &str| {
        lanius(
            folder.path(),
            &["scan", "large.conf", "--confidence", "low", "--format", "jsonl", "--threads", threads, "--ledger", "ledger"],
        )
        .0
    };
    let ledger = || fs::read(folder.path().join("ledger")).expect("a ledger");
    let (one, told) = (run("1"), ledger());
    let lines = String::from_utf8(one.clone()).expect("JSON lines");
    assert!(lines.lines().count() > 100 && !told.is_empty(), "so little proves nothing");
    for threads in ["2", "5"] {
        assert!(run(threads) == one && ledger() == told, "{threads} threads: other bytes");
    }
}
