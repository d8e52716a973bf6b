//! `bless get` from a function, by the AWS SDK, and the login with what it got.

use menagerie_tests::process::run;
use menagerie_tests::{LambdaService, Moto, Sshd, SshdOptions};
use serde_json::Value;

use super::Package;
use crate::events::{fresh_key, host_event, unused_name};
use crate::netflix::token;

#[test]
fn gets_a_certificate_with_kmsauth_and_logs_in() {
    let package = Package::new("get-lambda");
    let moto = Moto::shared();
    let key = moto.create_symmetric_key();
    package.authority.change("[authentication]\nrequired = false", "[authentication]\nrequired = true");
    package.authority.append(&format!("[authentication.kmsauth]\nkey_ids = [\"{key}\"]\nservice_id = \"bless\"\n"));
    let lambda = LambdaService::start([package.function().variable("AWS_ENDPOINT_URL", moto.endpoint())]);
    let get = |more: &[&str]| {
        let mut command = package.authority.bless();
        command.args(["get", "--lambda", &package.name, "--region", "us-east-1", "--user", "alice", "--source", "127.0.0.1"]);
        command.args(["--cache-dir", "cache", "--no-agent"]).args(more);
        command.envs(moto.environment()).env("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint());
        run(command, b"")
    };
    let refused = get(&[]);
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("missing kmsauth token"), "{}", refused.stderr);
    let _ = get(&["--kmsauth-key-id", &key, "--kmsauth-to", "bless"]).success();
    let options = SshdOptions {
        trusted_user_ca: vec![package.authority.public()],
        principals: Some(vec!["alice".to_owned()]),
        ..SshdOptions::default()
    };
    let sshd = Sshd::start(&package.authority.namespace, &options);
    let _ = sshd.ssh().identity(package.authority.namespace.file("cache/default/id")).run("true").success();
    let lines = package.authority.log_lines();
    let last = lines.last().expect("a line");
    assert_eq!((last["verified"]["method"].as_str(), last["verified"]["user"].as_str()), (Some("kmsauth"), Some("alice")));
    assert_eq!((lines.len(), last["function"].as_str()), (2, Some(LambdaService::arn(&package.name, None).as_str())));
}

/// Names of hosts that a user may have whom kmsauth verified: no token, another user and another name get nothing.
#[test]
fn host_certificates_for_a_user_of_kmsauth() {
    let package = Package::new("host-user");
    let moto = Moto::shared();
    let key = moto.create_symmetric_key();
    package.authority.append(&format!(
        "[authentication.kmsauth]\nkey_ids = [\"{key}\"]\nservice_id = \"bless\"\n[[host.allow]]\nuser = \"builder\"\nnames = [\"*.lab.example.com\"]\n"
    ));
    let lambda = LambdaService::start([package.function().variable("AWS_ENDPOINT_URL", moto.endpoint())]);
    let ask = |names: &str, claims: Option<(&str, &str)>| {
        let mut event = host_event(&fresh_key(&package.authority.namespace, &unused_name()), names);
        if let Some((claimed, encrypted)) = claims {
            event["bastion_user"] = claimed.into();
            event["kmsauth_token"] = token(&key, encrypted, "bless", (-3, 7)).into();
        }
        package.answer(&lambda, &event)
    };
    assert!(ask("db1.lab.example.com", Some(("builder", "builder")))["certificate"].is_string());
    for (names, claims) in [
        ("db1.lab.example.com", None),
        ("db1.lab.example.com", Some(("alice", "alice"))),
        ("db1.lab.example.com", Some(("builder", "alice"))),
        ("db1.example.com", Some(("builder", "builder"))),
    ] {
        let answer = ask(names, claims);
        assert_eq!(answer["certificate"], Value::Null, "{names} {claims:?}: {answer}");
    }
}

/// With a role to assume, STS is asked first; without STS there is no call to the function.
#[test]
fn assumes_a_role_first() {
    let package = Package::new("assume-role");
    let moto = Moto::shared();
    let lambda = LambdaService::start([package.function().variable("AWS_ENDPOINT_URL", moto.endpoint())]);
    let get = |sts: &str| {
        let mut command = package.authority.bless();
        command.args(["get", "--lambda", &package.name, "--region", "us-east-1", "--user", "alice", "--source", "127.0.0.1"]);
        command.args(["--cache-dir", "cache", "--no-agent", "--assume-role", "arn:aws:iam::123456789012:role/engineers"]);
        command.envs(moto.environment()).env("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint()).env("AWS_ENDPOINT_URL_STS", sts);
        run(command, b"")
    };
    let refused = get("http://127.0.0.1:1");
    assert_eq!((refused.status, lambda.launches(&package.name)), (Some(2), 0), "{refused:?}");
    let _ = get(moto.endpoint()).success();
    assert_eq!(lambda.launches(&package.name), 1);
}
