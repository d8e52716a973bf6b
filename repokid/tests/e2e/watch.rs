//! Denials of what was removed.

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::Arn;
use serde_json::{Value, json};

use crate::world::World;

/// What grants things of each kind, none of which is used.
const KINDS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:ListQueues","sqs:ReceiveMessage","sqs:AddPermission","sns:Publish"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}"#;
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
    ];
    let (_, alerts) = watch(&world, &events, &["--auto-rollback"]);
    let why: Vec<_> = alerts.iter().map(|alert| alert["answer"]["waits"].as_str().unwrap_or("was given back")).collect();
    let expected = [
        "the action manages permissions",
        "the action reads data in bulk",
        "the denial does not say that no identity-based policy allows it",
        "the denial does not say that no identity-based policy allows it",
        "the change was made more than 14 days ago",
    ];
    assert_eq!(why, expected);
    assert!(world.written().is_empty());
}
