//! OpenSSH's `sshd` on a loopback port, from a folder of the test's, and `ssh` against it with nothing of this machine's own
//! configuration, keys or agent. A login is by certificate or key only, for the user who runs the tests (root in CI).

use crate::keys::{SshKey, generate_ssh_key, public_line};
use crate::process::{Output, Running, command, free_port, run_within};
use crate::{Namespace, SshAgent};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What an [`Sshd`] trusts and shows. Texts are lines as in the files that `sshd_config` names.
#[derive(Clone, Debug, Default)]
pub struct SshdOptions {
    /// Public keys of certificate authorities for users (`TrustedUserCAKeys`).
    pub trusted_user_ca: Vec<String>,
    /// Principals that may log in as the tests' user (`AuthorizedPrincipalsFile`). None: the user's own name.
    pub principals: Option<Vec<String>>,
    /// Keys that may log in without a certificate (`AuthorizedKeysFile`).
    pub authorized_keys: Vec<String>,
    /// The host's private key; one is made when there is none.
    pub host_key: Option<PathBuf>,
    /// The certificate of the host's key: the file's text.
    pub host_certificate: Option<String>,
    /// More lines of `sshd_config`; the first value of an option wins, and these come first.
    pub config: Vec<String>,
}

/// A running `sshd`.
#[derive(Debug)]
pub struct Sshd {
    port: u16,
    user: String,
    host_key: PathBuf,
    folder: PathBuf,
    output: Output,
    _process: Running,
}

impl Sshd {
    /// Starts `sshd` with its files in this test's folder.
    ///
    /// # Panics
    ///
    /// When `sshd` is missing, refuses its configuration or does not start.
    #[must_use]
    pub fn start(namespace: &Namespace, options: &SshdOptions) -> Self {
        let folder = tempfile::Builder::new().prefix("sshd-").tempdir_in(namespace.path()).expect("a folder can be made").keep();
        let host_key = options.host_key.clone().unwrap_or_else(|| {
            let name = format!("{}-host", folder.file_name().unwrap_or_default().to_string_lossy());
            generate_ssh_key(namespace, &name, SshKey::Ed25519, "")
        });
        make_separation_folder();
        let mut last = String::new();
        // Between the choice of a port and its use another process may take it.
        for _ in 0..5 {
            let port = free_port();
            let (mut process, output) = launch(&folder, &host_key, options, port);
            let ready = format!("Server listening on 127.0.0.1 port {port}");
            crate::eventually(Duration::from_secs(20), || output.text().contains(&ready) || process.ended().is_some());
            if process.ended().is_none() && output.text().contains(&ready) {
                return Self { port, user: current_user(), host_key, folder, output, _process: process };
            }
            last = output.text();
        }
        panic!("sshd did not start; it said:\n{last}");
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user who can log in.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// All that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.output.text()
    }

    /// A `known_hosts` file that has this server's key as it is; gives its path.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        let path = self.folder.join("known_hosts");
        write(&path, &format!("[127.0.0.1]:{} {}\n", self.port, public_line(&self.host_key)));
        path
    }

    /// A login to be made.
    #[must_use]
    pub fn ssh(&self) -> Ssh<'_> {
        let known_hosts = self.known_hosts();
        Ssh { sshd: self, identity: None, certificate: None, agent: None, known_hosts, options: Vec::new(), user: self.user.clone() }
    }
}

/// An `ssh` command in the making.
#[derive(Clone, Debug)]
pub struct Ssh<'a> {
    sshd: &'a Sshd,
    identity: Option<PathBuf>,
    certificate: Option<PathBuf>,
    agent: Option<&'a SshAgent>,
    known_hosts: PathBuf,
    options: Vec<String>,
    user: String,
}

impl<'a> Ssh<'a> {
    /// With this private key (`-i`).
    #[must_use]
    pub fn identity(mut self, path: impl AsRef<Path>) -> Self {
        self.identity = Some(path.as_ref().to_owned());
        self
    }

    /// With this certificate (`CertificateFile`).
    #[must_use]
    pub fn certificate(mut self, path: impl AsRef<Path>) -> Self {
        self.certificate = Some(path.as_ref().to_owned());
        self
    }

    /// With what this agent holds, and no file unless one is named.
    #[must_use]
    pub fn agent(mut self, agent: &'a SshAgent) -> Self {
        self.agent = Some(agent);
        self
    }

    /// As another user.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// Trusting what this `known_hosts` text says and nothing else.
    #[must_use]
    pub fn known_hosts(mut self, text: &str) -> Self {
        let path = self.sshd.folder.join(format!("known_hosts-{}", free_port()));
        write(&path, text);
        self.known_hosts = path;
        self
    }

    /// With one more option of `ssh_config`, as `Name=value`; the first value of an option wins, and these come first.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// The command without a remote command, for a caller that adds to it.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = command("ssh");
        command.args(["-F", "none", "-T", "-p", &self.sshd.port.to_string()]);
        for option in &self.options {
            command.args(["-o", option]);
        }
        let agent = self.agent.map_or_else(|| "none".to_owned(), |agent| agent.socket().display().to_string());
        let known_hosts = self.known_hosts.display();
        command.args(["-o", &format!("UserKnownHostsFile={known_hosts}"), "-o", &format!("IdentityAgent={agent}")]);
        for option in
            ["GlobalKnownHostsFile=/dev/null", "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=20", "LogLevel=VERBOSE"]
        {
            command.args(["-o", option]);
        }
        match &self.identity {
            Some(identity) => _ = command.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(identity),
            None if self.agent.is_none() => _ = command.args(["-o", "IdentitiesOnly=yes", "-o", "IdentityFile=none"]),
            None => _ = command.args(["-o", "IdentityFile=none"]),
        }
        if let Some(certificate) = &self.certificate {
            command.args(["-o", &format!("CertificateFile={}", certificate.display())]);
        }
        command.env_remove("SSH_AUTH_SOCK").arg("-l").arg(&self.user).arg("127.0.0.1");
        command
    }

    /// Logs in and runs a command of the remote shell.
    #[must_use]
    pub fn run(&self, remote: &str) -> Login {
        let before = self.sshd.log().len();
        let mut command = self.command();
        command.arg(remote);
        let finished = run_within(Duration::from_secs(60), command, b"");
        // The server notes the end of the connection after the client has gone.
        crate::eventually(Duration::from_secs(5), || {
            let log = self.sshd.log();
            let log = &log[before.min(log.len())..];
            ["Connection closed by", "Connection reset by", "Disconnected from", "Close session", "Closing connection to"]
                .iter()
                .any(|end| log.contains(end))
        });
        let log = self.sshd.log();
        let (stdout, log) = (finished.text(), log[before.min(log.len())..].to_owned());
        Login { status: finished.status, stdout, stderr: finished.stderr, log }
    }
}

/// What a login came to.
#[derive(Clone, Debug)]
pub struct Login {
    /// `ssh`'s status: the remote command's, or 255 when there was no login.
    pub status: Option<i32>,
    /// The remote command's standard output.
    pub stdout: String,
    /// `ssh`'s standard error, the remote command's in it.
    pub stderr: String,
    /// What `sshd` logged meanwhile.
    pub log: String,
}

impl Login {
    /// Itself, when the remote command ran and ended well.
    ///
    /// # Panics
    ///
    /// When it did not, with what both sides said.
    #[must_use]
    pub fn success(self) -> Self {
        assert_eq!(self.status, Some(0), "ssh failed:\n{}\nsshd's log:\n{}", self.stderr, self.log);
        self
    }

    /// Itself, when there was no login, and `sshd`'s log has this text as the reason.
    ///
    /// # Panics
    ///
    /// When there was a login, or another reason.
    #[must_use]
    pub fn refused(self, reason: &str) -> Self {
        assert_eq!(self.status, Some(255), "ssh logged in:\n{}\n{}\nsshd's log:\n{}", self.stdout, self.stderr, self.log);
        assert!(self.log.contains(reason), "sshd did not refuse because of {reason:?}; its log:\n{}\nssh said:\n{}", self.log, self.stderr);
        self
    }
}

fn launch(folder: &Path, host_key: &Path, options: &SshdOptions, port: u16) -> (Running, Output) {
    let config = folder.join("sshd_config");
    write(&config, &configuration(folder, host_key, options, port));
    let mut command = command("sshd");
    command.args(["-D", "-e", "-f"]).arg(&config);
    Running::start_followed("sshd", command)
}

fn configuration(folder: &Path, host_key: &Path, options: &SshdOptions, port: u16) -> String {
    let mut config = String::new();
    for line in &options.config {
        config.push_str(line);
        config.push('\n');
    }
    let _ = write!(
        config,
        "ListenAddress 127.0.0.1\nPort {port}\nPidFile none\nHostKey {}\nUsePAM no\nStrictModes no\nUseDNS no\nPrintMotd no\n\
         PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\nMaxStartups 100\n",
        host_key.display()
    );
    let mut file = |option: &str, name: &str, lines: &[String]| {
        let path = folder.join(name);
        write(&path, &(lines.join("\n") + "\n"));
        let _ = writeln!(config, "{option} {}", path.display());
    };
    if !options.trusted_user_ca.is_empty() {
        file("TrustedUserCAKeys", "user_ca.pub", &options.trusted_user_ca);
    }
    if let Some(principals) = &options.principals {
        file("AuthorizedPrincipalsFile", "principals", principals);
    }
    if let Some(certificate) = &options.host_certificate {
        file("HostCertificate", "host-cert.pub", std::slice::from_ref(certificate));
    }
    file("AuthorizedKeysFile", "authorized_keys", &options.authorized_keys);
    config
}

/// As root, `sshd` wants this folder for its unprivileged part; Debian's service makes it at boot.
fn make_separation_folder() {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = Path::new("/run/sshd");
    if !folder.exists() && current_user() == "root" {
        // Two tests may make it at once; sshd says so if it isn't there.
        let _ = std::fs::DirBuilder::new().mode(0o755).create(folder);
    }
}

fn current_user() -> String {
    let mut id = command("id");
    id.arg("-un");
    run_within(Duration::from_secs(10), id, b"").success().text().trim().to_owned()
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
