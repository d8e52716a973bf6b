//! dns-persist-01 from the order on, as the draft says it of a server: what the challenge names, and how long a record is relied on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::house::{House, on_both};
use crate::raw::Raw;

fn path(raw: &Raw, url: &Value) -> String {
    url.as_str().unwrap().strip_prefix(&raw.base).unwrap().to_owned()
}

async fn order(raw: &Raw) -> Value {
    let answer = raw.post("/new-order", &json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }] })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// Answers the challenge of an order's one authorization, and waits for what comes of it.
async fn settled(raw: &Raw, order: &Value) -> Value {
    let authorization = path(raw, &order["authorizations"][0]);
    let shown = raw.post(&authorization, &Value::Null).await.json();
    let challenge = shown["challenges"].as_array().unwrap().iter().find(|one| one["type"] == "dns-persist-01").unwrap().clone();
    assert_eq!(challenge["issuer-domain-names"], json!(["ca.example.test"]));
    assert_eq!(challenge["accounturi"].as_str(), raw.kid.as_deref());
    assert!(challenge.get("token").is_none(), "there is nothing to sign: {challenge}");
    raw.post(&path(raw, &challenge["url"]), &json!({})).await;
    let start = Instant::now();
    loop {
        let shown = raw.post(&authorization, &Value::Null).await.json();
        if shown["status"] != "pending" {
            return shown;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{shown}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Pebble's name service says of all its records that they must not be kept: the proof serves its order, and no other.
#[tokio::test]
async fn a_record_that_must_not_be_kept_serves_its_order_alone() {
    on_both(async |house: House| {
        let replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let text = format!("ca.example.test; accounturi={}; future=parameter", raw.kid.as_ref().unwrap());
        house.chall.text("_validation-persist.a.example.org", &text);
        let first = order(&raw).await;
        assert_eq!(first["status"], "pending", "a client answers the challenge, though the record is there");
        assert_eq!(settled(&raw, &first).await["status"], "valid");
        let second = order(&raw).await;
        assert_eq!(second["status"], "pending");
        assert_eq!(settled(&raw, &second).await["status"], "valid", "the record still is");
    })
    .await;
}

#[tokio::test]
async fn a_record_that_is_malformed_is_told_from_one_for_others() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let account = raw.kid.clone().unwrap();
    for (text, problem) in [
        (format!("ca.example.test; accounturi={account}; persistUntil=soon"), "malformed"),
        ("ca.example.test; accounturi=https://localhost/acme/account/other".to_owned(), "unauthorized"),
    ] {
        house.chall.text("_validation-persist.a.example.org", &text);
        let shown = settled(&raw, &order(&raw).await).await;
        assert_eq!(shown["status"], "invalid");
        assert_eq!(shown["challenges"][0]["error"]["type"], format!("urn:ietf:params:acme:error:{problem}"), "{text}");
        house.chall.no_text("_validation-persist.a.example.org");
    }
}
