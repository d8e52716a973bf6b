//! A service of the tests: `bless serve`'s HTTP on a Unix socket or loopback, and the parts of AWS's Invoke and Encrypt that the
//! client calls. Its certificates are made by the real `ssh-keygen`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What the service does with the next requests.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// Issue a certificate that is valid for `ssh-keygen`'s `-V` span.
    Issue(&'static str),
    /// Issue one for other principals than were asked for.
    OtherPrincipals(&'static str),
    /// Issue one for another key.
    OtherKey,
    /// Issue one whose signature was damaged.
    Damaged,
    /// Answer with this body.
    Say(String),
    /// Answer with this status and body.
    Status(u16, &'static str),
    /// Take the request and never answer.
    Hang,
    /// Close without an answer.
    Close,
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

struct State {
    directory: PathBuf,
    mood: Mutex<Mood>,
    delay: Mutex<Duration>,
    connections: AtomicUsize,
    signed: AtomicUsize,
    requests: Mutex<Vec<Received>>,
}

/// A running service.
#[derive(Clone)]
pub(crate) struct FakeService(Arc<State>);

impl FakeService {
    /// A service with an Ed25519 authority of its own, in `directory`.
    pub(crate) fn new(directory: &Path) -> Self {
        let state = State {
            directory: directory.to_owned(),
            mood: Mutex::new(Mood::Issue("-1m:+1h")),
            delay: Mutex::new(Duration::ZERO),
            connections: AtomicUsize::new(0),
            signed: AtomicUsize::new(0),
            requests: Mutex::new(Vec::new()),
        };
        keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "ca", "-f", path(&directory.join("ca"))]);
        Self(Arc::new(state))
    }

    pub(crate) fn on_socket(&self, socket: &Path) {
        let listener = UnixListener::bind(socket).expect("bound");
        let service = self.clone();
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| service.serve(stream.try_clone().expect("cloned"), stream))
        });
    }

    pub(crate) fn on_loopback(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        let service = self.clone();
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| service.serve(stream.try_clone().expect("cloned"), stream))
        });
        address
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.0.mood.lock().expect("not poisoned") = mood;
    }

    pub(crate) fn delay(&self, delay: Duration) {
        *self.0.delay.lock().expect("not poisoned") = delay;
    }

    pub(crate) fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.0.requests.lock().expect("not poisoned").clone()
    }

    fn serve(&self, read: impl Read + Send + 'static, mut write: impl Write + Send + 'static) {
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        let service = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(read);
            // AWS's SDK keeps its connections and sends several requests on one.
            while let Some(request) = receive(&mut reader) {
                let delay = *service.0.delay.lock().expect("not poisoned");
                std::thread::sleep(delay);
                service.0.requests.lock().expect("not poisoned").push(request.clone());
                let Some((status, headers, body)) = service.answer(&request) else { return };
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
                if write.write_all(head.as_bytes()).and_then(|()| write.write_all(body.as_bytes())).is_err() {
                    return;
                }
            }
        });
    }

    fn answer(&self, request: &Received) -> Option<(u16, String, String)> {
        if request.headers.get("x-amz-target").is_some_and(|target| target == "TrentService.Encrypt") {
            return Some((200, String::new(), r#"{"CiphertextBlob":"c2VhbGVk","KeyId":"k"}"#.to_owned()));
        }
        let mood = self.0.mood.lock().expect("not poisoned").clone();
        let issued = |certificate: String| Some((200, String::new(), serde_json::json!({ "certificate": certificate }).to_string()));
        match mood {
            Mood::Issue(span) => issued(self.sign(&request.body, span, None, None)),
            Mood::OtherPrincipals(principals) => issued(self.sign(&request.body, "-1m:+1h", Some(principals), None)),
            Mood::OtherKey => {
                let other = self.0.directory.join(format!("other-{}", self.connections()));
                keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "other", "-f", path(&other)]);
                let key = std::fs::read_to_string(other.with_extension("pub")).expect("a key");
                issued(self.sign(&request.body, "-1m:+1h", None, Some(&key)))
            }
            Mood::Damaged => {
                let certificate = self.sign(&request.body, "-1m:+1h", None, None);
                let mut words: Vec<String> = certificate.split(' ').map(str::to_owned).collect();
                let end = words[1].trim_end_matches('=').len() - 8;
                let flipped = if words[1].as_bytes()[end] == b'A' { "B" } else { "A" };
                words[1].replace_range(end..=end, flipped);
                issued(words.join(" "))
            }
            Mood::Say(body) => Some((200, String::new(), body)),
            Mood::Status(200, function_error) => {
                Some((200, format!("X-Amz-Function-Error: {function_error}\r\n"), r#"{"errorMessage":"boom"}"#.to_owned()))
            }
            Mood::Status(status, body) => Some((status, String::new(), body.to_owned())),
            Mood::Hang => {
                std::thread::sleep(Duration::from_secs(60));
                None
            }
            Mood::Close => None,
        }
    }

    /// Has `ssh-keygen` sign the request's key.
    fn sign(&self, event: &Value, span: &str, principals: Option<&str>, key: Option<&str>) -> String {
        let number = self.0.signed.fetch_add(1, Ordering::SeqCst) + 1;
        let file = self.0.directory.join(format!("subject-{number}"));
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        std::fs::write(file.with_extension("pub"), key.map_or_else(|| text("public_key_to_sign"), str::to_owned)).expect("written");
        let host = event["hostnames"].is_string();
        let names = principals.map_or_else(|| if host { text("hostnames") } else { text("remote_usernames") }, str::to_owned);
        let (ca, public, serial) = (self.0.directory.join("ca"), file.with_extension("pub"), number.to_string());
        let mut arguments = vec!["-q", "-s", path(&ca), "-I", "request[test]", "-z", &serial, "-V", span, "-n", &names];
        if host {
            arguments.push("-h");
        }
        arguments.push(path(&public));
        keygen(&arguments);
        std::fs::read_to_string(self.0.directory.join(format!("subject-{number}-cert.pub"))).expect("a certificate").trim_end().to_owned()
    }
}

fn receive(reader: &mut BufReader<impl Read>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line: line.trim_end().to_owned(), headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

pub(crate) fn keygen(arguments: &[&str]) -> String {
    let done = Command::new("ssh-keygen").args(arguments).output().expect("ssh-keygen runs");
    assert!(done.status.success(), "ssh-keygen {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}
