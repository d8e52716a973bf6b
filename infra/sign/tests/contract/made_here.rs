//! Keys that this crate makes and writes.

use std::time::Duration;

use menagerie_secret::Secret;
use menagerie_sign::{Algorithm, KeyFile, KeyFileError, KeyType, LocalSigner, RsaHash, Signer, ssh};

use crate::suite;
use crate::tools::{PASSPHRASE, Workshop, as_text, passphrase};

#[tokio::test]
async fn ed25519() {
    check(KeyType::Ed25519).await;
}

#[tokio::test]
async fn ecdsa_p256() {
    check(KeyType::EcdsaP256).await;
}

#[tokio::test]
async fn ecdsa_p384() {
    check(KeyType::EcdsaP384).await;
}

#[tokio::test]
async fn rsa_4096() {
    let signer = check(KeyType::Rsa4096).await;
    assert_eq!(signer.algorithm(), Algorithm::RsaPkcs1Sha512);
    let signer = signer.with_rsa_hash(RsaHash::Sha256);
    assert_eq!(signer.algorithm(), Algorithm::RsaPkcs1Sha256);
    suite::check(&signer).await;
}

async fn check(key_type: KeyType) -> LocalSigner {
    let workshop = Workshop::new();
    let signer = LocalSigner::generate(key_type).expect("a key is made");
    assert_eq!(signer.key_derivation(), Duration::ZERO);
    suite::check(&signer).await;

    let text = signer.to_openssh(&passphrase(), "bless CA").expect("the key is written");
    let path = workshop.store("key", text.expose().as_bytes());
    let line = workshop.run_words(&["ssh-keygen", "-y", "-P", PASSPHRASE, "-f", as_text(&path)]);
    assert_eq!(line.trim(), ssh::public_key_line(signer.public_key(), "bless CA"));

    let file = KeyFile::parse(text.expose().as_bytes()).expect("it is a key file");
    assert!(file.is_encrypted());
    assert_eq!(file.unlock(Some(&Secret::new(b"wrong".to_vec()))).err(), Some(KeyFileError::WrongPassphrase));
    let again = file.unlock(Some(&passphrase())).expect("it unlocks");
    assert_eq!(again.public_key(), signer.public_key());
    assert!(again.key_derivation() > Duration::from_millis(1), "bcrypt takes its time");
    suite::check(&again).await;
    again
}
