//! Keys in AWS KMS: a real `moto` server for what it models, and for Ed25519, which it does not, a loopback server that follows
//! AWS's description of the API.

mod loopback;
mod moto;

use std::process::Command;

use menagerie_aws::{Session, SessionOptions};
use menagerie_aws_kms::Kms;
use menagerie_secret::Secret;
use menagerie_sign::{Algorithm, KmsSigner, KmsSignerError, PublicKeyError, RsaHash, SignError, Signer, Verifier};

use crate::suite;

/// The SDK takes credentials from the environment, which a process must not change while it runs: the test runs in a child of its own.
fn with_credentials(test: &str, body: impl Future<Output = ()>) {
    if std::env::var_os("MENAGERIE_SIGN_CHILD").is_none() {
        let status = Command::new(std::env::current_exe().expect("the test knows its path"))
            .args(["--exact", test, "--nocapture"])
            .env("MENAGERIE_SIGN_CHILD", "1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE")
            .status()
            .expect("the test runs again");
        assert!(status.success(), "{test} failed: {status}");
        return;
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime is made").block_on(body);
}

async fn connect(endpoint: &str) -> Kms {
    let options = SessionOptions { region: Some("us-east-1".into()), endpoint_url: Some(endpoint.into()), ..SessionOptions::default() };
    Kms::new(&Session::load(options).await.expect("a session is made"))
}

#[test]
fn moto_signers() {
    with_credentials("kms::moto_signers", async {
        let server = moto::Server::start();
        let kms = connect(&server.endpoint()).await;
        for (spec, algorithm) in [
            ("ECC_NIST_P256", Algorithm::EcdsaP256Sha256),
            ("ECC_NIST_P384", Algorithm::EcdsaP384Sha384),
            ("RSA_2048", Algorithm::RsaPkcs1Sha512),
            ("RSA_3072", Algorithm::RsaPkcs1Sha512),
            ("RSA_4096", Algorithm::RsaPkcs1Sha512),
        ] {
            let key = server.create_key(spec, "SIGN_VERIFY");
            let signer = KmsSigner::load(kms.clone(), &key).await.expect("the key is loaded");
            assert!(signer.key_arn().ends_with(&key), "{}", signer.key_arn());
            assert_eq!(signer.algorithm(), algorithm);
            suite::check_remote(&signer).await;
            if spec == "RSA_2048" {
                let signer = signer.with_rsa_hash(RsaHash::Sha256);
                assert_eq!(signer.algorithm(), Algorithm::RsaPkcs1Sha256);
                suite::check_remote(&signer).await;
            }
        }
        let refused = |usage, spec| {
            let (kms, key) = (kms.clone(), server.create_key(spec, usage));
            async move { KmsSigner::load(kms, &key).await.expect_err("the key signs nothing") }
        };
        assert!(matches!(refused("ENCRYPT_DECRYPT", "RSA_2048").await, KmsSignerError::Usage { .. }));
        assert!(matches!(refused("SIGN_VERIFY", "ECC_SECG_P256K1").await, KmsSignerError::Spec { .. }));
        let none = KmsSigner::load(kms, "00000000-0000-0000-0000-000000000000").await.expect_err("there is no such key");
        assert!(matches!(&none, KmsSignerError::Call { source, .. } if source.is("NotFoundException")), "{none}");
    });
}

#[test]
fn moto_secrets() {
    with_credentials("kms::moto_secrets", async {
        let server = moto::Server::start();
        let kms = connect(&server.endpoint()).await;
        let key = server.create_key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
        let context = [("to".to_owned(), "bless".to_owned()), ("from".to_owned(), "someone".to_owned())];
        let secret = Secret::new(b"the CA's passphrase".to_vec());
        let ciphertext = kms.encrypt(&key, &secret, &context).await.expect("it is encrypted");
        let back = kms.decrypt(&ciphertext, &context).await.expect("it is decrypted");
        assert_eq!(back.plaintext.expose(), secret.expose());
        assert!(back.key_arn.starts_with("arn:aws:kms:us-east-1:") && back.key_arn.ends_with(&key), "{}", back.key_arn);
        let Err(error) = kms.decrypt(&ciphertext, &context[..1]).await else { panic!("another context decrypts") };
        assert!(error.is("InvalidCiphertextException"), "{error}");
        assert!(
            error.to_string().starts_with("An error occurred (InvalidCiphertextException) when calling the Decrypt operation: "),
            "{error}"
        );
        drop(server);
        let Err(error) = kms.decrypt(&ciphertext, &context).await else { panic!("a server that is gone decrypts") };
        assert!(error.unreachable, "{error}");
    });
}

#[test]
fn loopback_signers() {
    with_credentials("kms::loopback_signers", async {
        let server = loopback::Server::start();
        let kms = connect(&server.endpoint()).await;
        let ed25519 = KmsSigner::load(kms.clone(), "ed25519").await.expect("the key is loaded");
        assert_eq!(ed25519.algorithm(), Algorithm::Ed25519);
        suite::check_remote(&ed25519).await;
        let error = ed25519.sign(&[]).await.expect_err("KMS signs no empty message");
        assert!(matches!(error, SignError::Remote { .. }), "{error}");
        let error = ed25519.sign(&[0; 4097]).await.expect_err("the message is too long");
        assert!(matches!(error, SignError::TooLong { len: 4097, limit: 4096, .. }), "{error}");

        for key in ["p256", "p384"] {
            let signer = KmsSigner::load(kms.clone(), key).await.expect("the key is loaded");
            suite::check_remote(&signer).await;
            assert_eq!(server.last_message_type(), "RAW");
            let message = vec![7; 4097];
            let signature = signer.sign(&message).await.expect("a long message is hashed here");
            assert_eq!(server.last_message_type(), "DIGEST");
            assert_eq!(Verifier::new(signer.public_key()).expect("the key is sound").verify(&message, &signature), Ok(()));
        }
    });
}

#[test]
fn loopback_refusals() {
    with_credentials("kms::loopback_refusals", async {
        let server = loopback::Server::start();
        let kms = connect(&server.endpoint()).await;
        let load = |key: &'static str| KmsSigner::load(kms.clone(), key);
        let refused = load("another-spec").await.expect_err("the key is not of its spec");
        assert!(matches!(refused, KmsSignerError::PublicKey { source: PublicKeyError::Malformed { .. }, .. }), "{refused}");
        let refused = load("prehash-only").await.expect_err("the key does not sign whole messages");
        assert!(matches!(refused, KmsSignerError::Algorithm { algorithm: "ED25519_SHA_512", .. }), "{refused}");
        let refused = load("denied").await.expect_err("the caller may not");
        assert!(matches!(&refused, KmsSignerError::Call { source, .. } if source.is("AccessDeniedException")), "{refused}");
        let signer = load("cut").await.expect("the key is loaded");
        let error = signer.sign(b"message").await.expect_err("the signature is cut");
        assert!(matches!(error, SignError::Answer { .. }), "{error}");
        let signer = load("disabled").await.expect("the key is loaded");
        let error = signer.sign(b"message").await.expect_err("the key is disabled");
        assert!(error.to_string().contains("DisabledException"), "{error}");
    });
}
