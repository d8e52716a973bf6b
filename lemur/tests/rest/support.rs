//! A service on a loopback port with a certificate of its own, and a client that trusts it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lemur::access::{self, Access, Actions, Bootstrap, Grant, Password};
use lemur::config::{Proof, Upstream};
use lemur::dns::Providers;
use lemur::engine::{Clock, Engine, Settings};
use lemur::identity::{self, Claims, Identity, KeysFrom, Pattern, Way, Workload};
use lemur::rest::{self, Api};
use lemur::upstream::{Parts, Upstreams};
use menagerie_secret::RingFile;
use menagerie_tests::Postgres;
use menagerie_tests::keys::openssl;
use menagerie_web::{Guard, Limits, Metrics, Server, Tls};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running service.
pub(crate) struct Service {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) admin: String,
    /// By how many seconds its clock is ahead.
    pub(crate) ahead: Arc<AtomicI64>,
    agent: Agent,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of an answer that says that it was done.
    #[track_caller]
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert!(body["message"].is_string(), "{self:?}");
        body
    }

    /// The reason that a field was refused for.
    #[track_caller]
    pub(crate) fn reason(&self, field: &str) -> String {
        let body = self.refused(400);
        assert_eq!(body["message"], "Validation Error.", "{self:?}");
        body["reasons"][field].as_str().unwrap_or_else(|| panic!("no reason for {field}: {self:?}")).to_owned()
    }
}

pub(crate) fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("lemur.db").display())
}

/// The URL of an empty database of one PostgreSQL for all tests.
pub(crate) fn postgres() -> String {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Postgres::start);
    let name = format!("rest_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.sql(&format!("CREATE DATABASE {name}"));
    let url = server.url();
    let (base, _) = url.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// Runs a test on both databases.
pub(crate) fn on_both(test: impl Fn(&Service)) {
    on_both_with(rest::Settings::default(), test);
}

/// Runs a test on both databases, with settings.
pub(crate) fn on_both_with(settings: rest::Settings, test: impl Fn(&Service)) {
    test(&Service::start_with(settings.clone()));
    let folder = tempfile::tempdir().unwrap();
    test(&Service::start_on(folder, &postgres(), settings, identity::Settings::default()));
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::start_with(rest::Settings::default())
    }

    pub(crate) fn start_with(settings: rest::Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = sqlite(folder.path());
        Self::start_on(folder, &database, settings, identity::Settings::default())
    }

    /// With the workload `pipeline`, which may all that a workload may; and the token that it comes in by.
    pub(crate) fn start_for_workload() -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        let keys = json!({"keys": [Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap()]});
        let file = folder.path().join("jwks.json");
        std::fs::write(&file, keys.to_string()).unwrap();
        let grant = Grant {
            name: "pipeline".to_owned(),
            owner: "team@example.com".to_owned(),
            authority: "Root".to_owned(),
            profiles: vec!["tls-server".to_owned()],
            names: vec![".example.com".parse().unwrap()],
            actions: Actions { issue: true, renew: true, revoke: true, export: true },
            token_lifetime: Duration::from_secs(3_600),
        };
        let way = Way::Token {
            issuer: "https://ci.example.com".to_owned(),
            audience: "lemur".to_owned(),
            keys: KeysFrom::File(file),
            ca_file: None,
            claims: Claims::new(vec![("sub".to_owned(), Pattern::parse("repo:*").unwrap())]),
        };
        let workloads = vec![Workload { grant: Arc::new(grant), way }];
        let now = Timestamp::now().as_second();
        let claims = json!({"iss": "https://ci.example.com", "aud": "lemur", "sub": "repo:app", "iat": now, "exp": now + 3_600});
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap();
        let database = sqlite(folder.path());
        let settings = identity::Settings { workloads, ..identity::Settings::default() };
        (Self::start_on(folder, &database, rest::Settings::default(), settings), token)
    }

    fn start_on(folder: tempfile::TempDir, database: &str, settings: rest::Settings, outside: identity::Settings) -> Self {
        let (chain, key) = certificate(folder.path());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let tls = Tls::from_pem(&chain, &key).unwrap();
        let (database, ring, own) = (database.to_owned(), RingFile::new(folder.path().join("keys")), url.clone());
        let ca_file = folder.path().join("service.pem");
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&ahead);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let clock = Clock::new(move || Timestamp::now() + SignedDuration::from_secs(clock.load(Ordering::SeqCst)));
                let engine = Engine::start(&database, ring, Settings::new(clock.clone(), "http://ca.example.test").unwrap()).await.unwrap();
                let identity = Identity::open(&outside, &own, &engine).unwrap();
                let of = access::Settings { workloads: outside.grants(), ..access::Settings::default() };
                let opened = Access::open(engine.store().clone(), engine.ring().clone(), clock, of).await;
                let access = opened.unwrap();
                let password = Password::chosen(PASSWORD.to_owned()).unwrap();
                assert!(matches!(access.bootstrap(Some(password)).await.unwrap(), Bootstrap::Administrator(_)));
                let settings = rest::Settings { upstreams: Some(upstreams(&engine, &ca_file)), identity, ..settings };
                let guard = Guard {
                    body: 2 << 20,
                    time: Duration::from_secs(30),
                    arrival: Duration::from_secs(30),
                    metrics: Metrics::new("lemur"),
                };
                let router = guard.before(rest::router(Api::new(access, engine.clone(), settings)));
                ready.send(()).unwrap();
                Server::new(Limits::default()).https(listener, tls, router).run(async { drop(stopped.await) }).await.unwrap();
                engine.close().await;
            });
        });
        let mut service = Self { folder, url, admin: String::new(), ahead, agent: client(&chain), stop: Some(stop), thread: Some(thread) };
        is_ready.recv_timeout(Duration::from_secs(60)).expect("the service starts");
        service.admin = service.login("admin", PASSWORD);
        service
    }

    /// Asks, under `/api/1`.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let headers = if token.is_empty() { vec![] } else { vec![("authorization", format!("Bearer {token}"))] };
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.ask(method, &format!("/api/1{path}"), &headers, body)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, String)], body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answered = match body {
            Some((kind, bytes)) => self.agent.run(request.header("content-type", kind).body(bytes).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = answered.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, None)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.call("POST", path, token, Some(body))
    }

    pub(crate) fn put(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.call("PUT", path, token, Some(body))
    }

    pub(crate) fn delete(&self, path: &str, token: &str) -> Answer {
        self.call("DELETE", path, token, None)
    }

    pub(crate) fn login(&self, username: &str, password: &str) -> String {
        let answer = self.post("/auth/login", "", &json!({"username": username, "password": password}));
        answer.done()["token"].as_str().unwrap().to_owned()
    }

    /// A role's number.
    pub(crate) fn role(&self, name: &str) -> i64 {
        self.post("/roles", &self.admin, &json!({"name": name})).done()["id"].as_i64().unwrap()
    }

    /// The token of a new user with these roles.
    pub(crate) fn user(&self, name: &str, roles: &[&str]) -> String {
        let roles: Vec<_> = roles.iter().map(|role| json!({"name": role})).collect();
        let user = json!({"username": name, "email": format!("{name}@example.com"), "roles": roles});
        let id = self.post("/users", &self.admin, &user).done()["id"].as_i64().unwrap();
        let key = self.post("/keys", &self.admin, &json!({"name": name, "user": {"id": id}, "ttl": -1})).done();
        key["jwt"].as_str().unwrap().to_owned()
    }

    /// The token of a new user with these roles who has signed in.
    pub(crate) fn session(&self, name: &str, roles: &[&str]) -> String {
        let roles: Vec<_> = roles.iter().map(|role| json!({"name": role})).collect();
        let user = json!({"username": name, "email": format!("{name}@example.com"), "roles": roles, "password": PASSWORD});
        self.post("/users", &self.admin, &user).done();
        self.login(name, PASSWORD)
    }

    /// A root of this name, on a curve since that is quick.
    pub(crate) fn authority(&self, name: &str) -> Value {
        self.post("/authorities", &self.admin, &new_authority(name)).done()
    }

    /// A certificate of this authority.
    pub(crate) fn certificate(&self, token: &str, authority: &str, name: &str) -> Value {
        self.post("/certificates", token, &new_certificate(authority, name)).done()
    }

    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the service ended by a panic");
        }
    }
}

pub(crate) fn new_authority(name: &str) -> Value {
    json!({"name": name, "owner": "pki@example.com", "commonName": name, "keyType": "ECCPRIME256V1"})
}

/// An authority elsewhere, whom nobody asks: no worker runs.
pub(crate) fn new_upstream_authority(name: &str) -> Value {
    let plugin = json!({"slug": "acme-issuer", "pluginOptions": [{"name": "upstream", "value": "elsewhere"}]});
    json!({"name": name, "owner": "pki@example.com", "commonName": name, "plugin": plugin})
}

pub(crate) fn upstreams(engine: &Engine, ca_file: &Path) -> Upstreams {
    let upstream = Upstream {
        name: "elsewhere".to_owned(),
        directory: "https://127.0.0.1:1/directory".to_owned(),
        ca_file: Some(ca_file.to_owned()),
        contact: Vec::new(),
        agree_to_terms: true,
        external_account: None,
        proof: Proof::Http01,
        preferred_chain: None,
        issued_under: None,
        profile: None,
        retry: Duration::from_secs(1),
    };
    Upstreams::new(engine.clone(), Parts { upstreams: vec![upstream], providers: Some(Providers::default()), ..Parts::default() }).unwrap()
}

pub(crate) fn new_certificate(authority: &str, name: &str) -> Value {
    json!({"owner": "team@example.com", "authority": {"name": authority}, "commonName": name})
}

/// A certificate for 127.0.0.1 and its key.
pub(crate) fn certificate(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let (chain, key) = (folder.join("service.pem"), folder.join("service.key"));
    let arguments =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=service"];
    let places = ["-keyout", key.to_str().unwrap(), "-out", chain.to_str().unwrap()];
    let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
    let _ = openssl(arguments.into_iter().chain(names).chain(places), b"").success();
    (std::fs::read(chain).unwrap(), std::fs::read(key).unwrap())
}

fn client(root: &[u8]) -> Agent {
    let roots = parse_pem(root).filter_map(|item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None });
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(60))).build().into()
}

/// A request that openssl made for a name, PEM.
pub(crate) fn request(service: &Service, name: &str) -> String {
    let key = service.folder.path().join("request.key");
    let arguments = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key.to_str().unwrap()];
    let (subject, names) = (format!("/CN={name}"), format!("subjectAltName=DNS:{name}"));
    openssl(arguments.into_iter().chain(["-subj", &subject, "-addext", &names]), b"").success().text()
}
