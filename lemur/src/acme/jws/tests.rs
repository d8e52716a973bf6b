//! Signed requests: what is taken, and everything that is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;

struct Client(EcdsaKeyPair);

impl Client {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self) -> serde_json::Value {
        let point = self.0.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..])})
    }

    fn sign(&self, header: &serde_json::Value, payload: &str) -> serde_json::Value {
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let signature = self.0.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({"protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(signature)})
    }
}

fn parse(value: &serde_json::Value) -> Result<Jws, JwsError> {
    Jws::parse(value.to_string().as_bytes())
}

#[test]
fn a_signed_request_is_read_and_verified() {
    let client = Client::new();
    let header = json!({"alg": "ES256", "url": "https://ca.example/acme/new-order", "nonce": "n", "jwk": client.jwk()});
    let jws = parse(&client.sign(&header, "{\"a\":1}")).unwrap();
    assert_eq!((jws.url(), jws.nonce()), ("https://ca.example/acme/new-order", Some("n")));
    let Signer::Key(key) = jws.signer() else { panic!("{:?}", jws.signer()) };
    assert_eq!(jws.verified_by(key), Some(&b"{\"a\":1}"[..]));
    let other = Jwk::parse(&Client::new().jwk().to_string()).unwrap();
    assert_eq!(jws.verified_by(&other), None);
    assert_eq!(jws.authenticated_by(key.thumbprint().as_bytes()), None, "a signature is no MAC");
}

#[test]
fn a_changed_request_is_not_verified() {
    let client = Client::new();
    let key = Jwk::parse(&client.jwk().to_string()).unwrap();
    let header = json!({"alg": "ES256", "url": "u", "nonce": "n", "kid": "k"});
    let signed = client.sign(&header, "{}");
    let changes = [
        ("payload", URL_SAFE_NO_PAD.encode("{\"a\":1}")),
        ("protected", URL_SAFE_NO_PAD.encode(json!({"alg": "ES256", "url": "v", "nonce": "n", "kid": "k"}).to_string())),
        ("protected", URL_SAFE_NO_PAD.encode(json!({"alg": "EdDSA", "url": "u", "nonce": "n", "kid": "k"}).to_string())),
        ("protected", URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "url": "u", "nonce": "n", "kid": "k"}).to_string())),
        ("signature", URL_SAFE_NO_PAD.encode([0; 64])),
        ("signature", String::new()),
        ("signature", URL_SAFE_NO_PAD.encode([1; 63])),
    ];
    assert!(parse(&signed).unwrap().verified_by(&key).is_some());
    for (member, value) in changes {
        let mut changed = signed.clone();
        changed[member] = json!(value);
        assert_eq!(parse(&changed).unwrap().verified_by(&key), None, "{member}");
    }
}

#[test]
fn what_is_no_signed_request_is_refused() {
    let client = Client::new();
    let good = json!({"alg": "ES256", "url": "u", "nonce": "n", "kid": "k"});
    let header = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut header = good.clone();
        change(&mut header);
        parse(&client.sign(&header, "{}")).map(drop)
    };
    assert_eq!(header(&|_| {}), Ok(()));
    assert_eq!(header(&|header| header["alg"] = json!("none")), Err(JwsError::Algorithm("none".to_owned())));
    assert_eq!(header(&|header| header["alg"] = json!("HS256")), Err(JwsError::Algorithm("HS256".to_owned())));
    assert_eq!(header(&|header| header["alg"] = json!("ES512")), Err(JwsError::Algorithm("ES512".to_owned())));
    assert_eq!(header(&|header| header["alg"] = json!("x".repeat(500))), Err(JwsError::Algorithm("x".repeat(16))));
    for change in [
        (&|header: &mut serde_json::Value| header["jwk"] = client.jwk()) as &dyn Fn(&mut serde_json::Value),
        &|header| drop(header.as_object_mut().unwrap().remove("kid")),
        &|header| drop(header.as_object_mut().unwrap().remove("url")),
        &|header| header["crit"] = json!(["b64"]),
        &|header| header["b64"] = json!(false),
        &|header| header["nonce"] = json!("n".repeat(2_000)),
        &|header| header["url"] = json!(7),
    ] {
        assert!(matches!(header(change), Err(JwsError::Malformed(_))), "{:?}", header(change));
    }
    let signed = client.sign(&good, "{}");
    for (member, value) in [
        ("header", json!({"kid": "k"})),
        ("signatures", json!([])),
        ("protected", json!("e30=")),
        ("protected", json!("")),
        ("protected", json!("W10")),
        ("payload", json!("a")),
        ("payload", json!({})),
        ("signature", json!("+/")),
        ("signature", json!(null)),
    ] {
        let mut changed = signed.clone();
        changed[member] = value;
        assert!(matches!(parse(&changed), Err(JwsError::Malformed(_))), "{member}");
    }
    for body in [&b""[..], b"{}", b"[]", b"null", b"\xff", b"{\"protected\":\"\"", &[b'['; 100_000], &[b' '; MAX_REQUEST + 1]] {
        assert!(matches!(Jws::parse(body), Err(JwsError::Malformed(_))));
    }
    let twice = signed.to_string().replacen('{', "{\"payload\":\"e30\",", 1);
    assert!(matches!(Jws::parse(twice.as_bytes()), Err(JwsError::Malformed(_))), "a member twice");
}

#[test]
fn a_binding_is_authenticated_by_its_shared_key_alone() {
    let bind = |header: serde_json::Value, key: &[u8]| {
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let payload = URL_SAFE_NO_PAD.encode("{}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{protected}.{payload}").as_bytes());
        json!({"protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(tag)}).to_string()
    };
    let body = bind(json!({"alg": "HS256", "kid": "k", "url": "u"}), b"shared");
    let binding = Jws::parse_binding(body.as_bytes()).unwrap();
    assert_eq!(binding.authenticated_by(b"shared"), Some(&b"{}"[..]));
    assert_eq!(binding.authenticated_by(b"other"), None);
    assert_eq!(Jws::parse(body.as_bytes()).map(drop), Err(JwsError::Algorithm("HS256".to_owned())), "a MAC is no signature");
    for header in [
        json!({"alg": "HS256", "kid": "k", "url": "u", "nonce": "n"}),
        json!({"alg": "HS256", "url": "u", "jwk": Client::new().jwk()}),
        json!({"alg": "HS256", "url": "u"}),
        json!({"alg": "ES256", "kid": "k", "url": "u"}),
        json!({"alg": "none", "kid": "k", "url": "u"}),
    ] {
        assert!(Jws::parse_binding(bind(header.clone(), b"shared").as_bytes()).is_err(), "{header}");
    }
    // What a public key could be mistaken for: a MAC key that everybody knows.
    let client = Client::new();
    let header = json!({"alg": "HS256", "kid": "k", "url": "u"});
    let key = Jwk::parse(&client.jwk().to_string()).unwrap();
    let forged = Jws::parse_binding(bind(header, key.canonical().as_bytes()).as_bytes()).unwrap();
    assert_eq!(forged.verified_by(&key), None);
}
