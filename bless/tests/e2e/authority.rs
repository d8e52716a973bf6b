//! A certificate authority of a test's own, made by `bless ca init`, and the commands that work with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use menagerie_tests::process::{Finished, Output, Running, command, run};
use menagerie_tests::{Namespace, assert_eventually};
use rustix::process::{Pid, Signal};
use serde_json::Value;

/// The passphrase of every test's CA.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// `bless` with nothing of this machine's environment but `PATH`, and a home in the test's folder.
pub(crate) fn bless(namespace: &Namespace) -> Command {
    let mut command = command(env!("CARGO_BIN_EXE_bless"));
    command.env_clear().current_dir(namespace.path());
    for name in ["PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("HOME", namespace.path()).env("USER", "alice").env("TZ", "UTC").env("BLESS_CA_PASSPHRASE", PASSPHRASE);
    command
}

/// A CA in the folder `ca`, whose configuration knows the tests' uid as `alice`.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) namespace: Namespace,
}

impl Authority {
    /// With an Ed25519 key.
    pub(crate) fn new(label: &str) -> Self {
        Self::with_key(label, "ed25519")
    }

    /// With a key of this type.
    pub(crate) fn with_key(label: &str, key_type: &str) -> Self {
        let namespace = Namespace::new(label);
        let mut command = bless(&namespace);
        command.args(["ca", "init", "--dir", "ca", "--user", "alice", "--key-type", key_type]);
        let _ = run(command, b"").success();
        Self { namespace }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.namespace.file("ca").join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.file("bless.toml")
    }

    /// The CA's public key, as `TrustedUserCAKeys` wants it.
    pub(crate) fn public(&self) -> String {
        std::fs::read_to_string(self.file("ca_key.pub")).expect("ca init wrote it").trim_end().to_owned()
    }

    /// Changes the configuration: `from` must be in it.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config()).expect("ca init wrote it");
        assert!(text.contains(from), "{from:?} is not in {text}");
        std::fs::write(self.config(), text.replacen(from, to, 1)).expect("it can be written");
    }

    /// Adds to the configuration.
    pub(crate) fn append(&self, more: &str) {
        let text = std::fs::read_to_string(self.config()).expect("ca init wrote it");
        std::fs::write(self.config(), format!("{text}\n{more}\n")).expect("it can be written");
    }

    pub(crate) fn bless(&self) -> Command {
        bless(&self.namespace)
    }

    /// Runs `bless` with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, b"")
    }

    /// Runs `bless` with these arguments and this input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Finished {
        let mut command = self.bless();
        command.args(arguments);
        run(command, input)
    }

    /// What `bless handle` answers.
    pub(crate) fn handle(&self, event: &Value) -> Value {
        let finished = self.run_with(&["handle", "--config", "ca/bless.toml"], event.to_string().as_bytes());
        serde_json::from_slice(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
    }

    /// A certificate from `bless handle`, written to a file of this name.
    pub(crate) fn certificate(&self, name: &str, event: &Value) -> PathBuf {
        let answer = self.handle(event);
        let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("no certificate: {answer}"));
        self.namespace.write(name, format!("{line}\n"))
    }

    /// `bless get` from the socket of this CA's service, which must succeed. The cache is the identity's own.
    pub(crate) fn get(&self, identity: &str, arguments: &[&str]) -> Finished {
        let mut command = self.bless();
        command.args(["get", "--config", "ca/bless.toml", "--cache-dir", "cache", "--identity", identity]).args(arguments);
        run(command, b"").success()
    }

    /// `bless serve`, ready.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Service {
        let mut command = self.bless();
        command.args(["serve", "--config", "ca/bless.toml"]).args(arguments);
        Service::start(command)
    }

    pub(crate) fn log_lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file("log.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

/// A running `bless serve`.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) process: Running,
    pub(crate) output: Output,
}

impl Service {
    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(command: Command) -> Self {
        let (mut process, output) = Running::start_followed("bless serve", command);
        assert_eventually!(output.text().contains("listening on ") || process.ended().is_some());
        assert!(process.ended().is_none(), "bless serve did not start: {}", output.text());
        Self { process, output }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).expect("a process has a number");
        rustix::process::kill_process(id, signal).expect("it runs");
    }
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a test's folder has a name in UTF-8")
}

/// What `ssh-keygen -L` says of a certificate.
pub(crate) fn shown_by_openssh(certificate: &Path) -> String {
    menagerie_tests::keys::ssh_keygen([std::ffi::OsStr::new("-L"), "-f".as_ref(), certificate.as_os_str()]).success().text()
}
