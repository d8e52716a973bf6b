//! The log of a function: its line is where the configuration says before the answer leaves, or there is no certificate.

use menagerie_tests::process::{Finished, free_port, run};
use menagerie_tests::{Function, LambdaService, Moto};
use serde_json::Value;

use super::Package;

fn on_moto(function: Function, target: &str) -> Function {
    function.variable("BLESS_LOG", target).variable("AWS_ENDPOINT_URL", Moto::shared().endpoint())
}

fn verify(package: &Package, target: &str) -> Finished {
    let mut command = package.authority.bless();
    command.args(["log", "verify", target]).envs(Moto::shared().environment());
    run(command, b"")
}

/// Each certificate's line is there as soon as its answer is.
fn lines_precede_answers(package: &Package, function: Function, lines: impl Fn() -> Vec<String>) {
    let lambda = LambdaService::start([function]);
    let event = package.event();
    for number in 1..=20 {
        let serial = package.issued(&lambda, &event).to_string();
        let lines = lines();
        let of_serial = |line: &&String| serde_json::from_str::<Value>(line).expect("JSON")["serial"] == serial.as_str();
        assert_eq!((lines.len(), lines.iter().filter(of_serial).count()), (number, 1));
    }
    let refused = package.answer(&lambda, &serde_json::json!({}));
    assert_eq!((&refused["errorType"], lines().len()), (&Value::from("InputValidationError"), 21));
}

#[test]
fn to_the_functions_own_group_unless_told() {
    let package = Package::new("own-group");
    package.authority.change("[log]", "[serve]\n#");
    package.authority.change("target = \"file:log.jsonl\"", "#");
    package.authority.change("\n[serve]\nsocket = \"bless.sock\"", "\nsocket = \"bless.sock\"");
    let group = format!("/aws/lambda/{}", package.name);
    let moto = Moto::shared();
    moto.create_log_group(&group);
    let function = package.function_without_log().variable("AWS_ENDPOINT_URL", moto.endpoint());
    lines_precede_answers(&package, function, || moto.log_messages(&group));
    let verified = verify(&package, &format!("cloudwatch:{group}")).success();
    assert!(verified.stderr.contains("entries 21, chains 1"), "{}", verified.stderr);
}

#[test]
fn to_cloudwatch() {
    let package = Package::new("cloudwatch");
    let group = package.authority.namespace.name("group");
    let moto = Moto::shared();
    moto.create_log_group(&group);
    let target = format!("cloudwatch:{group}:issued/");
    lines_precede_answers(&package, on_moto(package.function(), &target), || moto.log_messages(&group));
    let _ = verify(&package, &target).success();
}

#[test]
fn to_dynamodb() {
    let package = Package::new("dynamodb");
    let table = package.authority.namespace.name("table");
    let moto = Moto::shared();
    moto.create_table(&table, &[("writer", "S"), ("seq", "N")]);
    let target = format!("dynamodb:{table}");
    let lines = || {
        let mut lines = Vec::new();
        for item in moto.items(&table) {
            let list = item["lines"]["L"].as_array().expect("a list").clone();
            lines.extend(list.iter().map(|line| line["S"].as_str().expect("a text").to_owned()));
        }
        lines
    };
    lines_precede_answers(&package, on_moto(package.function(), &target), lines);
    let _ = verify(&package, &target).success();
}

#[test]
fn no_log_no_certificate() {
    let closed = format!("http://127.0.0.1:{}", free_port());
    for (target, endpoint) in [
        ("cloudwatch:no-such-group", Moto::shared().endpoint()),
        ("dynamodb:no-such-table", Moto::shared().endpoint()),
        ("cloudwatch:any", &closed),
        ("dynamodb:any", &closed),
        ("file:/proc/none/log.jsonl", &closed),
    ] {
        let package = Package::new("no-log");
        let function = package.function().variable("BLESS_LOG", target).variable("AWS_ENDPOINT_URL", endpoint);
        let lambda = LambdaService::start([function]);
        let invocation = lambda.invoke(&package.name, package.event().to_string());
        let answer = invocation.json();
        assert_eq!(answer["certificate"], Value::Null, "{target}: {answer}");
        let message = answer["errorMessage"].as_str().expect("a message");
        if target.starts_with("file:") {
            assert!(message.contains("the log of issuances cannot be opened"), "{target}: {message}");
        } else {
            assert_eq!((invocation.trouble, answer["errorType"].as_str()), (None, Some("ClientError")), "{target}");
            assert!(message.contains("the log of issuances cannot be written"), "{target}: {message}");
        }
    }
}

/// What was not acknowledged is in no chain: once the log can be written, a new writer begins, and the log is whole.
#[test]
fn a_log_that_comes_back() {
    let package = Package::new("log-back");
    let group = package.authority.namespace.name("later");
    let target = format!("cloudwatch:{group}");
    let lambda = LambdaService::start([on_moto(package.function(), &target)]);
    let event = package.event();
    for _ in 0..2 {
        assert_eq!(package.answer(&lambda, &event)["errorType"], "ClientError");
    }
    Moto::shared().create_log_group(&group);
    let serials = [package.issued(&lambda, &event), package.issued(&lambda, &event)];
    let lines = Moto::shared().log_messages(&group);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, serial) in lines.iter().zip(serials) {
        assert!(line.contains(&format!("\"serial\":\"{serial}\"")), "{line}");
    }
    let _ = verify(&package, &target).success();
}
