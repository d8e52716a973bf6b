//! A loopback server for the AWS adapters that says what a test wants it to, and the configuration to reach it or moto by.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};

/// An SDK configuration for an emulator: its endpoint, and credentials that mean nothing.
pub(crate) async fn configuration(endpoint: &str) -> SdkConfig {
    let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "tests");
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .load()
        .await
}

/// A request: the operation's name and its JSON.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) body: serde_json::Value,
}

/// What is answered: an HTTP status and JSON.
pub(crate) type Reply = Box<dyn FnMut(&Call) -> (u16, serde_json::Value) + Send>;

/// A server of AWS's JSON protocol that answers by a function of the test. It ends with the test's process.
pub(crate) struct Loopback {
    pub(crate) endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Loopback {
    pub(crate) fn start(reply: impl FnMut(&Call) -> (u16, serde_json::Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("it has an address"));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let reply: Arc<Mutex<Reply>> = Arc::new(Mutex::new(Box::new(reply)));
        let seen = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, reply) = (Arc::clone(&seen), Arc::clone(&reply));
                std::thread::spawn(move || serve(stream, &seen, &reply));
            }
        });
        Self { endpoint, calls }
    }

    /// The calls so far to an operation.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Call> {
        let calls = self.calls.lock().expect("no holder panics");
        calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }
}

/// Answers a connection's requests until it ends or sends what is none.
fn serve(stream: TcpStream, seen: &Mutex<Vec<Call>>, reply: &Mutex<Reply>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let call = request(&mut reader)?;
        seen.lock().ok()?.push(call.clone());
        let (status, body) = (reply.lock().ok()?)(&call);
        let body = body.to_string();
        let kind = "content-type: application/x-amz-json-1.1";
        write!(writer, "HTTP/1.1 {status} X\r\n{kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}

fn request(reader: &mut impl BufRead) -> Option<Call> {
    let (mut length, mut operation) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "x-amz-target" => operation = value.trim().rsplit('.').next()?.to_owned(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Call { operation, body: serde_json::from_slice(&body).ok()? })
}
