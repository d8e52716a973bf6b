//! BLESS's events, and subject keys for them.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_tests::Namespace;
use menagerie_tests::keys::{SshKey, generate_ssh_key, public_line};
use serde_json::{Value, json};

/// Every type of subject key that can log in without hardware.
pub(crate) const SUBJECTS: [(&str, SshKey); 5] = [
    ("ed25519", SshKey::Ed25519),
    ("ecdsa-256", SshKey::EcdsaP256),
    ("ecdsa-384", SshKey::EcdsaP384),
    ("ecdsa-521", SshKey::EcdsaP521),
    ("rsa-3072", SshKey::Rsa(3072)),
];

/// A user event of `alice`, from this machine, for this public key.
pub(crate) fn user_event(public_key: &str) -> Value {
    json!({
        "bastion_ips": "127.0.0.1,::1",
        "bastion_user": "alice",
        "bastion_user_ip": "192.0.2.7",
        "command": "ssh db1",
        "public_key_to_sign": public_key,
        "remote_usernames": "alice",
    })
}

/// A host event.
pub(crate) fn host_event(public_key: &str, hostnames: &str) -> Value {
    json!({ "hostnames": hostnames, "public_key_to_sign": public_key })
}

/// With another value of a field.
pub(crate) fn with(event: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut event = event.clone();
    event[field] = value.into();
    event
}

/// The line of a fresh Ed25519 key.
pub(crate) fn fresh_key(namespace: &Namespace, name: &str) -> String {
    public_line(&generate_ssh_key(namespace, name, SshKey::Ed25519, ""))
}

/// A name of a file that no other key of this run has.
pub(crate) fn unused_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The two types of key that live in a security key: any point of the curve will do for a certificate.
pub(crate) fn security_keys(namespace: &Namespace) -> [(&'static str, String); 2] {
    let ed25519 = blob(&generate_ssh_key(namespace, "sk-a", SshKey::Ed25519, ""));
    let ecdsa = blob(&generate_ssh_key(namespace, "sk-b", SshKey::EcdsaP256, ""));
    let key = |name: &'static str, plain: &str, blob: &[u8]| {
        let mut sk = string(name.as_bytes());
        sk.extend_from_slice(&blob[4 + plain.len()..]);
        sk.extend(string(b"ssh:"));
        (name, format!("{name} {} token", STANDARD.encode(sk)))
    };
    [key("sk-ssh-ed25519@openssh.com", "ssh-ed25519", &ed25519), key("sk-ecdsa-sha2-nistp256@openssh.com", "ecdsa-sha2-nistp256", &ecdsa)]
}

fn blob(private: &Path) -> Vec<u8> {
    STANDARD.decode(public_line(private).split(' ').nth(1).expect("a key has a second word")).expect("base64")
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short");
    [&length.to_be_bytes()[..], bytes].concat()
}
