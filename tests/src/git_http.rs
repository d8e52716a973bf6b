//! Git's own smart HTTP server, `git http-backend`, run as a CGI program (RFC 3875) for each request, behind the harness's [`http::Server`].

use crate::http::{Request, Response, Server};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Git on loopback: every repository below a folder, for reading.
#[derive(Debug)]
pub struct GitServer {
    server: Server,
}

impl GitServer {
    /// Serves the repositories below `root`.
    #[must_use]
    pub fn start(root: &Path) -> Self {
        let root = root.to_owned();
        Self { server: Server::start(move |request| Some(git_http_backend(&root, &request.path(), &request))) }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }
}

/// What `git http-backend` answers to a request for `path`, of the repositories below `root`.
///
/// # Panics
///
/// If git cannot be run, or its answer is none of CGI's.
#[must_use]
pub fn git_http_backend(root: &Path, path: &str, request: &Request) -> Response {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let mut child = git()
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", request.value("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.value("content-encoding").unwrap_or_default())
        .env("GIT_PROTOCOL", request.value("git-protocol").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git is installed (Debian: git)");
    let mut input = child.stdin.take().expect("it is piped");
    let body = request.body.clone();
    let writer = std::thread::spawn(move || {
        // A server that refuses a request does not read it to its end.
        let _ = input.write_all(&body);
    });
    let output = child.wait_with_output().expect("git http-backend can be waited for").stdout;
    writer.join().expect("the body is written");
    answer(&output)
}

/// The response in the output of a CGI program.
fn answer(output: &[u8]) -> Response {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").expect("a CGI program writes a head");
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut response = Response::new(200, &output[end + 4..]);
    for line in head.lines() {
        let (name, value) = line.split_once(": ").expect("a header field has a colon");
        if name == "Status" {
            response.status = value.split(' ').next().and_then(|code| code.parse().ok()).expect("a status is a number");
        } else {
            response = response.header(name, value);
        }
    }
    response
}

/// Git, without this machine's configuration, with fixed names and times.
#[must_use]
pub fn git() -> Command {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_CONFIG_COUNT", "3"),
        ("GIT_CONFIG_KEY_0", "init.defaultBranch"),
        ("GIT_CONFIG_VALUE_0", "main"),
        // Folders of tests may belong to another user than the one who runs them.
        ("GIT_CONFIG_KEY_1", "safe.directory"),
        ("GIT_CONFIG_VALUE_1", "*"),
        ("GIT_CONFIG_KEY_2", "gc.auto"),
        ("GIT_CONFIG_VALUE_2", "0"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ("GIT_TERMINAL_PROMPT", "0"),
    ] {
        command.env(name, value);
    }
    command
}

/// Runs git in a folder; its standard output.
///
/// # Panics
///
/// If git fails, with what it said.
pub fn run_git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = git().current_dir(folder).args(arguments).output().expect("git is installed (Debian: git)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?} in {}: {said}", folder.display());
    output.stdout
}

/// A repository in a folder, made by git, for tests that fill it.
#[derive(Debug)]
pub struct GitFolder(PathBuf);

impl GitFolder {
    /// A repository without commits; `arguments` go to `git init`.
    #[must_use]
    pub fn init(folder: &Path, arguments: &[&str]) -> Self {
        std::fs::create_dir_all(folder).expect("a folder can be made");
        let made = Self(folder.to_owned());
        made.git(&[&["init", "--quiet"], arguments].concat());
        made
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Runs git in it; its standard output as text, without the newline at the end.
    pub fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&run_git(&self.0, arguments)).trim_end().to_owned()
    }

    /// Writes a file and commits it.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn commit(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.0.join(path);
        std::fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder can be made");
        std::fs::write(file, content).expect("a file can be written");
        self.git(&["add", "--", path]);
        self.git(&["commit", "--quiet", "--message", path]);
    }
}
