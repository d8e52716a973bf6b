//! AWS KMS on loopback, for what moto lacks or gets wrong: Ed25519 keys; digests that are signed as they are; the limit of 4,096
//! bytes on a message; and the ways a KMS fails. It follows AWS's API reference (JSON 1.1, `TrentService.…`) for DescribeKey,
//! GetPublicKey, Sign, Encrypt and Decrypt, and leans on aws-lc-rs for the keys. It asks for no credentials.

mod key;

pub use key::SigningKey;

use crate::http::{Request, Response, Server};
use crate::moto::{ACCOUNT, REGION, credentials};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use key::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A way to fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KmsFailure {
    /// Status 400, `AccessDeniedException`.
    AccessDenied,
    /// Status 400, `ThrottlingException`.
    Throttled,
    /// Status 500, `KMSInternalException`.
    Internal,
    /// No answer for as long as this holds.
    Hang,
    /// The connection is closed without an answer.
    Close,
    /// Status 200 and a page of HTML, as a proxy on the way sends it.
    Garbage,
    /// Sign answers with the signature of another key of the same kind; other operations answer as ever.
    OtherSignature,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct KmsCall {
    /// `Sign` …
    pub operation: String,
    /// The request's JSON.
    pub body: Value,
}

/// A running KMS with keys of its own.
#[derive(Debug)]
pub struct KmsServer {
    state: Arc<Mutex<State>>,
    server: Server,
}

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<String, Arc<Key>>,
    failures: BTreeMap<String, KmsFailure>,
    calls: Vec<KmsCall>,
    stopped: bool,
}

impl KmsServer {
    /// Starts a KMS without keys.
    #[must_use]
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| answer(&shared, &request));
        Self { state, server }
    }

    /// What `AWS_ENDPOINT_URL_KMS` is set to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.server.url()
    }

    /// The environment of a process that is to reach this server for KMS.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<&'static str, String> {
        let mut environment: BTreeMap<_, _> = credentials().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        environment.insert("AWS_ENDPOINT_URL_KMS", self.endpoint());
        environment
    }

    /// Makes a key that signs; gives its ARN.
    #[must_use]
    pub fn create_signing_key(&self, kind: SigningKey) -> String {
        self.add(Key::signing(kind))
    }

    /// Makes a symmetric key; gives its ARN.
    #[must_use]
    pub fn create_symmetric_key(&self) -> String {
        self.add(Key::symmetric())
    }

    fn add(&self, key: Key) -> String {
        let mut state = lock(&self.state);
        let id = format!("00000000-0000-4000-8000-{:012}", state.keys.len() + 1);
        let arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}");
        state.keys.insert(arn.clone(), Arc::new(key));
        arn
    }

    /// Encrypts under a symmetric key, past any failure that is set; gives the ciphertext blob.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    #[must_use]
    pub fn encrypt(&self, key: &str, plaintext: &[u8], context: &[(&str, &str)]) -> Vec<u8> {
        let context = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = lock(&self.state).keys.get(key).cloned();
        found.unwrap_or_else(|| panic!("no key {key}")).encrypt(key, plaintext, &context)
    }

    /// From now on this operation (`Sign` …) fails, or each does (`*`).
    pub fn fail(&self, operation: &str, failure: KmsFailure) {
        lock(&self.state).failures.insert(operation.to_owned(), failure);
    }

    /// From now on nothing fails.
    pub fn recover(&self) {
        lock(&self.state).failures.clear();
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<KmsCall> {
        lock(&self.state).calls.clone()
    }
}

impl Drop for KmsServer {
    fn drop(&mut self) {
        lock(&self.state).stopped = true;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error answer of KMS: status, type, message.
struct Refusal(u16, &'static str, String);

fn refuse<T>(kind: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(400, kind, message.into()))
}

fn answer(state: &Mutex<State>, request: &Request) -> Option<Response> {
    let operation = request.value("x-amz-target").and_then(|target| target.strip_prefix("TrentService.")).unwrap_or_default().to_owned();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let failure = {
        let mut state = lock(state);
        state.calls.push(KmsCall { operation: operation.clone(), body: body.clone() });
        state.failures.get(&operation).or_else(|| state.failures.get("*")).copied()
    };
    let answer = match failure {
        None => perform(state, &operation, &body, false),
        Some(KmsFailure::OtherSignature) => perform(state, &operation, &body, true),
        Some(KmsFailure::AccessDenied) => refuse(
            "AccessDeniedException",
            format!("User: arn:aws:iam::{ACCOUNT}:user/testing is not authorized to perform: kms:{operation} because no policy allows it"),
        ),
        Some(KmsFailure::Throttled) => refuse("ThrottlingException", "Rate exceeded"),
        Some(KmsFailure::Internal) => Err(Refusal(500, "KMSInternalException", "An internal error occurred.".to_owned())),
        Some(KmsFailure::Garbage) => {
            return Some(Response::new(200, "<html><body>It works!</body></html>").header("Content-Type", "text/html"));
        }
        Some(KmsFailure::Close) => return None,
        Some(KmsFailure::Hang) => {
            hang(state);
            return None;
        }
    };
    let response = match answer {
        Ok(body) => Response::new(200, body.to_string()),
        Err(Refusal(status, kind, message)) => {
            Response::new(status, json!({"__type": kind, "message": message}).to_string()).header("x-amzn-ErrorType", kind)
        }
    };
    Some(response.header("Content-Type", "application/x-amz-json-1.1").header("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000"))
}

fn hang(state: &Mutex<State>) {
    // Looks at the state anew each time, so that recovering and dropping both end the wait.
    while {
        let state = lock(state);
        !state.stopped && state.failures.values().any(|failure| *failure == KmsFailure::Hang)
    } {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn perform(state: &Mutex<State>, operation: &str, body: &Value, other_signature: bool) -> Result<Value, Refusal> {
    if operation == "Decrypt" {
        return decrypt(state, body);
    }
    let (arn, key) = find(state, body["KeyId"].as_str().unwrap_or_default())?;
    match operation {
        "DescribeKey" => Ok(json!({ "KeyMetadata": key.describe(&arn) })),
        "GetPublicKey" => key.public(&arn),
        "Sign" => key.sign(&arn, body, other_signature),
        "Encrypt" => {
            let blob = key.encrypt(&arn, &bytes(body, "Plaintext")?, &context(body));
            Ok(json!({"CiphertextBlob": BASE64_STANDARD.encode(blob), "KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}))
        }
        _ => refuse("UnknownOperationException", format!("no operation {operation:?} here")),
    }
}

fn decrypt(state: &Mutex<State>, body: &Value) -> Result<Value, Refusal> {
    let blob = bytes(body, "CiphertextBlob")?;
    let keys = lock(state).keys.clone();
    let found = keys.iter().find_map(|(arn, key)| Some((arn, key.decrypt(arn, &blob, &context(body))?)));
    let Some((arn, plaintext)) = found else {
        return refuse("InvalidCiphertextException", "");
    };
    if let Some(wanted) = body["KeyId"].as_str() {
        let (wanted, _) = find(state, wanted)?;
        if wanted != *arn {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return refuse("IncorrectKeyException", message);
        }
    }
    Ok(json!({"KeyId": arn, "Plaintext": BASE64_STANDARD.encode(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}))
}

/// A key by its ARN or its ID.
fn find(state: &Mutex<State>, name: &str) -> Result<(String, Arc<Key>), Refusal> {
    let state = lock(state);
    let found = state.keys.iter().find(|(arn, _)| *arn == name || arn.rsplit_once('/').is_some_and(|(_, id)| id == name));
    match found {
        Some((arn, key)) => Ok((arn.clone(), Arc::clone(key))),
        None => refuse("NotFoundException", format!("Key '{name}' does not exist")),
    }
}

fn bytes(body: &Value, field: &str) -> Result<Vec<u8>, Refusal> {
    let decoded = body[field].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
    decoded.map_or_else(|| refuse("SerializationException", format!("{field} is not base64")), Ok)
}

fn context(body: &Value) -> BTreeMap<String, String> {
    let object = body["EncryptionContext"].as_object();
    object.into_iter().flatten().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}
