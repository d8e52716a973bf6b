//! Every form of CA key that BLESS's configuration can name, through `bless handle` and through the Lambda function.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_tests::keys::{SshKey, generate_ssh_key, public_line};
use menagerie_tests::process::run;
use menagerie_tests::{LambdaService, Moto, Sshd, SshdOptions};
use serde_json::Value;

use super::{Deployment, Form, answer, certificate};
use crate::authority::shown_by_openssh;
use crate::events::{fresh_key, user_event, with};

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes it")
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes it")
}

fn signed_by(deployment: &Deployment, answer: &Value) {
    let path = certificate(&deployment.namespace, "certificate", answer);
    let shown = shown_by_openssh(&path);
    let ca = deployment.namespace.write("ca.pub", deployment.public());
    let fingerprint = menagerie_tests::keys::ssh_keygen(["-l", "-f", crate::authority::text(&ca)]).success().text();
    let fingerprint = fingerprint.split(' ').nth(1).expect("a fingerprint");
    assert!(shown.contains(fingerprint) && shown.contains("(using rsa-sha2-512)"), "{shown}");
}

fn every_compression(form: Form, head: &str) {
    let deployment = Deployment::with_key("forms", form);
    let key = deployment.private_key();
    let text = String::from_utf8_lossy(&key);
    assert!(text.starts_with(head), "{text}");
    assert!(!matches!(form, Form::Pkcs1) || text.contains("Proc-Type: 4,ENCRYPTED"), "{text}");
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    for (name, packed) in [("none", key.clone()), ("zlib", zlib(&key)), ("bz2", bz2(&key))] {
        let _ = deployment.namespace.write("packed", &packed);
        deployment.configure("", &format!("ca_private_key_file = packed\nca_private_key_compression = {name}"), "");
        signed_by(&deployment, &deployment.handle(&["user"], &event));
        // In the environment, inline, and before the file.
        deployment.configure("", "ca_private_key_file = nowhere.pem", "");
        let mut command = deployment.command(&["user"]);
        command.env("bless_ca_ca_private_key", STANDARD.encode(&packed)).env("bless_ca_ca_private_key_compression", name);
        signed_by(&deployment, &answer(&run(command, event.to_string().as_bytes())));
    }
    let lambda = LambdaService::start([deployment
        .function("bless_lambda.lambda_handler")
        .variable("bless_ca_ca_private_key", STANDARD.encode(zlib(&key)))
        .variable("bless_ca_ca_private_key_compression", "zlib")]);
    signed_by(&deployment, &deployment.invoke(&lambda, &event));
}

#[test]
fn pkcs1() {
    every_compression(Form::Pkcs1, "-----BEGIN RSA PRIVATE KEY-----");
}

#[test]
fn pkcs8() {
    every_compression(Form::Pkcs8, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
}

#[test]
fn openssh() {
    every_compression(Form::OpenSsh, "-----BEGIN OPENSSH PRIVATE KEY-----");
}

/// A function without a file: everything in the environment, as BLESS allows.
#[test]
fn environment_alone() {
    let deployment = Deployment::with_key("variables", Form::Pkcs1);
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    let function = deployment
        .function("bless_lambda.lambda_handler")
        .variable("bless_ca_us_east_1_password", &deployment.password)
        .variable("bless_ca_ca_private_key", STANDARD.encode(deployment.private_key()))
        .variable("bless_options_certificate_validity_after_seconds", "600")
        .variable("bless_options_certificate_extensions", "permit-pty");
    let lambda = LambdaService::start([function]);
    let answer = deployment.invoke(&lambda, &event);
    signed_by(&deployment, &answer);
    let shown = shown_by_openssh(&deployment.namespace.file("certificate"));
    assert!(shown.ends_with("Extensions: \n                permit-pty\n"), "{shown}");
}

/// A user of BLESS logs in after the change to ours, with nothing changed but the function.
#[test]
fn the_same_files_log_in() {
    let deployment = Deployment::new("moved", "");
    let options =
        SshdOptions { trusted_user_ca: vec![deployment.public()], principals: Some(vec!["ubuntu".to_owned()]), ..SshdOptions::default() };
    let sshd = Sshd::start(&deployment.namespace, &options);
    let private = generate_ssh_key(&deployment.namespace, "key", SshKey::Ed25519, "");
    let event = with(&user_event(&public_line(&private)), "remote_usernames", "ubuntu");
    let lambda = LambdaService::start([deployment.function("bless_lambda.lambda_handler")]);
    for (name, answer) in [("lambda", deployment.invoke(&lambda, &event)), ("handle", deployment.handle(&["user"], &event))] {
        let path = certificate(&deployment.namespace, name, &answer);
        let _ = sshd.ssh().identity(&private).certificate(path).run("true").success();
    }
    // Nobody vouches for the caller, and the log says so.
    let lines = Moto::shared().log_messages(&format!("/aws/lambda/{}", deployment.name()));
    let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
    assert_eq!((&line["authenticated"], &line["type"]), (&Value::Bool(false), &Value::from("issued")));
}

#[test]
fn no_kms_no_certificate() {
    let deployment = Deployment::new("unreachable", "");
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    let mut command = deployment.command(&["user"]);
    command.env("AWS_ENDPOINT_URL_KMS", format!("http://127.0.0.1:{}", menagerie_tests::process::free_port()));
    let finished = run(command, event.to_string().as_bytes());
    let told = answer(&finished);
    assert_eq!((finished.status, told["errorType"].as_str()), (Some(2), Some("ClientError")), "{told}");
    let message = told["errorMessage"].as_str().expect("a message");
    assert!(message.contains("Connection refused") && !message.contains('{'), "{message}");
    assert!(message.contains("KMS could not be reached for Decrypt"), "{message}");
    // A ciphertext that KMS does not know: KMS's own words, as botocore writes them.
    let mut command = deployment.command(&["user"]);
    command.env("bless_ca_default_password", STANDARD.encode(b"this is no ciphertext of any key of moto's"));
    let told = answer(&run(command, event.to_string().as_bytes()));
    let message = told["errorMessage"].as_str().expect("a message");
    assert!(message.starts_with("An error occurred (") && message.contains(") when calling the Decrypt operation"), "{message}");
}

#[test]
fn a_misspelt_option_is_an_error() {
    let deployment = Deployment::with_key("misspelt", Form::Pkcs1);
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    for (options, ca, variable) in [
        ("kmsauth = yes", "", None),
        ("certificate_validity_after_seconds: soon", "", None),
        ("username_validation = anything", "", None),
        ("", "ca_private_key_compresion = zlib", None),
        ("", "", Some("bless_options_certificate_validity_after")),
    ] {
        // The line of the template that the bad one would repeat.
        deployment.configure(options, &format!("ca_private_key_file = bless-ca.pem\n{ca}"), "");
        let mut command = deployment.command(&["user"]);
        if let Some(name) = variable {
            command.env(name, "1");
        }
        let finished = run(command, event.to_string().as_bytes());
        assert_eq!(finished.status, Some(2), "{options} {ca} {variable:?}: {finished:?}");
        assert!(finished.stdout.is_empty() && !finished.stderr.is_empty(), "{finished:?}");
    }
}
