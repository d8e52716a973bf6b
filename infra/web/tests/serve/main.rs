//! The server as its clients see it: over TLS and without, with too many connections, with clients that dawdle, and when it is told to end.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use menagerie_tests::eventually;
use menagerie_tests::keys::openssl;
use menagerie_tests::process::{Running as Process, command};
use menagerie_web::{Guard, Limits, Metrics, Server, Tls};
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

struct Identity {
    chain: Vec<u8>,
    key: Vec<u8>,
}

fn identity(folder: &Path, name: &str) -> Identity {
    let (chain, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    let subject = format!("/CN={name}");
    let made = openssl(
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", &subject]
            .iter()
            .copied()
            .chain(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"])
            .chain(["-keyout", key.to_str().unwrap(), "-out", chain.to_str().unwrap()]),
        b"",
    );
    let _ = made.success();
    Identity { chain: std::fs::read(chain).unwrap(), key: std::fs::read(key).unwrap() }
}

fn client(roots: &[&Identity]) -> Agent {
    let roots: Vec<Certificate<'static>> = roots
        .iter()
        .flat_map(|identity| parse_pem(&identity.chain))
        .filter_map(|item| if let Ok(PemItem::Certificate(certificate)) = item { Some(certificate) } else { None })
        .collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    // A connection of its own for each call, so that an exchanged certificate is seen.
    Agent::config_builder().tls_config(tls).http_status_as_error(false).max_idle_connections(0).build().into()
}

/// A server in a thread of its own.
struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(limits: Limits, tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "late"
        };
        let router = Router::new()
            .route("/who", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()))
            .route("/slow", get(slow))
            .route("/large", get(async || vec![b'x'; 32 * 1024 * 1024]));
        let router = Guard { body: 1024, time: Duration::from_secs(5), arrival: Duration::from_secs(5), metrics: Metrics::new("test") }
            .before(router);
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let server = match tls {
                Some(tls) => Server::new(limits).https(listener, tls, router),
                None => Server::new(limits).http(listener, router),
            };
            runtime.block_on(server.run(async { drop(stopped.await) })).unwrap();
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

fn text(mut response: http::Response<ureq::Body>) -> String {
    response.body_mut().read_to_string().unwrap()
}

#[test]
fn a_certificate_is_exchanged_while_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (identity(folder.path(), "first"), identity(folder.path(), "second"));
    let tls = Tls::from_pem(&first.chain, &first.key).unwrap();
    let running = Running::start(Limits::default(), Some(tls.clone()));
    let url = format!("https://{}/who", running.address);
    assert_eq!(text(client(&[&first]).get(&url).call().unwrap()), "127.0.0.1");
    assert!(client(&[&second]).get(&url).call().is_err());
    assert!(tls.replace(&second.chain, &first.key).is_err(), "the key is another's");
    assert_eq!(text(client(&[&first]).get(&url).call().unwrap()), "127.0.0.1", "what cannot serve changes nothing");
    tls.replace(&second.chain, &second.key).unwrap();
    assert_eq!(text(client(&[&second]).get(&url).call().unwrap()), "127.0.0.1");
    assert!(client(&[&first]).get(&url).call().is_err());
}

#[test]
fn old_tls_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let identity = identity(folder.path(), "old");
    let running = Running::start(Limits::default(), Some(Tls::from_pem(&identity.chain, &identity.key).unwrap()));
    let connect = |version: &str| openssl(["s_client", "-connect", &running.address.to_string(), version], b"").status == Some(0);
    assert!(connect("-tls1_2"));
    assert!(connect("-tls1_3"));
    assert!(!connect("-tls1_1"));
}

#[test]
fn a_client_that_dawdles_is_cut_off() {
    let brief = Duration::from_millis(300);
    // A first request has little time, a later one as much as the connection is kept.
    let first = Limits { patience: brief, ..Limits::default() };
    let later = Limits { idle: brief, ..Limits::default() };
    let whole = b"GET /who HTTP/1.1\r\nhost: x\r\n\r\n".as_slice();
    let begun = b"GET /who HTTP/1.1\r\nhost: x\r\nx-slow: ".as_slice();
    for (limits, said, answers) in
        [(first, &[begun][..], 0), (first, &[][..], 0), (later, &[whole, begun][..], 1), (later, &[whole][..], 1)]
    {
        let running = Running::start(limits, None);
        let began = Instant::now();
        let mut stream = running.connect();
        for part in said {
            stream.write_all(part).unwrap();
        }
        let mut rest = Vec::new();
        // What is said into a connection that is closed may end it by a reset.
        let _ = stream.read_to_end(&mut rest);
        assert!(began.elapsed() < Duration::from_secs(8), "{said:?}: {:?}", began.elapsed());
        assert_eq!(String::from_utf8_lossy(&rest).matches("HTTP/1.1 200").count(), answers, "{said:?}");
    }
}

/// A client that shook hands and then says nothing, or a letter now and then, has no more time than by plain HTTP.
#[test]
fn a_client_that_dawdles_over_tls_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let identity = identity(folder.path(), "dawdles");
    let limits = Limits { patience: Duration::from_millis(500), ..Limits::default() };
    let running = Running::start(limits, Some(Tls::from_pem(&identity.chain, &identity.key).unwrap()));
    let began = Instant::now();
    let mut client = command("openssl");
    client.args(["s_client", "-quiet", "-connect", &running.address.to_string()]);
    let (mut client, _) = Process::start_followed("openssl", client);
    assert!(eventually(Duration::from_secs(8), || client.ended().is_some()), "it is still there");
    assert!(began.elapsed() >= limits.patience, "{:?}", began.elapsed());
}

/// Load balancers keep connections for a minute, and send what comes next into the one that they have.
#[test]
fn a_connection_is_kept_for_longer_than_a_load_balancer_keeps_it() {
    assert!(Limits::default().idle > Duration::from_secs(60));
    let limits = Limits { patience: Duration::from_millis(100), ..Limits::default() };
    let running = Running::start(limits, None);
    let mut stream = running.connect();
    for _ in 0..3 {
        stream.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        // The rest of the answer, and then a while without anything.
        while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
        stream.set_read_timeout(None).unwrap();
    }
}

/// Who asks for much, again and again, and reads nothing holds its place for a moment only, over TLS as well.
#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let identity = identity(folder.path(), "unread");
    let limits = Limits { patience: Duration::from_millis(500), connections_of_one: 4, ..Limits::default() };
    let running = Running::start(limits, None);
    let mut held: Vec<TcpStream> = (0..4).map(|_| running.connect()).collect();
    for stream in &mut held {
        stream.write_all(&b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n".repeat(5)).unwrap();
    }
    let url = format!("http://{}/who", running.address);
    let asked = || client(&[]).get(&url).call().is_ok_and(|response| response.status() == 200);
    assert!(eventually(Duration::from_secs(10), asked), "the places are free again");
    drop(held);
    let over_tls = Running::start(limits, Some(Tls::from_pem(&identity.chain, &identity.key).unwrap()));
    let unread = |url: &str| {
        let mut response = client(&[&identity]).get(url).call().unwrap();
        let mut first = [0; 1];
        let mut body = response.body_mut().as_reader();
        body.read_exact(&mut first).unwrap();
        std::thread::sleep(Duration::from_secs(3));
        let mut rest = Vec::new();
        body.read_to_end(&mut rest).map(|_| rest.len())
    };
    assert!(unread(&format!("https://{}/large", over_tls.address)).is_err(), "the rest was not kept for it");
}

/// Slow is not idle: who reads a little all the time gets it all.
#[test]
fn a_client_that_reads_slowly_is_served() {
    let limits = Limits { patience: Duration::from_millis(500), ..Limits::default() };
    let running = Running::start(limits, None);
    let mut stream = running.connect();
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let (mut piece, mut length) = (vec![0; 1024 * 1024], 0);
    loop {
        std::thread::sleep(Duration::from_millis(60));
        match stream.read(&mut piece).unwrap() {
            0 => break,
            read => length += read,
        }
    }
    assert!(length > 32 * 1024 * 1024, "{length}");
}

#[test]
fn endless_headers_are_refused() {
    let running = Running::start(Limits::default(), None);
    let mut stream = running.connect();
    let _ = stream.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\n");
    for _ in 0..4_096 {
        if stream.write_all(format!("x-filler: {}\r\n", "x".repeat(100)).as_bytes()).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert_eq!(text(client(&[]).get(format!("http://{}/who", running.address)).call().unwrap()), "127.0.0.1");
}

#[test]
fn one_connection_too_many_is_closed_unread() {
    let limits = Limits { connections_of_one: 2, ..Limits::default() };
    let running = Running::start(limits, None);
    let ask = |stream: &mut TcpStream| {
        let mut answer = [0; 12];
        let sent = stream.write_all(b"GET /who HTTP/1.1\r\nhost: x\r\n\r\n");
        sent.and_then(|()| stream.read_exact(&mut answer)).is_ok_and(|()| answer.starts_with(b"HTTP/1.1 200"))
    };
    let (mut first, mut second) = (running.connect(), running.connect());
    assert!(ask(&mut first) && ask(&mut second));
    assert!(!ask(&mut running.connect()));
    drop(first);
    assert!(eventually(Duration::from_secs(5), || ask(&mut running.connect())));
}

/// A connection that ends with an answer says so, or a client would send its next request into it.
#[test]
fn a_body_that_is_not_read_ends_the_connection_by_a_word() {
    let running = Running::start(Limits::default(), None);
    let answer = |head: &str, body: &[u8]| {
        let mut stream = running.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).to_ascii_lowercase()
    };
    let long = answer("POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n", &[b'x'; 1000]);
    assert!(long.starts_with("http/1.1 404") && long.contains("connection: close"), "{long}");
    let short = answer("POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n", b"{}");
    assert!(short.starts_with("http/1.1 404") && !short.contains("connection: close"), "{short}");
}

/// Headers and body come apart, and the answer does not want the body: the connection goes on all the same.
#[test]
fn a_refusal_does_not_cost_the_connection() {
    let running = Running::start(Limits::default(), None);
    let mut stream = running.connect();
    for _ in 0..3 {
        stream.write_all(b"POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(b"{}").unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(&answer[..length]));
    }
}

#[test]
fn what_is_under_way_is_answered_before_the_end() {
    let mut running = Running::start(Limits::default(), None);
    let url = format!("http://{}/slow", running.address);
    let asking = std::thread::spawn(move || text(client(&[]).get(&url).call().unwrap()));
    std::thread::sleep(Duration::from_millis(100));
    running.stop();
    assert_eq!(asking.join().unwrap(), "late");
    assert!(TcpStream::connect(running.address).is_err());
}
