//! What is shown at the workloads' door by those who are none, and issuers that do not behave.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::house::House;
use super::people_hostile::unsigned;
use super::stub::{Issuer, Key, claims, now, workload};

struct World {
    key: Key,
    issuer: Issuer,
    house: House,
}

fn world(key: Key) -> World {
    let issuer = Issuer::start(&[&key]);
    let house = House::start(&workload(&issuer.url));
    World { key, issuer, house }
}

impl World {
    fn claims(&self) -> Value {
        claims(&self.issuer.url)
    }

    fn lets_in(&self, token: &str) -> bool {
        let answer = self.house.exchange("ci", &json!({"token": token}));
        assert!([200, 400, 403].contains(&answer.status), "{answer:?}");
        assert!(token.len() < 20 || !answer.text.contains(token), "the answer repeats the token");
        answer.status == 200
    }
}

#[test]
fn a_token_by_no_algorithm_or_by_a_shared_secret_is_refused() {
    let world = world(Key::rsa("k1"));
    assert!(world.lets_in(&world.key.sign(&world.claims())), "the right one is let in");
    assert!(!world.lets_in(&unsigned(&world.claims())));
    let public = world.key.public.to_string();
    let modulus = world.key.public["n"].as_str().unwrap().to_owned();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for secret in [public.as_bytes(), modulus.as_bytes(), b"", b"lemur"] {
            let header = Header { kid: Some("k1".to_owned()), ..Header::new(algorithm) };
            let token = jsonwebtoken::encode(&header, &world.claims(), &EncodingKey::from_secret(secret)).unwrap();
            assert!(!world.lets_in(&token), "{algorithm:?}");
        }
    }
}

/// A key serves the algorithms of its kind, and no other's.
#[test]
fn a_key_is_not_taken_for_one_of_another_kind() {
    let world = world(Key::elliptic("k1"));
    let rsa = Key::rsa("k1");
    assert!(!world.lets_in(&rsa.sign(&world.claims())), "an RSA key under the name of the curve's");
    let another = Key::elliptic("k1");
    assert!(!world.lets_in(&another.sign(&world.claims())), "another's key under its name");
    // A set in which a secret and a key for encryption stand beside the right key.
    let (secret, mut encrypts) = (b"shared secret of thirty-two bytes", rsa.public.clone());
    encrypts["use"] = json!("enc");
    encrypts["kid"] = json!("k3");
    let oct = json!({"kty": "oct", "kid": "k2", "alg": "HS256", "k": "c2hhcmVkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVz"});
    let key = Key::elliptic("k1");
    let issuer = Issuer::start(&[&key]);
    issuer.set(|state| state.keys = json!({"keys": [oct, encrypts, key.public, {"kty": "unheard of"}, 7]}));
    let house = House::start(&workload(&issuer.url));
    let status = |token: String| house.exchange("ci", &json!({"token": token})).status;
    let header = Header { kid: Some("k2".to_owned()), ..Header::new(Algorithm::HS256) };
    assert_eq!(status(jsonwebtoken::encode(&header, &claims(&issuer.url), &EncodingKey::from_secret(secret)).unwrap()), 403);
    let header = Header { kid: Some("k3".to_owned()), ..Header::new(Algorithm::RS256) };
    assert_eq!(status(rsa.sign_as(header, &claims(&issuer.url))), 403);
    assert_eq!(status(key.sign(&claims(&issuer.url))), 200);
}

#[test]
fn a_token_for_somebody_else_or_of_another_time_is_refused() {
    let world = world(Key::elliptic("k1"));
    for (name, value) in [
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", json!("lemur ")),
        ("aud", json!({"lemur": true})),
        ("aud", Value::Null),
        ("iss", json!("https://evil.example")),
        ("iss", json!([world.issuer.url])),
        ("iss", Value::Null),
        ("exp", json!(now() - 1)),
        ("exp", json!(now() + 200_000)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(1e300)),
        ("exp", json!("x")),
        ("exp", Value::Null),
        ("iat", json!(now() + 3_600)),
        ("iat", json!(-1)),
        ("iat", json!(i64::MIN)),
        ("iat", Value::Null),
        ("nbf", json!(now() + 3_600)),
        ("nbf", json!([])),
        ("sub", Value::Null),
        ("sub", json!("x".repeat(2_000))),
    ] {
        let mut other = world.claims();
        other[name] = value.clone();
        assert!(!world.lets_in(&world.key.sign(&other)), "{name}: {value}");
    }
    for header in [
        Header { typ: Some("at+jwt".to_owned()), ..world.key.header() },
        Header { typ: Some("secevent+jwt".to_owned()), ..world.key.header() },
        Header { crit: Some(vec!["exp".to_owned()]), ..world.key.header() },
        Header { kid: None, alg: Algorithm::ES384, ..world.key.header() },
    ] {
        if header.alg == world.key.algorithm {
            assert!(!world.lets_in(&world.key.sign_as(header.clone(), &world.claims())), "{header:?}");
        }
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let world = world(Key::elliptic("k1"));
    let right = world.key.sign(&world.claims());
    let parts: Vec<_> = right.split('.').collect();
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{right}."),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..20]),
        "x".repeat(16 * 1024),
        "x".repeat(60_000),
        format!("{right}{}", "x".repeat(20_000)),
        "[".repeat(16_000),
    ] {
        assert!(!world.lets_in(&token), "{} bytes", token.len());
    }
    // Of a body that is too long the answer may come before all of it was sent, and then the connection is closed.
    let huge = json!({"workload": "ci", "token": "x".repeat(10 << 20)}).to_string();
    let request = http::Request::post(format!("{}/api/1/auth/workload", world.house.url)).header("content-type", "application/json");
    let answered = world.house.agent.run(request.body(huge).unwrap());
    assert!(answered.map_or(true, |answer| answer.status().is_client_error()));
    assert!(world.lets_in(&right), "and others are served");
    let mut padded = world.claims();
    padded["padding"] = json!("x".repeat(20_000));
    assert!(!world.lets_in(&world.key.sign(&padded)), "a token that is too long");
    for body in [json!({"token": 7}), json!({"token": ["x"]}), json!({"token": "x", "aws": {}}), json!({"workload": 7})] {
        assert!((400..500).contains(&world.house.exchange("ci", &body).status));
    }
}

/// A flood of keys that nobody knows makes no flood of calls.
#[test]
fn a_flood_of_unknown_keys_asks_the_issuer_once() {
    let world = world(Key::elliptic("k1"));
    assert!(world.lets_in(&world.key.sign(&world.claims())));
    for number in 0..40 {
        let header = Header { kid: Some(format!("unknown {number}")), ..world.key.header() };
        assert!(!world.lets_in(&world.key.sign_as(header, &world.claims())));
    }
    assert_eq!(world.issuer.asked.load(Ordering::SeqCst), 1);
    assert!(world.lets_in(&world.key.sign(&world.claims())), "who is known goes on");
}

#[test]
fn one_address_does_not_try_without_end() {
    let world = world(Key::elliptic("k1"));
    let answers: Vec<_> = (0..130).map(|_| world.house.exchange("ci", &json!({"token": "a.b.c"})).status).collect();
    assert!(answers.contains(&429), "{answers:?}");
}

#[test]
fn a_set_of_ten_thousand_keys_is_not_read() {
    let key = Key::elliptic("k1");
    let issuer = Issuer::start(&[&key]);
    let many: Vec<_> =
        (0..10_000).map(|number| json!({"kty": "EC", "crv": "P-256", "kid": format!("{number}"), "x": "a", "y": "b"})).collect();
    for keys in
        [json!({"keys": many}), json!({"keys": vec![key.public.clone(); 65]}), json!({"keys": []}), json!([]), json!({"keys": {"k1": 1}})]
    {
        issuer.set(|state| state.keys = keys);
        let house = House::start(&workload(&issuer.url));
        let began = Instant::now();
        house.exchange("ci", &json!({"token": key.sign(&claims(&issuer.url))})).refused(403);
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

/// An issuer that does not answer holds nobody else up, and is not asked by everybody who waits.
#[test]
fn an_issuer_that_hangs_is_given_up() {
    let (key, good) = (Key::elliptic("k1"), Key::elliptic("k1"));
    let (hangs, answers) = (Issuer::start(&[&key]), Issuer::start(&[&good]));
    hangs.set(|state| state.slow = Some(Duration::from_secs(120)));
    let other = workload(&answers.url).replace("workloads.ci", "workloads.good");
    let house = House::start(&format!("{}{other}", workload(&hangs.url)));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| house.exchange("ci", &json!({"token": key.sign(&claims(&hangs.url))})).refused(403));
        }
        house.admitted("good", &json!({"token": good.sign(&claims(&answers.url))}));
    });
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

#[test]
fn an_issuer_is_not_followed_elsewhere() {
    let key = Key::elliptic("k1");
    let (issuer, target) = (Issuer::start(&[&key]), Issuer::start(&[&key]));
    issuer.set(|state| state.redirect = Some(format!("{}/.well-known/openid-configuration", target.url)));
    let house = House::start(&workload(&issuer.url));
    let said = house.exchange("ci", &json!({"token": key.sign(&claims(&issuer.url))})).refused(403);
    assert!(said.contains("302"), "{said}");
    assert_eq!(target.asked.load(Ordering::SeqCst), 0);
}

/// A workload's token is no user's, and a user's no workload's.
#[test]
fn a_token_of_ours_does_not_come_in_at_this_door() {
    let world = world(Key::elliptic("k1"));
    assert!(!world.lets_in(&world.house.admin));
    let pass = world.house.admitted("ci", &json!({"token": world.key.sign(&world.claims())}));
    assert!(!world.lets_in(&pass), "what was exchanged is not exchanged again");
    world.house.get("/auth/me", &world.key.sign(&world.claims())).refused(403);
}
