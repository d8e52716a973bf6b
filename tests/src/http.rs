//! HTTP/1.1 over loopback, as far as tests need it: a server that is a function from request to response, one thread a
//! connection, and a client of one call. RFC 9112 for the framing (Content-Length and chunked bodies, kept-alive connections).
//! Plain threads, so that what a test measures is the peer and not a runtime of its own.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The largest body that is read, in bytes: past what any AWS API here takes.
const LARGEST_BODY: usize = 64 << 20;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path, and the query if there is one, as sent.
    pub target: String,
    /// The header fields in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers.
    #[must_use]
    pub fn new(method: &str, target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: body.into() }
    }

    /// With one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of a header field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// The path, percent-decoded, without the query.
    #[must_use]
    pub fn path(&self) -> String {
        decode(self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path))
    }

    /// The value of a parameter of the query, percent-decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| decode(value))
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields in order; the framing's are added as it is sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// With one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of a header field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

type Handler = dyn Fn(Request) -> Option<Response> + Send + Sync;

/// A server on 127.0.0.1. It stops, and its connections are closed, when this is dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts a server on a free port. A handler that gives no response has its connection closed.
    #[must_use]
    pub fn start(handler: impl Fn(Request) -> Option<Response> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State::default());
        let (handler, shared): (Arc<Handler>, _) = (Arc::new(handler), Arc::clone(&state));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if let Ok(copy) = stream.try_clone() {
                    shared.connections.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
                }
                let (handler, shared) = (Arc::clone(&handler), Arc::clone(&shared));
                std::thread::spawn(move || {
                    // A connection that breaks concerns the one at its other end.
                    let _ = serve(&stream, &*handler, &shared);
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, state }
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        for connection in self.state.connections.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn serve(stream: &TcpStream, handler: &Handler, state: &State) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = read_request(&mut reader, &mut writer)? {
        if state.stopped.load(Ordering::SeqCst) {
            break;
        }
        let close = request.value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let head = request.method == "HEAD";
        let Some(response) = handler(request) else { break };
        write_response(&mut writer, &response, head)?;
        if close {
            break;
        }
    }
    Ok(())
}

fn read_request(reader: &mut impl BufRead, writer: &mut impl Write) -> Result<Option<Request>> {
    let Some(line) = read_line(reader)? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Err(bad("a request line of fewer than three words"));
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let headers = read_headers(reader)?;
    if value(&headers, "expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = read_body(reader, &headers, false)?;
    Ok(Some(Request { method, target, headers, body }))
}

fn write_response(writer: &mut impl Write, response: &Response, head: bool) -> Result<()> {
    let mut message = format!("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n", response.status, response.body.len()).into_bytes();
    write_headers(&mut message, &response.headers)?;
    if !head {
        message.extend_from_slice(&response.body);
    }
    writer.write_all(&message)
}

fn write_headers(message: &mut Vec<u8>, headers: &[(String, String)]) -> Result<()> {
    for (name, value) in headers {
        write!(message, "{name}: {value}\r\n")?;
    }
    message.write_all(b"\r\n")
}

/// Sends a request and reads the response; a minute without a byte is an error.
///
/// # Errors
///
/// What the connection came to, or what is wrong with the response's framing.
pub fn call(address: SocketAddr, request: &Request) -> Result<Response> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let Request { method, target, headers, body } = request;
    let message = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    let mut message = message.into_bytes();
    write_headers(&mut message, headers)?;
    message.extend_from_slice(body);
    (&stream).write_all(&message)?;
    read_response(&mut BufReader::new(&stream))
}

fn read_response(reader: &mut impl BufRead) -> Result<Response> {
    let line = read_line(reader)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| bad("a status line without a status"))?;
    let headers = read_headers(reader)?;
    let body = if matches!(status, 204 | 304) { Vec::new() } else { read_body(reader, &headers, true)? };
    Ok(Response { status, headers, body })
}

fn read_headers(reader: &mut impl BufRead) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("a header field without a colon"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_body(reader: &mut impl BufRead, headers: &[(String, String)], until_end: bool) -> Result<Vec<u8>> {
    if value(headers, "transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
        return read_chunks(reader);
    }
    let mut body = Vec::new();
    match value(headers, "content-length") {
        Some(length) => {
            let length = length.parse().ok().filter(|length| *length <= LARGEST_BODY).ok_or_else(|| bad("a Content-Length"))?;
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
        }
        None if until_end => {
            reader.take(LARGEST_BODY as u64).read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

fn read_chunks(reader: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| bad("a chunk's size"))?;
        if body.len().saturating_add(size) > LARGEST_BODY {
            return Err(bad("the size of a body"));
        }
        let start = body.len();
        body.resize(start + size, 0);
        reader.read_exact(&mut body[start..])?;
        if size == 0 {
            read_headers(reader)?;
            return Ok(body);
        }
        read_line(reader)?;
    }
}

fn read_line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = Vec::new();
    reader.take(1 << 16).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(line).map_err(|_| bad("a line that is not UTF-8"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("HTTP that cannot be read: {what}"))
}
