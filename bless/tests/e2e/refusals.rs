//! What `sshd` refuses of ours because it should, and what is never issued since `sshd` would take it wrongly.

use std::time::{Duration, SystemTime};

use menagerie_tests::keys::{SshKey, generate_ssh_key, public_line, ssh_keygen};
use menagerie_tests::{Namespace, Sshd, SshdOptions, assert_eventually};
use serde_json::Value;

use crate::authority::{Authority, shown_by_openssh};
use crate::events::{user_event, with};

fn trusting(authority: &Authority, principal: &str) -> Sshd {
    let options =
        SshdOptions { trusted_user_ca: vec![authority.public()], principals: Some(vec![principal.to_owned()]), ..SshdOptions::default() };
    Sshd::start(&authority.namespace, &options)
}

#[test]
fn an_expired_certificate() {
    let authority = Authority::new("expired");
    authority.change("validity = \"1h\"", "validity = \"1s\"");
    let sshd = trusting(&authority, "alice");
    let private = generate_ssh_key(&authority.namespace, "key", SshKey::Ed25519, "");
    let certificate = authority.certificate("certificate", &user_event(&public_line(&private)));
    let issued = SystemTime::now();
    assert_eventually!(issued.elapsed().is_ok_and(|time| time > Duration::from_millis(1_100)));
    let _ = sshd.ssh().identity(&private).certificate(&certificate).run("true").refused("Certificate invalid: expired");
}

/// As in BLESS, the test user's certificate ends before it begins.
#[test]
fn the_test_users_certificate() {
    let authority = Authority::new("test-user");
    authority.change("[user]\n", "[user]\ntest_user = \"alice\"\n");
    let sshd = trusting(&authority, "alice");
    let private = generate_ssh_key(&authority.namespace, "key", SshKey::Ed25519, "");
    let certificate = authority.certificate("certificate", &user_event(&public_line(&private)));
    let _ = sshd.ssh().identity(&private).certificate(&certificate).run("true").refused("Certificate invalid: ");
}

#[test]
fn another_source_address() {
    let authority = Authority::new("source");
    let sshd = trusting(&authority, "alice");
    let private = generate_ssh_key(&authority.namespace, "key", SshKey::Ed25519, "");
    let event = with(&user_event(&public_line(&private)), "bastion_ips", "192.0.2.0/24,2001:db8::/32");
    let certificate = authority.certificate("certificate", &event);
    let _ = sshd.ssh().identity(&private).certificate(&certificate).run("true").refused("source address");
}

#[test]
fn another_principal() {
    let authority = Authority::new("principal");
    let sshd = trusting(&authority, "bob");
    let private = generate_ssh_key(&authority.namespace, "key", SshKey::Ed25519, "");
    let certificate = authority.certificate("certificate", &user_event(&public_line(&private)));
    let login = sshd.ssh().identity(&private).certificate(&certificate).run("true");
    let _ = login.refused("Certificate does not contain an authorized principal");
}

#[test]
fn another_authority() {
    let (authority, other) = (Authority::new("trusted"), Authority::new("untrusted"));
    let sshd = trusting(&authority, "alice");
    let private = generate_ssh_key(&other.namespace, "key", SshKey::Ed25519, "");
    let certificate = other.certificate("certificate", &user_event(&public_line(&private)));
    let _ = sshd.ssh().identity(&private).certificate(&certificate).run("true").refused("");
}

/// CVE-2024-7594's class: a certificate without principals is good for every user. CVE-2026-35414's: a comma in a principal is two.
#[test]
fn no_certificate_without_principals_or_with_odd_ones() {
    let authority = Authority::new("empty");
    authority.change("principals = [\"alice\"]", "principals = [\"alice\", \"root\"]");
    let key = public_line(&generate_ssh_key(&authority.namespace, "key", SshKey::Ed25519, ""));
    for names in ["", ",", "alice,", ",alice", "alice,,root", " ", "*", "-oProxyCommand=x", "alice,alice", "al\nice", "al*"] {
        let answer = authority.handle(&with(&user_event(&key), "remote_usernames", names));
        assert_eq!(answer["errorType"], "InputValidationError", "{names:?}: {answer}");
        assert_eq!(answer["certificate"], Value::Null);
    }
    for names in [&["--principal", ""][..], &["--principal", "alice,,root"], &["--principal", "alice,"], &[]] {
        let finished = authority.run(&[&["sign", "user", "--config", "ca/bless.toml"][..], names, &["key.pub"]].concat());
        assert_ne!(finished.status, Some(0), "{names:?}: {finished:?}");
        assert!(!authority.namespace.file("key-cert.pub").exists(), "{names:?}");
    }
    let good = authority.certificate("good", &with(&user_event(&key), "remote_usernames", "alice,root"));
    let shown = shown_by_openssh(&good);
    assert!(shown.contains("Principals: \n                alice\n                root\n"), "{shown}");
}

/// What an empty list of principals would be: `sshd` takes no such certificate where a name must be in it, and bless writes none.
#[test]
fn a_certificate_without_principals() {
    let namespace = Namespace::new("no-principals");
    let ca = generate_ssh_key(&namespace, "ca", SshKey::Ed25519, "");
    let private = generate_ssh_key(&namespace, "key", SshKey::Ed25519, "");
    let public = private.with_extension("pub");
    let _ = ssh_keygen(["-q", "-s", &ca.to_string_lossy(), "-I", "nobody", "-V", "+5m", &public.to_string_lossy()]).success();
    let sshd = Sshd::start(&namespace, &SshdOptions { trusted_user_ca: vec![public_line(&ca)], ..SshdOptions::default() });
    let login = sshd.ssh().identity(&private).certificate(namespace.file("key-cert.pub")).run("true");
    let _ = login.refused("Certificate lacks principal list");

    let authority = Authority::new("empty-principals");
    for empty in ["", "alice,", ",", "alice,,bob"] {
        let answer = authority.handle(&with(&user_event(&public_line(&private)), "remote_usernames", empty));
        assert_eq!(answer["certificate"], Value::Null, "{empty:?}: {answer}");
    }
}
