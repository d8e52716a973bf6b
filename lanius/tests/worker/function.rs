//! The worker on Lambda: batches of SQS over the Runtime API, and partial failures.

use menagerie_tests::{Function, LambdaService, Trouble};
use serde_json::{Value, json};

use crate::world::{World, secret};

fn function(world: &World, name: &str) -> Function {
    let function = Function::new(name, env!("CARGO_BIN_EXE_lanius-lambda")).variable("AWS_ENDPOINT_URL", world.moto.endpoint());
    function.variable("LANIUS_RESULTS", world.place("results"))
}

fn batch(bodies: &[(&str, String)]) -> String {
    let record = |(id, body): &(&str, String)| json!({"messageId": id, "receiptHandle": "r", "body": body, "eventSource": "aws:sqs"});
    json!({"Records": bodies.iter().map(record).collect::<Vec<_>>()}).to_string()
}

#[test]
fn only_what_failed_is_delivered_again() {
    let world = World::new("lambda");
    let name = world.namespace.name("function");
    let (good, other) = (world.put("in/1", &secret(1)), world.put("in/2", &secret(2)));
    let lambda = LambdaService::start([function(&world, &name)]);
    let event = batch(&[
        ("m1", world.event("in/1", &good).to_string()),
        ("m2", "hello".to_owned()),
        ("m3", world.event("in/2", &other).to_string()),
    ]);
    let answer: Value = lambda.invoke(&name, &event).json();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m2"}]}), "{}", lambda.output(&name));
    assert_eq!(world.found(), ["in/1", "in/2"]);
    // Delivered twice, scanned once.
    assert_eq!(lambda.invoke(&name, &event).json(), answer);
    assert_eq!((world.result_keys().len(), lambda.launches(&name)), (2, 1));
}

#[test]
fn what_is_no_batch_is_an_error_and_no_end() {
    let world = World::new("nobatch");
    let name = world.namespace.name("function");
    let lambda = LambdaService::start([function(&world, &name)]);
    for event in ["{}", "nonsense", "[]", ""] {
        let invocation = lambda.invoke(&name, event);
        assert!(invocation.json()["errorMessage"].as_str().is_some_and(|text| text.contains("no batch of SQS")), "{event}");
    }
    assert_eq!(lambda.invoke(&name, batch(&[])).json(), json!({"batchItemFailures": []}));
    assert_eq!(lambda.launches(&name), 1);
}

#[test]
fn a_bad_configuration_is_an_init_error() {
    let world = World::new("badinit");
    for (variable, value) in
        [("LANIUS_RESULTS", "nowhere"), ("LANIUS_FORMAT", "xml"), ("LANIUS_AT_ONCE", "0"), ("LANIUS_RULES", "missing.toml")]
    {
        let name = world.namespace.name(&variable.to_lowercase().replace('_', "-"));
        let lambda = LambdaService::start([function(&world, &name).variable(variable, value)]);
        let invocation = lambda.invoke(&name, batch(&[]));
        assert_eq!(invocation.trouble, Some(Trouble::Init), "{variable}");
        assert_eq!(invocation.json()["errorType"], "Configuration.Invalid");
    }
}
