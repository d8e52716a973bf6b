//! What the standard asks for beyond what clients notice: each was once otherwise.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::hostile::{order, ready};
use crate::house::House;
use crate::raw::{Raw, openssl_request};

/// RFC 8555, 6.3: GET "in addition to POST-as-GET requests for these resources".
#[tokio::test]
async fn directory_and_nonces_are_had_by_post_as_get() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let directory = raw.post("/directory", &Value::Null).await;
    assert_eq!((directory.status, &directory.json()["newOrder"]), (200, &json!(raw.url("/new-order"))));
    assert_eq!(raw.post("/new-nonce", &Value::Null).await.status, 204);
    assert_eq!(raw.post("/directory", &json!({})).await.problem(), "malformed");
}

#[tokio::test]
async fn what_is_made_has_the_times_that_are_read_later() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let mut raw = Raw::new(&house, &replica);
    let binding = raw.binding(&replica.key().await);
    let asked = json!({ "externalAccountBinding": binding, "contact": ["MAILTO:a@example.org"] });
    let made = raw.post("/new-account", &asked).await;
    assert_eq!(made.status, 201, "{}", made.json());
    raw.kid = Some(made.header("location"));
    let path = made.header("location").strip_prefix(&raw.base).unwrap().to_owned();
    let read = raw.post(&path, &Value::Null).await.json();
    assert_eq!(made.json()["createdAt"], read["createdAt"]);
    let ordered = raw.post("/new-order", &order(&["a.example.org"])).await;
    let path = ordered.header("location").strip_prefix(&raw.base).unwrap().to_owned();
    assert_eq!(ordered.json()["expires"], raw.post(&path, &Value::Null).await.json()["expires"]);
}

#[tokio::test]
async fn a_binding_by_another_algorithm_is_told_of_those_of_bindings() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::new(&house, &replica);
    let key = replica.key().await;
    let protected = json!({ "alg": "ES256", "kid": key.id, "url": raw.url("/new-account") });
    let refused = raw.post("/new-account", &json!({ "externalAccountBinding": raw.binding_of(&key, &protected, &raw.jwk()) })).await;
    assert_eq!(refused.problem(), "badSignatureAlgorithm");
    assert_eq!(refused.json()["algorithms"], json!(["HS256", "HS384", "HS512"]));
}

#[tokio::test]
async fn a_media_type_is_the_same_in_any_case_and_with_parameters() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    for kind in ["Application/JOSE+JSON", "application/jose+json; charset=utf-8"] {
        let header = raw.header("/new-order").await;
        let body = raw.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
        assert_eq!(raw.send("POST", "/new-order", &[("content-type", kind)], body).await.status, 201, "{kind}");
    }
}

/// RFC 8555, 7.4: what cannot be kept is refused when it is ordered, and not at the end.
#[tokio::test]
async fn times_that_the_profile_never_gives_are_refused_at_once() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let now = Timestamp::now();
    let at = |days: i64| json!((now + SignedDuration::from_hours(24 * days)).to_string());
    let asked = |before: Option<i64>, after: i64| {
        let mut asked = order(&["a.example.org"]);
        asked["notAfter"] = at(after);
        if let Some(before) = before {
            asked["notBefore"] = at(before);
        }
        asked
    };
    for (before, after) in [(None, 3_650), (Some(-2), 5), (Some(300), 310)] {
        let refused = raw.post("/new-order", &asked(before, after)).await;
        assert_eq!(refused.problem(), "malformed", "{before:?} {after}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("notAfter"), "{}", refused.json());
    }
    assert_eq!(raw.post("/new-order", &asked(None, 5)).await.status, 201);
}

/// RFC 8555, 7.1.3: an order that came to nothing says why, of each name.
#[tokio::test]
async fn an_order_whose_names_are_not_proved_says_why() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    for names in [&["a.example.org"][..], &["b.example.org", "c.example.org"]] {
        let created = raw.post("/new-order", &order(names)).await;
        let path = created.header("location").strip_prefix(&raw.base).unwrap().to_owned();
        for url in created.json()["authorizations"].as_array().unwrap() {
            let authorization = raw.post(url.as_str().unwrap().strip_prefix(&raw.base).unwrap(), &Value::Null).await.json();
            let challenges = authorization["challenges"].as_array().unwrap().clone();
            let challenge = challenges.iter().find(|challenge| challenge["type"] == "dns-01").unwrap();
            let path = challenge["url"].as_str().unwrap().strip_prefix(&raw.base).unwrap().to_owned();
            let mut status = raw.post(&path, &json!({})).await.json()["status"].clone();
            while status == "processing" {
                status = raw.post(&path, &Value::Null).await.json()["status"].clone();
            }
            assert_eq!(status, "invalid");
        }
        let ended = raw.post(&path, &Value::Null).await.json();
        assert_eq!(ended["status"], "invalid");
        let wrong = ended["error"]["subproblems"].as_array().unwrap_or_else(|| panic!("{ended}"));
        let named: Vec<&str> = wrong.iter().map(|one| one["identifier"]["value"].as_str().unwrap()).collect();
        assert_eq!(named, names, "{ended}");
        assert!(ended["error"]["type"].as_str().unwrap().starts_with("urn:ietf:params:acme:error:"), "{ended}");
    }
}

#[tokio::test]
async fn a_url_with_odd_parts_is_a_problem_like_others() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let created = raw.post("/new-order", &order(&["a.example.org"])).await;
    let path = created.header("location").strip_prefix(&raw.base).unwrap().to_owned();
    for path in [format!("{path}/certificate/x"), "/order/%ff".to_owned(), "/authorization/%ff".to_owned()] {
        let answer = raw.post(&path, &Value::Null).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "malformed"), "{path}");
        assert!(answer.headers.contains_key("replay-nonce"), "{path}");
    }
}

/// No reuse is no reuse, and no end of ACME.
#[tokio::test]
async fn a_proof_that_serves_no_later_order_serves_its_own() {
    let house = House::sqlite();
    for seconds in [0, 2] {
        let replica = house.replica_with(|settings| settings.proof_life = Duration::from_secs(seconds)).await;
        let raw = Raw::with_account(&house, &replica).await;
        let path = ready(&house, &raw, &["a.example.org"]).await;
        tokio::time::sleep(Duration::from_secs(seconds + 1)).await;
        let key = house.folder.path().join("leaf.key");
        let csr = json!({ "csr": URL_SAFE_NO_PAD.encode(openssl_request(&key, "/", "DNS:a.example.org")) });
        let done = raw.post(&format!("{path}/finalize"), &csr).await;
        assert_eq!((done.status, done.json()["status"].as_str()), (200, Some("valid")), "{}", done.json());
        assert_eq!(raw.post("/new-order", &order(&["a.example.org"])).await.json()["status"], "pending");
    }
}

/// A client that has asked for a nonce since a crash of the database has a good one.
#[tokio::test]
async fn nonces_are_good_again_soon_after_a_crash_of_the_database() {
    let house = House::postgres();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let acme = replica.acme.clone();
    let task = tokio::spawn(async move { acme.run(async { drop(ended.await) }).await });
    let database = replica.engine.store().database();
    for table in ["DELETE FROM acme_nonce", "DELETE FROM acme_nonce_key"] {
        database.execute(table, &[]).await.unwrap();
    }
    let has_key = async || !database.all("SELECT name FROM acme_nonce_key WHERE name IS NOT NULL", &[]).await.unwrap().is_empty();
    let mut looks = 0;
    while !has_key().await {
        assert!(looks < 200, "nobody looked for the key");
        looks += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // From the database into the server.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(raw.post("/new-order", &order(&["a.example.org"])).await.status, 201, "by the first nonce");
    end.send(()).unwrap();
    task.await.unwrap();
}
