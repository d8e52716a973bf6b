//! How fast this crate signs and verifies, beside the crypto library called directly, and what the check for weak RSA keys costs.
//! `cargo run --release -p menagerie-sign --example rate`

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};
use futures_util::FutureExt;
use menagerie_secret::Secret;
use menagerie_sign::{KeyFile, KeyType, LocalSigner, PublicKey, Signer, Verifier, weak};

const MESSAGE: [u8; 400] = [0x5a; 400];
const RUN: Duration = Duration::from_secs(1);

/// Runs `work` for about a second, after a warm-up, and says how long one takes.
fn each(mut work: impl FnMut()) -> Duration {
    let mut measure = |run: Duration| {
        let (start, mut count) = (Instant::now(), 0_u32);
        while start.elapsed() < run {
            work();
            count += 1;
        }
        start.elapsed() / count
    };
    measure(RUN / 10);
    measure(RUN)
}

fn show(what: &str, took: Duration) {
    println!("{what:<44} {:>9.1} us {:>9.0} /s", took.as_secs_f64() * 1e6, 1.0 / took.as_secs_f64());
}

fn main() {
    for (name, key_type) in
        [("Ed25519", KeyType::Ed25519), ("P-256", KeyType::EcdsaP256), ("P-384", KeyType::EcdsaP384), ("RSA-4096", KeyType::Rsa4096)]
    {
        let signer = LocalSigner::generate(key_type).expect("a key is made");
        let verifier = Verifier::new(signer.public_key()).expect("the key is sound");
        let sign = || signer.sign(&MESSAGE).now_or_never().expect("it does not wait").expect("it is signed");
        let signature = sign();
        show(&format!("{name}: sign"), each(|| drop(black_box(sign()))));
        show(&format!("{name}: verify"), each(|| verifier.verify(black_box(&MESSAGE), &signature).expect("it is sound")));
        show(&format!("{name}: sign and verify"), each(|| verifier.verify(&MESSAGE, &sign()).expect("it is sound")));
        if let PublicKey::Rsa { n, e } = signer.public_key() {
            show("RSA-4096: check for weakness", each(|| weak::check_rsa(black_box(n), e).expect("the key is sound")));
            // No key, but a number that passes every check as a key would.
            let full = n;
            let mut n = n[..256].to_vec();
            n[255] |= 1;
            while weak::check_rsa(&n, e).is_err() {
                n[254] = n[254].wrapping_add(1);
            }
            show("RSA-2048: check for weakness", each(|| weak::check_rsa(black_box(&n), e).expect("the number passes")));
            show("RSA-2048: that, and for a prime modulus", each(|| weak::check_foreign_rsa(black_box(&n), e).expect("the number passes")));
            show(
                "RSA-4096: that, and for a prime modulus",
                each(|| weak::check_foreign_rsa(black_box(full), e).expect("the key is sound")),
            );
        }
    }
    let pair = Ed25519KeyPair::generate().expect("a key is made");
    let key = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref().to_vec());
    show("Ed25519: the library alone", each(|| key.verify(&MESSAGE, pair.sign(&MESSAGE).as_ref()).expect("it is sound")));
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key is made");
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref().to_vec());
    let sign = || pair.sign(&SystemRandom::new(), &MESSAGE).expect("it is signed");
    show("P-256: the library alone", each(|| key.verify(&MESSAGE, sign().as_ref()).expect("it is sound")));

    let passphrase = Secret::new(b"passphrase".to_vec());
    let text = LocalSigner::generate(KeyType::Ed25519).expect("a key is made").to_openssh(&passphrase, "x").expect("it is written");
    let signer = KeyFile::parse(text.expose().as_bytes()).expect("it is a key").unlock(Some(&passphrase)).expect("it unlocks");
    println!("bcrypt with 24 rounds: {:?}", signer.key_derivation());
}
