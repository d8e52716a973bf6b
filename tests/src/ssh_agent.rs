//! OpenSSH's `ssh-agent`, on a socket in a test's folder.

use crate::Namespace;
use crate::process::{Finished, Running, command, run};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A running agent.
#[derive(Debug)]
pub struct SshAgent {
    socket: PathBuf,
    _process: Running,
}

impl SshAgent {
    /// Starts an agent in this test's folder.
    ///
    /// # Panics
    ///
    /// When `ssh-agent` is missing or does not start.
    #[must_use]
    pub fn start(namespace: &Namespace) -> Self {
        let socket = namespace.file("agent.sock");
        let mut command = command("ssh-agent");
        command.arg("-D").arg("-a").arg(&socket);
        let (mut process, output) = Running::start_followed("ssh-agent", command);
        let up = crate::eventually(Duration::from_secs(10), || socket.exists() || process.ended().is_some());
        assert!(up && process.ended().is_none(), "ssh-agent did not start; it said:\n{}", output.text());
        Self { socket, _process: process }
    }

    /// What `SSH_AUTH_SOCK` is set to.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Runs `ssh-add` against this agent.
    #[must_use]
    pub fn ssh_add(&self, arguments: &[&str]) -> Finished {
        let mut command = command("ssh-add");
        command.args(arguments).env("SSH_AUTH_SOCK", &self.socket).env("SSH_ASKPASS_REQUIRE", "never");
        run(command, b"")
    }

    /// The public keys and certificates that the agent holds, one a line, in the form of `authorized_keys`.
    #[must_use]
    pub fn identities(&self) -> Vec<String> {
        let listed = self.ssh_add(&["-L"]);
        // Status 1: there are none.
        if listed.status == Some(1) { Vec::new() } else { listed.success().text().lines().map(str::to_owned).collect() }
    }
}
