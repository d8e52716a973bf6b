//! Lambda's Invoke and KMS's Encrypt, as the AWS SDK calls them, against a loopback endpoint.

use std::process::Command;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::service::{Mood, Received};
use crate::world::{World, run};

fn lambda(world: &World, arguments: &[&str]) -> Command {
    let address = world.service.on_loopback();
    let mut command = world.command();
    command.args(["get", "--lambda", "bless:prod", "--source", "192.0.2.7", "--endpoint-url", &format!("http://{address}")]);
    command
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// The Region that a request was signed for.
fn region(request: &Received) -> String {
    request.headers["authorization"].split('/').nth(2).expect("a scope").to_owned()
}

#[test]
fn a_certificate_from_a_function() {
    let world = World::new();
    let done = run(&mut lambda(&world, &["--region", "eu-west-1"]));
    assert_eq!(done.status, 0, "{done:?}");
    let asked = &world.service.requests()[0];
    assert!(asked.line.starts_with("POST /2015-03-31/functions/bless%3Aprod/invocations "), "{}", asked.line);
    assert_eq!(region(asked), "eu-west-1");
    assert_eq!((&asked.body["bastion_ips"], &asked.body["remote_usernames"]), (&json!("192.0.2.7"), &json!("ada")));
    assert!(asked.body.get("kmsauth_token").is_none());
    assert!(world.inspect(&world.kept("id-cert.pub")).contains("user certificate"));
}

#[test]
fn a_refusal_is_no_failure_of_the_function() {
    let world = World::new();
    world
        .service
        .set(Mood::Say(r#"{"errorType":"KMSAuthValidationError","errorMessage":"Invalid request, missing kmsauth token"}"#.into()));
    let done = run(&mut lambda(&world, &["--region", "eu-west-1", "--region", "us-east-1"]));
    assert_eq!((done.status, world.service.requests().len()), (1, 1), "no other Region is asked: {done:?}");
    assert!(done.stderr.contains("KMSAuthValidationError: Invalid request, missing kmsauth token"), "{done:?}");
}

#[test]
fn each_region_is_tried_in_its_turn() {
    let world = World::new();
    world.service.set(Mood::Status(404, r#"{"Type":"User","Message":"Function not found","__type":"ResourceNotFoundException"}"#));
    let done = run(&mut lambda(&world, &["--region", "eu-west-1", "--region", "us-east-1"]));
    assert_eq!(done.status, 2, "{done:?}");
    let regions: Vec<String> = world.service.requests().iter().map(region).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    assert!(done.stderr.contains("eu-west-1: ") && done.stderr.contains("us-east-1: ") && done.stderr.contains("Invoke"), "{done:?}");
}

#[test]
fn a_function_that_fails_is_told() {
    let world = World::new();
    world.service.set(Mood::Status(200, "Unhandled"));
    let done = run(&mut lambda(&world, &["--region", "eu-west-1"]));
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.stderr.contains("the function failed (Unhandled)") && done.stderr.contains("boom"), "{done:?}");
}

#[test]
fn a_kmsauth_token_goes_along() {
    let world = World::new();
    let arguments = ["--region", "eu-west-1", "--kmsauth-key-id", "alias/kmsauth", "--kmsauth-to", "bless-prod", "--kmsauth-user", "ada.l"];
    let done = run(&mut lambda(&world, &arguments));
    assert_eq!(done.status, 0, "{done:?}");
    let requests = world.service.requests();
    let encrypt = &requests[0].body;
    assert_eq!(encrypt["EncryptionContext"], json!({"to": "bless-prod", "from": "ada.l", "user_type": "user"}));
    assert_eq!(encrypt["KeyId"], "alias/kmsauth");
    let plain = base64::engine::general_purpose::STANDARD.decode(encrypt["Plaintext"].as_str().expect("base64")).expect("base64");
    let plain: Value = serde_json::from_slice(&plain).expect("JSON");
    assert!(plain["not_before"].as_str() < plain["not_after"].as_str(), "{plain}");
    assert_eq!(requests[1].body["kmsauth_token"], "c2VhbGVk");
    assert!(!done.stderr.contains("c2VhbGVk") && !done.stdout.contains("c2VhbGVk"));
}

#[test]
fn source_addresses_must_be_said() {
    let world = World::new();
    let done = run(world.command().args(["get", "--lambda", "bless", "--region", "eu-west-1"]));
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("--source"), "{done:?}");
}
