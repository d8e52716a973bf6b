//! Processes that tests start. Each ends when its handle is dropped, and, by Linux's parent-death signal (`setpriv
//! --pdeathsig`), with the test process whatever ends that. The signal follows the thread that started the child, not the
//! process, so one thread that lives as long as the process starts them all.

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// The Debian package of each program that tests start.
const PACKAGES: &[(&str, &str)] = &[
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("ssh-add", "openssh-client"),
    ("ssh-agent", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("openssl", "openssl"),
    ("certtool", "gnutls-bin"),
    ("ocsptool", "gnutls-bin"),
    ("keytool", "default-jre-headless"),
    ("setpriv", "util-linux"),
    ("bash", "bash"),
    ("strace", "strace"),
    ("pebble-challtestsrv", "pebble"),
    ("named", "bind9"),
    ("dig", "bind9-dnsutils"),
    ("node", "nodejs"),
    ("curl", "curl"),
    ("lego", "lego"),
    ("dehydrated", "dehydrated"),
    ("caddy", "caddy"),
    ("softhsm2-util", "softhsm2"),
    ("pkcs11-tool", "opensc"),
];

/// Where a program is: in `PATH`, or with the system's own, where `sshd` is.
///
/// # Panics
///
/// When it is nowhere, naming the package that has it.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(name)).find(|candidate| candidate.is_file()).unwrap_or_else(|| {
        let package = PACKAGES.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
        panic!("{name} is missing: install Debian's package {package}, or run `make setup`")
    })
}

/// A command that runs `name` and ends with the test process.
#[must_use]
pub fn command(name: impl AsRef<OsStr>) -> Command {
    let name = Path::new(name.as_ref());
    let found = if name.components().count() > 1 { name.to_owned() } else { program(&name.to_string_lossy()) };
    assert!(found.is_file(), "{} is missing", found.display());
    let mut command = Command::new(program("setpriv"));
    command.args(["--pdeathsig", "KILL", "--"]).arg(found);
    command
}

type Request = (Command, mpsc::Sender<std::io::Result<Child>>);

/// Starts a command from the thread that starts them all.
///
/// # Errors
///
/// What the system said.
pub fn spawn(command: Command) -> std::io::Result<Child> {
    static STARTER: OnceLock<Mutex<mpsc::Sender<Request>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, answer) in requests {
                // The asker waits for the answer, so it is there to take it.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (answer, child) = mpsc::channel();
    starter.lock().expect("nothing panics with this lock").send((command, answer)).expect("the starting thread never ends");
    child.recv().expect("the starting thread answers each request")
}

/// A process that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts it.
    #[must_use]
    pub fn start(name: &str, command: Command) -> Self {
        let shown = format!("{command:?}");
        let child = spawn(command).unwrap_or_else(|error| panic!("cannot start {name} ({shown}): {error}"));
        Self { child, name: name.to_owned() }
    }

    /// Starts it without input, and follows what it says.
    #[must_use]
    pub fn start_followed(name: &str, mut command: Command) -> (Self, Output) {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Self::start(name, command);
        let output = Output::default();
        output.follow(running.child.stdout.take().expect("standard output is a pipe"));
        output.follow(running.child.stderr.take().expect("standard error is a pipe"));
        (running, output)
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("cannot ask after {}: {error}", self.name))
    }

    /// Ends it at once (SIGKILL) and waits for the end.
    pub fn kill(&mut self) {
        // Fails only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The most memory that it had resident so far, in KiB: `VmHWM` of `/proc/PID/status`. None when it has ended.
    #[must_use]
    pub fn peak_resident_kib(&self) -> Option<u64> {
        peak_resident_kib(self.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The most memory that a process had resident so far, in KiB: `VmHWM` of `/proc/PID/status`. None when it has ended.
#[must_use]
pub fn peak_resident_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// The user and system time of a process so far, and, if that is wanted, of those that it has waited for: fields 14 to 17 of `/proc/PID/stat`,
/// which Linux counts in hundredths of a second. None when it has ended.
#[must_use]
pub fn processor_time(process: u32, with_children: bool) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before these fields stands in parentheses, and may have some.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(if with_children { 4 } else { 2 });
    Some(Duration::from_millis(10 * fields.map(|ticks| ticks.parse::<u64>().ok()).sum::<Option<u64>>()?))
}

/// What a running process has said so far, on both its outputs.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// All of it, as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn follow(&self, mut stream: impl Read + Send + 'static) {
        let all = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut some) {
                all.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&some[..length]);
            }
        });
    }
}

/// What a command that ended left.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit status; none when a signal ended it, which [`Finished::signal`] then names.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// All of its standard error, as text.
    pub stderr: String,
    /// From start to end.
    pub time: Duration,
}

impl Finished {
    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Itself, when the status is 0.
    ///
    /// # Panics
    ///
    /// When it is not, with all that the command said.
    #[must_use]
    pub fn success(self) -> Self {
        assert_eq!(self.status, Some(0), "a command failed:\n{}\n{}", self.text(), self.stderr);
        self
    }
}

/// Runs a command to its end, with `input` as its standard input, for at most a minute.
#[must_use]
pub fn run(command: Command, input: &[u8]) -> Finished {
    run_within(Duration::from_secs(60), command, input)
}

/// Runs a command to its end, with `input` as its standard input.
///
/// # Panics
///
/// When it cannot be started, or when it has not ended in `limit`; it is ended then.
#[must_use]
pub fn run_within(limit: Duration, mut command: Command, input: &[u8]) -> Finished {
    let shown = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = spawn(command).unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let mut stdout = child.stdout.take().expect("standard output is a pipe");
    let mut stderr = child.stderr.take().expect("standard error is a pipe");
    let input = input.to_vec();
    let (status, out, error) = std::thread::scope(|scope| {
        // A command that doesn't read its input closes the pipe early; that is its own affair.
        scope.spawn(move || drop(stdin.write_all(&input)));
        let out = scope.spawn(move || {
            let mut all = Vec::new();
            stdout.read_to_end(&mut all).map(|_| all)
        });
        let error = scope.spawn(move || {
            let mut all = Vec::new();
            stderr.read_to_end(&mut all).map(|_| all)
        });
        let status = wait(&mut child, limit);
        (status, out.join().expect("reading doesn't panic"), error.join().expect("reading doesn't panic"))
    });
    let time = start.elapsed();
    let stderr = String::from_utf8_lossy(&error.unwrap_or_default()).into_owned();
    let stdout = out.unwrap_or_default();
    let status =
        status.unwrap_or_else(|| panic!("{shown} had not ended after {limit:?}; it said:\n{}\n{stderr}", String::from_utf8_lossy(&stdout)));
    Finished { status: status.code(), signal: status.signal(), stdout, stderr, time }
}

fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours to wait for") {
            return Some(status);
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A port on 127.0.0.1 that nothing listened on a moment ago.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
