use std::process::Command;

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use menagerie_secret::Secret;

use super::*;
use crate::{KeyFile, ssh};

/// A key whose secret number begins with a zero byte is written shorter, and must be read all the same, here and by ssh-keygen.
#[test]
fn ecdsa_number_with_a_leading_zero() {
    for algorithm in [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING] {
        let pair = (0..20_000)
            .map(|_| EcdsaKeyPair::generate(algorithm).expect("a key is made"))
            .find(|pair| {
                let number: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().expect("the key's number is given");
                number.as_ref()[0] == 0
            })
            .expect("one in 256 keys is like that");
        let signer = LocalSigner::from_ecdsa(pair).map_err(|_| "rejected").expect("the key is sound");
        let passphrase = Secret::new(b"correct horse".to_vec());
        let text = signer.to_openssh(&passphrase, "short number").expect("the key is written");

        let directory = tempfile::tempdir().expect("a directory is made");
        let path = directory.path().join("key");
        std::fs::write(&path, text.expose()).expect("the key is stored");
        restrict(&path);
        let output = Command::new("ssh-keygen").args(["-y", "-P", "correct horse", "-f"]).arg(&path).output().expect("ssh-keygen runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), ssh::public_key_line(signer.public_key(), "short number"));

        let again = KeyFile::parse(text.expose().as_bytes()).expect("it is a key file").unlock(Some(&passphrase)).expect("it unlocks");
        assert_eq!(again.public_key(), signer.public_key());
    }
}

#[test]
fn writes_no_open_key_and_no_second_line() {
    let signer = LocalSigner::generate(KeyType::Ed25519).expect("a key is made");
    assert_eq!(signer.to_openssh(&Secret::new(Vec::new()), "x").err(), Some(ExportError::EmptyPassphrase));
    assert_eq!(signer.to_openssh(&Secret::new(b"p".to_vec()), "x\ny").err(), Some(ExportError::Comment));
}

#[test]
fn debug_shows_no_secret() {
    let signer = LocalSigner::generate(KeyType::Rsa4096).expect("a key is made");
    let Key::Rsa { pkcs1, .. } = &signer.key else { panic!("an RSA key was asked for") };
    let numbers = pkcs1::RsaPrivateKey::from_der(pkcs1).expect("it is an RSA key");
    let shown = format!("{signer:?}");
    assert!(!shown.contains(format!("{:?}", numbers.prime1.as_bytes()).trim_matches(['[', ']'])));
}

fn restrict(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("the key is made private");
}
