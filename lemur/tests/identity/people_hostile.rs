//! Answers of a provider that is not what it should be, or of somebody who stands in for it.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::stub::{Issuer, Key, document, now};

const SET_OUT: &str = "__Host-lemur-sign-in";

struct World {
    key: Key,
    issuer: Issuer,
    house: House,
}

fn world(more: &str) -> World {
    let key = Key::rsa("k1");
    let issuer = Issuer::start(&[&key]);
    let config = format!(
        "[oidc.corp]\nissuer = {:?}\nclient_id = \"lemur\"\ncreate_users = true\nemail_domains = [\"corp.example\"]\n{more}\n",
        issuer.url
    );
    let house = House::start(&config);
    World { key, issuer, house }
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name);
    percent_encoding::percent_decode_str(value.unwrap_or_else(|| panic!("no {name} in {url}")).1).decode_utf8().unwrap().into_owned()
}

impl World {
    /// Signs in; the provider's ID token is what `token` makes of right claims.
    fn sign_in(&self, token: impl FnOnce(Value) -> String) -> Answer {
        self.sign_in_with(token, "")
    }

    fn sign_in_with(&self, token: impl FnOnce(Value) -> String, more: &str) -> Answer {
        let begun = self.house.page("/sign-in/with/corp", &[]);
        let location = begun.location();
        assert_eq!(parameter(&location, "code_challenge_method"), "S256");
        assert_eq!(parameter(&location, "redirect_uri"), format!("{}/sign-in/with/corp/callback", self.house.url));
        let claims = json!({"iss": self.issuer.url, "aud": "lemur", "sub": "ada", "iat": now(), "exp": now() + 300,
            "nonce": parameter(&location, "nonce"), "email": "ada@corp.example", "email_verified": true});
        let token = token(claims);
        self.issuer.set(|state| state.token = json!({"id_token": token, "access_token": "opaque", "token_type": "Bearer"}));
        let path = format!("/sign-in/with/corp/callback?code=x&state={}{more}", parameter(&location, "state"));
        self.house.page(&path, &[(SET_OUT, &begun.cookie(SET_OUT).unwrap())])
    }

    fn with(&self, name: &str, value: Value) -> Answer {
        self.sign_in(|mut claims| {
            claims[name] = value;
            self.key.sign(&claims)
        })
    }
}

#[track_caller]
fn refused(answer: &Answer) {
    assert!((400..500).contains(&answer.status) && answer.cookie("__Host-lemur").is_none(), "{answer:?}");
}

#[test]
fn an_id_token_that_is_not_the_answer_signs_nobody_in() {
    let world = world("");
    assert!(world.sign_in(|claims| world.key.sign(&claims)).cookie("__Host-lemur").is_some(), "the right one does");
    for (name, value) in [
        ("nonce", json!("other")),
        ("nonce", Value::Null),
        ("nonce", json!("")),
        ("aud", json!("other")),
        ("aud", json!(["lemur", "other"])),
        ("azp", json!("other")),
        ("azp", json!(1)),
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", world.issuer.url))),
        ("exp", json!(now() - 1)),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("iat", json!(now() + 600)),
        ("iat", Value::Null),
        ("nbf", json!(now() + 600)),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("email_verified", json!("true")),
        ("email_verified", Value::Null),
        ("email", json!("ada@evil.example")),
    ] {
        refused(&world.with(name, value.clone()));
    }
}

#[test]
fn an_id_token_that_the_provider_did_not_sign_signs_nobody_in() {
    let world = world("");
    let stranger = Key::rsa("k1");
    refused(&world.sign_in(|claims| stranger.sign(&claims)));
    let modulus = world.key.public["n"].as_str().unwrap().to_owned();
    for secret in [modulus.as_bytes().to_vec(), b"lemur".to_vec(), Vec::new()] {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        refused(&world.sign_in(|claims| jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap()));
    }
    refused(&world.sign_in(|claims| unsigned(&claims)));
    for token in [json!(""), json!("a.b.c"), json!("x".repeat(100_000)), json!({}), Value::Null] {
        refused(&world.sign_in(|_| token.as_str().map_or_else(|| token.to_string(), str::to_owned)));
    }
}

/// A token by `none`.
pub(crate) fn unsigned(claims: &Value) -> String {
    use base64::Engine as _;
    let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT", "kid": "k1"})), part(claims))
}

/// RFC 9207: one provider's answer is not taken to another.
#[test]
fn an_answer_says_who_it_is_of() {
    let world = world("");
    refused(&world.sign_in_with(|claims| world.key.sign(&claims), "&iss=https%3A%2F%2Fevil.example"));
    refused(&world.sign_in_with(|claims| world.key.sign(&claims), "&error=access_denied"));
    let own = format!("&iss={}", percent_encoding::utf8_percent_encode(&world.issuer.url, percent_encoding::NON_ALPHANUMERIC));
    assert!(world.sign_in_with(|claims| world.key.sign(&claims), &own).cookie("__Host-lemur").is_some());
}

#[test]
fn userinfo_of_somebody_else_is_not_taken() {
    let world = world("userinfo = true\n[oidc.corp.require]\ngroups = \"pki\"");
    world.issuer.set(|state| state.userinfo = json!({"sub": "eve", "groups": ["pki"]}));
    refused(&world.sign_in(|claims| world.key.sign(&claims)));
    world.issuer.set(|state| state.userinfo = json!({"sub": "ada", "groups": ["pki"], "email": "admin@corp.example"}));
    let answer = world.sign_in(|claims| world.key.sign(&claims));
    let token = answer.cookie("__Host-lemur").unwrap();
    assert_eq!(world.house.get("/auth/me", &token).done()["email"], "ada@corp.example", "what is signed goes before");
}

#[test]
fn a_provider_that_cannot_be_trusted_sends_nobody_anywhere() {
    for change in [
        |url: &str| json!({"issuer": url}),
        |url: &str| json!({"issuer": "https://evil.example", "jwks_uri": format!("{url}/jwks"), "authorization_endpoint": format!("{url}/auth")}),
        |url: &str| json!({"issuer": url, "jwks_uri": "http://192.0.2.1/jwks", "authorization_endpoint": format!("{url}/auth")}),
        |url: &str| {
            let mut document = document(url);
            document["authorization_endpoint"] = json!("javascript:alert(1)");
            document
        },
    ] {
        let world = world("");
        world.issuer.set(|state| state.document = Some(change(&world.issuer.url)));
        let answer = world.house.page("/sign-in/with/corp", &[]);
        assert!(answer.status == 502 && !answer.headers.contains_key("location"), "{answer:?}");
        assert!(world.house.page("/sign-in", &[]).text.contains("Sign in with corp"), "the password still works");
    }
}
