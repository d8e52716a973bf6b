//! `moto` in server mode: AWS's APIs for this machine's loopback. One server a test binary, started by the first test that asks;
//! tests keep apart by names of their own ([`crate::Namespace::name`]). What a test needs to stand there beforehand (keys, users,
//! log groups, tables) is made over AWS's own wire protocols, without the SDK that is under test. moto reads service and
//! region from the credential scope of the Authorization header and verifies no signature.

use crate::http::{Request, Response, call};
use crate::process::{Output, Running, command};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

/// The account that moto and the other peers answer for.
pub const ACCOUNT: &str = "123456789012";
/// The region of the peers.
pub const REGION: &str = "us-east-1";

/// The environment that makes an AWS SDK use throwaway credentials and look nowhere else for its settings.
#[must_use]
pub fn credentials() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_SESSION_TOKEN", "testing"),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ])
}

/// A kind of asymmetric KMS key that moto can make.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AsymmetricKey {
    /// `ECC_NIST_P256`
    P256,
    /// `ECC_NIST_P384`
    P384,
    /// `RSA_2048`
    Rsa2048,
    /// `RSA_4096`
    Rsa4096,
}

impl AsymmetricKey {
    fn spec(self) -> &'static str {
        match self {
            Self::P256 => "ECC_NIST_P256",
            Self::P384 => "ECC_NIST_P384",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa4096 => "RSA_4096",
        }
    }
}

/// A running moto server.
#[derive(Debug)]
pub struct Moto {
    address: SocketAddr,
    endpoint: String,
    _process: Running,
}

impl Moto {
    /// This test binary's server, started if it isn't yet.
    ///
    /// # Panics
    ///
    /// When moto is not installed or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        MOTO.get_or_init(Self::start)
    }

    fn start() -> Self {
        // By the interpreter, so that the virtual environment may stand at a path too long for a script's first line.
        let mut command = command(crate::venv_program("python"));
        command.args(["-c", "import sys; from moto.server import main; sys.exit(main())", "-H", "127.0.0.1", "-p", "0"]);
        command.envs(credentials()).env("PYTHONUNBUFFERED", "1").env_remove("AWS_ENDPOINT_URL").env("NO_COLOR", "1");
        let (mut process, output) = Running::start_followed("moto_server", command);
        let mut address = None;
        let up = crate::eventually(Duration::from_secs(90), || {
            address = listening(&output);
            address.is_some_and(|address| std::net::TcpStream::connect(address).is_ok()) || process.ended().is_some()
        });
        let Some(address) = address.filter(|_| up && process.ended().is_none()) else {
            panic!("moto_server did not start; it said:\n{}", output.text());
        };
        Self { address, endpoint: format!("http://{address}"), _process: process }
    }

    /// What `AWS_ENDPOINT_URL` is set to.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The environment of a process that is to reach this server: [`credentials`] and the endpoint.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<&'static str, &str> {
        let mut environment = credentials();
        environment.insert("AWS_ENDPOINT_URL", &self.endpoint);
        environment
    }

    /// Calls an operation of a service with a JSON protocol: `target` as in `TrentService.CreateKey`.
    ///
    /// # Panics
    ///
    /// When the answer is an error.
    #[must_use]
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let version = if matches!(service, "dynamodb" | "sqs") { "1.0" } else { "1.1" };
        let request = Self::signed("POST", "/", service, body.to_string());
        let request = request.header("X-Amz-Target", target).header("Content-Type", &format!("application/x-amz-json-{version}"));
        let response = self.send(&request, target);
        if response.body.is_empty() { Value::Null } else { serde_json::from_slice(&response.body).expect("moto answers JSON") }
    }

    /// Calls an operation of a service with the query protocol (IAM, STS); gives the XML of the answer.
    ///
    /// # Panics
    ///
    /// When the answer is an error.
    #[must_use]
    pub fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        self.query_as("testing", service, version, action, parameters)
    }

    /// The same with the access key of a session, which moto takes the account from.
    ///
    /// # Panics
    ///
    /// When the answer is an error.
    #[must_use]
    pub fn query_as(&self, key: &str, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            form.push('&');
            form.push_str(name);
            form.push('=');
            for byte in value.bytes() {
                form.push_str(&format!("%{byte:02X}"));
            }
        }
        let request = Self::signed_by(key, "POST", "/", service, form).header("Content-Type", "application/x-www-form-urlencoded");
        self.send(&request, action).text()
    }

    pub(crate) fn signed(method: &str, target: &str, service: &str, body: impl Into<Vec<u8>>) -> Request {
        Self::signed_by("testing", method, target, service, body)
    }

    fn signed_by(key: &str, method: &str, target: &str, service: &str, body: impl Into<Vec<u8>>) -> Request {
        let scope = format!("Credential={key}/20260101/{REGION}/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        Request::new(method, target, body).header("Authorization", &authorization)
    }

    pub(crate) fn send(&self, request: &Request, what: &str) -> Response {
        let response = call(self.address, request).unwrap_or_else(|error| panic!("moto did not answer {what}: {error}"));
        assert!(response.status < 300, "moto refused {what} with status {}: {}", response.status, response.text());
        response
    }

    /// Makes a symmetric KMS key; gives its ARN.
    #[must_use]
    pub fn create_symmetric_key(&self) -> String {
        self.create_key(&json!({}))
    }

    /// Makes a KMS key that signs; gives its ARN.
    #[must_use]
    pub fn create_signing_key(&self, key: AsymmetricKey) -> String {
        self.create_key(&json!({"KeySpec": key.spec(), "KeyUsage": "SIGN_VERIFY"}))
    }

    fn create_key(&self, parameters: &Value) -> String {
        text(&self.json("kms", "TrentService.CreateKey", parameters)["KeyMetadata"]["Arn"])
    }

    /// Makes a KMS alias (`alias/NAME`) of a key.
    pub fn create_alias(&self, alias: &str, key: &str) {
        let _ = self.json("kms", "TrentService.CreateAlias", &json!({"AliasName": alias, "TargetKeyId": key}));
    }

    /// Encrypts under a symmetric KMS key; gives the ciphertext blob.
    #[must_use]
    pub fn encrypt(&self, key: &str, plaintext: &[u8], context: &[(&str, &str)]) -> Vec<u8> {
        let context: BTreeMap<_, _> = context.iter().copied().collect();
        let parameters = json!({"KeyId": key, "Plaintext": BASE64_STANDARD.encode(plaintext), "EncryptionContext": context});
        let answer = self.json("kms", "TrentService.Encrypt", &parameters);
        BASE64_STANDARD.decode(text(&answer["CiphertextBlob"])).expect("KMS answers base64")
    }

    /// Makes an IAM user who is in these groups, and the groups that aren't there yet.
    pub fn create_user(&self, user: &str, groups: &[&str]) {
        let iam = |action, parameters: &[(&str, &str)]| self.query("iam", "2010-05-08", action, parameters);
        let _ = iam("CreateUser", &[("UserName", user)]);
        for group in groups {
            if !iam("ListGroups", &[("MaxItems", "1000")]).contains(&format!("<GroupName>{group}</GroupName>")) {
                let _ = iam("CreateGroup", &[("GroupName", group)]);
            }
            let _ = iam("AddUserToGroup", &[("UserName", user), ("GroupName", group)]);
        }
    }

    /// Makes a CloudWatch Logs group.
    pub fn create_log_group(&self, group: &str) {
        let _ = self.json("logs", "Logs_20140328.CreateLogGroup", &json!({"logGroupName": group}));
    }

    /// The messages in all streams of a log group, in order of time.
    #[must_use]
    pub fn log_messages(&self, group: &str) -> Vec<String> {
        let (mut messages, mut token) = (Vec::new(), None);
        loop {
            let mut parameters = json!({"logGroupName": group});
            if let Some(token) = token {
                parameters["nextToken"] = token;
            }
            let mut page = self.json("logs", "Logs_20140328.FilterLogEvents", &parameters);
            messages.extend(page["events"].as_array().into_iter().flatten().map(|event| text(&event["message"])));
            match page["nextToken"].take() {
                Value::Null => return messages,
                next => token = Some(next),
            }
        }
    }

    /// Makes a DynamoDB table with these key attributes: name and type (`S`, `N`, `B`), the partition key's first.
    pub fn create_table(&self, table: &str, key: &[(&str, &str)]) {
        let attributes: Vec<_> = key.iter().map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind})).collect();
        let roles = ["HASH", "RANGE"];
        let schema: Vec<_> = key.iter().zip(roles).map(|((name, _), role)| json!({"AttributeName": name, "KeyType": role})).collect();
        let parameters =
            json!({"TableName": table, "AttributeDefinitions": attributes, "KeySchema": schema, "BillingMode": "PAY_PER_REQUEST"});
        let _ = self.json("dynamodb", "DynamoDB_20120810.CreateTable", &parameters);
    }

    /// All items of a DynamoDB table, in DynamoDB's own JSON.
    #[must_use]
    pub fn items(&self, table: &str) -> Vec<Value> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let mut parameters = json!({"TableName": table, "ConsistentRead": true});
            if let Some(start) = start {
                parameters["ExclusiveStartKey"] = start;
            }
            let mut page = self.json("dynamodb", "DynamoDB_20120810.Scan", &parameters);
            items.extend(page["Items"].as_array_mut().into_iter().flatten().map(Value::take));
            match page["LastEvaluatedKey"].take() {
                Value::Null => return items,
                next => start = Some(next),
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("moto's answer lacks a text: {value}")).to_owned()
}

fn listening(output: &Output) -> Option<SocketAddr> {
    let text = output.text();
    let (_, after) = text.split_once("Running on http://")?;
    let (address, _) = after.split_once(['\n', ' ', '\r', '\u{1b}'])?;
    address.trim().parse().ok()
}
