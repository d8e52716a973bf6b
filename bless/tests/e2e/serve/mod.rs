//! `bless serve`: its socket, its loopback address, and its life.

mod life;
mod socket;
mod tcp;

use std::io::{Read, Write};

use serde_json::Value;

/// A request of HTTP/1.1 with these header lines.
pub(crate) fn request(path: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    format!("{text}\r\n{body}")
}

/// Sends bytes and reads the answer to its end: the status, and the body.
pub(crate) fn exchange(mut stream: impl Read + Write, bytes: &[u8]) -> (u16, String) {
    // A service that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// A body as JSON.
pub(crate) fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
