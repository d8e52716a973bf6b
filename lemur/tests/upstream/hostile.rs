//! Upstreams that lie: nothing of what they send is stored as issued, nothing is asked elsewhere, and nothing is shown for names that nobody ordered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lemur::upstream::{Pending, PendingState};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, PublicKeyData};
use serde_json::json;

use super::front::{Answer, Do, Exchange, Front};
use super::house::{House, Replica};
use super::pebble::{Manner, Pebble};

struct World {
    house: House,
    pebble: Pebble,
    front: Front,
    replica: Replica,
}

async fn world() -> World {
    let house = House::sqlite();
    let pebble = Pebble::start(&house.chall, house.http.port(), Manner::default());
    let front = Front::start(&pebble).await;
    let replica = house.replica(house.by_dns(front.directory(), pebble.root())).await;
    World { house, pebble, front, replica }
}

impl World {
    /// What becomes of an order while the front does this.
    async fn meets(&self, rule: impl Fn(&Exchange<'_>) -> Do + Send + Sync + 'static) -> Pending {
        self.meets_of("a.example.org", rule).await
    }

    async fn meets_of(&self, name: &str, rule: impl Fn(&Exchange<'_>) -> Do + Send + Sync + 'static) -> Pending {
        self.front.rule(rule);
        let id = self.replica.order(&[name]).await;
        let pending = self.replica.resolved(id).await;
        assert_eq!((pending.state, pending.certificate), (PendingState::Failed, None), "{pending:?}");
        assert!(pending.has_key && pending.status.chars().count() <= 1_100 && !pending.status.contains(char::is_control));
        assert_eq!((self.replica.certificates().await, self.house.records.count()), (0, 0));
        pending
    }
}

fn is_order(path: &str) -> bool {
    path.starts_with("/my-order/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_none_are_attempts_that_failed() {
    let world = world().await;
    let after = |path: &'static str, answer: Answer| {
        move |exchange: &Exchange<'_>| match exchange.answer {
            Some(_) if exchange.path.starts_with(path) => Do::Answer(answer.clone()),
            _ => Do::On,
        }
    };
    let pending = world.meets(|exchange| if exchange.path == "/dir" { Do::Endless } else { Do::On }).await;
    assert!(pending.status.contains("more than") && pending.attempts == 5, "{pending:?}");
    let pending = world.meets(|exchange| if is_order(exchange.path) { Do::Endless } else { Do::On }).await;
    assert!(pending.status.contains("more than"), "{pending:?}");
    let redirect = || Answer::new(302, &[("location", "https://169.254.169.254/latest/meta-data/")], "");
    for path in ["/dir", "/my-order/"] {
        let pending = world.meets(after(path, redirect())).await;
        assert!(pending.status.contains("302"), "{path}: {pending:?}");
    }
    let instead = redirect();
    // Of a name of its own: an order of the same names that is still open would be taken up.
    let rule = move |exchange: &Exchange<'_>| if exchange.path == "/order-plz" { Do::Answer(instead.clone()) } else { Do::On };
    let pending = world.meets_of("b.example.org", rule).await;
    assert!(pending.status.contains("302"), "{pending:?}");
    for garbage in ["", "{", "[]", "null", "\u{0}\u{1b}[2J", "{\"status\": \"valid\"}", "{\"status\": 7, \"authorizations\": {}}"] {
        let pending = world.meets(after("/my-order/", Answer::new(200, &[], garbage))).await;
        assert!(pending.status.contains("cannot be read"), "{garbage}: {pending:?}");
    }
    let deep = "[".repeat(200_000);
    let pending = world.meets(after("/my-order/", Answer::new(200, &[], deep))).await;
    assert!(pending.status.contains("cannot be read"), "{pending:?}");
    let long = "x".repeat(200_000);
    let problem = json!({"type": "urn:ietf:params:acme:error:serverInternal", "detail": long}).to_string();
    let pending = world.meets(after("/my-order/", Answer::new(500, &[], problem))).await;
    assert!(pending.status.contains("serverInternal"), "{pending:?}");
    // The same would be refused again: it is not tried again.
    let problem = json!({"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "not that one"}).to_string();
    let pending = world.meets(after("/order-plz", Answer::new(400, &[], problem))).await;
    assert!(pending.status.contains("rejectedIdentifier: not that one") && pending.attempts == 1, "{pending:?}");
    assert_eq!(world.pebble.counts().1, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_is_asked_and_nothing_is_shown_for_other_names() {
    let world = world().await;
    // Whoever is asked here would be one too many.
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("https://127.0.0.1:{}/x", other.local_addr().unwrap().port());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let listening = tokio::spawn(async move {
        while other.accept().await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    for field in ["newNonce", "newAccount", "newOrder"] {
        let elsewhere = elsewhere.clone();
        let pending = world.meets(move |exchange| match exchange.answer {
            Some(answer) if exchange.path == "/dir" => {
                let mut directory = answer.json();
                directory[field] = json!(elsewhere);
                Do::Answer(answer.with(directory.to_string()))
            }
            _ => Do::On,
        });
        let pending = pending.await;
        // The account is made the first time, and its URL is not asked for again.
        let led = pending.status.contains("leads elsewhere");
        assert!(led, "{field}: {pending:?}");
    }
    for field in ["authorizations", "finalize"] {
        let elsewhere = elsewhere.clone();
        let pending = world.meets(move |exchange| match exchange.answer {
            Some(answer) if is_order(exchange.path) && answer.json()["status"] == "pending" => {
                let mut order = answer.json();
                order["status"] = json!(if field == "finalize" { "ready" } else { "pending" });
                order[field] = if field == "finalize" { json!(elsewhere) } else { json!([elsewhere]) };
                Do::Answer(answer.with(order.to_string()))
            }
            _ => Do::On,
        });
        assert!(pending.await.status.contains("leads elsewhere"), "{field}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    listening.abort();
    // An authorization for a name of somebody's who trusts our provider of DNS.
    let before = world.house.records.written.lock().unwrap().len();
    for (field, value) in [("identifier", json!({"type": "dns", "value": "bank.example"})), ("wildcard", json!(true))] {
        let pending = world.meets(move |exchange| match exchange.answer {
            Some(answer) if exchange.path.starts_with("/authZ/") => {
                let mut authorization = answer.json();
                authorization[field] = value.clone();
                Do::Answer(answer.with(authorization.to_string()))
            }
            _ => Do::On,
        });
        assert!(pending.await.status.contains("not ordered"), "{field}");
    }
    let pending = world.meets(|exchange| match exchange.answer {
        Some(answer) if is_order(exchange.path) => {
            let mut order = answer.json();
            let one = order["authorizations"][0].clone();
            order["authorizations"] = json!(vec![one; 5_000]);
            Do::Answer(answer.with(order.to_string()))
        }
        _ => Do::On,
    });
    let status = pending.await.status;
    assert!(status.contains("more authorizations than names") || status.contains("more than"), "{status}");
    for token in ["", "../../etc/passwd", "a b"] {
        let pending = world.meets(move |exchange| match exchange.answer {
            Some(answer) if exchange.path.starts_with("/authZ/") => {
                let mut authorization = answer.json();
                for challenge in authorization["challenges"].as_array_mut().unwrap() {
                    challenge["token"] = json!(token);
                }
                Do::Answer(answer.with(authorization.to_string()))
            }
            _ => Do::On,
        });
        assert!(pending.await.status.contains("token"), "{token}");
    }
    assert_eq!(world.house.records.written.lock().unwrap().len(), before, "nothing was shown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_was_not_ordered_is_not_stored() {
    struct Theirs(Vec<u8>);
    impl PublicKeyData for Theirs {
        fn der_bytes(&self) -> &[u8] {
            &self.0
        }
        fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
            &rcgen::PKCS_ECDSA_P256_SHA256
        }
    }
    let world = world().await;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let leaf = |names: &[&str]| {
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
    };
    let chain = |leaf: rcgen::Certificate| leaf.pem() + &ca.pem();
    let of_another_key = chain(leaf(&["a.example.org"]).signed_by(&KeyPair::generate().unwrap(), &ca).unwrap());
    let at_the_certificate = |pem: String| {
        move |exchange: &Exchange<'_>| match exchange.answer {
            Some(answer) if exchange.path.starts_with("/certZ/") => Do::Answer(answer.with(pem.clone())),
            _ => Do::On,
        }
    };
    let pending = world.meets(at_the_certificate(of_another_key)).await;
    assert!(pending.status.contains("another key") && pending.attempts == 1, "{pending:?}");
    // For the right key, which the request shows to whoever is to sign it, and other names.
    let ca = Arc::new(ca);
    let issuer = Arc::clone(&ca);
    let pending = world.meets(move |exchange| match exchange.answer {
        Some(answer) if exchange.path.starts_with("/certZ/") => {
            let real = lemur::certificate::read_bundle(&answer.body).unwrap().remove(0);
            let point = real.spki()[real.spki().len() - 65..].to_vec();
            let mut params = CertificateParams::new(vec!["a.example.org".to_owned(), "bank.example".to_owned()]).unwrap();
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let forged = params.signed_by(&Theirs(point), &issuer).unwrap();
            Do::Answer(answer.with(forged.pem() + &issuer.pem()))
        }
        _ => Do::On,
    });
    let pending = pending.await;
    assert!(pending.status.contains("other names") && pending.attempts == 1, "{pending:?}");
    // What cannot be read may be read another time: the same order is asked again, and not another one made.
    let before = world.pebble.counts();
    for garbage in ["", "nothing", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
        let pending = world.meets(at_the_certificate(garbage.to_owned())).await;
        assert!(pending.status.contains("no chain of certificates") && pending.attempts == 5, "{garbage}: {pending:?}");
    }
    let after = world.pebble.counts();
    assert_eq!((after.0 - before.0, after.1 - before.1), (3, 3), "one order and one certificate each");
}
