//! A real `moto` server on a free port of the loopback interface, ended with the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(super) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    pub(super) fn start() -> Self {
        let program = venv().join("bin/moto_server");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free").port();
        let child = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; make test installs it", program.display()));
        let mut server = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto does not answer");
            assert_eq!(server.child.try_wait().expect("moto can be asked about"), None, "moto ended");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a key and gives its ID. The adapter makes none, so this speaks AWS's JSON protocol itself.
    pub(super) fn create_key(&self, spec: &str, usage: &str) -> String {
        let body = serde_json::json!({ "KeySpec": spec, "KeyUsage": usage }).to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Amz-Target: TrentService.CreateKey\r\nContent-Type: application/x-amz-json-1.1\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=0\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("moto takes the connection");
        stream.write_all(request.as_bytes()).expect("moto takes the request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("moto answers");
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).expect("moto answers in HTTP");
        let answer: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        answer["KeyMetadata"]["KeyId"].as_str().unwrap_or_else(|| panic!("no key was made: {answer}")).to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The virtual environment that holds moto.
fn venv() -> PathBuf {
    match std::env::var_os("MENAGERIE_VENV") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv"),
    }
}
