//! A whole server in this process, as its configuration file says, and a client that trusts it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use lemur::access::{self, Access, Password};
use lemur::config::{Config, Typed};
use lemur::engine::{Clock, Engine, Settings};
use lemur::serve::{self, Listeners};
use menagerie_secret::RingFile;
use menagerie_tests::Postgres;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

const PASSWORD: &str = "correct horse battery";

/// A running server.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) admin: String,
    pub(crate) agent: Agent,
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

    #[track_caller]
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The sentence of a refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.json()["message"].as_str().unwrap_or_else(|| panic!("no message: {self:?}")).to_owned()
    }

    pub(crate) fn location(&self) -> String {
        self.headers.get("location").unwrap_or_else(|| panic!("it leads nowhere: {self:?}")).to_str().unwrap().to_owned()
    }

    /// The value of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        all.filter_map(|text| text.split(';').next()?.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }
}

/// The URL of an empty database of one PostgreSQL for all tests.
fn postgres() -> String {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Postgres::start);
    let name = format!("identity_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.sql(&format!("CREATE DATABASE {name}"));
    let url = server.url();
    let (base, _) = url.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// Runs a test on both databases.
pub(crate) fn on_both(config: impl Fn(&Path) -> String, test: impl Fn(&House)) {
    for database in [None, Some(postgres())] {
        let folder = tempfile::tempdir().unwrap();
        let text = config(folder.path());
        test(&House::start_in(folder, &text, database));
    }
}

impl House {
    pub(crate) fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, None)
    }

    pub(crate) fn start_in(folder: tempfile::TempDir, config: &str, database: Option<String>) -> Self {
        std::fs::write(folder.path().join("lemur.toml"), config).unwrap();
        let mut typed = Typed { data: folder.path().to_owned(), listen: "127.0.0.1:0".parse().ok(), database, ..Typed::default() };
        let listeners = Listeners::bind(&Config::read(&typed).unwrap()).unwrap();
        typed.listen = Some(listeners.address().unwrap());
        let config = Config::read(&typed).unwrap();
        let url = config.url.clone();
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let clock = Clock::new(Timestamp::now);
                let mut settings = Settings::new(clock.clone(), &config.url).unwrap();
                settings.profiles = config.profiles.clone();
                let engine = Engine::start(&config.database, RingFile::new(&config.key_file), settings).await.unwrap();
                let settings = access::Settings { workloads: config.identity.grants(), ..access::Settings::default() };
                let access = Access::open(engine.store().clone(), engine.ring().clone(), clock, settings).await.unwrap();
                let password = Password::chosen(PASSWORD.to_owned()).unwrap();
                let server =
                    serve::prepare(&config, listeners, &engine, &access, Some(password), lemur::dns::Providers::default()).await.unwrap();
                ready.send(()).unwrap();
                server.run(async { drop(stopped.await) }).await.unwrap();
                engine.close().await;
            });
        });
        is_ready.recv_timeout(Duration::from_secs(120)).expect("the server starts");
        let root = std::fs::read(folder.path().join("internal-root.pem")).unwrap();
        let mut house = Self { folder, url, admin: String::new(), agent: client(&root), stop: Some(stop), thread: Some(thread) };
        house.admin = house.login("admin", PASSWORD).done()["token"].as_str().unwrap().to_owned();
        house
    }

    pub(crate) fn login(&self, username: &str, password: &str) -> Answer {
        self.post("/auth/login", "", &json!({"username": username, "password": password}))
    }

    /// Asks, under `/api/1`.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}/api/1{path}", self.url));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        match body {
            Some(body) => send(&self.agent, request.header("content-type", "application/json").body(body.to_string()).unwrap()),
            None => send(&self.agent, request.body(String::new()).unwrap()),
        }
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

    /// Asks for a page, with cookies.
    pub(crate) fn page(&self, path: &str, cookies: &[(&str, &str)]) -> Answer {
        let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = http::Request::builder().uri(format!("{}{path}", self.url));
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        send(&self.agent, request.body(String::new()).unwrap())
    }

    /// What a workload is answered that shows this.
    pub(crate) fn exchange(&self, workload: &str, more: &Value) -> Answer {
        let mut body = more.clone();
        body["workload"] = json!(workload);
        self.post("/auth/workload", "", &body)
    }

    /// The token of a workload that is let in.
    #[track_caller]
    pub(crate) fn admitted(&self, workload: &str, more: &Value) -> String {
        self.exchange(workload, more).done()["token"].as_str().unwrap().to_owned()
    }

    /// A user's role, by names.
    pub(crate) fn roles_of(&self, username: &str) -> Vec<String> {
        let users = self.get("/users?count=100", &self.admin).done();
        let user = users["items"].as_array().unwrap().iter().find(|user| user["username"] == username).unwrap().clone();
        user["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The audit log's lines, newest first.
    pub(crate) fn log(&self) -> String {
        self.get("/logs?count=1000", &self.admin).done().to_string()
    }

    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the server ended by a panic");
        }
    }
}

pub(crate) fn send(agent: &Agent, request: http::Request<String>) -> Answer {
    let shown = format!("{} {}", request.method(), request.uri());
    let empty = request.body().is_empty();
    let (parts, body) = request.into_parts();
    let answered = if empty { agent.run(http::Request::from_parts(parts, ())) } else { agent.run(http::Request::from_parts(parts, body)) };
    let mut response = answered.unwrap_or_else(|error| panic!("{shown}: {error}"));
    let text = response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
    Answer { status: response.status().as_u16(), headers: response.headers().clone(), text }
}

/// A client that trusts this certificate alone.
pub(crate) fn client(root: &[u8]) -> Agent {
    let roots = parse_pem(root).filter_map(|item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None });
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(60))).build().into()
}

/// A certificate to ask for.
pub(crate) fn new_certificate(name: &str) -> Value {
    json!({"owner": "team@example.com", "authority": {"name": "internal"}, "profile": "tls-server",
        "extensions": {"subAltNames": {"names": [{"nameType": "DNSName", "value": name}]}}})
}
