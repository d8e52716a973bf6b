//! A client that says anything: its requests are put together by hand, so that each part of one can be wrong.

use std::io::Write as _;
use std::process::Stdio;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::house::{Handed, House, Replica};

/// A key and, once it has one, its account.
pub(crate) struct Raw {
    key: EcdsaKeyPair,
    pub(crate) kid: Option<String>,
    address: std::net::SocketAddr,
    pub(crate) base: String,
    tls: tokio_rustls::TlsConnector,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> String {
        let json = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(json["status"], u64::from(self.status), "{json}");
        json["type"].as_str().unwrap().strip_prefix("urn:ietf:params:acme:error:").unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }
}

impl Raw {
    pub(crate) fn new(house: &House, replica: &Replica) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        let pem = std::fs::read(house.root()).unwrap();
        roots.add(lemur::certificate::read_bundle(&pem).unwrap()[0].as_der().to_vec().into()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let port: u16 = replica.base.strip_prefix("https://localhost:").unwrap().strip_suffix("/acme").unwrap().parse().unwrap();
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            kid: None,
            address: ([127, 0, 0, 1], port).into(),
            base: replica.base.clone(),
            tls: std::sync::Arc::new(config).into(),
        }
    }

    /// One with an account.
    pub(crate) async fn with_account(house: &House, replica: &Replica) -> Self {
        let mut raw = Self::new(house, replica);
        let key = replica.key().await;
        let answer = raw.post("/new-account", &json!({ "externalAccountBinding": raw.binding(&key) })).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        raw.kid = Some(answer.header("location"));
        raw
    }

    /// The same client and account, after the server was started anew.
    pub(crate) fn at(self, replica: &Replica) -> Self {
        let port: u16 = replica.base.strip_prefix("https://localhost:").unwrap().strip_suffix("/acme").unwrap().parse().unwrap();
        let kid = self.kid.map(|kid| format!("{}{}", replica.base, kid.strip_prefix(&self.base).unwrap()));
        Self { kid, address: ([127, 0, 0, 1], port).into(), base: replica.base.clone(), ..self }
    }

    pub(crate) fn binding(&self, key: &Handed) -> Value {
        let protected = json!({ "alg": "HS256", "kid": key.id, "url": self.url("/new-account") });
        self.binding_of(key, &protected, &self.jwk())
    }

    pub(crate) fn binding_of(&self, key: &Handed, protected: &Value, jwk: &Value) -> Value {
        let (protected, payload) = (URL_SAFE_NO_PAD.encode(protected.to_string()), URL_SAFE_NO_PAD.encode(jwk.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.secret), format!("{protected}.{payload}").as_bytes());
        json!({ "protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(tag) })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..])})
    }

    pub(crate) async fn nonce(&self) -> String {
        self.send("HEAD", "/new-nonce", &[], Vec::new()).await.header("replay-nonce")
    }

    /// The protected header of a right request.
    pub(crate) async fn header(&self, path: &str) -> Value {
        let mut header = json!({ "alg": "ES256", "nonce": self.nonce().await, "url": self.url(path) });
        match &self.kid {
            Some(kid) => header["kid"] = json!(kid),
            None => header["jwk"] = self.jwk(),
        }
        header
    }

    pub(crate) fn sign(&self, header: &Value, payload: &str) -> Value {
        let (protected, payload) = (URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.key.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({ "protected": protected, "payload": payload, "signature": URL_SAFE_NO_PAD.encode(signature) })
    }

    /// A right request.
    pub(crate) async fn post(&self, path: &str, payload: &Value) -> Answer {
        let payload = if payload.is_null() { String::new() } else { payload.to_string() };
        let header = self.header(path).await;
        self.jose(path, self.sign(&header, &payload).to_string().into_bytes()).await
    }

    pub(crate) async fn jose(&self, path: &str, body: Vec<u8>) -> Answer {
        self.send("POST", path, &[("content-type", "application/jose+json")], body).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let stream = self.tls.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let task = tokio::spawn(connection);
        let mut request = http::Request::builder().method(method).uri(format!("/acme{path}")).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        task.abort();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// What OpenSSL makes of a configuration: a request, DER, for these names. `key` is where its key is kept.
pub(crate) fn openssl_request(key: &std::path::Path, subject: &str, names: &str) -> Vec<u8> {
    let mut openssl = menagerie_tests::process::command("openssl");
    openssl.args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-outform", "DER", "-subj", subject]);
    openssl.args(["-addext", &format!("subjectAltName={names}"), "-keyout"]).arg(key).stderr(Stdio::null());
    let finished = menagerie_tests::process::run(openssl, b"").success();
    std::io::stdout().flush().unwrap();
    finished.stdout
}
