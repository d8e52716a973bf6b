//! A folder, the tool's processes in it, and a client that trusts what it should.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_tests::process::{Finished, Output, Running, command, run_within};
use menagerie_tests::{Namespace, assert_eventually, eventually};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// How long a command may take: the machines of tests are slow, and a Java machine starts for minutes on them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// A folder with the data of an installation in `data`.
pub(crate) struct House {
    folder: Namespace,
    database: Option<String>,
    environment: Vec<(String, OsString)>,
}

/// `lemur serve`, until it is dropped.
pub(crate) struct Server {
    process: Running,
    pub(crate) said: Output,
    pub(crate) data: PathBuf,
    /// Of REST and ACME.
    pub(crate) url: String,
    /// Where it serves what is published.
    pub(crate) http_url: String,
    /// Where certificates say that it is: the same, unless it is configured.
    public_url: String,
    agent: Agent,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    #[track_caller]
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }
}

impl House {
    /// On SQLite.
    pub(crate) fn new() -> Self {
        Self { folder: Namespace::new("e2e"), database: None, environment: Vec::new() }
    }

    /// On the database of this URL.
    pub(crate) fn on(database: String) -> Self {
        Self { folder: Namespace::new("e2e"), database: Some(database), environment: Vec::new() }
    }

    /// Whether its database is a server's.
    pub(crate) fn is_on_a_server(&self) -> bool {
        self.database.is_some()
    }

    /// With this in the environment of the tool's processes.
    #[cfg(all(feature = "aws", feature = "pkcs11"))]
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn tool(&self, data: &str) -> Command {
        let mut tool = command(env!("CARGO_BIN_EXE_lemur"));
        tool.current_dir(self.folder.path()).env("LEMUR_DATA", self.file(data)).env("USER", "tester").env_remove("SUDO_USER");
        tool.env("HOME", self.folder.path()).env_remove("XDG_CONFIG_HOME");
        for name in ["LEMUR_CONFIG", "LEMUR_DATABASE", "LEMUR_SERVER", "LEMUR_TOKEN", "LEMUR_CA_FILE"] {
            tool.env_remove(name);
        }
        tool.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(database) = &self.database {
            tool.env("LEMUR_DATABASE", database);
        }
        tool
    }

    /// Starts a command of the tool on the data, and does not wait.
    #[cfg(all(feature = "aws", feature = "pkcs11"))]
    pub(crate) fn start(&self, arguments: &str) -> Running {
        let mut tool = self.tool("data");
        tool.args(arguments.split_whitespace());
        Running::start("lemur", tool)
    }

    /// Runs a command of the tool on the data.
    pub(crate) fn lemur<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Finished {
        let mut tool = self.tool("data");
        tool.args(arguments);
        run_within(PATIENCE, tool, b"")
    }

    /// Runs a command of the tool against a server, with a token.
    pub(crate) fn remote(&self, server: &Server, token: &str, arguments: &str) -> Finished {
        let root = server.data.join("internal-root.pem");
        let mut tool = self.tool("nowhere");
        tool.env("LEMUR_SERVER", &server.url).env("LEMUR_TOKEN", token).env("LEMUR_CA_FILE", root).args(arguments.split_whitespace());
        run_within(PATIENCE, tool, b"")
    }

    /// Starts a command of the tool against a server, and does not wait: dropped, it is killed.
    pub(crate) fn start_remote(&self, server: &Server, token: &str, arguments: &str) -> Running {
        let mut tool = self.tool("nowhere");
        tool.env("LEMUR_SERVER", &server.url).env("LEMUR_TOKEN", token).env("LEMUR_CA_FILE", server.data.join("internal-root.pem"));
        tool.args(arguments.split_whitespace());
        Running::start("lemur", tool)
    }

    /// Runs a command of the tool with an environment of its own.
    pub(crate) fn lemur_with(&self, environment: &[(&str, &str)], arguments: &str) -> Finished {
        let mut tool = self.tool("nowhere");
        tool.envs(environment.iter().copied()).args(arguments.split_whitespace());
        run_within(PATIENCE, tool, b"")
    }

    /// As [`House::lemur`]; the arguments stand in one text, between spaces.
    pub(crate) fn done(&self, arguments: &str) -> String {
        self.lemur(arguments.split_whitespace()).success().text()
    }

    /// Runs a command of the tool that has to refuse: the status is 2, it says one sentence that holds this, and nothing else.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &str, sentence: &str) {
        let ended = self.lemur(arguments.split_whitespace());
        let said = ended.stderr.trim();
        assert_eq!(ended.status, Some(2), "{arguments}: {said}");
        assert!(ended.stdout.is_empty(), "{arguments}: {}", ended.text());
        assert!(said.starts_with("error: ") && said.contains(sentence), "{arguments}: {said}");
        assert!(said.lines().count() == 1 && !said.contains("panicked"), "{arguments}: {said}");
    }

    /// Runs another's program in the folder; gives what it said.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, arguments: &str) -> String {
        let ended = self.tried(program, arguments);
        assert_eq!(ended.status, Some(0), "{program} {arguments}: {}{}", ended.text(), ended.stderr);
        format!("{}{}", ended.text(), ended.stderr)
    }

    pub(crate) fn tried(&self, program: &str, arguments: &str) -> Finished {
        let mut other = command(program);
        other.args(arguments.split_whitespace()).current_dir(self.folder.path());
        run_within(PATIENCE, other, b"")
    }

    pub(crate) fn serve(&self) -> Server {
        self.serve_in("data", &[])
    }

    /// A server with its data in this folder.
    pub(crate) fn serve_in(&self, data: &str, more: &[&str]) -> Server {
        self.begin(data, more).ready()
    }

    /// Starts a server and does not wait.
    pub(crate) fn begin(&self, data: &str, more: &[&str]) -> Starting {
        let mut tool = self.tool(data);
        tool.args(["serve", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]).args(more);
        let (process, said) = Running::start_followed("lemur serve", tool);
        Starting { process, said, data: self.file(data) }
    }

    /// A request that openssl made, and its key in `NAME.key`.
    pub(crate) fn request(&self, name: &str) -> String {
        let algorithm = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        self.run(
            "openssl",
            &format!("req -new {algorithm} -keyout {name}.key -out {name}.csr -subj /CN={name} -addext subjectAltName=DNS:{name}"),
        );
        self.read(&format!("{name}.csr"))
    }
}

/// A server that was started.
pub(crate) struct Starting {
    process: Running,
    said: Output,
    data: PathBuf,
}

impl Starting {
    pub(crate) fn ready(mut self) -> Server {
        let is_there = |text: &str| text.contains("clients trust it by");
        eventually(PATIENCE, || is_there(&self.said.text()) || self.process.ended().is_some());
        let text = self.said.text();
        assert!(is_there(&text), "the server did not start: {text}");
        // In a log of JSON the text ends with its quote.
        let after = |begin: &str, end: char| text.split_once(begin).unwrap().1.split([end, '"']).next().unwrap().to_owned();
        let (url, public_url) = (after("lemur serves ", ' '), after("certificates are at ", ' '));
        let http_url = format!("http://{}", after(" too, at ", '\n'));
        let root = std::fs::read(self.data.join("internal-root.pem")).unwrap();
        Server { process: self.process, said: self.said, data: self.data, url, http_url, public_url, agent: client(&root) }
    }
}

impl Server {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends it as an operator does; it must end well.
    pub(crate) fn stop(mut self) -> String {
        let mut tell = command("kill");
        tell.arg(self.process.id().to_string());
        let _ = run_within(PATIENCE, tell, b"").success();
        assert_eventually!(within PATIENCE, self.process.ended().is_some());
        assert!(self.process.ended().unwrap().success(), "{}", self.said.text());
        self.said.text()
    }

    /// The password that was made at the first start.
    pub(crate) fn password(&self) -> String {
        std::fs::read_to_string(self.data.join("admin-password")).unwrap().trim().to_owned()
    }

    pub(crate) fn login(&self, name: &str, password: &str) -> String {
        let answer = self.call("POST", "/auth/login", "", Some(&json!({"username": name, "password": password})));
        answer.done()["token"].as_str().unwrap().to_owned()
    }

    /// Asks REST.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let answer = self.tried(method, path, token, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}; the server said {}", self.said.text()))
    }

    /// As [`Server::call`], of a server that may be gone.
    pub(crate) fn tried(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Result<Answer, ureq::Error> {
        let mut request = http::Request::builder().method(method).uri(format!("{}/api/1{path}", self.url));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = match body {
            Some(body) => self.agent.run(request.header("content-type", "application/json").body(body.to_string()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        answer(response?)
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, None)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.call("POST", path, token, Some(body))
    }

    /// Where this server has what a certificate says is at a URL.
    #[track_caller]
    pub(crate) fn place_of(&self, url: &str) -> String {
        let path = url.strip_prefix(&self.public_url).unwrap_or_else(|| panic!("{url} is not at {}", self.public_url));
        format!("{}{path}", self.http_url)
    }

    /// Gets a URL, with a header if one is named.
    pub(crate) fn fetch(&self, url: &str, header: Option<(&str, &str)>) -> Answer {
        let mut request = http::Request::builder().uri(url);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        answer(self.agent.run(request.body(()).unwrap()).unwrap_or_else(|error| panic!("{url}: {error}"))).unwrap()
    }

    /// Sends a request with these headers; no redirect is followed.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(self.agent.run(request.body(body.to_owned()).unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
    }

    /// Sends a form of a page, as a browser does.
    pub(crate) fn form(&self, path: &str, form: &str, cookie: &str) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind, ("sec-fetch-site", "same-origin"), ("cookie", cookie)], form)
    }

    /// A file of a certificate, in this form.
    pub(crate) fn export(&self, token: &str, id: i64, slug: &str, passphrase: &str) -> Vec<u8> {
        let options = json!([{"name": "passphrase", "value": passphrase}, {"name": "alias", "value": "one"}]);
        let body = json!({"plugin": {"slug": slug, "pluginOptions": options}});
        let file = self.post(&format!("/certificates/{id}/export"), token, &body).done();
        STANDARD.decode(file["data"].as_str().unwrap()).unwrap()
    }
}

fn answer(mut response: http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), bytes })
}

/// A client that trusts this root alone.
pub(crate) fn client(root: &[u8]) -> Agent {
    let roots = parse_pem(root).filter_map(|item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None });
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(PATIENCE)).build().into()
}

/// A file's permissions.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
