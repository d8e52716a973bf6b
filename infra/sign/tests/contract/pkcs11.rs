//! Keys in a real token, SoftHSM's. Its module looks into the environment of the process that loads it, which a process must not change while it
//! runs: the test runs in a child of its own.

use std::process::Command;
use std::time::Duration;

use menagerie_pkcs11::{KeyUri, Module, TokenSettings};
use menagerie_secret::Secret;
use menagerie_sign::{Algorithm, Pkcs11Signer, RsaHash, Signer};
use menagerie_tests::{Namespace, SoftHsm};

use crate::suite;

const TOKEN: (&str, &str) = ("contract", "1234");
const KINDS: [(&str, &str, Algorithm); 6] = [
    ("p256", "EC:prime256v1", Algorithm::EcdsaP256Sha256),
    ("p384", "EC:secp384r1", Algorithm::EcdsaP384Sha384),
    ("ed25519", "EC:edwards25519", Algorithm::Ed25519),
    ("rsa2048", "rsa:2048", Algorithm::RsaPkcs1Sha512),
    ("rsa3072", "rsa:3072", Algorithm::RsaPkcs1Sha512),
    ("rsa4096", "rsa:4096", Algorithm::RsaPkcs1Sha512),
];

#[test]
fn token_signers() {
    if std::env::var_os("MENAGERIE_SIGN_CHILD").is_none() {
        let space = Namespace::new("sign");
        let hsm = SoftHsm::new(space.file("hsm"));
        hsm.create_token(TOKEN.0, TOKEN.1);
        for (number, (label, kind, _)) in (1_u8..).zip(KINDS) {
            hsm.create_key_pair(TOKEN, kind, label, &format!("{number:02x}"));
        }
        hsm.create_key_pair(TOKEN, "EC:secp521r1", "p521", "ff");
        let (name, value) = hsm.environment();
        let status = Command::new(std::env::current_exe().expect("the test knows its path"))
            .args(["--exact", "pkcs11::token_signers", "--nocapture"])
            .env("MENAGERIE_SIGN_CHILD", "1")
            .env(name, value)
            .status()
            .expect("the test runs again");
        assert!(status.success(), "{status}");
        return;
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime is made").block_on(async {
        let key = |label: &str| -> KeyUri { format!("pkcs11:token={};object={label}", TOKEN.0).parse().expect("a URI") };
        let settings = TokenSettings { pin: Some(Secret::new(TOKEN.1.to_owned())), sessions: 2, patience: Duration::from_secs(60) };
        let token = Module::new(SoftHsm::module()).token(key("p256").token, settings);
        for (label, _, algorithm) in KINDS {
            let signer = Pkcs11Signer::load(token.clone(), key(label), RsaHash::default()).await.expect("the key is loaded");
            assert_eq!(signer.algorithm(), algorithm);
            suite::check_remote(&signer).await;
            if label == "rsa2048" {
                let signer = Pkcs11Signer::load(token.clone(), key(label), RsaHash::Sha256).await.expect("the key is loaded");
                assert_eq!(signer.algorithm(), Algorithm::RsaPkcs1Sha256);
                suite::check_remote(&signer).await;
            }
        }
        let refused = Pkcs11Signer::load(token, key("p521"), RsaHash::default()).await.expect_err("the curve has no use");
        assert!(refused.to_string().contains("another curve than P-256"), "{refused}");
    });
}
