//! `lemur serve` as a process, and a client of its REST interface.

use std::path::{Path, PathBuf};

use menagerie_tests::eventually;
use menagerie_tests::process::{Finished, Output, Running, command, run_within};
use serde_json::{Value, json};
use ureq::Agent;

use super::house::PATIENCE;
use super::pebble::client;

/// Where a server's data are.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    database: Option<String>,
    http_port: u16,
}

/// A running server.
pub(crate) struct Server {
    process: Running,
    said: Output,
    url: String,
    agent: Agent,
    token: String,
}

impl Place {
    /// On SQLite, or on the database of a URL; plain HTTP is at this port.
    pub(crate) fn new(database: Option<String>, http_port: u16) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database, http_port }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes the configuration.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::create_dir_all(self.data()).unwrap();
        std::fs::write(self.data().join("lemur.toml"), text).unwrap();
    }

    fn tool(&self) -> std::process::Command {
        let mut tool = command(env!("CARGO_BIN_EXE_lemur"));
        tool.current_dir(self.folder.path()).env("LEMUR_DATA", self.data()).env("USER", "tester");
        tool.env_remove("LEMUR_CONFIG").env_remove("LEMUR_DATABASE");
        if let Some(database) = &self.database {
            tool.env("LEMUR_DATABASE", database);
        }
        tool
    }

    /// Runs a command of the tool on the data.
    pub(crate) fn lemur(&self, arguments: &[&str]) -> Finished {
        let mut tool = self.tool();
        tool.args(arguments);
        run_within(PATIENCE, tool, b"")
    }

    pub(crate) fn serve(&self) -> Server {
        let mut tool = self.tool();
        tool.args(["serve", "--listen", "127.0.0.1:0", "--http-listen", &format!("127.0.0.1:{}", self.http_port)]);
        let (mut process, said) = Running::start_followed("lemur serve", tool);
        let is_there = |text: &str| text.contains("clients trust it by");
        eventually(PATIENCE, || is_there(&said.text()) || process.ended().is_some());
        let text = said.text();
        assert!(is_there(&text), "the server did not start: {text}");
        let url = text.split_once("lemur serves ").unwrap().1.split(' ').next().unwrap().to_owned();
        let agent = client(&std::fs::read(self.root()).unwrap());
        let mut server = Server { process, said, url, agent, token: String::new() };
        let password = std::fs::read_to_string(self.data().join("admin-password")).unwrap();
        let answer = server.call("POST", "/auth/login", Some(&json!({"username": "admin", "password": password.trim()})));
        server.token = answer.1["token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        server
    }

    /// What the server's HTTPS is trusted by.
    pub(crate) fn root(&self) -> PathBuf {
        self.data().join("internal-root.pem")
    }
}

impl Server {
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks REST as the administrator; gives the status and the body.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = http::Request::builder().method(method).uri(format!("{}/api/1{path}", self.url));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let answer = match body {
            Some(body) => self.agent.run(request.header("content-type", "application/json").body(body.to_string()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}; the server said {}", self.said.text()));
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    #[track_caller]
    pub(crate) fn done(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, body) = self.call(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {body}; the server said {}", self.said.text());
        body
    }

    /// Waits until nothing is done for a pending certificate any more; gives its certificate.
    pub(crate) fn issued(&self, pending: i64) -> Value {
        let path = format!("/pending_certificates/{pending}");
        let mut last = Value::Null;
        eventually(PATIENCE, || {
            last = self.done("GET", &path, None);
            last["resolved"] == true
        });
        let id = last["resolvedCertId"].as_i64().unwrap_or_else(|| panic!("{last}; the server said {}", self.said.text()));
        self.done("GET", &format!("/certificates/{id}"), None)
    }
}

/// A configuration with an upstream by http-01.
pub(crate) fn with_upstream(directory: &str, ca_file: &Path) -> String {
    format!(
        "[upstream.elsewhere]\ndirectory = {directory:?}\nca_file = {ca_file:?}\nagree_to_terms = true\nchallenge = \"http-01\"\nretry = \"1s\"\n"
    )
}
