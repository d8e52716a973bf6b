//! PostgreSQL's server on a loopback port, from a folder of its own. It refuses to run as root; then it runs as the user `postgres`, whom
//! Debian's package makes.

use crate::process::{Running, free_port, program, spawn};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The password of [`Postgres::url`]'s user.
const PASSWORD: &str = "of-the-tests";

/// A running server with one empty database, `postgres`.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    process: Running,
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&["fsync=off", "shared_buffers=16MB"])
    }

    /// Makes a cluster and starts its server with settings of its own, each `name=value`: one to measure with writes to the disk.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Self {
        // Not in a test's own folder, which another user may not enter.
        let folder = tempfile::Builder::new().prefix("mt-postgres-").tempdir().expect("a temporary folder can be made");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("a file can be written into the folder");
        if let Some((user, group)) = server_user() {
            for path in [folder.path(), &password] {
                std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root may give a file away");
            }
        }
        let data = folder.path().join("data");
        let mut initdb = as_server_user(&server_program("initdb"), folder.path());
        initdb.args(["--username=tests", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        initdb.arg("--pgdata").arg(&data).arg("--pwfile").arg(&password);
        let made = initdb.output().unwrap_or_else(|error| panic!("cannot start initdb: {error}"));
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let mut last = String::new();
        // Between the choice of a port and its use another process may take it.
        for _ in 0..5 {
            let port = free_port();
            let mut server = as_server_user(&server_program("postgres"), folder.path());
            server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
            for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="].iter().chain(settings) {
                server.args(["-c", setting]);
            }
            let (mut process, output) = Running::start_followed("postgres", server);
            let ready = "database system is ready to accept connections";
            crate::eventually(Duration::from_secs(60), || output.text().contains(ready) || process.ended().is_some());
            if process.ended().is_none() && output.text().contains(ready) {
                return Self { port, process, _folder: folder };
            }
            last = output.text();
        }
        panic!("postgres did not start; it said:\n{last}");
    }

    /// The URL of its database, with the superuser's name and password.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("tests", PASSWORD)
    }

    /// The URL of its database for another user.
    #[must_use]
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("postgresql://{user}:{password}@127.0.0.1:{}/postgres", self.port)
    }

    /// Runs SQL by `psql`; gives what it printed, unaligned and without headings.
    ///
    /// # Panics
    ///
    /// When a statement fails.
    pub fn sql(&self, statements: &str) -> String {
        let mut psql = Command::new(server_program("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--dbname", &self.url(), "--command", statements]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output =
            spawn(psql).and_then(std::process::Child::wait_with_output).unwrap_or_else(|error| panic!("cannot start psql: {error}"));
        assert!(output.status.success(), "psql failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The server's process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

/// A program of the newest installed server.
fn server_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|version| version.path()).max_by_key(|path| number(path));
    let found = newest.map(|version| version.join("bin").join(name)).filter(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: install Debian's package postgresql, or run `make setup`"))
}

/// A command that ends with the test process, as the user who may run a server, in a folder where that user may be.
fn as_server_user(name: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program("setpriv"));
    if let Some((user, group)) = server_user() {
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned(), "--".to_owned()]);
        // A change of user takes the signal away, so it is asked for afterwards.
        command.arg(program("setpriv"));
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(name).current_dir(folder);
    command
}

/// The user and the group to change to, when the tests run as root.
fn server_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = users.lines().find_map(|line| line.strip_prefix("postgres:x:")).map(|fields| {
        let mut numbers = fields.split(':').map_while(|number| number.parse().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    });
    root.then(|| user.expect("Debian's package postgresql makes the user postgres"))
}
