//! Where test repositories are made: a temporary folder, a `git` that sees no configuration but the test's, and lanius beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lanius::rules::examples::{Dice, expand};
use tempfile::TempDir;

/// A temporary folder with repositories.
pub(crate) struct Workshop {
    folder: PathBuf,
    /// Removes it in the end.
    _kept: Option<TempDir>,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { status: output.status.code().expect("a status"), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.ended(0)
    }

    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}{}", self.out, self.err);
        self
    }

    /// The places of JSON lines: rule, path, and the commit's start if there is one.
    pub(crate) fn places(&self) -> Vec<(String, String)> {
        let lines = self.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        lines.map(|line| (text(&line["rule"]), text(&line["path"]))).collect()
    }

    /// The paths of JSON lines.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.places().into_iter().map(|(_, path)| path).collect()
    }
}

/// A key that a rule knows, another for each number; none stands in this tree.
pub(crate) fn secret(number: u64) -> String {
    expand("sk_live_${alnum:24}", &mut Dice::new(number)).expect("a known template")
}

/// A file with a key in it.
pub(crate) fn with_secret(number: u64) -> String {
    format!("# settings\nstripe = {}\n", secret(number))
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder: folder.path().to_owned(), _kept: Some(folder) }
    }

    /// A folder of this one, which must outlive it.
    pub(crate) fn inside(&self, name: &str) -> Self {
        Self { folder: self.path(name), _kept: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, at: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("a PATH")).env("HOME", &self.folder);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ada Example").env(format!("GIT_{role}_EMAIL"), "ada@example.org");
        }
        command.current_dir(self.path(at));
        command
    }

    pub(crate) fn try_git(&self, at: &str, arguments: &[&str]) -> Said {
        let mut command = self.command("git", at);
        command.args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            "-c",
            "protocol.file.allow=always",
        ]);
        command.args(arguments).output().expect("git is installed").into()
    }

    /// What `git` says, which must succeed.
    #[track_caller]
    pub(crate) fn git(&self, at: &str, arguments: &[&str]) -> String {
        self.try_git(at, arguments).ok().out
    }

    pub(crate) fn lanius(&self, at: &str, arguments: &[&str]) -> Said {
        self.command(env!("CARGO_BIN_EXE_lanius"), at).args(arguments).output().expect("lanius runs").into()
    }

    pub(crate) fn staged(&self, at: &str) -> Said {
        self.lanius(at, &["scan", "--staged", "--format", "jsonl"])
    }

    pub(crate) fn diff(&self, at: &str, base: &str) -> Said {
        self.lanius(at, &["scan", "--diff", base, "--format", "jsonl"])
    }

    pub(crate) fn init(&self, name: &str, arguments: &[&str]) {
        self.git("", &[&["init", "-q"][..], arguments, &[name]].concat());
    }

    pub(crate) fn write(&self, at: &str, content: impl AsRef<[u8]>) {
        let path = self.path(at);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn script(&self, at: &Path, content: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(at, content).expect("a file");
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Commits all there is, past the hooks.
    #[track_caller]
    pub(crate) fn commit(&self, at: &str, message: &str) -> String {
        self.git(at, &["add", "-A"]);
        self.git(at, &["commit", "-q", "--no-verify", "--allow-empty", "-m", message]);
        self.git(at, &["rev-parse", "HEAD"]).trim().to_owned()
    }
}

impl Workshop {
    /// Gives `git` some input; it must succeed.
    pub(crate) fn feed(&self, at: &str, arguments: &[&str], input: &[u8]) {
        use std::io::Write as _;
        use std::process::Stdio;
        let mut child = self.command("git", at).args(arguments).stdin(Stdio::piped()).spawn().expect("git is installed");
        child.stdin.take().expect("it was asked for").write_all(input).expect("git reads it");
        assert!(child.wait().expect("it ends").success());
    }
}
