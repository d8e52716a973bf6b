//! ML-DSA by itself: what is a key and what is none, and that it has nothing to do with SSH. Beside OpenSSL's it is tested by lemur.

use menagerie_sign::{ExportError, KeyFileError, KeyType, LocalSigner, MlDsa, PublicKey, PublicKeyError, Signer, ssh};

use crate::suite;
use crate::tools::passphrase;

#[tokio::test]
async fn every_set_passes_the_suite() {
    for set in MlDsa::ALL {
        let signer = LocalSigner::generate(KeyType::MlDsa(set)).expect("a key is made");
        assert_eq!(signer.public_key().key_type(), Some(KeyType::MlDsa(set)));
        suite::check_without_ssh(&signer).await;
        let private = signer.to_pkcs8_der().expect("it is written");
        assert_eq!(LocalSigner::from_pkcs8_der(private.expose()).expect("it is read").public_key(), signer.public_key());
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let signer = LocalSigner::generate(KeyType::MlDsa(MlDsa::MlDsa44)).expect("a key is made");
    let spki = signer.public_key().to_spki_der();
    for len in (0..spki.len()).step_by(7) {
        assert!(PublicKey::from_spki_der(&spki[..len]).is_err());
    }
    let PublicKey::MlDsa(set, key) = signer.public_key() else { panic!("{}", signer.public_key()) };
    let short = PublicKey::MlDsa(*set, key[..key.len() - 1].to_vec());
    assert_eq!(short.validate(), Err(PublicKeyError::Malformed { what: "ML-DSA key" }));
    let other = PublicKey::MlDsa(MlDsa::MlDsa87, key.clone());
    assert_eq!(PublicKey::from_spki_der(&other.to_spki_der()), Err(PublicKeyError::Malformed { what: "ML-DSA key" }));
    // Parameters, which there are none of.
    let mut with_null = spki;
    let identifier = [0x30, 0x0b, 6, 9];
    let at = with_null.windows(4).position(|window| window == identifier).expect("the identifier");
    with_null.splice(at + 13..at + 13, [5, 0]);
    with_null[at + 1] += 2;
    let length = u16::from_be_bytes([with_null[2], with_null[3]]) + 2;
    with_null[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(PublicKey::from_spki_der(&with_null), Err(PublicKeyError::Malformed { what: "SubjectPublicKeyInfo" }));
    let private = signer.to_pkcs8_der().expect("it is written");
    for len in 0..private.expose().len() {
        assert!(matches!(
            LocalSigner::from_pkcs8_der(&private.expose()[..len]),
            Err(KeyFileError::Malformed { .. } | KeyFileError::Inconsistent)
        ));
    }
}

/// No OpenSSH knows such keys: none is written as its file, and none is read.
#[test]
fn it_is_not_for_ssh() {
    let signer = LocalSigner::generate(KeyType::MlDsa(MlDsa::MlDsa65)).expect("a key is made");
    assert!(!ssh::is_for_ssh(signer.public_key()));
    let refused = signer.to_openssh(&passphrase(), "bless CA").err();
    assert_eq!(refused, Some(ExportError::NotForSsh { name: "ML-DSA-65".to_owned() }));
    let blob = ssh::public_key_blob(signer.public_key());
    assert_eq!(ssh::parse_public_key_blob(&blob), Err(ssh::DecodeError::Type("ssh-mldsa-65".to_owned())));
}
