//! `repokid analyze` from end to end: what it prints and writes, how it ends, and what becomes of broken input.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broken;
mod organization;
mod schema;
mod signatures;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

/// What a run printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

/// A folder with `details.json` of one role, whose inline policy is `p`, and `logs/` with one file of events.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new(policy: &Value, events: &[Value]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("details.json", details(policy).to_string());
        place.write("logs/a.json", json!({"Records": events}).to_string());
        place
    }

    /// The usual: two actions, one of them used.
    pub(crate) fn usual() -> Self {
        Self::new(&policy(), &[event("ec2.amazonaws.com", "DescribeVpcs")])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn run(&self, more: &[&str]) -> Ran {
        let mut all = vec!["analyze", "--authorization-details", "details.json", "--cloudtrail", "logs", "--as-of", "2026-06-30"];
        all.extend(more);
        run(self.0.path(), &all, None)
    }

    pub(crate) fn assumed(&self, more: &[&str]) -> Ran {
        self.run(&[&["--assume-complete"], more].concat())
    }
}

pub(crate) fn run(folder: &Path, arguments: &[&str], input: Option<&str>) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repokid"));
    let command = command.args(arguments).current_dir(folder).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

pub(crate) fn policy() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Net", "Effect": "Allow", "Action": ["ec2:DescribeVpcs", "ec2:CreateVpc"], "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"},
    ]})
}

pub(crate) fn role(name: &str, policy: &Value) -> Value {
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "CreateDate": "2020-01-01T00:00:00Z", "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy}], "AttachedManagedPolicies": [],
    })
}

pub(crate) fn details(policy: &Value) -> Value {
    json!({"RoleDetailList": [role("app", policy)], "UserDetailList": [], "GroupDetailList": [], "Policies": []})
}

pub(crate) fn event(source: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.08", "eventTime": "2026-06-01T10:00:00Z", "eventSource": source, "eventName": name, "awsRegion": "us-east-1",
        "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT, "managementEvent": true, "requestParameters": null,
        "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/s"), "accountId": ACCOUNT},
    })
}

fn outcome(ran: &Ran) -> Value {
    ran.json()["principals"][0]["outcome"].clone()
}

#[test]
fn the_json_is_as_its_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/analysis.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let place = Place::usual();
    let mut all = details(&policy());
    let list = all["RoleDetailList"].as_array_mut().unwrap();
    list.push(role("other-break-glass", &policy()));
    list.push(role("wild", &json!({"Statement": {"Effect": "Allow", "Action": ["made:up", "s?s:*"], "NotResource": "arn:aws:sqs:::x"}})));
    place.write("details.json", all.to_string());
    for arguments in [&["--assume-complete"][..], &[], &["--assume-complete", "--resources"]] {
        let ran = place.run(&[arguments, &["--format", "json"]].concat());
        let value = ran.json();
        assert_eq!(schema::faults(&value, &schema), Vec::<String>::new());
        assert_eq!(value["principals"].as_array().unwrap().len(), 3);
    }
    let mut wrong = place.assumed(&["--format", "json"]).json();
    wrong["principals"][0]["grants"][0]["verdict"] = json!("maybe");
    assert_eq!(schema::faults(&wrong, &schema).len(), 1, "the check checks");
}

#[test]
fn the_status_says_whether_something_would_change() {
    let place = Place::usual();
    let ran = place.assumed(&["--format", "json"]);
    assert_eq!((ran.status, outcome(&ran)), (1, json!("narrowed")));
    let same = Place::new(&policy(), &[event("ec2.amazonaws.com", "DescribeVpcs"), event("ec2.amazonaws.com", "CreateVpc")]);
    let ran = same.assumed(&["--format", "json"]);
    assert_eq!((ran.status, outcome(&ran)), (0, json!("same")));
    let ran = place.run(&["--format", "json"]);
    assert_eq!((ran.status, outcome(&ran)), (0, json!("same")), "without --trail nothing is proved");
    assert_eq!(run(&place.path("."), &["analyze"], None).status, 2);
    assert_eq!(run(&place.path("."), &["analyze", "--authorization-details", "absent.json"], None).status, 2);
    assert_eq!(place.assumed(&["--access-advisor", "absent.json"]).status, 2);
    assert_eq!(place.run(&["--trail", "absent.json"]).status, 2);
    assert_eq!(place.run(&["--cloudtrail", "absent"]).status, 2);
}

#[test]
fn what_would_change_is_laid_out_for_review() {
    let place = Place::usual();
    let mut all = details(&policy());
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/own");
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:CreateTopic", "Resource": "*"}]});
    all["RoleDetailList"][0]["AttachedManagedPolicies"] = json!([{"PolicyArn": arn, "PolicyName": "own"}]);
    all["Policies"] = json!([{"PolicyName": "own", "Arn": arn, "DefaultVersionId": "v1", "AttachmentCount": 1,
        "PolicyVersionList": [{"VersionId": "v1", "Document": text}]}]);
    place.write("details.json", all.to_string());
    assert_eq!(place.assumed(&["-o", "review"]).status, 1);
    let home = format!("review/{ACCOUNT}/role/app");
    let read = |name: &str| fs::read_to_string(place.path(&format!("{home}/{name}"))).unwrap();
    assert_eq!(read("before/p.json"), policy().to_string());
    let after: Value = serde_json::from_str(&read("after/p.json")).unwrap();
    assert_eq!(after["Statement"][0]["Action"], json!(["ec2:DescribeVpcs"]));
    assert_eq!(after["Statement"][1], policy()["Statement"][1]);
    assert_eq!(read("before/managed/own.json"), text.to_string());
    assert!(!place.path(&format!("{home}/after/managed/own.json")).exists(), "nothing is left of it");
    let diff = read("changes.diff");
    assert!(diff.contains("before/managed/own.json") && diff.contains("/dev/null") && diff.contains("ec2:CreateVpc"), "{diff}");

    // A later run in which nothing would change leaves nothing behind that says otherwise.
    assert_eq!(place.run(&["-o", "review"]).status, 0);
    assert!(!place.path(&home).exists());
}

#[test]
fn principals_are_chosen_and_protected_by_name() {
    let place = Place::usual();
    let mut all = details(&policy());
    let list = all["RoleDetailList"].as_array_mut().unwrap();
    list.extend([role("batch", &policy()), role("Break-Glass-admin", &policy())]);
    place.write("details.json", all.to_string());
    let outcomes = |more: &[&str]| -> Vec<(String, String)> {
        let value = place.assumed(&[&["--format", "json"], more].concat()).json();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        value["principals"].as_array().unwrap().iter().map(|one| (text(one, "arn"), text(one, "outcome"))).collect()
    };
    let pairs = |list: &[(&str, &str)]| list.iter().map(|(name, outcome)| ((*name).to_owned(), (*outcome).to_owned())).collect::<Vec<_>>();
    assert_eq!(outcomes(&[]), pairs(&[("Break-Glass-admin", "left"), ("app", "narrowed"), ("batch", "narrowed")]));
    assert_eq!(outcomes(&["--protect", "BAT*"]), pairs(&[("Break-Glass-admin", "left"), ("app", "narrowed"), ("batch", "left")]));
    assert_eq!(outcomes(&["--only", "app"]), pairs(&[("app", "narrowed")]));
    assert_eq!(outcomes(&["--only", "*:role/b*"]), pairs(&[("Break-Glass-admin", "left"), ("batch", "narrowed")]));
}

#[test]
fn resources_are_narrowed_only_where_asked() {
    let topic = |name: &str| format!("arn:aws:sns:us-east-1:{ACCOUNT}:{name}");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sns:DeleteTopic", "Resource": [topic("a"), topic("b")]},
    ]});
    let mut delete = event("sns.amazonaws.com", "DeleteTopic");
    delete["requestParameters"] = json!({"topicArn": topic("a")});
    let place = Place::new(&policy, &[delete]);
    assert_eq!(place.assumed(&[]).status, 0);
    assert_eq!(place.assumed(&["--resources", "-o", "review"]).status, 1);
    let after = fs::read_to_string(place.path(&format!("review/{ACCOUNT}/role/app/after/p.json"))).unwrap();
    assert!(after.contains(&topic("a")) && !after.contains(&topic("b")), "{after}");
}

#[test]
fn access_advisor_is_read_in_both_forms() {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/app");
    let answer = |last: Value| {
        let row = json!({"ServiceName": "EC2", "ServiceNamespace": "ec2", "LastAuthenticated": last, "TotalAuthenticatedEntities": 0});
        json!({ (arn.clone()): {"JobStatus": "COMPLETED", "JobCompletionDate": "2026-06-29T12:00:00Z", "ServicesLastAccessed": [row]}})
    };
    let aardvark = |last: i64| {
        json!({ (arn.clone()): [{"serviceName": "EC2", "serviceNamespace": "ec2", "lastAuthenticated": last, "lastUpdated": "Mon, 29 Jun 2026 12:00:00 GMT",
            "lastAuthenticatedEntity": null, "totalAuthenticatedEntities": 0}]})
    };
    let place = Place::usual();
    let arguments = [
        "analyze",
        "--authorization-details",
        "details.json",
        "--as-of",
        "2026-06-30",
        "--access-advisor",
        "advisor.json",
        "--format",
        "json",
    ];
    for (advice, status, wanted) in [
        (answer(Value::Null), 1, "narrowed"),
        (answer(json!("2026-06-01T00:00:00Z")), 0, "same"),
        (aardvark(0), 1, "narrowed"),
        (aardvark(1_780_000_000_000), 0, "same"),
    ] {
        place.write("advisor.json", advice.to_string());
        let ran = run(&place.path("."), &arguments, None);
        assert_eq!((ran.status, outcome(&ran)), (status, json!(wanted)), "{advice} {}", ran.err);
    }
}

#[test]
fn threads_do_not_change_the_answer() {
    let place = Place::usual();
    for number in 0..40 {
        let names = ["DescribeVpcs", "DescribeSubnets", "CreateSubnet", "NoSuchThing"];
        let events: Vec<_> = (0..50).map(|at| event("ec2.amazonaws.com", names[(at + number) % 3])).collect();
        place.write(&format!("logs/{number}.json"), json!({"Records": events}).to_string());
    }
    let answer = |threads: &str| {
        let mut value = place.assumed(&["--format", "json", "--threads", threads]).json();
        value["made"] = Value::Null;
        value
    };
    let one = answer("1");
    assert_eq!(one, answer("2"));
    assert_eq!(one, answer("7"));
}
