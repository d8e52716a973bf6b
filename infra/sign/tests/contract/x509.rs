//! Keys and signatures as X.509 has them, and private keys as PKCS #8, beside openssl's.

use menagerie_secret::Secret;
use menagerie_sign::x509::{self, X509SignatureError};
use menagerie_sign::{Algorithm, ExportError, KeyFile, KeyType, LocalSigner, PublicKey, RsaHash, Signer};

use crate::tools::{PASSPHRASE, Workshop, passphrase};

const KINDS: [KeyType; 6] =
    [KeyType::Ed25519, KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Rsa2048, KeyType::Rsa3072, KeyType::Rsa4096];

#[test]
fn private_keys_are_read_by_openssl_and_again() {
    let workshop = Workshop::new();
    for kind in KINDS {
        let signer = LocalSigner::generate(kind).expect("a key is made");
        assert_eq!(signer.public_key().key_type(), Some(kind));
        let der = signer.to_pkcs8_der().expect("it is written");
        workshop.store("key.der", der.expose());
        workshop.run("openssl pkey -inform DER -in key.der -check -noout");
        workshop.run("openssl pkey -inform DER -in key.der -pubout -outform DER -out public.der");
        assert_eq!(workshop.read("public.der"), signer.public_key().to_spki_der(), "{kind}");
        assert_eq!(PublicKey::from_spki_der(&workshop.read("public.der")).as_ref(), Ok(signer.public_key()));
        let again = LocalSigner::from_pkcs8_der(der.expose()).expect("it is read");
        assert_eq!(again.public_key(), signer.public_key());

        let text = signer.to_pkcs8_pem().expect("it is written");
        let again = KeyFile::parse(text.expose().as_bytes()).expect("it is a key file").unlock(None).expect("it unlocks");
        assert_eq!(again.public_key(), signer.public_key());
        workshop.store("key.pem", text.expose().as_bytes());
        workshop.run("openssl pkey -in key.pem -check -noout");
    }
}

#[test]
fn an_encrypted_key_is_read_by_openssl_and_again() {
    let workshop = Workshop::new();
    let signer = LocalSigner::generate(KeyType::EcdsaP256).expect("a key is made");
    let text = signer.to_encrypted_pkcs8_pem(&passphrase()).expect("it is written");
    assert!(text.expose().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let again = KeyFile::parse(text.expose().as_bytes()).expect("it is a key file").unlock(Some(&passphrase())).expect("it unlocks");
    assert_eq!(again.public_key(), signer.public_key());
    workshop.store("key.pem", text.expose().as_bytes());
    workshop.run_words(&["openssl", "pkey", "-in", "key.pem", "-passin", &format!("pass:{PASSPHRASE}"), "-check", "-noout"]);
    assert_eq!(signer.to_encrypted_pkcs8_pem(&Secret::new(Vec::new())).err(), Some(ExportError::EmptyPassphrase));
}

#[test]
fn signatures_are_openssls() {
    let workshop = Workshop::new();
    let message = b"what is signed";
    workshop.store("message", message);
    for kind in KINDS {
        for hash in [RsaHash::Sha256, RsaHash::Sha512] {
            let signer = LocalSigner::generate(kind).expect("a key is made").with_rsa_hash(hash);
            let (key, algorithm) = (signer.public_key(), signer.algorithm());
            let signature = signer.sign_now(message).expect("it is signed");
            let identifier = x509::algorithm_identifier(algorithm);
            let value = x509::signature_value(&signature);
            assert_eq!(x509::signature(key, identifier, &value), Some(signature));
            assert_eq!(x509::verify(key, identifier, message, &value), Ok(()));
            assert_eq!(x509::verify(key, identifier, b"something else", &value), Err(X509SignatureError::Mismatch));
            for other in [Algorithm::Ed25519, Algorithm::EcdsaP256Sha256, Algorithm::RsaPkcs1Sha512] {
                if other != algorithm {
                    assert!(x509::verify(key, x509::algorithm_identifier(other), message, &value).is_err());
                }
            }
            workshop.store("public.der", &key.to_spki_der());
            workshop.store("signature", &value);
            let digest = match algorithm {
                Algorithm::Ed25519 => "-rawin",
                Algorithm::EcdsaP256Sha256 | Algorithm::RsaPkcs1Sha256 => "-rawin -digest sha256",
                Algorithm::EcdsaP384Sha384 => "-rawin -digest sha384",
                Algorithm::RsaPkcs1Sha512 => "-rawin -digest sha512",
                Algorithm::MlDsa(_) => unreachable!("none of the kinds: Debian's OpenSSL knows it from 3.5 on"),
            };
            workshop.run(&format!("openssl pkeyutl -verify -pubin -keyform DER -inkey public.der -in message -sigfile signature {digest}"));
        }
    }
}

/// Pairs of key and hash that this crate does not sign by, and others do; and those that nobody should.
#[test]
fn what_openssl_signs_is_verified() {
    let workshop = Workshop::new();
    let message = b"what is signed";
    workshop.store("message", message);
    let keys = [
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out",
    ];
    for (make, is_rsa) in keys.into_iter().zip([false, false, true]) {
        workshop.run(&format!("{make} key.pem"));
        workshop.run("openssl pkey -in key.pem -pubout -outform DER -out public.der");
        let key = PublicKey::from_spki_der(&workshop.read("public.der")).expect("it is a key");
        for (digest, last) in [("sha256", 0), ("sha384", 1), ("sha512", 2)] {
            workshop.run(&format!("openssl pkeyutl -sign -inkey key.pem -in message -rawin -digest {digest} -out signature"));
            let identifier = if is_rsa {
                [&b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"[..], &[0x0b + last, 5, 0]].concat()
            } else {
                [&b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"[..], &[2 + last]].concat()
            };
            let value = workshop.read("signature");
            assert_eq!(x509::verify(&key, &identifier, message, &value), Ok(()), "{make} {digest}");
            assert_eq!(x509::verify(&key, &identifier, b"what is not", &value), Err(X509SignatureError::Mismatch));
        }
        let sha1 = if is_rsa {
            &b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"[..]
        } else {
            b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"
        };
        assert!(matches!(x509::verify(&key, sha1, message, &workshop.read("signature")), Err(X509SignatureError::Unsupported { .. })));
        assert_eq!(x509::verify(&key, b"\x30\x01", message, &[]), Err(X509SignatureError::Malformed));
    }
}

#[test]
fn no_bytes_are_a_key_by_accident() {
    let signer = LocalSigner::generate(KeyType::EcdsaP256).expect("a key is made");
    let der = signer.to_pkcs8_der().expect("it is written");
    for len in 0..der.expose().len() {
        assert!(LocalSigner::from_pkcs8_der(&der.expose()[..len]).is_err());
    }
    assert!(LocalSigner::from_pkcs8_der(&vec![0x30; 70_000]).is_err());
}
