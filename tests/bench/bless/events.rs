//! The kinds of CA, and the requests that they get: as many subject keys as a busy morning has engineers.

use menagerie_tests::{Namespace, keys};
use serde_json::json;

/// Different subject keys in one run.
const SUBJECTS: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaKind {
    Ed25519,
    EcdsaP256,
    Rsa4096,
}

impl CaKind {
    pub(crate) const ALL: [Self; 3] = [Self::Ed25519, Self::EcdsaP256, Self::Rsa4096];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.name() == name).expect("a kind of CA")
    }

    /// How many certificates make a run of a few seconds.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Ed25519 | Self::EcdsaP256 => 40_000,
            Self::Rsa4096 => 1_500,
        }
    }

    /// What `openssl genpkey` is told.
    pub(crate) fn openssl(self) -> &'static [&'static str] {
        match self {
            Self::Ed25519 => &["-algorithm", "ed25519"],
            Self::EcdsaP256 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::Rsa4096 => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
        }
    }
}

/// Requests, one a line.
pub(crate) fn lines(namespace: &Namespace, count: usize) -> String {
    let subject =
        |index: usize| keys::public_line(&keys::generate_ssh_key(namespace, &format!("subject{count}-{index}"), keys::SshKey::Ed25519, ""));
    let subjects: Vec<String> = (0..SUBJECTS).map(subject).collect();
    let mut lines = String::with_capacity(count * 350);
    for index in 0..count {
        let event = json!({
            "bastion_ips": "10.0.0.1", "bastion_user": "alice", "bastion_user_ip": "192.0.2.7", "remote_usernames": "alice,deploy",
            "command": format!("ssh db{index}.example.com"), "public_key_to_sign": subjects[index % SUBJECTS].trim_end(),
        });
        lines.push_str(&event.to_string());
        lines.push('\n');
    }
    lines
}
