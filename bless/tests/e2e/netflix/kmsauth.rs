//! kmsauth: tokens that moto's KMS encrypted.

use menagerie_tests::process::{free_port, run};
use menagerie_tests::{LambdaService, Moto};
use serde_json::Value;

use super::{Deployment, Form, answer, certificate, token};
use crate::events::{fresh_key, user_event, with};

const SERVICE: &str = "bless-production";

fn deployment(label: &str, more: &str) -> Deployment {
    let deployment = Deployment::with_key(label, Form::Pkcs1);
    use_kmsauth(&deployment, &deployment.kms_key, more);
    deployment
}

fn use_kmsauth(deployment: &Deployment, key_id: &str, more: &str) {
    let section = format!("[KMS Auth]\nuse_kmsauth = True\nkmsauth_key_id = {key_id}\nkmsauth_serviceid = {SERVICE}\n{more}");
    deployment.configure("", "ca_private_key_file = bless-ca.pem", &section);
}

fn refused(answer: &Value, error_type: &str, message: &str) {
    assert_eq!((answer["errorType"].as_str(), answer["errorMessage"].as_str()), (Some(error_type), Some(message)), "{answer}");
}

#[test]
fn tokens_good_and_bad() {
    let deployment = deployment("kmsauth", "");
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    let of = |token: String| with(&event, "kmsauth_token", token);
    let other_key = Moto::shared().create_symmetric_key();
    let day = 24 * 60;
    let cases = [
        ("good", of(deployment.token("alice", SERVICE, (-3, 7))), None),
        ("an hour", of(deployment.token("alice", SERVICE, (-30, 30))), None),
        ("another user", of(deployment.token("bob", SERVICE, (-3, 7))), Some("Authentication error. General error.")),
        ("another service", of(deployment.token("alice", "other", (-3, 7))), Some("Authentication error. General error.")),
        ("over", of(deployment.token("alice", SERVICE, (-20, -5))), Some("Authentication error. Invalid time validity for token.")),
        ("ahead", of(deployment.token("alice", SERVICE, (5, 20))), Some("Authentication error. Invalid time validity for token.")),
        ("too long", of(deployment.token("alice", SERVICE, (-1, 60))), Some("Authentication error. Token lifetime exceeded.")),
        // Hole of kmsauth 0.6: the days of a lifetime are dropped.
        ("a day too long", of(deployment.token("alice", SERVICE, (-day, 1))), Some("Authentication error. Token lifetime exceeded.")),
        ("another key", of(token(&other_key, "alice", SERVICE, (-3, 7))), Some("Authentication error (wrong KMS key).")),
        ("no base64", of("%%%".to_owned()), Some("Authentication error. General error.")),
        ("no ciphertext", of("bm90IGEgdG9rZW4=".to_owned()), Some("Authentication error. General error.")),
    ];
    let events: Vec<_> = cases.iter().map(|(_, event, _)| event.clone()).collect();
    let by_handle = deployment.handle_all("user", &events);
    let lambda = LambdaService::start([deployment.function("bless_lambda.lambda_handler")]);
    let by_lambda: Vec<_> = events.iter().map(|event| deployment.invoke(&lambda, event)).collect();
    for answers in [by_handle, by_lambda] {
        for ((name, _, wanted), answer) in cases.iter().zip(&answers) {
            match wanted {
                None => assert!(answer["certificate"].is_string(), "{name}: {answer}"),
                Some(message) => {
                    assert_eq!(answer["errorMessage"], *message, "{name}");
                    assert_eq!(answer["errorType"], "KMSAuthValidationError", "{name}");
                }
            }
        }
    }
    // Hole of BLESS: the token is logged in clear.
    let output = lambda.output(deployment.name());
    let log = std::fs::read_to_string(deployment.namespace.file("bless-log.jsonl")).expect("a log");
    for (name, event, _) in &cases[..9] {
        let token = event["kmsauth_token"].as_str().expect("a token");
        assert!(!output.contains(&token[..40]) && !log.contains(&token[..40]), "{name}: the token is in a log");
    }
    let first: Value = serde_json::from_str(log.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["authenticated"], &first["verified"]["method"]), (&Value::Bool(true), &Value::from("kmsauth")));
}

#[test]
fn plain_messages() {
    let own = deployment("plain", "");
    let event = user_event(&fresh_key(&own.namespace, "key"));
    refused(&own.handle(&["user"], &event), "InputValidationError", "Invalid request, missing kmsauth token");
    refused(&own.handle(&["user"], &with(&event, "kmsauth_token", "")), "InputValidationError", "Invalid request, missing kmsauth token");
    let other = with(&with(&event, "kmsauth_token", own.token("alice", SERVICE, (-3, 7))), "remote_usernames", "root");
    refused(&own.handle(&["user"], &other), "KMSAuthValidationError", "remote_usernames must be the same as bastion_user");
    use_kmsauth(&own, &own.kms_key, "kmsauth_remote_usernames_allowed = ubuntu,alice");
    refused(&own.handle(&["user"], &other), "KMSAuthValidationError", "unallowed remote_usernames [root]");
    let ubuntu = with(&other, "remote_usernames", "ubuntu,alice");
    let _ = certificate(&own.namespace, "certificate", &own.handle(&["user"], &ubuntu));
    use_kmsauth(&own, &own.kms_key, "kmsauth_remote_usernames_allowed = *");
    let _ = certificate(&own.namespace, "certificate", &own.handle(&["user"], &other));
}

#[test]
fn keys_by_alias_and_in_a_list() {
    let deployment = Deployment::with_key("alias", Form::Pkcs1);
    let alias = format!("alias/{}", deployment.namespace.name("kmsauth"));
    Moto::shared().create_alias(&alias, &deployment.kms_key);
    let second = Moto::shared().create_symmetric_key();
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    use_kmsauth(&deployment, &format!("{second},{alias}"), "");
    for key in [&second, &deployment.kms_key] {
        let event = with(&event, "kmsauth_token", token(key, "alice", SERVICE, (-3, 7)));
        let _ = certificate(&deployment.namespace, "certificate", &deployment.handle(&["user"], &event));
    }
    let third = token(&Moto::shared().create_symmetric_key(), "alice", SERVICE, (-3, 7));
    let answer = deployment.handle(&["user"], &with(&event, "kmsauth_token", third));
    refused(&answer, "KMSAuthValidationError", "Authentication error (wrong KMS key).");
}

#[test]
fn no_kms_no_proof() {
    let deployment = deployment("gone", "");
    let event = user_event(&fresh_key(&deployment.namespace, "key"));
    let event = with(&event, "kmsauth_token", deployment.token("alice", SERVICE, (-3, 7)));
    let mut command = deployment.command(&["user"]);
    // The CA's key is there without KMS, so that only the token asks for it.
    command.env("BLESS_CA_PASSPHRASE", crate::authority::PASSPHRASE);
    command.env("AWS_ENDPOINT_URL_KMS", format!("http://127.0.0.1:{}", free_port()));
    let finished = run(command, event.to_string().as_bytes());
    refused(&answer(&finished), "KMSAuthValidationError", "Authentication error. Failure connecting to AWS endpoint.");
    assert_eq!(finished.status, Some(1));
}
