//! What the crypto library does alone: one signature and one verification for each certificate, keys parsed once.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA512, RsaKeyPair,
};
use menagerie_tests::process::processor_time;

use crate::events::CaKind;
use crate::table::Figure;

/// About what is signed of a certificate.
const MESSAGE: [u8; 560] = [7; 560];

const TIME: Duration = Duration::from_secs(2);

/// This program again, held to one core.
pub(crate) fn on_one_core(kind: CaKind) -> Figure {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new("taskset").args(["-c", "0"]).arg(own).args(["library", kind.name()]).output().expect("taskset runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let figures: Vec<f64> = said.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [rate, cpu] = figures[..] else { panic!("the child prints a rate and its CPU seconds: {said}") };
    Figure { value: rate, unit: "1/s", cpu: Some(cpu) }
}

/// Signatures with their verifications in a second, and the CPU seconds of each.
pub(crate) fn rate(kind: CaKind) -> (f64, f64) {
    let random = SystemRandom::new();
    match kind {
        CaKind::Ed25519 => {
            let pair = Ed25519KeyPair::generate().expect("a key");
            let public = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()).expect("its public half");
            timed(|| public.verify_sig(&MESSAGE, pair.sign(black_box(&MESSAGE)).as_ref()).expect("its own signature"))
        }
        CaKind::EcdsaP256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
            let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).expect("its public half");
            timed(|| {
                let signature = pair.sign(&random, black_box(&MESSAGE)).expect("a signature");
                public.verify_sig(&MESSAGE, signature.as_ref()).expect("its own signature");
            })
        }
        CaKind::Rsa4096 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa4096).expect("a key");
            let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, pair.public_key().as_ref()).expect("its public half");
            let mut signature = vec![0; pair.public_modulus_len()];
            timed(|| {
                pair.sign(&RSA_PKCS1_SHA512, &random, black_box(&MESSAGE), &mut signature).expect("a signature");
                public.verify_sig(&MESSAGE, &signature).expect("its own signature");
            })
        }
    }
}

fn timed(mut once: impl FnMut()) -> (f64, f64) {
    for _ in 0..20 {
        once();
    }
    let (start, before, mut count) = (Instant::now(), cpu_seconds(), 0.0);
    while start.elapsed() < TIME {
        for _ in 0..20 {
            once();
        }
        count += 20.0;
    }
    (count / start.elapsed().as_secs_f64(), (cpu_seconds() - before) / count)
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    processor_time(std::process::id(), false).expect("Linux tells").as_secs_f64()
}
