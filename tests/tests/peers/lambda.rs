//! Lambda, with the bootstrap that answers an event with the event.

use menagerie_tests::http::{Request, Response, call};
use menagerie_tests::{Delivery, Function, LambdaService, Trouble};
use serde_json::{Value, json};
use std::time::Duration;

fn echo() -> Function {
    Function::new("echo", env!("CARGO_BIN_EXE_echo-bootstrap"))
}

fn invoke(service: &LambdaService, target: &str, body: &str) -> Response {
    let address = service.endpoint().trim_start_matches("http://").parse().expect("an address");
    call(address, &Request::new("POST", &format!("/2015-03-31/functions/{target}"), body)).expect("the service answers")
}

#[test]
fn the_first_invocation_is_cold_and_the_next_are_warm() {
    let service = LambdaService::start([echo().bare()]);
    assert_eq!((service.launches("echo"), service.is_alive("echo")), (0, false));
    for n in 0..3 {
        assert_eq!(service.invoke("echo", json!({ "n": n }).to_string()).json(), json!({ "n": n }));
    }
    assert_eq!((service.launches("echo"), service.is_alive("echo")), (1, true));
    let cold = service.cold_start("echo").expect("it was measured");
    assert!(cold > Duration::from_micros(100) && cold < Duration::from_secs(5), "{cold:?}");
    assert!(service.peak_resident_kib("echo").is_some_and(|kib| kib > 100 && kib < 100_000));
    service.retire("echo");
    let _ = service.invoke("echo", "{}");
    assert_eq!(service.launches("echo"), 2);
}

#[test]
fn the_process_has_lambdas_environment_and_headers() {
    let service = LambdaService::start([echo().handler("module.function").variable("bless_ca_default_password", "blob").task_root("/")]);
    let environment = service.invoke("echo", r#"{"do": "environment"}"#).json();
    let expected = [
        ("_HANDLER", "module.function"),
        ("AWS_LAMBDA_FUNCTION_NAME", "echo"),
        ("AWS_REGION", "us-east-1"),
        ("LAMBDA_TASK_ROOT", "/"),
        ("bless_ca_default_password", "blob"),
    ];
    for (name, value) in expected {
        assert_eq!(environment[name], *value, "{name}");
    }
    assert_eq!(environment["HOME"], Value::Null, "nothing of the test's own environment");
    let headers = service.invoke("echo", r#"{"do": "headers"}"#).json();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:echo";
    assert_eq!(headers["Lambda-Runtime-Invoked-Function-Arn"], arn);
    assert!(headers["Lambda-Runtime-Deadline-Ms"].as_str().is_some_and(|deadline| deadline.len() == 13));
    let response = invoke(&service, "echo/invocations?Qualifier=user", r#"{"do": "headers"}"#);
    let headers: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(headers["Lambda-Runtime-Invoked-Function-Arn"], format!("{arn}:user"));
}

#[test]
fn the_invoke_api_answers_as_awss_does() {
    let service = LambdaService::start([echo()]);
    let response = invoke(&service, "echo/invocations", r#"{"a": 1}"#);
    assert_eq!((response.status, response.text().as_str(), response.value("x-amz-function-error")), (200, r#"{"a": 1}"#, None));
    let response = invoke(&service, "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aecho/invocations", "3");
    assert_eq!((response.status, response.text().as_str()), (200, "3"));
    let response = invoke(&service, "echo/invocations", r#"{"do": "error"}"#);
    assert_eq!((response.status, response.value("X-Amz-Function-Error")), (200, Some("Unhandled")));
    let response = invoke(&service, "other/invocations", "{}");
    assert_eq!((response.status, response.value("x-amzn-errortype")), (404, Some("ResourceNotFoundException")));
    let response = invoke(&service, "echo/invocations", "{");
    assert_eq!((response.status, response.value("x-amzn-errortype")), (400, Some("InvalidRequestContentException")));
    service.refuse(Some((429, "TooManyRequestsException", "Rate Exceeded.")));
    assert_eq!(invoke(&service, "echo/invocations", "{}").status, 429);
    service.refuse(None);
    assert_eq!(invoke(&service, "echo/invocations", "{}").status, 200);
}

#[test]
fn trouble_is_told_apart_and_the_next_invocation_works() {
    let service = LambdaService::start([echo().timeout(Duration::from_millis(1500))]);
    for (what, trouble) in [("exit", Trouble::Exit), ("hang", Trouble::Timeout), ("error", Trouble::Reported), ("skip", Trouble::Skipped)] {
        let invocation = service.invoke("echo", json!({ "do": what }).to_string());
        assert_eq!(invocation.trouble, Some(trouble), "{what}: {}", invocation.json());
        assert_eq!(service.invoke("echo", "1").json(), json!(1), "after {what}");
    }
    assert_eq!(service.launches("echo"), 3, "anew after the exit and after the time-out");
}

#[test]
fn a_failed_start_is_told() {
    let service = LambdaService::start([echo().variable("FAIL_INIT", "1")]);
    let invocation = service.invoke("echo", "{}");
    assert_eq!((invocation.trouble.clone(), invocation.json()["errorType"].as_str()), (Some(Trouble::Init), Some("Test.Init")));
    assert!(!service.is_alive("echo"));
}

#[test]
fn a_malformed_delivery_reaches_the_bootstrap() {
    let service = LambdaService::start([echo()]);
    let delivery: Delivery = LambdaService::delivery("echo", None, b"\xff\0 no JSON").without("Lambda-Runtime-Invoked-Function-Arn");
    let invocation = service.deliver("echo", &delivery.with("Lambda-Runtime-Deadline-Ms", "soon"));
    assert_eq!((invocation.trouble, invocation.payload), (None, "\u{fffd}\0 no JSON".into()));
    let headers = LambdaService::delivery("echo", None, r#"{"do": "headers"}"#).with("Lambda-Runtime-Deadline-Ms", "soon");
    assert_eq!(service.deliver("echo", &headers).json()["Lambda-Runtime-Deadline-Ms"], "soon");
}
