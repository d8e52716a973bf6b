//! A server that is killed while it orders: at each request that it sends, before the upstream has it and after it has it and nobody knows. When
//! the server is there again every order ends with its certificate, for the key that was made at the beginning, and no order and no certificate
//! was asked for twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lemur::certificate::read_bundle;
use lemur::csr::Csr;
use menagerie_sign::{KeyFile, Signer as _};
use menagerie_tests::ChallengeServer;
use menagerie_tests::process::free_port;
use serde_json::json;

use super::front::{Do, Front};
use super::house::postgres;
use super::pebble::{Manner, Pebble};
use super::served::{Place, Server, with_upstream};

/// What a request is for: the kinds of `pebble`'s addresses that come after the account's.
const STEPS: [&str; 6] = ["/order-plz", "/my-order/", "/authZ/", "/chalZ/", "/finalize-order/", "/certZ/"];

struct World {
    chall: ChallengeServer,
    pebble: Pebble,
    front: Front,
    place: Place,
}

impl World {
    async fn new(database: Option<String>) -> Self {
        let chall = ChallengeServer::start();
        let http_port = free_port();
        let pebble = Pebble::start(&chall, http_port, Manner { bad_nonces: 20, ..Manner::default() });
        let front = Front::start(&pebble).await;
        let place = Place::new(database, http_port);
        place.configure(&with_upstream(&front.directory(), &pebble.root()));
        Self { chall, pebble, front, place }
    }

    /// Orders; gives the number and the request's public key.
    fn order(&self, server: &Server, name: &str) -> (i64, Vec<u8>) {
        self.chall.addresses(name, &["127.0.0.1"]);
        let body = json!({"owner": "web@example.org", "authority": {"name": "le"}, "commonName": name});
        let pending = server.done("POST", "/certificates", Some(&body));
        assert_eq!((&pending["resolved"], &pending["state"]), (&json!(false), &json!("waiting")), "{pending}");
        let csr = Csr::from_pem(pending["csr"].as_str().unwrap().as_bytes()).unwrap();
        (pending["id"].as_i64().unwrap(), csr.public_key().to_spki_der())
    }
}

fn check(server: &Server, (pending, spki): &(i64, Vec<u8>)) {
    let certificate = server.issued(*pending);
    let view = read_bundle(certificate["body"].as_str().unwrap().as_bytes()).unwrap().remove(0);
    assert_eq!(view.spki(), spki, "{certificate}");
    let key = server.done("GET", &format!("/certificates/{}/key", certificate["id"]), None);
    let key = KeyFile::parse(key["key"].as_str().unwrap().as_bytes()).unwrap().unlock(None).unwrap();
    assert_eq!(&key.public_key().to_spki_der(), spki, "{certificate}");
}

async fn killed_at_each_step(database: Option<String>, after: bool) {
    let mut world = World::new(database).await;
    let mut server = world.place.serve();
    let _ = world.place.lemur(&["authority", "create", "le", "--upstream", "elsewhere"]).success();

    // The account: made by the upstream, and its URL not known here.
    let once = Mutex::new(true);
    world.front.rule(move |exchange| {
        let here = exchange.path == "/sign-me-up" && exchange.answer.is_some_and(|answer| answer.status.is_success());
        if here && std::mem::take(&mut *once.lock().unwrap()) { Do::Hold } else { Do::On }
    });
    let first = world.order(&server, "first.example.org");
    world.front.held().await;
    server.kill();
    let mut server = world.place.serve();
    check(&server, &first);

    // One order is stopped at each kind of request, and one goes through.
    let open: Arc<Mutex<BTreeSet<_>>> = Arc::new(Mutex::new(STEPS.into_iter().collect()));
    let left = Arc::clone(&open);
    world.front.rule(move |exchange| {
        let Some(step) = STEPS.into_iter().find(|step| exchange.path.starts_with(step)) else { return Do::On };
        // An answer that the nonce is bad is no answer.
        let is_now = exchange.answer.map_or(!after, |answer| after && answer.status.is_success());
        if is_now && left.lock().unwrap().remove(step) { Do::Hold } else { Do::On }
    });
    let orders: Vec<_> = (0..=STEPS.len()).map(|number| world.order(&server, &format!("n{number}.example.org"))).collect();
    for _ in STEPS {
        world.front.held().await;
    }
    assert!(open.lock().unwrap().is_empty());
    server.kill();
    world.front.rule(|_| Do::On);
    let server = world.place.serve();
    for order in &orders {
        check(&server, order);
    }
    let all = orders.len() + 1;
    assert_eq!(world.pebble.counts(), (all, all), "each was ordered once, and issued once");
    let list = server.done("GET", "/pending_certificates?count=100", None);
    assert_eq!(list["total"], 0, "{list}");
    let stored = server.done("GET", "/certificates?count=100&filter=cn;example.org", None);
    assert_eq!(stored["total"], all, "{stored}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_upstream_hears_of_it_on_sqlite() {
    killed_at_each_step(None, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_upstream_did_it_on_sqlite() {
    killed_at_each_step(None, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_upstream_hears_of_it_on_postgresql() {
    killed_at_each_step(Some(postgres()), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_upstream_did_it_on_postgresql() {
    killed_at_each_step(Some(postgres()), true).await;
}
