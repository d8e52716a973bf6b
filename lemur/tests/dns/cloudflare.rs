//! Cloudflare's API v4 by a server of our own: it stands for no more than what the API's reference says of zones and DNS records, and refuses
//! whatever departs from that by a header, a parameter or a field.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use lemur::dns::{DnsError, DnsProvider};
use menagerie_web::{Limits, Server, Tls};
use serde_json::{Value, json};

use super::given::{ONE, OTHER, block_on, opened, provider, refused};

const TOKEN: &str = "v1.0-token-of-the-tests-e5f1b6a2c3d4";
const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const DEEP: &str = "a23e105f4ecef8ad9ca31a8372d0c353";
const RECORD: &str = "_acme-challenge.www.corp.example";

/// What the server answers in the place of what it would; each is used once.
#[derive(Clone)]
enum Trouble {
    Status(u16, Option<&'static str>),
    Body(String),
    Close,
    Silence,
}

#[derive(Default)]
struct Service {
    /// Zone, name and content by ID.
    records: BTreeMap<String, (String, String, String)>,
    next: u32,
    troubles: Vec<Trouble>,
    calls: Vec<String>,
}

type Shared = Arc<Mutex<Service>>;

struct Cloudflare {
    service: Shared,
    url: String,
    folder: tempfile::TempDir,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Cloudflare {
    fn drop(&mut self) {
        drop(self.stop.take());
        drop(self.thread.take().map(std::thread::JoinHandle::join));
    }
}

impl Cloudflare {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("roots.pem"), made.cert.pem()).unwrap();
        menagerie_tests::write_secret(folder.path().join("token"), format!("{TOKEN}\n"));
        let tls = Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("https://localhost:{}/client/v4", listener.local_addr().unwrap().port());
        let service = Shared::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&service));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serve =
            async move { Server::new(Limits::default()).https(listener, tls, router).run(async move { drop(stopped.await) }).await };
        let thread = std::thread::spawn(move || block_on(serve).unwrap());
        Self { service, url, folder, stop: Some(stop), thread: Some(thread) }
    }

    fn settings(&self, rest: &str) -> String {
        format!("kind = \"cloudflare\"\ntoken_file = \"token\"\nurl = \"{}\"\nca_file = \"roots.pem\"\n{rest}", self.url)
    }

    fn provider(&self, rest: &str) -> Arc<dyn DnsProvider> {
        provider(self.folder.path(), &self.settings(rest))
    }

    fn trouble(&self, troubles: &[Trouble]) {
        self.service.lock().unwrap().troubles = troubles.to_vec();
    }

    /// The contents of a name's records, sorted, in their quotes.
    fn records(&self, name: &str) -> Vec<String> {
        let service = self.service.lock().unwrap();
        let mut contents: Vec<_> =
            service.records.values().filter(|(_, other, _)| other == name).map(|(.., content)| content.clone()).collect();
        contents.sort();
        contents
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.service.lock().unwrap().calls)
    }
}

fn reply(status: u16, success: bool, errors: &Value, result: &Value) -> Response {
    let body = json!({"success": success, "errors": errors, "messages": [], "result": result});
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body.to_string()).into_response()
}

fn done(result: &Value) -> Response {
    reply(200, true, &json!([]), result)
}

/// An error as the API has it: a status, a code and a sentence.
struct Wrong(u16, u32, String);

fn wrong(status: u16, code: u32, message: &str) -> Wrong {
    Wrong(status, code, message.to_owned())
}

impl Wrong {
    fn reply(self) -> Response {
        reply(self.0, false, &json!([{"code": self.1, "message": self.2}]), &Value::Null)
    }
}

async fn answer(State(service): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let trouble = {
        let mut service = service.lock().unwrap();
        service.calls.push(format!("{method} {}", uri.path_and_query().unwrap().as_str().replace("/client/v4", "")));
        (!service.troubles.is_empty()).then(|| service.troubles.remove(0))
    };
    match trouble {
        None => answered(&mut service.lock().unwrap(), &method, &uri, &headers, &body).unwrap_or_else(Wrong::reply),
        Some(Trouble::Status(status, wait)) => {
            let mut answer = (StatusCode::from_u16(status).unwrap(), "<html>later</html>").into_response();
            if let Some(wait) = wait {
                answer.headers_mut().insert("retry-after", wait.parse().unwrap());
            }
            answer
        }
        Some(Trouble::Body(body)) => body.into_response(),
        Some(Trouble::Close) => panic!("a connection that breaks off"),
        Some(Trouble::Silence) => std::future::pending().await,
    }
}

fn answered(service: &mut Service, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Response, Wrong> {
    let header = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    if header("authorization") != format!("Bearer {TOKEN}") {
        return Err(wrong(403, 9109, "Invalid access token"));
    }
    if header("accept") != "application/json" || !header("user-agent").starts_with("lemur/") || header("host").is_empty() {
        return Err(wrong(400, 6003, "Invalid request headers"));
    }
    let typed = header("content-type") == "application/json";
    if typed != (*method == Method::POST) || body.is_empty() == (*method == Method::POST) {
        return Err(wrong(400, 6003, "Invalid request headers"));
    }
    let query: BTreeMap<&str, &str> = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')).collect();
    let known = |names: &[&str]| {
        let all = query.keys().all(|name| names.contains(name));
        all.then_some(()).ok_or_else(|| wrong(400, 1003, "Invalid or missing parameters"))
    };
    let number = |name: &str, least: u32, most: u32| {
        let number = query.get(name).and_then(|text| text.parse::<u32>().ok()).filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| wrong(400, 1003, name))
    };
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let zone_of = |id: &str| match id {
        ZONE => Ok("corp.example"),
        DEEP => Ok("deep.corp.example"),
        _ => Err(wrong(404, 7003, "Could not route to the zone, perhaps your object identifier is invalid?")),
    };
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["client", "v4", "zones"]) => {
            known(&["name", "status", "per_page"])?;
            number("per_page", 5, 50)?;
            let found =
                [(ZONE, "corp.example"), (DEEP, "deep.corp.example")].into_iter().filter(|(_, name)| query.get("name") == Some(name));
            let found: Vec<_> = found.map(|(id, name)| json!({"id": id, "name": name, "status": "active", "type": "full"})).collect();
            Ok(done(&json!(found)))
        }
        ("GET", ["client", "v4", "zones", zone, "dns_records"]) => {
            known(&["type", "name.exact", "per_page", "page"])?;
            let (size, page) = (number("per_page", 5, 5_000_000)? as usize, number("page", 1, u32::MAX)? as usize);
            zone_of(zone)?;
            let records = service.records.iter().filter(|(_, (of, name, _))| of == zone && query.get("name.exact") == Some(&name.as_str()));
            let records =
                records.map(|(id, (_, name, content))| json!({"id": id, "name": name, "type": "TXT", "content": content, "ttl": 60}));
            Ok(done(&json!(records.skip((page - 1) * size).take(size).collect::<Vec<_>>())))
        }
        ("POST", ["client", "v4", "zones", zone, "dns_records"]) => {
            known(&[])?;
            let apex = zone_of(zone)?;
            let Ok(Value::Object(new)) = serde_json::from_slice(body) else { return Err(wrong(400, 9207, "Request body is invalid.")) };
            let keys: Vec<&str> = new.keys().map(String::as_str).collect();
            let (name, content) = (new["name"].as_str().unwrap_or_default(), new["content"].as_str().unwrap_or_default());
            let inner = content.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            if keys != ["content", "name", "ttl", "type"]
                || new["type"] != "TXT"
                || !(60..=86_400).contains(&new["ttl"].as_u64().unwrap_or(0))
            {
                return Err(wrong(400, 9005, "Content for TXT record is invalid."));
            }
            if inner.is_none_or(|inner| inner.is_empty() || inner.len() > 255 || inner.contains('"')) {
                return Err(wrong(400, 9005, "Content for TXT record is invalid."));
            }
            if name != apex && !name.ends_with(&format!(".{apex}")) {
                return Err(wrong(400, 9000, "DNS name is invalid."));
            }
            let new = ((*zone).to_owned(), name.to_owned(), content.to_owned());
            if service.records.values().any(|record| *record == new) {
                return Err(wrong(400, 81_058, "An identical record already exists."));
            }
            service.next += 1;
            let id = format!("372e67954025e0ba6aaa6d586b{:06}", service.next);
            service.records.insert(id.clone(), new);
            Ok(done(&json!({"id": id, "name": name, "type": "TXT", "content": content, "ttl": 60})))
        }
        ("DELETE", ["client", "v4", "zones", zone, "dns_records", id]) => {
            known(&[])?;
            zone_of(zone)?;
            match service.records.remove(*id) {
                Some(_) => Ok(done(&json!({"id": id}))),
                None => Err(wrong(404, 81_044, "Record does not exist.")),
            }
        }
        _ => Err(wrong(404, 7000, "No route for that URI")),
    }
}

fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

#[test]
fn values_of_one_name_stand_side_by_side_in_the_closest_zone() {
    let cloudflare = Cloudflare::start();
    let it = cloudflare.provider("");
    block_on(async {
        it.publish(RECORD, ONE).await.unwrap();
        it.publish(RECORD, OTHER).await.unwrap();
        it.publish(RECORD, OTHER).await.unwrap();
        assert_eq!(cloudflare.records(RECORD), [quoted(OTHER), quoted(ONE)]);
        it.withdraw(RECORD, ONE).await.unwrap();
        it.withdraw(RECORD, ONE).await.unwrap();
        assert_eq!(cloudflare.records(RECORD), [quoted(OTHER)]);
        let deep = "_acme-challenge.a.deep.corp.example";
        it.publish(deep, ONE).await.unwrap();
        assert_eq!(cloudflare.service.lock().unwrap().records.values().filter(|(zone, ..)| zone == DEEP).count(), 1);
        let none = it.publish("_acme-challenge.elsewhere.test", ONE).await;
        assert!(matches!(none, Err(DnsError::NoZone { .. })), "{none:?}");
    });
    cloudflare.calls();
    // With the zone in the configuration nobody asks for it.
    block_on(cloudflare.provider(&format!("zone = \"{ZONE}\"")).publish(RECORD, ONE)).unwrap();
    assert_eq!(cloudflare.calls(), [format!("POST /zones/{ZONE}/dns_records")]);
}

#[test]
fn of_many_records_the_one_is_taken_away() {
    let cloudflare = Cloudflare::start();
    for number in 0..250 {
        let record = (ZONE.to_owned(), RECORD.to_owned(), quoted(&format!("other-{number}")));
        cloudflare.service.lock().unwrap().records.insert(format!("0{number:031}"), record);
    }
    let last = (ZONE.to_owned(), RECORD.to_owned(), quoted(ONE));
    cloudflare.service.lock().unwrap().records.insert("f".repeat(32), last);
    block_on(cloudflare.provider(&format!("zone = \"{ZONE}\"")).withdraw(RECORD, ONE)).unwrap();
    let left = cloudflare.records(RECORD);
    assert!(left.len() == 250 && !left.contains(&quoted(ONE)));
    assert_eq!(cloudflare.calls().len(), 4, "three pages and one deletion");
}

#[test]
fn what_passes_is_tried_again() {
    let cloudflare = Cloudflare::start();
    let it = cloudflare.provider(&format!("zone = \"{ZONE}\""));
    cloudflare.trouble(&[Trouble::Status(429, Some("1")), Trouble::Status(502, None), Trouble::Close, Trouble::Body("<html>".to_owned())]);
    let start = Instant::now();
    block_on(it.publish(RECORD, ONE)).unwrap();
    assert_eq!(cloudflare.records(RECORD), [quoted(ONE)]);
    assert!(start.elapsed() >= Duration::from_secs(1), "the service said how long to wait");
    cloudflare.trouble(&vec![Trouble::Status(503, Some("0")); 5]);
    let error = block_on(it.publish(RECORD, OTHER)).unwrap_err();
    assert!(error.passes() && error.to_string().contains("503"), "{error:?}");
    assert_eq!(cloudflare.records(RECORD), [quoted(ONE)]);
}

#[test]
fn a_record_that_was_written_before_the_answer_was_lost_is_no_error() {
    let cloudflare = Cloudflare::start();
    let it = cloudflare.provider(&format!("zone = \"{ZONE}\""));
    block_on(it.publish(RECORD, ONE)).unwrap();
    cloudflare.trouble(&[Trouble::Close]);
    block_on(it.publish(RECORD, ONE)).unwrap();
    assert_eq!(cloudflare.records(RECORD), [quoted(ONE)]);
}

#[test]
fn silence_ends() {
    let cloudflare = Cloudflare::start();
    cloudflare.trouble(&vec![Trouble::Silence; 20]);
    let start = Instant::now();
    let error = block_on(cloudflare.provider("timeout = \"2s\"").publish(RECORD, ONE)).unwrap_err();
    assert!(error.passes() && start.elapsed() < Duration::from_secs(20), "{error:?} after {:?}", start.elapsed());
}

#[test]
fn hostile_answers_are_refused_and_bounded() {
    let cloudflare = Cloudflare::start();
    let it = cloudflare.provider("");
    let zones = |result: &Value| json!({"success": true, "errors": [], "messages": [], "result": result}).to_string();
    for (body, said) in [
        (zones(&json!("text")), "form"),
        (zones(&json!([{"id": "../../../user/tokens", "name": RECORD}])), "an ID that is none"),
        (zones(&json!([{"id": "", "name": RECORD}])), "an ID that is none"),
        (zones(&json!([{"id": ZONE, "name": RECORD}, {"id": DEEP, "name": RECORD}])), "several zones"),
    ] {
        cloudflare.trouble(&[Trouble::Body(body.clone())]);
        let error = block_on(it.publish(RECORD, ONE)).unwrap_err().to_string();
        assert!(error.contains(said), "{body}: {error}");
    }
    // A zone that nobody asked for is not taken.
    cloudflare.trouble(&[Trouble::Body(zones(&json!([{"id": DEEP, "name": "elsewhere.example"}])))]);
    block_on(it.publish(RECORD, ONE)).unwrap();
    assert_eq!(cloudflare.service.lock().unwrap().records.values().next().unwrap().0, ZONE);
    // Longer than what is read.
    cloudflare.trouble(&vec![Trouble::Body(zones(&json!("x".repeat(2 << 20)))); 5]);
    let error = block_on(it.publish(RECORD, ONE)).unwrap_err();
    assert!(error.passes(), "{error:?}");
    assert_eq!(cloudflare.records(RECORD), [quoted(ONE)]);
}

#[test]
fn what_is_refused_is_said_without_the_token() {
    let cloudflare = Cloudflare::start();
    let it = cloudflare.provider("zone = \"00000000000000000000000000000000\"");
    let text = refused(block_on(it.publish(RECORD, ONE)));
    assert!(text.contains("7003") && text.contains("404"), "{text}");
    std::fs::write(cloudflare.folder.path().join("token"), "another-token").unwrap();
    let text = refused(block_on(cloudflare.provider("").publish(RECORD, ONE)));
    assert!(text.contains("Invalid access token") && !text.contains("another-token"), "{text}");
    // One that is not trusted gets no token.
    cloudflare.calls();
    let system = cloudflare.settings("").replace("ca_file = \"roots.pem\"\n", "timeout = \"1s\"\n");
    let error = block_on(provider(cloudflare.folder.path(), &system).publish(RECORD, ONE)).unwrap_err();
    assert!(error.passes() && cloudflare.calls().is_empty(), "{error:?}");
}

#[test]
fn what_cannot_be_used_is_named_at_the_start() {
    let cloudflare = Cloudflare::start();
    let named = |text: &str| opened(cloudflare.folder.path(), text).unwrap_err().to_string();
    let missing = named("kind = \"cloudflare\"\ntoken_file = \"none\"");
    assert!(missing.starts_with("dns.it.token_file: "), "{missing}");
    write(cloudflare.folder.path(), "two-words", "Bearer token");
    let words = named("kind = \"cloudflare\"\ntoken_file = \"two-words\"");
    assert!(words.starts_with("dns.it.token_file: ") && !words.contains("Bearer"), "{words}");
    let roots = named("kind = \"cloudflare\"\ntoken_file = \"token\"\nca_file = \"token\"");
    assert!(roots.starts_with("dns.it.ca_file: ") && !roots.contains(TOKEN), "{roots}");
}

fn write(folder: &Path, name: &str, text: &str) {
    menagerie_tests::write_secret(folder.join(name), text);
}
