//! A folder for one test, with the program and git at hand. Secrets are made when the test runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder with a repository or plain files in it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The one object of `--format json`.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// `path:line` of all places, in order.
    #[track_caller]
    pub(crate) fn places(&self) -> Vec<String> {
        let run = self.json();
        let findings = run["findings"].as_array().unwrap();
        let mut places: Vec<String> = findings
            .iter()
            .flat_map(|finding| finding["places"].as_array().unwrap())
            .map(|place| format!("{}:{}", place["path"].as_str().unwrap(), place["line"]))
            .collect();
        places.sort();
        places
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One with an empty repository in it.
    pub(crate) fn repository() -> Self {
        let bench = Self::new();
        bench.git(&["init", "-q", "-b", "main"]);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a program in the folder, away from the user's own settings.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.folder.path())
            .env_remove("LANIUS_KEY_FILE")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_AUTHOR_NAME", "A")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "A")
            .env("GIT_COMMITTER_EMAIL", "a@example.com");
        command
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git").args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits all there is; `day` orders commits.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str, day: u32) -> String {
        self.git(&["add", "-A"]);
        let date = format!("2026-01-{day:02}T12:00:00Z");
        let output = self
            .command("git")
            .args(["commit", "-q", "--allow-empty", "-m", message])
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs `lanius`.
    pub(crate) fn lanius(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(env!("CARGO_BIN_EXE_lanius")).args(arguments).output().unwrap())
    }

    /// `lanius scan --format json`, with more arguments.
    pub(crate) fn scan(&self, arguments: &[&str]) -> Ran {
        self.lanius(&[&["scan", "--format", "json"], arguments].concat())
    }
}

/// Characters that look drawn at random, the same for the same seed.
fn drawn(alphabet: &[u8], length: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    (0..length).map(|_| char::from(alphabet[next() % alphabet.len()])).collect()
}

/// A password as one makes them up.
pub(crate) fn password(seed: u64) -> String {
    format!("q7{}Z4!x", drawn(b"abcdefghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ23456789", 14, seed))
}

/// An AWS access key ID.
pub(crate) fn aws_key(seed: u64) -> String {
    format!("AKIA{}", drawn(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, seed))
}

/// A long token of no service.
pub(crate) fn token(seed: u64) -> String {
    drawn(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 40, seed)
}
