//! What a list costs the database: no more statements for fifteen items than for three, on both databases. They are counted where the driver
//! tells of each, within the span of the request that they are done for.

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::Body;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use lemur::access::{self, Access};
use lemur::engine::{Clock, Engine, Settings};
use lemur::rest::{self, Api, Local, PREFIX, local_router};
use menagerie_secret::RingFile;
use serde_json::{Value, json};
use tracing::field::Visit;
use tracing::{Event, Instrument as _, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use super::support::{certificate, new_authority, new_certificate, new_upstream_authority, postgres, sqlite, upstreams};

const COUNTED: &str = "counted";

/// Notes the driver's statements, each for the span of [`COUNTED`] that it is in. SQLite's driver takes the span along to its own thread.
#[derive(Default)]
struct Counter(Mutex<HashMap<u64, Vec<String>>>);

/// What a statement says.
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for &'static Counter {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        if metadata.is_span() { metadata.name() == COUNTED } else { metadata.target() == "sqlx::query" }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        let mut said = Said(String::new());
        event.record(&mut said);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(span.id().into_u64()).or_default().push(said.0);
    }
}

/// The statements that something does.
async fn statements<T>(of: impl Future<Output = T>) -> (T, Vec<String>) {
    static COUNTER: OnceLock<&'static Counter> = OnceLock::new();
    let counter = *COUNTER.get_or_init(|| {
        let counter: &'static Counter = Box::leak(Box::default());
        tracing::subscriber::set_global_default(Registry::default().with(counter)).unwrap();
        counter
    });
    let span = tracing::info_span!(COUNTED);
    let id = span.id().unwrap().into_u64();
    let answer = of.instrument(span).await;
    let mut seen = counter.0.lock().unwrap_or_else(PoisonError::into_inner);
    (answer, seen.remove(&id).unwrap_or_default())
}

/// The interface in this process, for whoever works on the server's machine: it has just been started, and knows nothing yet.
struct House {
    engine: Engine,
    router: Router,
}

impl House {
    async fn open(database: &str, folder: &Path) -> Self {
        let clock = Clock::new(Timestamp::now);
        let settings = Settings::new(clock.clone(), "http://ca.example.test").unwrap();
        let engine = Engine::start(database, RingFile::new(folder.join("keys")), settings).await.unwrap();
        let opened = Access::open(engine.store().clone(), engine.ring().clone(), clock, access::Settings::default()).await;
        let settings = rest::Settings { upstreams: Some(upstreams(&engine, &folder.join("service.pem"))), ..rest::Settings::default() };
        let api = Api::new(opened.unwrap(), engine.clone(), settings);
        let router = local_router(api, Local { uid: 1000, name: "tests".to_owned(), break_glass: None });
        Self { engine, router }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = http::Request::builder().method(method).uri(format!("{PREFIX}{path}")).body(body).unwrap();
        let Ok(response) = TowerToHyperService::new(self.router.clone()).call(request).await;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status}: {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap()
    }

    async fn made(&self, path: &str, body: Value) -> Value {
        self.call("POST", path, Some(body)).await
    }
}

/// What the lists below are of.
struct Things {
    role: Value,
    user: Value,
}

/// Makes so many more of all that lists have: each with associations of its own, so that nothing is read once for all.
async fn add(house: &House, things: &Things, numbers: std::ops::Range<u32>) {
    let mut replaced = Vec::new();
    for number in numbers {
        let role = house.made("/roles", json!({"name": format!("role{number}")})).await;
        let roles = json!([{"id": role["id"]}, {"id": things.role["id"]}]);
        let user = json!({"username": format!("user{number}"), "email": format!("user{number}@example.com"), "roles": roles});
        let user = house.made("/users", user).await;
        for (holder, roles) in [(&user, &roles), (&things.user, &json!([{"id": things.role["id"]}]))] {
            let key = json!({"name": format!("key{number}"), "user": {"id": holder["id"]}, "roles": roles});
            house.made("/keys", key).await;
        }
        let name = format!("Root {number}");
        let authority = json!({"roles": [{"id": role["id"]}]});
        let authority = new_authority(&name).as_object().unwrap().clone().into_iter().chain(authority.as_object().unwrap().clone());
        house.made("/authorities", authority.collect()).await;
        let elsewhere = format!("Elsewhere {number}");
        house.made("/authorities", new_upstream_authority(&elsewhere)).await;
        let mut certificate = new_certificate(&name, &format!("n{number}.example.com"));
        certificate["roles"] = json!([{"id": role["id"]}]);
        replaced.push(json!({"id": house.made("/certificates", certificate).await["id"]}));
        let mut pending = new_certificate(&elsewhere, &format!("p{number}.example.com"));
        pending["roles"] = json!([{"id": role["id"]}]);
        house.made("/pending_certificates", pending).await;
    }
    let mut last = new_certificate("Root 0", &format!("replaces{}.example.com", replaced.len()));
    last["replaces"] = Value::Array(replaced);
    house.made("/certificates", last).await;
}

/// How many items each list has, and the statements that it takes, asked of a service that has just been started.
async fn costs(database: &str, folder: &Path, things: &Things) -> Vec<(String, usize, Vec<String>)> {
    let house = House::open(database, folder).await;
    let newest = house.call("GET", "/certificates?count=1&filter=cn;replaces", None).await["items"][0]["id"].clone();
    house.engine.close().await;
    let lists = [
        "/users?count=1000".to_owned(),
        "/roles?count=1000".to_owned(),
        "/keys?count=1000".to_owned(),
        format!("/users/{}/keys?count=1000", things.user["id"]),
        format!("/roles/{}/users?count=1000", things.role["id"]),
        "/authorities?count=1000".to_owned(),
        "/pending_certificates?count=1000".to_owned(),
        "/certificates?count=20&sortBy=id&sortDir=asc".to_owned(),
        format!("/certificates/{newest}/replacements"),
        "/logs?count=1000".to_owned(),
    ];
    let mut costs = Vec::new();
    for list in lists {
        let house = House::open(database, folder).await;
        let (answer, statements) = statements(house.call("GET", &list, None)).await;
        costs.push((list, answer["items"].as_array().unwrap().len(), statements));
        house.engine.close().await;
    }
    costs
}

async fn lists_cost_what_they_cost(database: &str) {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let house = House::open(database, folder.path()).await;
    let role = house.made("/roles", json!({"name": "all"})).await;
    let user = json!({"username": "all", "email": "all@example.com", "roles": [{"id": role["id"]}]});
    let things = Things { user: house.made("/users", user).await, role };
    add(&house, &things, 0..3).await;
    let few = costs(database, folder.path(), &things).await;
    add(&house, &things, 3..15).await;
    let many = costs(database, folder.path(), &things).await;
    for ((list, before, few), (_, after, many)) in few.into_iter().zip(many) {
        let list = list.split('?').next().unwrap();
        assert!(before >= 3 && after > before + 8, "{list} has {before} items, and then {after}");
        assert!(!few.is_empty(), "the statements of {list} are not told of");
        // Authorities that something else has made ready meanwhile are not read, by three statements and the beginning of their transaction.
        assert!(many.len() <= few.len() + 4, "{list} takes {few:#?} for {before} items, and for {after} {many:#?}");
        assert!(many.len() <= 20, "{list} takes {many:#?}");
    }
    house.engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_takes_as_many_statements_however_long_it_is() {
    let folder = tempfile::tempdir().unwrap();
    lists_cost_what_they_cost(&sqlite(folder.path())).await;
    let server = tokio::task::spawn_blocking(postgres).await.unwrap();
    lists_cost_what_they_cost(&server).await;
}
