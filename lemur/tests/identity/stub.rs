//! An issuer of the tests' own: it signs whatever a test wants signed, and publishes whatever it wants published.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use menagerie_tests::http::{Response, Server};
use menagerie_tests::keys::openssl;
use serde_json::{Value, json};

/// A key, and its public half as it is published.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) id: &'static str,
    key: EncodingKey,
    pub(crate) public: Value,
}

impl Key {
    pub(crate) fn elliptic(id: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::of(Algorithm::ES256, id, EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()))
    }

    pub(crate) fn rsa(id: &'static str) -> Self {
        let pem = openssl(["genrsa", "-traditional", "2048"], b"").success().stdout;
        let der = openssl(["rsa", "-traditional", "-outform", "DER"], &pem).success().stdout;
        Self::of(Algorithm::RS256, id, EncodingKey::from_rsa_der(&der))
    }

    fn of(algorithm: Algorithm, id: &'static str, key: EncodingKey) -> Self {
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        Self { algorithm, id, key, public }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.header(), claims)
    }

    pub(crate) fn header(&self) -> Header {
        Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) }
    }

    pub(crate) fn sign_as(&self, header: Header, claims: &Value) -> String {
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

/// What the issuer answers.
#[derive(Default)]
pub(crate) struct State {
    /// Instead of the discovery document.
    pub(crate) document: Option<Value>,
    pub(crate) keys: Value,
    /// To every code.
    pub(crate) token: Value,
    pub(crate) userinfo: Value,
    /// How long it thinks.
    pub(crate) slow: Option<Duration>,
    /// Where it redirects everything to.
    pub(crate) redirect: Option<String>,
}

/// An issuer at `http://127.0.0.1:PORT`.
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
    /// How often its keys were asked for.
    pub(crate) asked: Arc<AtomicUsize>,
    _server: Server,
}

impl Issuer {
    pub(crate) fn start(keys: &[&Key]) -> Self {
        let keys: Vec<_> = keys.iter().map(|key| key.public.clone()).collect();
        let state = Arc::new(Mutex::new(State { keys: json!({"keys": keys}), ..State::default() }));
        let (asked, url) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(String::new())));
        let (shared, counted, own) = (Arc::clone(&state), Arc::clone(&asked), Arc::clone(&url));
        let server = Server::start(move |request| {
            let (slow, redirect) = {
                let state = shared.lock().unwrap();
                (state.slow, state.redirect.clone())
            };
            if let Some(slow) = slow {
                std::thread::sleep(slow);
            }
            if let Some(target) = redirect {
                return Some(Response::new(302, "").header("Location", &target));
            }
            let (state, url) = (shared.lock().unwrap(), own.lock().unwrap().clone());
            let answer = |value: &Value| Some(Response::new(200, value.to_string()).header("Content-Type", "application/json"));
            match request.path().as_str() {
                "/.well-known/openid-configuration" => answer(&state.document.clone().unwrap_or_else(|| document(&url))),
                "/jwks" => {
                    counted.fetch_add(1, Ordering::SeqCst);
                    answer(&state.keys)
                }
                "/token" => answer(&state.token),
                "/userinfo" => answer(&state.userinfo),
                _ => Some(Response::new(404, "")),
            }
        });
        *url.lock().unwrap() = server.url();
        Self { url: server.url(), state, asked, _server: server }
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

/// The discovery document of an issuer.
pub(crate) fn document(url: &str) -> Value {
    json!({"issuer": url, "jwks_uri": format!("{url}/jwks"), "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"), "userinfo_endpoint": format!("{url}/userinfo"),
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"]})
}

pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Claims as GitHub Actions' tokens have them.
pub(crate) fn claims(issuer: &str) -> Value {
    json!({"iss": issuer, "aud": "lemur", "sub": "repo:org/app:ref:refs/heads/main", "iat": now(), "nbf": now() - 5, "exp": now() + 300,
        "jti": "x", "repository": "org/app", "ref": "refs/heads/main"})
}

/// A workload of this issuer's tokens.
pub(crate) fn workload(issuer: &str) -> String {
    format!(
        r#"
[workloads.ci]
owner = "team@example.com"
authority = "internal"
names = [".apps.example.com"]
actions = ["issue", "renew", "revoke", "export"]
issuer = "{issuer}"
audience = "lemur"
match = {{ repository = "org/app", ref = "refs/heads/*" }}
"#
    )
}
