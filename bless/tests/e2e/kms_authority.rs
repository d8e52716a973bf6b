//! A CA whose key never leaves AWS KMS: moto's for ECC P-256, P-384 and RSA; for Ed25519, which moto lacks, a loopback server by AWS's
//! API reference.

use menagerie_tests::keys::{SshKey, generate_ssh_key, public_line};
use menagerie_tests::process::{free_port, run};
use menagerie_tests::{AsymmetricKey, KmsFailure, KmsServer, Moto, SigningKey, Sshd, SshdOptions, credentials};
use serde_json::Value;

use crate::authority::{Authority, shown_by_openssh};
use crate::events::user_event;

/// A CA with this KMS key; its answers come from `bless handle`.
struct InKms {
    authority: Authority,
}

impl InKms {
    fn new(label: &str, key: &str, endpoint: &str) -> Self {
        let authority = Authority::new(label);
        authority.change("key_file = \"ca_key\"", &format!("kms_key = \"{key}\""));
        authority.append(&format!("[aws]\nregion = \"us-east-1\"\nendpoint_url = \"{endpoint}\"\n"));
        Self { authority }
    }

    fn handle(&self, event: &Value) -> Value {
        let mut command = self.authority.bless();
        command.args(["handle", "user", "--config", "ca/bless.toml"]).env_remove("BLESS_CA_PASSPHRASE").envs(credentials());
        let finished = run(command, event.to_string().as_bytes());
        serde_json::from_slice(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
    }

    /// What an administrator gives to hosts.
    fn public_key(&self) -> String {
        let mut command = self.authority.bless();
        command.args(["ca", "public-key", "--config", "ca/bless.toml"]).env_remove("BLESS_CA_PASSPHRASE").envs(credentials());
        run(command, b"").success().text().trim_end().to_owned()
    }

    /// Issues, has `ssh-keygen` read it, and logs in.
    fn logs_in(&self, algorithm: &str) {
        let namespace = &self.authority.namespace;
        let private = generate_ssh_key(namespace, "key", SshKey::Ed25519, "");
        let answer = self.handle(&user_event(&public_line(&private)));
        let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}"));
        let certificate = namespace.write("certificate", format!("{line}\n"));
        let shown = shown_by_openssh(&certificate);
        assert!(shown.contains(&format!("(using {algorithm})")), "{shown}");
        let options =
            SshdOptions { trusted_user_ca: vec![self.public_key()], principals: Some(vec!["alice".to_owned()]), ..SshdOptions::default() };
        let sshd = Sshd::start(namespace, &options);
        let _ = sshd.ssh().identity(&private).certificate(certificate).run("true").success();
    }
}

#[test]
fn ecc_p256() {
    let moto = Moto::shared();
    InKms::new("kms-p256", &moto.create_signing_key(AsymmetricKey::P256), moto.endpoint()).logs_in("ecdsa-sha2-nistp256");
}

#[test]
fn ecc_p384() {
    let moto = Moto::shared();
    InKms::new("kms-p384", &moto.create_signing_key(AsymmetricKey::P384), moto.endpoint()).logs_in("ecdsa-sha2-nistp384");
}

#[test]
fn rsa_by_alias() {
    let moto = Moto::shared();
    let key = moto.create_signing_key(AsymmetricKey::Rsa2048);
    let ca = InKms::new("kms-rsa", "alias/later", moto.endpoint());
    let alias = format!("alias/{}", ca.authority.namespace.name("ca"));
    moto.create_alias(&alias, &key);
    ca.authority.change("alias/later", &alias);
    ca.logs_in("rsa-sha2-512");
}

#[test]
fn ed25519() {
    let kms = KmsServer::start();
    let ca = InKms::new("kms-ed25519", &kms.create_signing_key(SigningKey::Ed25519), &kms.endpoint());
    ca.logs_in("ssh-ed25519");
    let sign = kms.calls().into_iter().rfind(|call| call.operation == "Sign").expect("a call");
    assert_eq!((&sign.body["SigningAlgorithm"], &sign.body["MessageType"]), (&Value::from("ED25519_SHA_512"), &Value::from("RAW")));
}

/// Whatever KMS does, there is no certificate that it did not sign, and one clear error.
#[test]
fn failures_of_kms() {
    let kms = KmsServer::start();
    let ca = InKms::new("kms-fails", &kms.create_signing_key(SigningKey::Ed25519), &kms.endpoint());
    let event = user_event(&public_line(&generate_ssh_key(&ca.authority.namespace, "key", SshKey::Ed25519, "")));
    for (failure, error_type, text) in [
        (KmsFailure::AccessDenied, "ClientError", "An error occurred (AccessDeniedException) when calling the Sign operation"),
        (KmsFailure::Internal, "ClientError", "An error occurred (KMSInternalException) when calling the Sign operation"),
        (KmsFailure::Close, "ClientError", "KMS could not be reached for Sign"),
        (KmsFailure::Garbage, "ClientError", "Sign"),
        // A signature by another key is caught by the check of the finished certificate.
        (KmsFailure::OtherSignature, "ClientError", "signature"),
    ] {
        kms.fail("Sign", failure);
        let answer = ca.handle(&event);
        assert_eq!(answer["certificate"], Value::Null, "{failure:?}: {answer}");
        assert!(answer["errorType"] == error_type, "{failure:?}: {answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|message| message.contains(text)), "{failure:?}: {answer}");
        kms.recover();
    }
    assert!(ca.handle(&event)["certificate"].is_string());
    let last = ca.authority.log_lines().pop().expect("a line");
    assert_eq!(last["type"], "issued");
}

#[test]
fn keys_that_cannot_sign() {
    let moto = Moto::shared();
    let symmetric = moto.create_symmetric_key();
    let closed = format!("http://127.0.0.1:{}", free_port());
    let p256 = moto.create_signing_key(AsymmetricKey::P256);
    for (key, endpoint) in [(symmetric.as_str(), moto.endpoint()), ("alias/no-such-key", moto.endpoint()), (&p256, &closed)] {
        let ca = InKms::new("kms-none", key, endpoint);
        let event = user_event(&public_line(&generate_ssh_key(&ca.authority.namespace, "key", SshKey::Ed25519, "")));
        let answer = ca.handle(&event);
        assert_eq!((&answer["certificate"], answer["errorType"].as_str()), (&Value::Null, Some("ClientError")), "{key}: {answer}");
    }
}
