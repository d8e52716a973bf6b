//! One user's machine: a home of its own, the service of the tests, an agent if one is wanted, and the real `bless`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::service::{FakeService, keygen, path};

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) service: FakeService,
}

/// What a run of `bless` came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// A machine with a service on its socket.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let service = FakeService::new(directory.path());
        service.on_socket(&directory.path().join("bless.sock"));
        Self { directory, service }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where the default identity is kept.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.path("cache/bless/default").join(name)
    }

    /// `bless` in an environment of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bless"));
        command.env_clear().current_dir(self.directory.path());
        for name in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.directory.path()).env("XDG_CACHE_HOME", self.path("cache")).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("USER", "ada").stdin(Stdio::null());
        command
    }

    /// `bless get` from the socket.
    pub(crate) fn get(&self, arguments: &[&str]) -> Command {
        let mut command = self.command();
        command.arg("get").arg("--socket").arg(self.path("bless.sock")).args(arguments);
        command
    }

    /// Runs `bless get` from the socket, which must succeed.
    pub(crate) fn must_get(&self, arguments: &[&str]) -> Done {
        let done = run(&mut self.get(arguments));
        assert_eq!(done.status, 0, "{done:?}");
        done
    }

    /// What `ssh-keygen -L` says of the kept certificate.
    pub(crate) fn inspect(&self, certificate: &Path) -> String {
        keygen(&["-L", "-f", path(certificate)])
    }
}

pub(crate) fn run(command: &mut Command) -> Done {
    read(command.output().expect("bless runs"))
}

pub(crate) fn read(output: Output) -> Done {
    Done {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

impl Done {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// A real ssh-agent, ended when it is dropped.
pub(crate) struct RealAgent {
    child: Child,
    pub(crate) socket: PathBuf,
}

impl RealAgent {
    pub(crate) fn start(directory: &Path) -> Self {
        let socket = directory.join("agent.sock");
        let child = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().expect("ssh-agent runs");
        let start = Instant::now();
        while !socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(10), "ssh-agent made no socket");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { child, socket }
    }

    /// What `ssh-add` says.
    pub(crate) fn add(&self, flag: &str) -> String {
        let done = Command::new("ssh-add").arg(flag).env("SSH_AUTH_SOCK", &self.socket).output().expect("ssh-add runs");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// The certificates it holds, by their base64.
    pub(crate) fn certificates(&self) -> Vec<String> {
        let held = self.add("-L");
        held.lines().filter(|line| line.contains("-cert-v01@")).filter_map(|line| line.split(' ').nth(1)).map(str::to_owned).collect()
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
