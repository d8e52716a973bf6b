//! What the function is told before its first event: configuration and handler.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_tests::{Function, KmsFailure, KmsServer, LambdaService, SigningKey, Trouble, assert_eventually};

use super::Package;
use crate::authority::PASSPHRASE;
use crate::events::host_event;

#[test]
fn a_bad_configuration_is_an_init_error() {
    for (from, to, named) in [
        ("[user]\n", "[user]\nvalidty = \"5m\"\n", "validty"),
        ("validity = \"1h\"", "validity = \"soon\"", "validity"),
        ("key_file = \"ca_key\"", "", "key_file"),
        ("[log]", "[loggg]", "loggg"),
    ] {
        let package = Package::new("init");
        package.authority.change(from, to);
        let lambda = LambdaService::start([package.function()]);
        let invocation = lambda.invoke(&package.name, package.event().to_string());
        assert_eq!(invocation.trouble, Some(Trouble::Init), "{to}");
        let report = invocation.json();
        assert_eq!(report["errorType"], "Configuration.Invalid");
        assert!(report["errorMessage"].as_str().is_some_and(|text| text.contains(named)), "{report}");
        assert_eventually!(!lambda.is_alive(&package.name));
    }
}

#[test]
fn a_missing_configuration_is_an_init_error() {
    let package = Package::new("missing");
    let lambda = LambdaService::start([package.function().variable("BLESS_CONFIG", "elsewhere.toml")]);
    let invocation = lambda.invoke(&package.name, package.event().to_string());
    assert_eq!(invocation.trouble, Some(Trouble::Init));
    assert!(invocation.json()["errorMessage"].as_str().is_some_and(|text| text.contains("elsewhere.toml")));
}

/// A key that cannot be had is no reason not to start: KMS may answer the next call.
#[test]
fn a_wrong_passphrase_is_told_to_each_caller() {
    let package = Package::new("passphrase");
    let lambda = LambdaService::start([package.function().variable("BLESS_CA_PASSPHRASE", "another")]);
    for _ in 0..2 {
        let answer = package.answer(&lambda, &package.event());
        assert_eq!(answer["errorType"], "ClientError", "{answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains("passphrase")), "{answer}");
    }
    assert_eq!(lambda.launches(&package.name), 1);
}

#[test]
fn the_handler_is_by_setting_or_by_fields() {
    let package = Package::new("handler");
    let arn = LambdaService::arn(&package.name, None);
    package.authority.append(&format!("[[host.allow]]\nfunction = \"{arn}\"\nnames = [\"db1.example.com\"]\n"));
    let user = package.event();
    let host = host_event(user["public_key_to_sign"].as_str().expect("a key"), "db1.example.com");
    for (handler, takes_user, takes_host) in [
        ("bootstrap", true, true),
        ("", true, true),
        ("bless_lambda.lambda_handler", true, false),
        ("bless_lambda_user.lambda_handler_user", true, false),
        ("bless_lambda_host.lambda_handler_host", false, true),
        ("user", true, false),
        ("host", false, true),
    ] {
        let lambda = LambdaService::start([package.function().handler(handler)]);
        for (event, taken) in [(&user, takes_user), (&host, takes_host)] {
            let answer = package.answer(&lambda, event);
            assert_eq!(answer["certificate"].is_string(), taken, "{handler}: {answer}");
        }
    }
}

/// What `bless ca init` writes wants an authenticated caller, and Lambda names none.
#[test]
fn the_written_configuration_wants_authentication() {
    let package = Package::new("required");
    package.authority.change("[authentication]\nrequired = false", "[authentication]\nrequired = true");
    let lambda = LambdaService::start([package.function()]);
    let answer = package.answer(&lambda, &package.event());
    assert_eq!(answer["errorType"], "InputValidationError");
    assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains("authenticated caller")), "{answer}");
}

/// A function whose `bless.toml` has its passphrase under a key of this KMS.
fn with_passphrase_in_kms(package: &Package, kms: &KmsServer) -> Function {
    let ciphertext = STANDARD.encode(kms.encrypt(&kms.create_symmetric_key(), PASSPHRASE.as_bytes(), &[]));
    package.authority.change("key_file = \"ca_key\"", &format!("key_file = \"ca_key\"\npassphrase_kms = \"{ciphertext}\""));
    Function::new(&package.name, env!("CARGO_BIN_EXE_bless-lambda"))
        .task_root(package.authority.namespace.file("ca"))
        .variable("BLESS_CONFIG", "bless.toml")
        .variable("AWS_ENDPOINT_URL_KMS", kms.endpoint())
}

#[test]
fn the_passphrase_by_kms() {
    let (package, kms) = (Package::new("passphrase-kms"), KmsServer::start());
    let lambda = LambdaService::start([with_passphrase_in_kms(&package, &kms)]);
    let _ = package.issued(&lambda, &package.event());
    let _ = package.issued(&lambda, &package.event());
    assert_eq!(kms.calls().len(), 1, "the passphrase is asked for once an environment");
}

/// While KMS fails, each caller is told so; once it answers again, so does the same process.
#[test]
fn a_kms_that_comes_back() {
    let (package, kms) = (Package::new("kms-back"), KmsServer::start());
    let lambda = LambdaService::start([with_passphrase_in_kms(&package, &kms)]);
    let event = package.event();
    for (failure, text) in [
        (KmsFailure::AccessDenied, "An error occurred (AccessDeniedException) when calling the Decrypt operation"),
        (KmsFailure::Internal, "An error occurred (KMSInternalException) when calling the Decrypt operation"),
        (KmsFailure::Close, "KMS could not be reached for Decrypt"),
    ] {
        kms.fail("Decrypt", failure);
        let answer = package.answer(&lambda, &event);
        assert_eq!(answer["errorType"], "ClientError", "{failure:?}: {answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|message| message.contains(text)), "{failure:?}: {answer}");
    }
    kms.recover();
    let _ = package.issued(&lambda, &event);
    let _ = package.issued(&lambda, &event);
    assert_eq!(lambda.launches(&package.name), 1);
}

/// The CA's key in KMS, of every type: what it signs is checked by code that does not trust KMS.
#[test]
fn the_ca_in_kms() {
    let kms = KmsServer::start();
    for kind in [SigningKey::Ed25519, SigningKey::P256, SigningKey::P384, SigningKey::Rsa2048] {
        let package = Package::new("kms-ca");
        package.authority.change("key_file = \"ca_key\"", &format!("kms_key = \"{}\"", kms.create_signing_key(kind)));
        let lambda = LambdaService::start([package.function().variable("AWS_ENDPOINT_URL_KMS", kms.endpoint())]);
        let event = package.event();
        let _ = package.issued(&lambda, &event);
        kms.fail("Sign", KmsFailure::OtherSignature);
        let answer = package.answer(&lambda, &event);
        assert!(answer["certificate"].is_null(), "{kind:?}: {answer}");
        kms.recover();
        let _ = package.issued(&lambda, &event);
    }
}

/// A KMS that never answers: the caller is told before Lambda's time is over, and the same process answers the next ones.
#[test]
fn a_silent_kms() {
    let (package, kms) = (Package::new("silent"), KmsServer::start());
    package.authority.change("key_file = \"ca_key\"", &format!("kms_key = \"{}\"", kms.create_signing_key(SigningKey::Ed25519)));
    let function = package.function().variable("AWS_ENDPOINT_URL_KMS", kms.endpoint()).timeout(Duration::from_secs(4));
    let lambda = LambdaService::start([function]);
    let event = package.event();
    let _ = package.issued(&lambda, &event);
    kms.fail("Sign", KmsFailure::Hang);
    let answer = package.answer(&lambda, &event);
    assert_eq!((answer["errorType"].as_str(), &answer["certificate"]), (Some("ClientError"), &serde_json::Value::Null), "{answer}");
    kms.recover();
    let _ = package.issued(&lambda, &event);
    let _ = package.issued(&lambda, &event);
    assert_eq!(lambda.launches(&package.name), 1);
}
