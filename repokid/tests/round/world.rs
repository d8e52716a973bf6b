//! What the tests stand on: an account of moto's for each test, a folder, and the command `repokid` in it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use menagerie_tests::http::{Request, Response, Server, call};
use menagerie_tests::process::{Finished, command, run_within};
use menagerie_tests::{Moto, Namespace};
use serde_json::{Value, json};

use crate::place::Place;

const IAM: &str = "2010-05-08";

pub(crate) struct World<'a> {
    pub(crate) moto: &'static Moto,
    pub(crate) namespace: Namespace,
    pub(crate) place: &'a Place,
    /// The account, of which nothing stands in moto but what the test puts there.
    pub(crate) account: String,
    config: PathBuf,
    /// Before moto's IAM: what moto was just given was there for long.
    pub(crate) iam: Server,
}

impl<'a> World<'a> {
    pub(crate) fn new(label: &str, place: &'a Place, config: Value) -> Self {
        static ACCOUNTS: AtomicU64 = AtomicU64::new(1);
        let (moto, namespace) = (Moto::shared(), Namespace::new(label));
        let account = format!("{:012}", 200_000_000_000 + ACCOUNTS.fetch_add(1, Ordering::Relaxed));
        let mut whole = json!({
            "connection_iam": { "assume_role": "RepokidRole", "session_name": "repokid", "region": "us-east-1" },
            "active_filters": ["repokid.filters.optout:OptOutFilter"],
            "repo_requirements": { "exclude_new_permissions_for_days": 0 },
            "repo_schedule_period_days": 0,
        });
        for (key, value) in config.as_object().expect("an object") {
            whole[key] = value.clone();
        }
        let config = namespace.write("config.json", whole.to_string());
        let address = moto.endpoint().trim_start_matches("http://").parse().expect("an address");
        let iam = Server::start(move |request| aged(address, &request));
        Self { moto, namespace, place, account, config, iam }
    }

    /// `repokid` with the test's configuration and state.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut repokid = command(env!("CARGO_BIN_EXE_repokid"));
        repokid.args(arguments).arg("--config").arg(&self.config).args(["--state", self.place.url()]);
        repokid.envs(self.moto.environment()).env("AWS_ENDPOINT_URL_IAM", self.iam.url()).current_dir(self.namespace.path());
        repokid
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        run_within(Duration::from_secs(120), self.command(arguments), b"")
    }

    /// Sets a key of the configuration.
    pub(crate) fn configure(&self, key: &str, value: Value) {
        let text = std::fs::read_to_string(&self.config).expect("is read");
        let mut whole: Value = serde_json::from_str(&text).expect("is JSON");
        whole[key] = value;
        std::fs::write(&self.config, whole.to_string()).expect("is written");
    }

    /// Runs a command that must succeed.
    pub(crate) fn done(&self, arguments: &[&str]) {
        let _ = self.run(arguments).success();
    }

    /// What a command prints with `--format json`.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}{}", done.text(), done.stderr))
    }

    /// Calls IAM as the account: moto takes the account from the credentials of a role that is assumed in it.
    pub(crate) fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let arn = format!("arn:aws:iam::{}:role/RepokidRole", self.account);
        let session = self.moto.query("sts", "2011-06-15", "AssumeRole", &[("RoleArn", &arn), ("RoleSessionName", "tests")]);
        let key = between(&session, "<AccessKeyId>", "</AccessKeyId>").to_owned();
        self.moto.query_as(&key, "iam", IAM, action, parameters)
    }

    /// Makes a role with inline policies; gives its ARN.
    pub(crate) fn role(&self, name: &str, policies: &[(&str, &str)]) -> String {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let answer = self.iam("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", trust)]);
        for (policy, text) in policies {
            let _ = self.iam("PutRolePolicy", &[("RoleName", name), ("PolicyName", policy), ("PolicyDocument", text)]);
        }
        between(&answer, "<Arn>", "</Arn>").to_owned()
    }

    /// Makes a user (`User`) or a group (`Group`) with inline policies; gives its ARN.
    pub(crate) fn principal(&self, kind: &str, name: &str, policies: &[(&str, &str)]) -> String {
        let key = format!("{kind}Name");
        let answer = self.iam(&format!("Create{kind}"), &[(&key, name)]);
        for (policy, text) in policies {
            let _ = self.iam(&format!("Put{kind}Policy"), &[(&key, name), ("PolicyName", policy), ("PolicyDocument", text)]);
        }
        between(&answer, "<Arn>", "</Arn>").to_owned()
    }

    /// The text of a role's inline policy.
    pub(crate) fn policy(&self, role: &str, policy: &str) -> String {
        self.policy_of("Role", role, policy)
    }

    /// The text of an inline policy of a `Role`, a `User` or a `Group`.
    pub(crate) fn policy_of(&self, kind: &str, name: &str, policy: &str) -> String {
        let answer = self.iam(&format!("Get{kind}Policy"), &[(&format!("{kind}Name"), name), ("PolicyName", policy)]);
        let encoded = between(&answer, "<PolicyDocument>", "</PolicyDocument>").to_owned();
        percent_decoded(&encoded.replace("&quot;", "\"").replace("&amp;", "&"))
    }

    /// A file of rows of Access Advisor: by ARN, services with whether they were used today.
    pub(crate) fn advisor(&self, rows: &[(&str, &[(&str, bool)])]) -> String {
        let now = jiff::Timestamp::now();
        let service = |(service, used): &(&str, bool)| {
            let mut row = json!({ "ServiceName": service, "ServiceNamespace": service });
            if *used {
                row["LastAuthenticated"] = json!(now.to_string());
            }
            row
        };
        let answer = |services: &[(&str, bool)]| {
            json!({
                "JobStatus": "COMPLETED", "JobCompletionDate": now.to_string(),
                "ServicesLastAccessed": services.iter().map(service).collect::<Vec<_>>(),
            })
        };
        let map: serde_json::Map<_, _> = rows.iter().map(|(arn, services)| ((*arn).to_owned(), answer(services))).collect();
        let path = self.namespace.write("advisor.json", Value::Object(map).to_string());
        path.display().to_string()
    }
}

/// What moto answers, with principals and policies that were made before any window.
fn aged(moto: std::net::SocketAddr, request: &Request) -> Option<Response> {
    let mut forward = Request::new(&request.method, &request.target, request.body.clone());
    let of_connection = ["host", "content-length", "connection", "transfer-encoding", "expect"];
    let headers = request.headers.iter().filter(|(name, _)| !of_connection.contains(&name.to_ascii_lowercase().as_str()));
    forward.headers = headers.cloned().collect();
    let response = call(moto, &forward).ok()?;
    let kind = response.value("content-type").unwrap_or("text/xml").to_owned();
    let year = jiff::Timestamp::now().strftime("<CreateDate>%Y").to_string();
    let body = response.text().replace(&year, "<CreateDate>2019");
    Some(Response::new(response.status, body).header("Content-Type", &kind))
}

pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("{start} is not in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("{end} is not in {text}")).0
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).expect("policies are text")
}
