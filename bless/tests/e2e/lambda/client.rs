//! `bless get` from a function, by the AWS SDK, and the login with what it got.

use menagerie_tests::process::run;
use menagerie_tests::{LambdaService, Moto, Sshd, SshdOptions};

use super::Package;

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
