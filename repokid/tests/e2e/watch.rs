//! Denials of what was removed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::Arn;
use menagerie_tests::http::{Request, Response, Server};
use menagerie_tests::process::run_within;
use serde_json::{Value, json};

use crate::world::World;

/// What grants things of each kind, none of which is used.
const KINDS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:ListQueues","sqs:ReceiveMessage","sqs:AddPermission","sns:Publish","lambda:UpdateFunctionCode","kms:ScheduleKeyDeletion"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}"#;
const ALLOWS: &str = "because no identity-based policy allows the action";

fn event(id: &str, role: &Arn, action: &str, why: &str, at: Timestamp) -> Value {
    let (service, name) = action.split_once(':').expect("an action");
    let session = format!("arn:aws:sts::{}:assumed-role/reader/s", role.account());
    json!({
        "eventVersion": "1.08", "eventID": id, "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1",
        "errorCode": "AccessDenied",
        "errorMessage": format!("User: {session} is not authorized to perform: {action} on resource: arn:aws:{service}:us-east-1:{}:x {why}", role.account()),
        "userIdentity": {"type": "AssumedRole", "arn": session, "accountId": role.account(),
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role.as_str(), "userName": "reader", "accountId": role.account()}}},
        "requestParameters": null,
    })
}

fn watch(world: &World, events: &[Value], more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let file = world.namespace.write("events.json", json!({ "Records": events }).to_string());
    let run = world.run(&[&["watch", file.to_str().expect("text"), "--json"][..], more].concat());
    let alerts = run.text().lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert!(run.status != Some(2), "{}", run.stderr);
    (run.status, alerts)
}

fn narrowed(label: &str) -> (World, Arn) {
    let world = World::new(label);
    let reader = world.role("reader", &[("kinds", KINDS)]);
    world.done(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(!world.live(&reader)["kinds"].contains("sqs"));
    world.written();
    (world, reader)
}

fn soon() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(60)
}

#[test]
fn each_denial_of_what_was_removed_is_told_once() {
    let (world, reader) = narrowed("told");
    let events = [
        event("e1", &reader, "sqs:ListQueues", ALLOWS, soon()),
        event("e2", &reader, "ec2:RunInstances", ALLOWS, soon()),
        event("e3", &reader, "sqs:ListQueues", ALLOWS, Timestamp::now() - SignedDuration::from_hours(9)),
        event("e4", &reader, "s3:GetObject", ALLOWS, soon()),
    ];
    let (status, alerts) = watch(&world, &events, &[]);
    let told: Vec<_> = alerts.iter().map(|alert| alert["event"].as_str().unwrap_or_default()).collect();
    assert_eq!((status, told), (Some(1), vec!["e1"]), "never granted, before the change, and still granted are not ours");
    assert_eq!(alerts[0]["principal"], reader.as_str());
    assert!(world.written().is_empty(), "nothing is given back unless that is said");
    assert_eq!(watch(&world, &events, &[]), (Some(0), Vec::new()));
}

/// A run that cannot tell everybody, or dies before it has, leaves the denial to the next.
#[test]
fn what_could_not_be_told_everywhere_is_told_again() {
    let (world, reader) = narrowed("again");
    let file =
        world.namespace.write("events.json", json!({ "Records": [event("e1", &reader, "sqs:ListQueues", ALLOWS, soon())] }).to_string());
    let got = Arc::new(Mutex::new(Vec::<Value>::new()));
    let told = Arc::clone(&got);
    let hook = Server::start(move |request: Request| {
        told.lock().expect("no test panics with it").push(serde_json::from_slice(&request.body).expect("is JSON"));
        Some(Response::new(200, ""))
    });
    let watch = |to: &str| {
        let mut command = world.command(&["watch", file.to_str().expect("text"), "--json"]);
        command.env("REPOKID_WEBHOOK", to);
        let done = run_within(Duration::from_secs(60), command, b"");
        (done.status, done.text().lines().count())
    };
    assert_eq!(watch("http://127.0.0.1:1/"), (Some(2), 1), "nobody listens there");
    assert_eq!(watch(&hook.url()), (Some(1), 1));
    assert_eq!(watch(&hook.url()), (Some(0), 0));
    let got = got.lock().expect("no test panics with it");
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!((&got[0]["moment"], &got[0]["roles"][0]["permissions"]), (&json!("denied"), &json!(["sqs:ListQueues"])), "{got:?}");
}

#[test]
fn what_was_denied_comes_back_and_no_more() {
    let (world, reader) = narrowed("back");
    let before = world.live(&reader)["kinds"].clone();
    let (_, alerts) = watch(&world, &[event("e1", &reader, "sqs:ListQueues", ALLOWS, soon())], &["--auto-rollback"]);
    assert!(alerts[0]["answer"]["restored"].is_string(), "{alerts:?}");
    let now = world.live(&reader)["kinds"].clone();
    for (granted, action) in [
        (true, "s3:GetObject"),
        (true, "sqs:ListQueues"),
        (false, "sqs:ReceiveMessage"),
        (false, "sqs:AddPermission"),
        (false, "sns:Publish"),
    ] {
        assert_eq!(now.contains(action), granted, "{action} in {now}");
    }
    assert_eq!(now.matches("aws:SecureTransport").count(), 2, "under the condition that it had: {now}");
    assert!(!before.contains("sqs"));
    // Once a principal and day.
    let (_, alerts) = watch(&world, &[event("e2", &reader, "sns:Publish", ALLOWS, soon())], &["--auto-rollback"]);
    assert!(alerts[0]["answer"]["waits"].as_str().is_some_and(|why| why.contains("today already")), "{alerts:?}");
    assert_eq!(world.live(&reader)["kinds"], now);
}

/// The event history of CloudTrail, which is one of each Region; that of one Region cannot be asked.
fn history(events: Vec<(&'static str, Value)>, asked: Arc<Mutex<BTreeSet<String>>>, closed: Option<&'static str>) -> Server {
    Server::start(move |request: Request| {
        assert!(request.value("x-amz-target").is_some_and(|target| target.ends_with(".LookupEvents")), "{request:?}");
        let signed = request.value("authorization").expect("is signed");
        let region = signed.split('/').nth(2).expect("a scope").to_owned();
        asked.lock().expect("no test panics with it").insert(region.clone());
        let (status, answer) = if closed == Some(region.as_str()) {
            (400, json!({ "__type": "AccessDeniedException", "message": "a service control policy denies it" }))
        } else {
            // A page for each event.
            let of_region: Vec<_> = events.iter().filter(|(of, _)| *of == region).collect();
            let body: Value = serde_json::from_slice(&request.body).expect("is JSON");
            let from: usize = body["NextToken"].as_str().map_or(0, |token| token.parse().expect("a number"));
            let page: Vec<_> =
                of_region.iter().skip(from).take(1).map(|(_, event)| json!({ "CloudTrailEvent": event.to_string() })).collect();
            let next = (from + 1 < of_region.len()).then(|| (from + 1).to_string());
            (200, json!({ "Events": page, "NextToken": next }))
        };
        Some(Response::new(status, answer.to_string()).header("content-type", "application/x-amz-json-1.1"))
    })
}

#[test]
fn the_event_history_of_every_region_is_asked() {
    let (world, reader) = narrowed("history");
    let denied = |id: &str| event(id, &reader, "sqs:ListQueues", ALLOWS, soon());
    // What is of no Region is in several.
    let events =
        vec![("eu-west-1", denied("e1")), ("eu-west-1", denied("e2")), ("sa-east-1", denied("e2")), ("sa-east-1", json!({"no": "event"}))];
    let look = |closed: Option<&'static str>| {
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let server = history(events.clone(), Arc::clone(&asked), closed);
        let mut command = world.command(&["watch", "--account", world.account.as_str(), "--json"]);
        command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", server.url());
        let done = run_within(Duration::from_secs(60), command, b"");
        let told: Vec<Value> = done.text().lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        let told: Vec<_> = told.iter().map(|alert| alert["event"].as_str().expect("an ID").to_owned()).collect();
        let asked = asked.lock().expect("no test panics with it").clone();
        (done.status, told, done.stderr, asked)
    };
    let (status, told, complaints, asked) = look(Some("us-west-2"));
    assert_eq!((status, told), (Some(2), vec!["e1".to_owned(), "e2".to_owned()]), "{complaints}");
    assert!(complaints.contains("us-west-2") && complaints.contains("sa-east-1: 1 events are not"), "{complaints}");
    assert!(asked.len() >= 17 && asked.contains("ap-northeast-3"), "{asked:?}");
    assert_eq!(look(None).1, Vec::<String>::new(), "each is told once");
}

#[test]
fn more_of_the_event_history_than_is_asked_for_is_told() {
    let (world, reader) = narrowed("pages");
    let events = (0..5).map(|number| ("us-east-1", event(&format!("e{number}"), &reader, "sqs:ListQueues", ALLOWS, soon()))).collect();
    let server = history(events, Arc::default(), None);
    let mut command = world.command(&["watch", "--account", world.account.as_str(), "--json", "--pages", "3"]);
    command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", server.url());
    let done = run_within(Duration::from_secs(60), command, b"");
    assert_eq!((done.status, done.text().lines().count()), (Some(2), 3), "{}", done.stderr);
    assert!(done.stderr.contains("us-east-1: there are more events than are asked for"), "{}", done.stderr);
}

/// A thief who calls what we removed must not get it back.
#[test]
fn what_a_thief_would_want_waits_for_a_person() {
    let (world, reader) = narrowed("thief");
    let late = Timestamp::now() + SignedDuration::from_hours(24 * 15);
    let events = [
        event("e1", &reader, "sqs:AddPermission", ALLOWS, soon()),
        event("e2", &reader, "sqs:ReceiveMessage", ALLOWS, soon()),
        event("e3", &reader, "sqs:ListQueues", "with an explicit deny in a service control policy", soon()),
        event("e4", &reader, "sqs:ListQueues", "", soon()),
        event("e5", &reader, "sqs:ListQueues", ALLOWS, late),
        event("e6", &reader, "lambda:UpdateFunctionCode", ALLOWS, soon()),
        event("e7", &reader, "kms:ScheduleKeyDeletion", ALLOWS, soon()),
    ];
    let (_, alerts) = watch(&world, &events, &["--auto-rollback"]);
    let why: Vec<_> = alerts.iter().map(|alert| alert["answer"]["waits"].as_str().unwrap_or("was given back")).collect();
    let expected = [
        "the action manages permissions",
        "the action reads data in bulk",
        "the denial does not say that no identity-based policy allows it",
        "the denial does not say that no identity-based policy allows it",
        "the action is part of a known way to more than is granted",
        "the action can switch off logging or detection, or delete keys or backups",
        "the change was made more than 14 days ago",
    ];
    assert_eq!(why, expected);
    assert!(world.written().is_empty());
}
