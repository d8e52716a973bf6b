//! A machine on AWS: its GetCallerIdentity is signed by botocore and answered by moto's STS; and what others would do with it.

use std::sync::{Arc, Mutex};

use menagerie_tests::http::{Response, Server};
use menagerie_tests::process::{command, run};
use menagerie_tests::{ACCOUNT, Moto, Namespace, venv_program};
use serde_json::{Value, json};

use super::house::{House, new_certificate};

const SIGN: &str = "
import json, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
url, server, key, secret, token = sys.argv[1:6]
headers = {'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8', 'X-Lemur-Server-ID': server}
request = AWSRequest(method='POST', url=url, data='Action=GetCallerIdentity&Version=2011-06-15', headers=headers)
SigV4Auth(Credentials(key, secret, token or None), 'sts', 'us-east-1').add_auth(request)
print(json.dumps({'aws': {'url': url, 'headers': dict(request.headers.items())}}))
";

/// A request that botocore signed.
fn signed(url: &str, server: &str, credentials: [&str; 3]) -> Value {
    let mut python = command(venv_program("python"));
    python.args(["-c", SIGN, url, server]).args(credentials);
    serde_json::from_slice(&run(python, b"").success().stdout).unwrap()
}

fn config(endpoint: &str, arn: &str) -> String {
    format!(
        "[workloads.fleet]\nowner = \"team@example.com\"\nauthority = \"internal\"\nnames = [\".fleet.example.com\"]\naws = {{ arn = [{arn:?}], endpoint = {endpoint:?} }}\n"
    )
}

fn between<'a>(text: &'a str, name: &str) -> &'a str {
    text.split_once(&format!("<{name}>")).unwrap().1.split_once('<').unwrap().0
}

/// The credentials of a session of a role.
fn session(moto: &Moto, role: &str) -> [String; 3] {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
    let answer = moto.query("sts", "2011-06-15", "AssumeRole", &[("RoleArn", &arn), ("RoleSessionName", "i-0123456789")]);
    ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| between(&answer, name).to_owned())
}

#[test]
fn a_machine_comes_in_by_its_role() {
    let moto = Moto::shared();
    let role = Namespace::new("identity").name("fleet");
    let house = House::start(&config(moto.endpoint(), &format!("arn:aws:iam::{ACCOUNT}:role/{role}")));
    let credentials = session(moto, &role);
    let credentials = credentials.each_ref().map(String::as_str);
    let right = signed(&format!("{}/", moto.endpoint()), &house.url, credentials);
    let pass = house.admitted("fleet", &right);
    house.post("/certificates", &pass, &new_certificate("a.fleet.example.com")).done();
    house.post("/certificates", &pass, &new_certificate("a.apps.example.com")).refused(403);
    let log = house.log();
    assert!(log.contains(&format!("role/{role} i-0123456789")), "{log}");
    assert!(!log.contains(credentials[2]) && !log.contains("AWS4-HMAC-SHA256"), "the log has a credential in it");

    let other = session(moto, &format!("{role}-other"));
    let other = signed(&format!("{}/", moto.endpoint()), &house.url, other.each_ref().map(String::as_str));
    let said = house.exchange("fleet", &other).refused(403);
    assert!(said.contains("not one of this workload"), "{said}");
    // What was signed for another service is of no use here.
    let elsewhere = signed(&format!("{}/", moto.endpoint()), "https://vault.example.com", credentials);
    house.exchange("fleet", &elsewhere).refused(403);
    let mut smuggled = elsewhere;
    smuggled["aws"]["headers"]["X-Lemur-Server-ID"] = json!(house.url);
    smuggled["aws"]["headers"]["x-lemur-server-id"] = json!(house.url);
    house.exchange("fleet", &smuggled).refused(403);
}

/// A header that was not signed, or is there twice, or goes elsewhere: nothing of it leaves this service.
#[test]
fn a_request_that_was_changed_is_not_sent_on() {
    let (seen, shared) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(200)));
    let (log, answer) = (Arc::clone(&seen), Arc::clone(&shared));
    let server = Server::start(move |request| {
        log.lock().unwrap().push(request);
        let status = *answer.lock().unwrap();
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/fleet/i-1");
        let body = format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
        );
        Some(Response::new(status, body))
    });
    let house = House::start(&config(&server.url(), &format!("arn:aws:iam::{ACCOUNT}:role/fleet")));
    let url = format!("{}/", server.url());
    let right = signed(&url, &house.url, ["AKIDEXAMPLE", "secret", "token"]);
    house.admitted("fleet", &right);
    let sent = seen.lock().unwrap().pop().unwrap();
    assert_eq!((sent.method.as_str(), sent.target.as_str()), ("POST", "/"));
    assert_eq!(sent.body, b"Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(sent.value("host"), Some(server.address().to_string().as_str()));
    assert!(sent.value("authorization").unwrap().contains("x-lemur-server-id"));

    let changed = |name: &str, value: Value| {
        let mut request = right.clone();
        request["aws"]["headers"][name] = value;
        request
    };
    let mut elsewhere = right.clone();
    elsewhere["aws"]["url"] = json!("http://127.0.0.1:1/");
    let mut query = right.clone();
    query["aws"]["url"] = json!(format!("{url}?Action=AssumeRole"));
    let mut method = right.clone();
    method["aws"]["method"] = json!("GET");
    let mut body = right.clone();
    body["aws"]["body"] = json!("Action=GetSessionToken&Version=2011-06-15");
    for request in [
        changed("host", json!("evil.example")),
        changed("Host", json!("evil.example")),
        changed("X-Forwarded-For", json!("127.0.0.1")),
        changed("x-amz-date", json!("20200101T000000Z")),
        changed("X-Lemur-Server-ID", json!("https://other.example")),
        changed("Authorization", json!("AWS4-HMAC-SHA256 Credential=a/b/c/sts/aws4_request, SignedHeaders=host, Signature=0")),
        changed("Content-Type", json!("text/plain")),
        changed("Content-Type", json!("application/x-www-form-urlencoded\r\nX-Evil: 1")),
        changed("Transfer-Encoding", json!("chunked")),
        elsewhere,
        query,
        method,
        body,
        json!({"aws": "x"}),
        json!({"aws": {"url": url, "headers": []}}),
    ] {
        let answer = house.exchange("fleet", &request);
        assert_eq!(answer.status, 403, "{request}: {answer:?}");
    }
    assert!(seen.lock().unwrap().is_empty(), "something was sent on");
    *shared.lock().unwrap() = 403;
    let said = house.exchange("fleet", &right).refused(403);
    assert!(said.contains("does not accept the signature"), "{said}");
}
