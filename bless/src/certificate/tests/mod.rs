//! Certificates against real `ssh-keygen`, against properties, and against each refusal. What the tests share: an
//! authority made with aws-lc-rs alone, and one subject key of every type.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on fails")]

mod checked;
mod parsed;
mod properties;
mod shown;
mod written;

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA512, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CheckError, CriticalOptions, Expectations, Extensions, Kind, Policy, SignedCertificate, Template, check};
use crate::subject_key::SubjectKey;

enum Authority {
    Ed25519(Box<Ed25519KeyPair>),
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

static ED25519_CA: LazyLock<Authority> = LazyLock::new(|| Authority::Ed25519(Box::new(Ed25519KeyPair::generate().unwrap())));
static P256_CA: LazyLock<Authority> =
    LazyLock::new(|| Authority::P256(Box::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())));
static RSA_CA: LazyLock<Authority> = LazyLock::new(|| Authority::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())));

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn mpint(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap();
    let sign: &[u8] = if bytes[start] >= 0x80 { &[0] } else { &[] };
    string(&[sign, &bytes[start..]].concat())
}

impl Authority {
    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => [string(b"ssh-ed25519"), string(pair.public_key().as_ref())].concat(),
            Self::P256(pair) => [string(b"ecdsa-sha2-nistp256"), string(b"nistp256"), string(pair.public_key().as_ref())].concat(),
            Self::Rsa(pair) => {
                // PKCS#1 in DER: a sequence of n, of 257 bytes with its zero byte, and e, of three bytes.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[8..8 + 257], &der[der.len() - 3..]);
                [string(b"ssh-rsa"), string(e), string(n)].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => [string(b"ssh-ed25519"), string(pair.sign(message).as_ref())].concat(),
            Self::P256(pair) => {
                let signature = pair.sign(&random, message).unwrap();
                let (r, s) = signature.as_ref().split_at(32);
                [string(b"ecdsa-sha2-nistp256"), string(&[mpint(r), mpint(s)].concat())].concat()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA512, &random, message, &mut signature).unwrap();
                [string(b"rsa-sha2-512"), string(&signature)].concat()
            }
        }
    }

    fn verify(&self, message: &[u8], algorithm: &str, raw: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Ed25519(pair), "ssh-ed25519") => UnparsedPublicKey::new(&ED25519, pair.public_key()).verify(message, raw).is_ok(),
            (Self::P256(pair), "ecdsa-sha2-nistp256") => fixed(raw)
                .is_some_and(|raw| UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()).verify(message, &raw).is_ok()),
            (Self::Rsa(pair), "rsa-sha2-512") => {
                let key = pair.public_key().as_der().unwrap();
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, key.as_ref()).verify(message, raw).is_ok()
            }
            _ => false,
        }
    }

    fn certify(&self, template: &Template<'_>) -> SignedCertificate {
        let tbs = template.to_be_signed(&self.public_key()).unwrap();
        let signature = self.sign(tbs.as_bytes());
        tbs.finish(&signature).unwrap()
    }

    fn check(&self, blob: &[u8], template: &Template<'_>, policy: &Policy) -> Result<(), CheckError> {
        let expectations = Expectations { template, ca_public_key: &self.public_key() };
        check(blob, &expectations, policy, |message, algorithm, raw| self.verify(message, algorithm, raw))
    }
}

/// r and s of 32 bytes each out of two SSH numbers in their shortest form.
fn fixed(raw: &[u8]) -> Option<[u8; 64]> {
    let mut out = [0; 64];
    let (length, rest) = raw.split_first_chunk::<4>()?;
    let (r, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let (length, s) = rest.split_first_chunk::<4>()?;
    if s.len() != u32::from_be_bytes(*length) as usize {
        return None;
    }
    for (number, place) in [(r, 0), (s, 32)] {
        let digits = match number {
            [0, digits @ ..] if *digits.first()? >= 0x80 => digits,
            digits if *digits.first()? < 0x80 && digits[0] > 0 => digits,
            _ => return None,
        };
        let start = 32usize.checked_sub(digits.len())?;
        out[place + start..place + 32].copy_from_slice(digits);
    }
    Some(out)
}

/// One key of every type that can be certified: five from ssh-keygen, and two bound to a security key.
static SUBJECTS: LazyLock<Vec<SubjectKey>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let kinds = [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")];
    let mut keys: Vec<SubjectKey> = kinds
        .into_iter()
        .map(|(kind, bits)| {
            let file = dir.path().join(format!("{kind}{bits}"));
            keygen(dir.path(), &["-q", "-t", kind, "-b", bits, "-N", "", "-C", "ada@example.org", "-f", file.to_str().unwrap()]);
            SubjectKey::parse(&std::fs::read_to_string(file.with_extension("pub")).unwrap()).unwrap()
        })
        .collect();
    for (index, name) in [(0, "sk-ssh-ed25519@openssh.com"), (1, "sk-ecdsa-sha2-nistp256@openssh.com")] {
        let blob = [string(name.as_bytes()), keys[index].fields().to_vec(), string(b"ssh:")].concat();
        keys.push(SubjectKey::parse(&format!("{name} {} sk", STANDARD.encode(blob))).unwrap());
    }
    keys
});

/// Runs the real ssh-keygen in UTC and returns what it printed.
fn keygen(dir: &Path, args: &[&str]) -> Vec<u8> {
    keygen_in("UTC", dir, args)
}

fn keygen_in(zone: &str, dir: &Path, args: &[&str]) -> Vec<u8> {
    let output = Command::new("ssh-keygen").args(args).current_dir(dir).env("TZ", zone).output().expect("ssh-keygen is installed");
    assert!(output.status.success(), "ssh-keygen {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An ordinary user certificate, to be changed by a test.
fn template(subject: &SubjectKey) -> Template<'_> {
    Template {
        kind: Kind::User,
        subject,
        serial: 7,
        key_id: "request[1] for[ada]",
        principals: vec!["ada".to_owned(), "deploy".to_owned()],
        valid_after: 1_704_067_200,
        valid_before: 1_704_067_440,
        critical_options: CriticalOptions::default(),
        extensions: Extensions::flags(["permit-pty", "permit-X11-forwarding"]).unwrap(),
        nonce: [9; 32],
    }
}
