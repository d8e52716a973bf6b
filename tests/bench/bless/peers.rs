//! The peers: `ssh-keygen -s`, one process a certificate, and what `openssl speed` says of its own primitives.

use std::time::Instant;

use menagerie_tests::{Namespace, keys, process};

use crate::events::CaKind;
use crate::table::Figure;

const CERTIFICATES: u32 = 50;

pub(crate) fn ssh_keygen(kind: CaKind) -> Figure {
    let namespace = Namespace::new("bench-keygen");
    let ca = match kind {
        CaKind::Ed25519 => keys::SshKey::Ed25519,
        CaKind::EcdsaP256 => keys::SshKey::EcdsaP256,
        CaKind::Rsa4096 => keys::SshKey::Rsa(4096),
    };
    let ca = keys::generate_ssh_key(&namespace, "ca", ca, "");
    let subject = keys::generate_ssh_key(&namespace, "subject", keys::SshKey::Ed25519, "").with_extension("pub");
    let start = Instant::now();
    for serial in 1..=CERTIFICATES {
        let serial = serial.to_string();
        let arguments =
            ["-q", "-s", &ca.to_string_lossy(), "-I", "bench", "-n", "alice", "-z", &serial, "-V", "+1h", &subject.to_string_lossy()];
        let _ = keys::ssh_keygen(arguments).success();
    }
    Figure::rate(f64::from(CERTIFICATES), start.elapsed().as_secs_f64(), None)
}

/// Signatures and verifications in a second, as `openssl speed` measures them.
pub(crate) fn openssl(kind: CaKind) -> Vec<(&'static str, Figure)> {
    let name = match kind {
        CaKind::Ed25519 => "ed25519",
        CaKind::EcdsaP256 => "ecdsap256",
        CaKind::Rsa4096 => "rsa4096",
    };
    let mut command = process::command("openssl");
    command.args(["speed", "-seconds", "2", "-mr", name]);
    let said = process::run_within(std::time::Duration::from_secs(60), command, b"").success().text();
    // `+F2:` RSA, `+F4:` ECDSA, `+F6:` EdDSA: the last two fields are seconds for a signature and for a verification.
    let line = said.lines().find(|line| line.starts_with("+F")).expect("openssl's figures");
    let fields: Vec<f64> = line.split(':').filter_map(|field| field.parse().ok()).collect();
    let [sign, verify] = fields[fields.len() - 2..] else { panic!("openssl's figures: {line}") };
    // RSA and ECDSA come as seconds, EdDSA as well; one over each is a rate.
    let rate = |seconds: f64| Figure { value: if seconds < 1.0 { 1.0 / seconds } else { seconds }, unit: "1/s", cpu: None };
    vec![("openssl speed, sign", rate(sign)), ("openssl speed, verify", rate(verify))]
}
