//! Starts, warm calls, and whatever an event can be.

use std::collections::BTreeSet;

use menagerie_tests::{Delivery, LambdaService, Trouble};

use super::Package;

#[test]
fn cold_start_and_warm_calls() {
    let package = Package::new("warm");
    let lambda = LambdaService::start([package.function()]);
    let event = package.event();
    let serials: BTreeSet<_> = (0..200).map(|_| package.issued(&lambda, &event)).collect();
    assert_eq!((serials.len(), lambda.launches(&package.name)), (200, 1));
    assert!(!serials.contains(&0));
    lambda.retire(&package.name);
    assert!(!serials.contains(&package.issued(&lambda, &event)));
    assert_eq!(lambda.launches(&package.name), 2);
    // One chain an execution environment.
    let verified = package.authority.run(&["log", "verify", "ca/log.jsonl"]).success();
    assert_eq!(verified.text().lines().count(), 2, "{verified:?}");
    assert!(verified.stderr.contains("entries 201, chains 2"), "{}", verified.stderr);
}

/// After each bad event two good ones are answered by the same process.
#[test]
fn no_body_ends_the_process() {
    let package = Package::new("bodies");
    let lambda = LambdaService::start([package.function()]);
    let event = package.event();
    let deep = "[".repeat(200_000);
    let huge = vec![b' '; 6 << 20];
    let larger_than_lambda_sends = vec![b'x'; 8 << 20];
    let nul = b"{\"bastion_user\": \"\\u0000\"}";
    let bodies: [&[u8]; 12] = [
        b"",
        b"not JSON",
        b"{",
        b"{}x",
        b"\xff\xfe\x00",
        b"{\"bastion_user\": \"\xff\"}",
        b"null",
        b"1e999",
        nul,
        deep.as_bytes(),
        &huge,
        &larger_than_lambda_sends,
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        let invocation = lambda.invoke(&package.name, body);
        assert_eq!(invocation.trouble, None, "{shown}");
        let answer = invocation.json();
        assert_eq!(answer["errorType"], "InputValidationError", "{shown}: {answer}");
        for _ in 0..2 {
            let _ = package.issued(&lambda, &event);
        }
    }
    assert!(lambda.is_alive(&package.name));
    assert_eq!(lambda.launches(&package.name), 1, "the process ended");
}

#[test]
fn odd_headers() {
    let package = Package::new("headers");
    let lambda = LambdaService::start([package.function()]);
    let event = package.event();
    let delivery = || LambdaService::delivery(&package.name, None, event.to_string());
    type Change = fn(Delivery) -> Delivery;
    let answered: [Change; 10] = [
        |delivery| delivery.with("Lambda-Runtime-Deadline-Ms", ""),
        |delivery| delivery.with("Lambda-Runtime-Deadline-Ms", "soon"),
        |delivery| delivery.with("Lambda-Runtime-Deadline-Ms", "99999999999999999999999"),
        |delivery| delivery.with("Lambda-Runtime-Client-Context", "{\"client\":5,\"custom\":[]}"),
        |delivery| delivery.with("Lambda-Runtime-Client-Context", "not JSON"),
        |delivery| delivery.with("Lambda-Runtime-Cognito-Identity", "{\"cognitoIdentityId\":null}"),
        |delivery| delivery.without("Lambda-Runtime-Trace-Id"),
        |delivery| delivery.with("Lambda-Runtime-Trace-Id", "caf\u{e9}"),
        |delivery| delivery.without("Content-Type"),
        |delivery| delivery.without("Lambda-Runtime-Invoked-Function-Arn"),
    ];
    for change in answered {
        let changed = change(delivery());
        let invocation = lambda.deliver(&package.name, &changed);
        assert_eq!(invocation.trouble, None, "{changed:?}");
        assert!(invocation.json()["certificate"].is_string(), "{changed:?}");
        let _ = package.issued(&lambda, &event);
    }
    // Without an ID there is nowhere to answer to; a status that is no event is asked for again.
    let id = "Lambda-Runtime-Aws-Request-Id";
    for changed in [delivery().without(id), delivery().with(id, "../../init/error"), delivery().status(500), delivery().status(403)] {
        let invocation = lambda.deliver(&package.name, &changed);
        assert_eq!(invocation.trouble, Some(Trouble::Skipped), "{changed:?}");
        for _ in 0..2 {
            let _ = package.issued(&lambda, &event);
        }
    }
    assert_eq!(lambda.launches(&package.name), 1, "the process ended");
}
