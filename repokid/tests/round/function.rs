//! The Lambda function: an event is a round.

use menagerie_tests::{Function, LambdaService, Trouble};
use serde_json::json;

use crate::both;
use crate::place::Place;
use crate::world::World;

both!(an_event_is_a_round, a_warm_function_reads_the_blocklist_anew, what_is_no_event_is_told);

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":"*"}]}"#;

fn function(world: &World<'_>, name: &str) -> Function {
    let function = Function::new(name, env!("CARGO_BIN_EXE_repokid-lambda")).variable("AWS_ENDPOINT_URL", world.moto.endpoint());
    let function = function.variable("AWS_ENDPOINT_URL_IAM", world.iam.url());
    let config = world.namespace.file("config.json");
    function.variable("REPOKID_STATE", world.place.url()).variable("REPOKID_CONFIG_LOCATION", config.to_str().expect("text"))
}

fn an_event_is_a_round(place: &Place) {
    let world = World::new("function", place, json!({}));
    let (account, arn) = (world.account.clone(), world.role("reader", &[("data", POLICY)]));
    // What Access Advisor says is in the state already; moto has none to ask.
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    world.done(&["update_role_cache", &account, "--access-advisor", &advisor]);
    let name = world.namespace.name("function");
    let lambda = LambdaService::start([function(&world, &name)]);
    let dry = lambda.invoke(&name, json!({ "accounts": [account] }).to_string()).json();
    assert_eq!((&dry["commit"], &dry["accounts"][0]["scheduled"][0]["role"]), (&json!(false), &json!("reader")), "{dry}");
    assert_eq!(world.policy("reader", "data"), POLICY);
    let done = lambda.invoke(&name, json!({ "accounts": [account], "commit": true }).to_string()).json();
    assert_eq!(done["accounts"][0]["changed"], json!(1), "{done} {}", lambda.output(&name));
    assert!(!world.policy("reader", "data").contains("sqs"));
    assert_eq!(lambda.launches(&name), 1);
}

/// A warm function has been there since before somebody was put on the list.
fn a_warm_function_reads_the_blocklist_anew(place: &Place) {
    let namespace = menagerie_tests::Namespace::new("warm");
    let bucket = namespace.name("blocklist");
    let file = json!({ "bucket": bucket, "key": "blocklist.json", "region": "us-east-1" });
    let config = json!({
        "active_filters": ["repokid.filters.blocklist:BlocklistFilter"],
        "filter_config": { "BlocklistFilter": { "blocklist_bucket": file } },
    });
    let world = World::new("warm", place, config);
    world.moto.create_bucket(&bucket);
    let block = |names: serde_json::Value| {
        world.moto.put_object(&bucket, "blocklist.json", json!({ "names": names, "arns": [] }).to_string());
    };
    block(json!({}));
    let (account, arn) = (world.account.clone(), world.role("reader", &[("data", POLICY)]));
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    world.done(&["update_role_cache", &account, "--access-advisor", &advisor]);
    let name = world.namespace.name("function");
    let lambda = LambdaService::start([function(&world, &name)]);
    let dry = lambda.invoke(&name, json!({ "accounts": [account] }).to_string()).json();
    assert_eq!(dry["accounts"][0]["scheduled"][0]["role"], json!("reader"), "{dry}");
    block(json!({ "reader": ["all"] }));
    let done = lambda.invoke(&name, json!({ "accounts": [account], "commit": true }).to_string()).json();
    assert_eq!((&done["accounts"][0]["changed"], &done["accounts"][0]["scheduled"]), (&json!(0), &json!([])), "{done}");
    assert_eq!((world.policy("reader", "data"), lambda.launches(&name)), (POLICY.to_owned(), 1));
}

fn what_is_no_event_is_told(place: &Place) {
    let world = World::new("noevent", place, json!({}));
    let name = world.namespace.name("function");
    let lambda = LambdaService::start([function(&world, &name)]);
    for event in
        ["{}", "[]", "nonsense", r#"{"accounts": []}"#, r#"{"accounts": ["12"]}"#, r#"{"accounts": ["111122223333"], "comit": true}"#]
    {
        assert_eq!(lambda.invoke(&name, event).json()["errorType"], json!("Event.Invalid"), "{event}");
    }
    assert_eq!(lambda.launches(&name), 1);
    let broken = world.namespace.name("broken");
    let lambda = LambdaService::start([function(&world, &broken).variable("REPOKID_STATE", "")]);
    assert_eq!(lambda.invoke(&broken, "{}").trouble, Some(Trouble::Init));
}
