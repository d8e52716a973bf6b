//! What a hostile client may send: each is refused with the problem that the standard names, and none is a fault of the server's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::house::{House, PUBLIC, Replica, on_both};
use crate::raw::{Answer, Raw, openssl_request};

pub(crate) fn order(names: &[&str]) -> Value {
    let identifiers: Vec<Value> = names.iter().map(|name| json!({ "type": "dns", "value": name })).collect();
    json!({ "identifiers": identifiers })
}

#[tokio::test]
async fn every_answer_has_a_nonce_and_says_where_the_directory_is() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::new(&house, &replica);
    for (method, path, status) in [
        ("GET", "/directory", 200),
        ("HEAD", "/new-nonce", 200),
        ("GET", "/new-nonce", 204),
        ("GET", "/new-order", 405),
        ("PUT", "/new-order", 405),
        ("GET", "/nothing", 404),
        ("POST", "/new-order", 415),
        ("GET", "/renewal-info/x", 400),
    ] {
        let answer = raw.send(method, path, &[], Vec::new()).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("link").contains("/acme/directory>;rel=\"index\""), "{:?}", answer.headers);
        assert!(answer.headers.contains_key("replay-nonce"), "{method} {path}");
        if status >= 400 {
            assert_eq!(answer.problem(), "malformed", "{method} {path}");
        }
    }
    let directory = raw.send("GET", "/directory", &[], Vec::new()).await.json();
    assert_eq!(directory["newOrder"], raw.url("/new-order"));
    assert_eq!(directory["meta"]["externalAccountRequired"], true);
    assert_eq!(directory["meta"]["profiles"]["baseline"], "certificates by baseline");
}

#[tokio::test]
async fn a_nonce_is_good_for_one_request() {
    on_both(async |house| {
        let replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let header = raw.header("/new-order").await;
        let request = raw.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
        assert_eq!(raw.jose("/new-order", request.clone()).await.status, 201);
        let again = raw.jose("/new-order", request).await;
        assert_eq!(again.problem(), "badNonce");
        // The answer's nonce is good.
        let mut header = header.clone();
        header["nonce"] = json!(again.header("replay-nonce"));
        let request = raw.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
        assert_eq!(raw.jose("/new-order", request).await.status, 201);
        for nonce in [json!(""), json!("AAAA"), json!("A".repeat(43)), json!("A".repeat(1_000)), json!("not base64!"), Value::Null] {
            let mut header = raw.header("/new-order").await;
            header["nonce"] = nonce.clone();
            let request = raw.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
            assert_eq!(raw.jose("/new-order", request).await.problem(), "badNonce", "{nonce}");
        }
        // Of many requests with one nonce at once, one is served.
        let header = raw.header("/new-order").await;
        let request = raw.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
        let all = futures_util::future::join_all((0..8).map(|_| raw.jose("/new-order", request.clone()))).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1, "{all:?}");
    })
    .await;
}

/// PostgreSQL empties unlogged tables when it recovers from a crash: no nonce from before is good then, whether it was used or not.
#[tokio::test]
async fn a_crash_of_the_database_brings_no_nonce_back() {
    let house = House::postgres();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let header = raw.header("/new-order").await;
    let request = raw.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes();
    assert_eq!(raw.jose("/new-order", request.clone()).await.status, 201);
    replica.engine.store().database().execute("DELETE FROM acme_nonce", &[]).await.unwrap();
    replica.engine.store().database().execute("DELETE FROM acme_nonce_key", &[]).await.unwrap();
    let again = raw.jose("/new-order", request).await;
    assert_eq!(again.problem(), "badNonce");
    assert_eq!(raw.post("/new-order", &order(&["a.example.org"])).await.status, 201, "there is another key");
}

#[tokio::test]
async fn a_request_is_for_its_url_and_of_its_account() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let (one, other) = (Raw::with_account(&house, &replica).await, Raw::with_account(&house, &replica).await);
    let with = async |change: &dyn Fn(&mut Value)| {
        let mut header = one.header("/new-order").await;
        change(&mut header);
        one.jose("/new-order", one.sign(&header, &order(&["a.example.org"]).to_string()).to_string().into_bytes()).await
    };
    assert_eq!(with(&|_| {}).await.status, 201);
    for url in ["/new-account", "/new-order/", "/new-order?x", "/new-order#x", ""] {
        let answer = with(&|header| header["url"] = json!(one.url(url))).await;
        assert_eq!((answer.status, answer.problem().as_str()), (401, "unauthorized"), "{url}");
    }
    assert_eq!(with(&|header| header["url"] = json!("https://other.example/acme/new-order")).await.problem(), "unauthorized");
    let kid = one.kid.clone().unwrap();
    for wrong in ["", "https://other.example/acme/account/AAAAAAAAAAAAAAAAAAAAAA", "/account/x", &format!("{kid}/"), &kid[..kid.len() - 1]]
    {
        assert_eq!(with(&|header| header["kid"] = json!(wrong)).await.problem(), "accountDoesNotExist", "{wrong}");
    }
    assert_eq!(with(&|header| header["kid"] = json!(other.kid)).await.problem(), "malformed", "another's account, our signature");
    let jwk = one.jwk();
    assert_eq!(with(&|header| header["jwk"] = jwk.clone()).await.problem(), "malformed", "both kid and jwk");
    let only_jwk = |header: &mut Value| {
        header.as_object_mut().unwrap().remove("kid");
        header["jwk"] = jwk.clone();
    };
    assert_eq!(with(&only_jwk).await.problem(), "malformed", "jwk where kid belongs");
    for alg in ["none", "HS256", "RS512", "ES256K"] {
        let answer = with(&|header| header["alg"] = json!(alg)).await;
        assert_eq!(answer.problem(), "badSignatureAlgorithm", "{alg}");
        assert_eq!(answer.json()["algorithms"], json!(["ES256", "ES384", "EdDSA", "RS256"]));
    }
    assert_eq!(with(&|header| header["alg"] = json!("ES384")).await.problem(), "malformed", "another algorithm than the key's");
    // Each other's things.
    let created = one.post("/new-order", &order(&["a.example.org"])).await;
    let paths = |answer: &Answer| {
        let strip = |url: &str| url.strip_prefix(&one.base).unwrap().to_owned();
        let json = answer.json();
        [strip(&answer.header("location")), strip(json["finalize"].as_str().unwrap()), strip(json["authorizations"][0].as_str().unwrap())]
    };
    for path in paths(&created) {
        assert_eq!(other.post(&path, &Value::Null).await.status, 404, "{path}");
    }
    let account = one.kid.clone().unwrap().strip_prefix(&one.base).unwrap().to_owned();
    assert_eq!(other.post(&account, &json!({ "status": "deactivated" })).await.problem(), "unauthorized");
    assert_eq!(other.post(&format!("{account}/orders"), &Value::Null).await.problem(), "unauthorized");
    assert_eq!(one.post(&format!("{account}/orders"), &Value::Null).await.json()["orders"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_bounded() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let big = raw.jose("/new-order", vec![b' '; lemur::acme::MAX_REQUEST + 1]).await;
    assert_eq!((big.status, big.problem().as_str()), (413, "malformed"));
    let too_long = raw.send("POST", "/new-order", &[("content-type", "application/jose+json")], vec![b'['; 100_000]).await;
    assert_eq!(too_long.problem(), "malformed");
    for kind in ["application/json", "application/jose", "text/plain", ""] {
        assert_eq!(raw.send("POST", "/new-order", &[("content-type", kind)], b"{}".to_vec()).await.status, 415, "{kind}");
    }
    for payload in [
        json!({}),
        json!([]),
        json!({ "identifiers": [] }),
        json!({ "identifiers": [{ "type": "dns" }] }),
        json!({ "identifiers": {} }),
        json!({ "identifiers": [{ "type": "dns", "value": 1 }] }),
        json!({ "identifiers": vec![json!({ "type": "dns", "value": "a.example.org" }); 101] }),
        json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }], "notBefore": "yesterday" }),
        json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }], "notAfter": "2000-01-01T00:00:00Z" }),
        json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }], "notBefore": "2030-01-01T00:00:00Z" }),
        json!({ "identifiers": [{ "type": "dns", "value": "a.example.org" }], "replaces": "x" }),
        Value::Null,
    ] {
        assert_eq!(raw.post("/new-order", &payload).await.problem(), "malformed", "{payload}");
    }
    for (kind, value, problem) in [
        ("email", "a@example.org", "unsupportedIdentifier"),
        ("dns", "127.0.0.1", "rejectedIdentifier"),
        ("dns", "a.example.org.", "rejectedIdentifier"),
        ("dns", "*.*.example.org", "rejectedIdentifier"),
        ("dns", "a..example.org", "rejectedIdentifier"),
        ("dns", "a.example.org\u{0}.evil", "rejectedIdentifier"),
        ("dns", "bücher.example.org", "rejectedIdentifier"),
        ("dns", "elsewhere.example.com", "rejectedIdentifier"),
        ("ip", "::ffff:93.184.216.34", "rejectedIdentifier"),
        ("ip", "127.0.0.1", "rejectedIdentifier"),
        ("ip", "169.254.169.254", "rejectedIdentifier"),
    ] {
        let answer = raw.post("/new-order", &json!({ "identifiers": [{ "type": kind, "value": value }] })).await;
        assert_eq!(answer.problem(), problem, "{kind} {value}");
    }
}

/// What a client names as the external key's ID is any text, and PostgreSQL does not take all of them.
#[tokio::test]
async fn any_text_is_no_external_keys_id() {
    on_both(async |house| {
        let replica = house.replica().await;
        let raw = Raw::new(&house, &replica);
        let key = replica.key().await;
        for id in ["\u{0}", "a\u{0}b", "日本", "' OR 1=1 --", &"x".repeat(5_000)] {
            let header = json!({ "alg": "HS256", "kid": id, "url": raw.url("/new-account") });
            let binding = raw.binding_of(&key, &header, &raw.jwk());
            let answer = raw.post("/new-account", &json!({ "externalAccountBinding": binding })).await;
            let problem = answer.problem();
            assert!(["unauthorized", "malformed"].contains(&problem.as_str()), "{id:?}: {problem}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_accounts_making_is_checked() {
    let house = House::sqlite();
    let replica = house.replica_with(|settings| settings.terms_of_service = Some("https://ca.example/terms".to_owned())).await;
    let raw = Raw::new(&house, &replica);
    let key = replica.key().await;
    assert_eq!(raw.post("/new-account", &json!({ "onlyReturnExisting": true })).await.problem(), "accountDoesNotExist");
    let with = |payload: Value| {
        let mut payload = payload;
        payload["externalAccountBinding"] = raw.binding(&key);
        payload
    };
    assert_eq!(raw.post("/new-account", &with(json!({}))).await.problem(), "userActionRequired");
    let agreed = |contact: Value| with(json!({ "termsOfServiceAgreed": true, "contact": contact }));
    assert_eq!(raw.post("/new-account", &agreed(json!(["tel:+123"]))).await.problem(), "unsupportedContact");
    for contact in ["mailto:a@example.org,b@example.org", "mailto:a@example.org?subject=x", "mailto:", "mailto:a", "mailto:a@b\r\nx"] {
        assert_eq!(raw.post("/new-account", &agreed(json!([contact]))).await.problem(), "invalidContact", "{contact}");
    }
    assert_eq!(raw.post("/new-account", &agreed(json!(vec!["mailto:a@example.org"; 11]))).await.problem(), "invalidContact");
    // Bindings of another account's key, for another URL, by another algorithm.
    let right = json!({ "alg": "HS256", "kid": key.id, "url": raw.url("/new-account") });
    let other = Raw::new(&house, &replica);
    for (binding, problem) in [
        (raw.binding_of(&key, &right, &other.jwk()), "unauthorized"),
        (raw.binding_of(&key, &json!({ "alg": "HS256", "kid": key.id, "url": raw.url("/new-order") }), &raw.jwk()), "unauthorized"),
        (raw.binding_of(&key, &json!({ "alg": "HS512", "kid": key.id, "url": raw.url("/new-account") }), &raw.jwk()), "unauthorized"),
        (
            raw.binding_of(&key, &json!({ "alg": "none", "kid": key.id, "url": raw.url("/new-account") }), &raw.jwk()),
            "badSignatureAlgorithm",
        ),
        (raw.sign(&right, &raw.jwk().to_string()), "unauthorized"),
        (json!({}), "malformed"),
        (json!(7), "malformed"),
    ] {
        let answer = raw.post("/new-account", &json!({ "termsOfServiceAgreed": true, "externalAccountBinding": binding })).await;
        assert_eq!(answer.problem(), problem, "{binding}");
    }
    let made = raw.post("/new-account", &agreed(json!(["mailto:a@example.org"]))).await;
    assert_eq!(made.status, 201);
    assert!(made.headers.get_all("link").iter().any(|link| link.to_str().unwrap().contains("rel=\"terms-of-service\"")));
    let again = raw.post("/new-account", &json!({})).await;
    assert_eq!((again.status, again.header("location")), (200, made.header("location")), "a key has one account");
}

#[tokio::test]
async fn an_external_key_makes_no_more_accounts_than_it_may() {
    on_both(async |house| {
        let replica = house.replica().await;
        let grant = lemur::acme::Grant {
            owner: "web@example.org".to_owned(),
            names: vec![".".parse().unwrap()],
            profiles: vec!["tls-server".to_owned()],
        };
        let new = lemur::acme::NewExternalKey { description: String::new(), grant, most_accounts: Some(2), expires: None };
        let (key, secret) = replica.acme.external_keys().create(new, &lemur::audit::Actor::cli("tests")).await.unwrap();
        let text = secret.expose().clone();
        let key = crate::house::Handed { id: key.id, secret: URL_SAFE_NO_PAD.decode(&text).unwrap(), text };
        let clients: Vec<Raw> = (0..6).map(|_| Raw::new(&house, &replica)).collect();
        let all = clients.iter().map(async |raw| raw.post("/new-account", &json!({ "externalAccountBinding": raw.binding(&key) })).await);
        let all = futures_util::future::join_all(all).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 2);
        assert!(all.iter().filter(|answer| answer.status != 201).all(|answer| answer.problem() == "unauthorized"));
    })
    .await;
}

#[tokio::test]
async fn key_change_wants_both_keys() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let raw = Raw::with_account(&house, &replica).await;
    let (new, taken) = (Raw::new(&house, &replica), Raw::with_account(&house, &replica).await);
    let kid = raw.kid.clone().unwrap();
    let inner = |signer: &Raw, change: &dyn Fn(&mut Value, &mut Value)| {
        let mut header = json!({ "alg": "ES256", "jwk": signer.jwk(), "url": raw.url("/key-change") });
        let mut payload = json!({ "account": kid, "oldKey": raw.jwk() });
        change(&mut header, &mut payload);
        signer.sign(&header, &payload.to_string())
    };
    for (what, change) in [
        ("url", (&|header: &mut Value, _: &mut Value| header["url"] = json!("https://x.example/")) as &dyn Fn(&mut Value, &mut Value)),
        ("nonce", &|header, _| header["nonce"] = json!("x")),
        ("account", &|_, payload| payload["account"] = json!(taken.kid)),
        ("old key", &|_, payload| payload["oldKey"] = taken.jwk()),
        ("no old key", &|_, payload| drop(payload.as_object_mut().unwrap().remove("oldKey"))),
        ("another's jwk", &|header, _| header["jwk"] = taken.jwk()),
    ] {
        assert_eq!(raw.post("/key-change", &inner(&new, change)).await.problem(), "malformed", "{what}");
    }
    let conflict = raw.post("/key-change", &inner(&taken, &|_, _| {})).await;
    assert_eq!((conflict.status, conflict.header("location")), (409, taken.kid.clone().unwrap()));
    assert_eq!(raw.post("/key-change", &inner(&new, &|_, _| {})).await.status, 200);
}

/// An order that is ready, by dns-01: its path.
pub(crate) async fn ready(house: &House, raw: &Raw, names: &[&str]) -> String {
    let created = raw.post("/new-order", &order(names)).await;
    let path = created.header("location").strip_prefix(&raw.base).unwrap().to_owned();
    for url in created.json()["authorizations"].as_array().unwrap() {
        let authorization = raw.post(url.as_str().unwrap().strip_prefix(&raw.base).unwrap(), &Value::Null).await.json();
        let challenges = authorization["challenges"].as_array().unwrap().clone();
        let challenge = challenges.iter().find(|challenge| challenge["type"] == "dns-01").unwrap();
        let jwk = lemur::acme::Jwk::parse(&raw.jwk().to_string()).unwrap();
        let proof = format!("{}.{}", challenge["token"].as_str().unwrap(), jwk.thumbprint());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, proof.as_bytes());
        let host = authorization["identifier"]["value"].as_str().unwrap();
        house.chall.text(&format!("_acme-challenge.{host}"), &URL_SAFE_NO_PAD.encode(digest));
        let path = challenge["url"].as_str().unwrap().strip_prefix(&raw.base).unwrap().to_owned();
        let mut status = raw.post(&path, &json!({})).await.json()["status"].clone();
        while status == "processing" {
            status = raw.post(&path, &Value::Null).await.json()["status"].clone();
        }
        assert_eq!(status, "valid");
    }
    path
}

#[tokio::test]
async fn a_certificate_is_for_what_was_ordered() {
    on_both(async |house| {
        let replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let path = ready(&house, &raw, &["a.example.org", "b.example.org"]).await;
        let finalize = format!("{path}/finalize");
        let key = house.folder.path().join("leaf.key");
        let csr = |subject: &str, names: &str| json!({ "csr": URL_SAFE_NO_PAD.encode(openssl_request(&key, subject, names)) });
        for (subject, names) in [
            ("/", "DNS:a.example.org"),
            ("/", "DNS:a.example.org,DNS:b.example.org,DNS:c.example.org"),
            ("/", "DNS:a.example.org,DNS:b.example.org,IP:93.184.216.34"),
            ("/", "DNS:a.example.org,DNS:b.example.org,email:a@example.org"),
            ("/", "DNS:a.example.org,DNS:*.example.org"),
            ("/CN=c.example.org", "DNS:a.example.org,DNS:b.example.org"),
            ("/CN=Some Service", "DNS:a.example.org,DNS:b.example.org"),
        ] {
            assert_eq!(raw.post(&finalize, &csr(subject, names)).await.problem(), "badCSR", "{subject} {names}");
        }
        for body in [json!({ "csr": "" }), json!({ "csr": "AAAA" }), json!({ "csr": "!" }), json!({ "csr": "MAA" })] {
            assert_eq!(raw.post(&finalize, &body).await.problem(), "badCSR", "{body}");
        }
        assert_eq!(raw.post(&finalize, &json!({})).await.problem(), "malformed");
        let done = raw.post(&finalize, &csr("/CN=a.example.org", "DNS:a.example.org,DNS:b.example.org")).await;
        assert_eq!((done.status, done.json()["status"].as_str()), (200, Some("valid")), "{}", done.json());
        assert_eq!(raw.post(&finalize, &csr("/", "DNS:a.example.org,DNS:b.example.org")).await.problem(), "orderNotReady");
        let fetched = raw.post(&format!("{path}/certificate"), &Value::Null).await;
        assert_eq!(fetched.header("content-type"), "application/pem-certificate-chain");
        let chain = lemur::certificate::read_bundle(&fetched.body).unwrap();
        assert_eq!(chain.len(), 2, "the leaf and the issuing authority, not the root");
        // The holder of the certificate's key may revoke it, and nobody whose key it is not.
        let request = json!({ "certificate": URL_SAFE_NO_PAD.encode(chain[0].as_der()), "reason": 1 });
        let nobody = Raw::new(&house, &replica);
        assert_eq!(nobody.post("/revoke-certificate", &request).await.problem(), "unauthorized");
        assert_eq!(nobody.post("/revoke-certificate", &json!({ "certificate": "AAAA" })).await.problem(), "malformed");
        assert!(!replica.engine.is_revoked(replica.authority, &chain[0].serial()).await.unwrap());
    })
    .await;
}

/// The hole: after a revocation because others have the key, the same key got its next certificate at once (RFC 8555, 7.6; BR 6.1.1.3).
#[tokio::test]
async fn a_key_that_was_revoked_for_being_known_is_a_bad_one() {
    let house = House::postgres();
    let replica = house.replicas(2, |_| {}).await;
    let raw = Raw::with_account(&house, &replica).await;
    let key = house.folder.path().join("leaf.key");
    let made = || json!({ "csr": URL_SAFE_NO_PAD.encode(openssl_request(&key, "/", "DNS:a.example.org")) });
    let csr = made();
    let path = ready(&house, &raw, &["a.example.org"]).await;
    assert_eq!(raw.post(&format!("{path}/finalize"), &csr).await.status, 200);
    let chain = lemur::certificate::read_bundle(&raw.post(&format!("{path}/certificate"), &Value::Null).await.body).unwrap();
    let request = json!({ "certificate": URL_SAFE_NO_PAD.encode(chain[0].as_der()), "reason": 1 });
    assert_eq!(raw.post("/revoke-certificate", &request).await.status, 200);
    let path = ready(&house, &raw, &["a.example.org"]).await;
    let refused = raw.post(&format!("{path}/finalize"), &csr).await;
    assert_eq!((refused.status, refused.problem().as_str()), (400, "badPublicKey"));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("key-compromised") && detail.contains("make a new one"), "{detail}");
    // The order waits for another key.
    assert_eq!(raw.post(&format!("{path}/finalize"), &made()).await.status, 200);
}

/// A request to finalize that comes many times at once leads to one certificate.
#[tokio::test]
async fn an_order_leads_to_one_certificate() {
    let house = House::postgres();
    let replica = house.replicas(2, |_| {}).await;
    let raw = Raw::with_account(&house, &replica).await;
    let path = ready(&house, &raw, &["a.example.org"]).await;
    let key = house.folder.path().join("leaf.key");
    let csr = json!({ "csr": URL_SAFE_NO_PAD.encode(openssl_request(&key, "/", "DNS:a.example.org")) });
    let finalize = format!("{path}/finalize");
    let all = futures_util::future::join_all((0..8).map(|_| raw.post(&finalize, &csr))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1, "{all:?}");
    assert!(all.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem() == "orderNotReady"));
}

#[tokio::test]
async fn pending_authorizations_are_limited() {
    let house = House::sqlite();
    let replica = house.replica_with(|settings| settings.pending_authorizations = 3).await;
    let raw = Raw::with_account(&house, &replica).await;
    assert_eq!(raw.post("/new-order", &order(&["a.example.org", "b.example.org"])).await.status, 201);
    let refused = raw.post("/new-order", &order(&["c.example.org", "d.example.org"])).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "rateLimited"));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(raw.post("/new-order", &order(&["c.example.org"])).await.status, 201);
}

/// A challenge that was answered is looked at by another replica when the first is gone.
#[tokio::test]
async fn a_challenge_is_taken_over_from_a_replica_that_is_gone() {
    on_both(async |house: House| {
        let replica: Replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let created = raw.post("/new-order", &order(&["a.example.org"])).await;
        let url = created.json()["authorizations"][0].as_str().unwrap().to_owned();
        let path = url.strip_prefix(&raw.base).unwrap();
        let id = path.rsplit('/').next().unwrap().to_owned();
        // What a replica that died right after the answer leaves behind.
        let left = "UPDATE acme_authorization SET attempted = 'http-01', lease = 'gone', lease_until = 1 WHERE id = $1";
        replica.engine.store().database().execute(left, &[(&id).into()]).await.unwrap();
        let challenge = |json: &Value| json["challenges"][0].clone();
        assert_eq!(challenge(&raw.post(path, &Value::Null).await.json())["status"], "processing");
        house.chall.addresses("a.example.org", &[PUBLIC]);
        let token = challenge(&raw.post(path, &Value::Null).await.json())["token"].as_str().unwrap().to_owned();
        let jwk = lemur::acme::Jwk::parse(&raw.jwk().to_string()).unwrap();
        house.chall.answer_http(&token, &format!("{token}.{}", jwk.thumbprint()));
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let acme = replica.acme.clone();
        let task = tokio::spawn(async move { acme.run(async { drop(ended.await) }).await });
        while challenge(&raw.post(path, &Value::Null).await.json())["status"] == "processing" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(raw.post(path, &Value::Null).await.json()["status"], "valid");
        end.send(()).unwrap();
        task.await.unwrap();
    })
    .await;
}

/// A process that dies between the certificate and the order leaves an order that another finishes: with the certificate if it was stored.
#[tokio::test]
async fn an_order_is_finished_after_a_death() {
    on_both(async |house: House| {
        let replica: Replica = house.replica().await;
        let raw = Raw::with_account(&house, &replica).await;
        let key = house.folder.path().join("leaf.key");
        let database = replica.engine.store().database().clone();
        for stored in [true, false] {
            let name = if stored { "a.example.org" } else { "b.example.org" };
            let path = ready(&house, &raw, &[name]).await;
            let id = path.rsplit('/').next().unwrap().to_owned();
            let csr = openssl_request(&key, "/", &format!("DNS:{name}"));
            if stored {
                let body = json!({ "csr": URL_SAFE_NO_PAD.encode(&csr) });
                assert_eq!(raw.post(&format!("{path}/finalize"), &body).await.status, 200);
            }
            let left = "UPDATE acme_order SET status = 'processing', certificate = NULL, csr = $1, lease_until = 1 WHERE id = $2";
            database.execute(left, &[(&csr).into(), (&id).into()]).await.unwrap();
            assert_eq!(raw.post(&path, &Value::Null).await.json()["status"], "processing");
            replica.acme.run(async {}).await;
            let order = raw.post(&path, &Value::Null).await.json();
            assert_eq!(order["status"], if stored { "valid" } else { "invalid" }, "{order}");
            if stored {
                assert_eq!(raw.post(&format!("{path}/certificate"), &Value::Null).await.status, 200);
            } else {
                assert_eq!(order["error"]["type"], "urn:ietf:params:acme:error:serverInternal");
            }
        }
    })
    .await;
}
