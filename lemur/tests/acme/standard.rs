//! What the standard asks for beyond what clients notice: each was once otherwise.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::hostile::{order, ready};
use crate::house::House;
use crate::raw::{Raw, openssl_request};

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
