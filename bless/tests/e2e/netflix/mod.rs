//! A deployment of Netflix BLESS as it stands in service: an INI file, an encrypted PEM key, its passphrase under a KMS key. The files
//! and the requests are BLESS's; what answers is `bless handle` or `bless-lambda`.

mod groups;
mod hosts;
mod keys;
mod kmsauth;
mod python;
mod requests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use menagerie_tests::keys::{SshKey, generate_ssh_key, ssh_keygen};
use menagerie_tests::process::{Finished, run};
use menagerie_tests::{Function, LambdaService, Moto, Namespace};
use serde_json::Value;
use std::process::Command;

use crate::authority::{PASSPHRASE, bless, text};

/// What the private key's file is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// `BEGIN RSA PRIVATE KEY` with `Proc-Type: 4,ENCRYPTED`: what BLESS's documentation makes.
    Pkcs1,
    /// `BEGIN ENCRYPTED PRIVATE KEY`.
    Pkcs8,
    /// `BEGIN OPENSSH PRIVATE KEY`.
    OpenSsh,
}

/// The folder that BLESS's package was made of.
pub(crate) struct Deployment {
    pub(crate) namespace: Namespace,
    pub(crate) kms_key: String,
    /// The CA's passphrase as KMS encrypted it, in base64.
    pub(crate) password: String,
    name: String,
}

impl Deployment {
    /// With an RSA key in PKCS#1, and these lines behind `[Bless CA]` of the file.
    pub(crate) fn new(label: &str, more: &str) -> Self {
        let deployment = Self::with_key(label, Form::Pkcs1);
        deployment.configure("", "ca_private_key_file = bless-ca.pem", more);
        deployment
    }

    /// With a key and no configuration yet.
    pub(crate) fn with_key(label: &str, form: Form) -> Self {
        let namespace = Namespace::new(label);
        let key = generate_ssh_key(&namespace, "bless-ca.pem", SshKey::Rsa(2048), "");
        let kind = match form {
            Form::Pkcs1 => "PEM",
            Form::Pkcs8 => "PKCS8",
            Form::OpenSsh => "RFC4716",
        };
        let _ = ssh_keygen(["-q", "-p", "-m", kind, "-P", "", "-N", PASSPHRASE, "-f", text(&key)]).success();
        let moto = Moto::shared();
        let kms_key = moto.create_symmetric_key();
        let password = STANDARD.encode(moto.encrypt(&kms_key, PASSPHRASE.as_bytes(), &[]));
        let name = namespace.name("fn");
        Self { namespace, kms_key, password, name }
    }

    /// Writes the INI file: lines of `[Bless Options]`, of `[Bless CA]` besides the passphrase, and what follows.
    pub(crate) fn configure(&self, options: &str, ca: &str, more: &str) {
        let ini = format!(
            "# How long certificates are valid, in seconds before and after now\n[Bless Options]\ncertificate_validity_after_seconds = 120\n\
             certificate_validity_before_seconds = 120\nentropy_minimum_bits = 2048\nrandom_seed_bytes = 256\nlogging_level = INFO\n{options}\n\n\
             # The passphrase, as KMS encrypted it\n[Bless CA]\nus-west-2_password = c29tZXdoZXJlIGVsc2U=\ndefault_password = {}\n{ca}\n\n{more}\n",
            self.password
        );
        let _ = self.namespace.write("bless_deploy.cfg", ini);
    }

    pub(crate) fn private_key(&self) -> Vec<u8> {
        std::fs::read(self.namespace.file("bless-ca.pem")).expect("it was made")
    }

    /// The CA's public key.
    pub(crate) fn public(&self) -> String {
        ssh_keygen(["-y", "-P", PASSPHRASE, "-f", text(&self.namespace.file("bless-ca.pem"))]).success().text().trim_end().to_owned()
    }

    /// `bless handle` in the environment of AWS.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bless(&self.namespace);
        command.env_remove("BLESS_CA_PASSPHRASE").envs(Moto::shared().environment());
        command.args(["handle", "--config", "bless_deploy.cfg"]).args(arguments);
        command
    }

    pub(crate) fn handle(&self, arguments: &[&str], event: &Value) -> Value {
        answer(&run(self.command(arguments), event.to_string().as_bytes()))
    }

    /// The answers to many events, from one process.
    pub(crate) fn handle_all(&self, kind: &str, events: &[Value]) -> Vec<Value> {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        let finished = run(self.command(&[kind, "--jsonl"]), lines.as_bytes()).success();
        let answers: Vec<_> = finished.text().lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect();
        assert_eq!(answers.len(), events.len());
        answers
    }

    /// The Lambda function of this package, on moto's other services, with its log group.
    pub(crate) fn function(&self, handler: &str) -> Function {
        let moto = Moto::shared();
        moto.create_log_group(&format!("/aws/lambda/{}", self.name));
        Function::new(&self.name, env!("CARGO_BIN_EXE_bless-lambda"))
            .handler(handler)
            .task_root(self.namespace.path())
            .variable("AWS_ENDPOINT_URL", moto.endpoint())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn invoke(&self, lambda: &LambdaService, event: &Value) -> Value {
        let invocation = lambda.invoke(&self.name, event.to_string());
        assert_eq!(invocation.trouble, None, "{}", lambda.output(&self.name));
        invocation.json()
    }

    /// A kmsauth token of this deployment's key, valid between these minutes from now.
    pub(crate) fn token(&self, user: &str, service: &str, minutes: (i64, i64)) -> String {
        token(&self.kms_key, user, service, minutes)
    }
}

/// A kmsauth token, version 2, by a KMS key of moto's.
pub(crate) fn token(key: &str, user: &str, service: &str, (not_before, not_after): (i64, i64)) -> String {
    let at = |minutes| (Timestamp::now() + SignedDuration::from_mins(minutes)).strftime("%Y%m%dT%H%M%SZ").to_string();
    let payload = serde_json::json!({"not_before": at(not_before), "not_after": at(not_after)}).to_string();
    let context = [("to", service), ("from", user), ("user_type", "user")];
    STANDARD.encode(Moto::shared().encrypt(key, payload.as_bytes(), &context))
}

/// The answer that a command printed.
pub(crate) fn answer(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

/// The certificate in an answer, written to a file.
pub(crate) fn certificate(namespace: &Namespace, name: &str, answer: &Value) -> std::path::PathBuf {
    let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("no certificate: {answer}"));
    assert!(!line.contains('\n'), "{line:?}");
    namespace.write(name, format!("{line}\n"))
}
