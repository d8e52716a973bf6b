//! What a client may leave behind: rows, orders, lines of the audit log. Each is bounded, and nothing is kept of whom nobody knows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lemur::certificate::{View, read_bundle};
use serde_json::{Value, json};

use crate::hostile::{order, ready};
use crate::house::{House, Replica, on_both};
use crate::raw::{Raw, openssl_request};

async fn count(replica: &Replica, sql: &'static str) -> i64 {
    replica.engine.store().database().optional(sql, &[]).await.unwrap().unwrap().integer("n").unwrap()
}

/// Makes a certificate, and gives it with its order's path.
async fn issued(house: &House, raw: &Raw, name: &str) -> View {
    let path = ready(house, raw, &[name]).await;
    let csr = openssl_request(&house.folder.path().join("leaf.key"), "/", &format!("DNS:{name}"));
    let done = raw.post(&format!("{path}/finalize"), &json!({ "csr": URL_SAFE_NO_PAD.encode(csr) })).await;
    assert_eq!(done.status, 200, "{}", done.json());
    read_bundle(&raw.post(&format!("{path}/certificate"), &Value::Null).await.body).unwrap().remove(0)
}

/// A nonce that is used up is a row: only who has an account, or what makes one, or a certificate's key makes rows.
#[tokio::test]
async fn requests_that_are_refused_leave_no_nonce_behind() {
    let house = House::postgres();
    let replica = house.replicas(2, |_| {}).await;
    let known = Raw::with_account(&house, &replica).await;
    let used = async || count(&replica, "SELECT count(*) AS n FROM acme_nonce").await;
    let before = used().await;
    let mut nobody = Raw::new(&house, &replica);
    for _ in 0..3 {
        assert_eq!(nobody.post("/new-account", &json!({})).await.problem(), "externalAccountRequired");
        assert_eq!(nobody.post("/new-account", &json!({ "onlyReturnExisting": true })).await.problem(), "accountDoesNotExist");
        assert_eq!(nobody.post("/revoke-certificate", &json!({ "certificate": "AAAA" })).await.problem(), "malformed");
    }
    nobody.kid = known.kid.clone();
    assert_eq!(nobody.post("/new-order", &order(&["a.example.org"])).await.problem(), "malformed", "another's account, our signature");
    nobody.kid = Some(nobody.url("/account/AAAAAAAAAAAAAAAAAAAAAA"));
    assert_eq!(nobody.post("/new-order", &order(&["a.example.org"])).await.problem(), "accountDoesNotExist");
    assert_eq!(used().await, before);
    // What is done is done once, at whichever replica the request comes again.
    let header = known.header("/new-order").await;
    let request = known.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
    assert_eq!(known.jose("/new-order", request.clone()).await.status, 201);
    for _ in 0..4 {
        assert_eq!(known.jose("/new-order", request.clone()).await.problem(), "badNonce");
    }
    assert_eq!(used().await, before + 1);
    let fresh = Raw::new(&house, &replica);
    let header = fresh.header("/new-account").await;
    let body = json!({ "externalAccountBinding": fresh.binding(&replica.key().await) }).to_string();
    let request = fresh.sign(&header, &body).to_string().into_bytes();
    let all = futures_util::future::join_all((0..6).map(|_| fresh.jose("/new-account", request.clone()))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1, "{all:?}");
    assert!(all.iter().filter(|answer| answer.status != 201).all(|answer| answer.problem() == "badNonce"), "{all:?}");
}

#[tokio::test]
async fn orders_are_bounded_for_a_key_with_all_its_accounts() {
    let house = House::sqlite();
    let replica = house.replica_with(|settings| settings.orders_per_hour = 3).await;
    let key = replica.key().await;
    let mut accounts = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::new(&house, &replica);
        let made = raw.post("/new-account", &json!({ "externalAccountBinding": raw.binding(&key) })).await;
        raw.kid = Some(made.header("location"));
        accounts.push(raw);
    }
    for raw in [&accounts[0], &accounts[1], &accounts[0]] {
        assert_eq!(raw.post("/new-order", &order(&["a.example.org"])).await.status, 201);
    }
    let refused = accounts[1].post("/new-order", &order(&["a.example.org"])).await;
    assert_eq!(refused.problem(), "rateLimited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 1);
    let other = Raw::with_account(&house, &replica).await;
    assert_eq!(other.post("/new-order", &order(&["a.example.org"])).await.status, 201, "another key's");
}

#[tokio::test]
async fn authorizations_that_came_to_nothing_count_for_an_hour() {
    on_both(async |house| {
        let replica = house.replica_with(|settings| settings.pending_authorizations = 2).await;
        let raw = Raw::with_account(&house, &replica).await;
        for name in ["a.example.org", "b.example.org"] {
            let made = raw.post("/new-order", &order(&[name])).await;
            let url = made.json()["authorizations"][0].as_str().unwrap().to_owned();
            let path = url.strip_prefix(&raw.base).unwrap();
            assert_eq!(raw.post(path, &json!({ "status": "deactivated" })).await.json()["status"], "deactivated");
        }
        assert_eq!(raw.post("/new-order", &order(&["c.example.org"])).await.problem(), "rateLimited");
        let database = replica.engine.store().database();
        database.execute("UPDATE acme_authorization SET expires = expires - 3700", &[]).await.unwrap();
        assert_eq!(raw.post("/new-order", &order(&["c.example.org"])).await.status, 201);
        let lines = database.all("SELECT line FROM log_line WHERE line LIKE '%acme_authorization_deactivated%'", &[]).await.unwrap();
        assert_eq!(lines.len(), 2);
    })
    .await;
}

/// RFC 9773, 5: a certificate is replaced once. It has one identifier, and of orders at the same time one is made.
#[tokio::test]
async fn a_certificate_is_replaced_once_however_it_is_asked_for() {
    on_both(async |house| {
        let replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let leaf = issued(&house, &raw, "a.example.org").await;
        let replacing = |zeros: usize| {
            let serial = [vec![0; zeros], leaf.serial().as_unsigned().to_vec()].concat();
            let key = URL_SAFE_NO_PAD.encode(leaf.issuer_key_id().unwrap().as_bytes());
            let mut order = order(&["a.example.org"]);
            order["replaces"] = json!(format!("{key}.{}", URL_SAFE_NO_PAD.encode(serial)));
            order
        };
        for zeros in 1..4 {
            assert_eq!(raw.post("/new-order", &replacing(zeros)).await.problem(), "malformed");
        }
        let asked = replacing(0);
        let all = futures_util::future::join_all((0..8).map(|_| raw.post("/new-order", &asked))).await;
        let made: Vec<_> = all.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1, "{all:?}");
        assert!(all.iter().filter(|answer| answer.status != 201).all(|answer| answer.problem() == "alreadyReplaced"));
        // One that has come to nothing replaces nothing.
        let database = replica.engine.store().database();
        database.execute("UPDATE acme_order SET expires = 1 WHERE replaces IS NOT NULL", &[]).await.unwrap();
        assert_eq!(raw.post("/new-order", &asked).await.status, 201);
    })
    .await;
}

/// The log tells of what ACME did from where, in which request, and why a name was certified.
#[tokio::test]
async fn the_log_says_from_where_and_why() {
    on_both(async |house| {
        let replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let account = raw.kid.clone().unwrap().strip_prefix(&raw.base).unwrap().to_owned();
        let contact = json!({ "contact": ["mailto:ops@example.org"] });
        assert_eq!(raw.post(&account, &contact).await.status, 200);
        issued(&house, &raw, "a.example.org").await;
        let rows = replica.engine.store().database().all("SELECT line FROM log_line ORDER BY id", &[]).await.unwrap();
        let lines: Vec<Value> = rows.iter().map(|row| serde_json::from_str(&row.text("line").unwrap()).unwrap()).collect();
        let of = |event: &str| lines.iter().filter(|line| line["event"] == event && line["actor"]["via"] == "acme").collect::<Vec<_>>();
        let issued = of("certificate_issued");
        let [contacts, issued] = [of("acme_account_contacts_changed")[0], issued[0]];
        assert_eq!((&contacts["from"], &contacts["to"]), (&json!([]), &json!(["mailto:ops@example.org"])));
        assert_eq!(issued["proofs"][0]["name"], "a.example.org");
        assert_eq!(issued["proofs"][0]["method"], "dns-01");
        for line in [contacts, issued, of("acme_account_created")[0]] {
            assert_eq!(line["actor"]["address"], "127.0.0.1", "{line}");
            assert_eq!(line["actor"]["request"].as_str().unwrap().len(), 32, "{line}");
        }
    })
    .await;
}
