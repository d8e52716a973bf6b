//! Logins by the real `ssh` to the real `sshd`: every type of CA key with every type of subject key, certificates from a running
//! service and from `bless handle`; host certificates; plain `ssh host`.

use menagerie_tests::keys::{generate_ssh_key, public_line};
use menagerie_tests::process::{command, run};
use menagerie_tests::{Sshd, SshdOptions};

use crate::authority::{Authority, shown_by_openssh, text};
use crate::events::{SUBJECTS, user_event};
use crate::security_key::SecurityKey;

fn trusting(authority: &Authority, principal: &str) -> Sshd {
    let options =
        SshdOptions { trusted_user_ca: vec![authority.public()], principals: Some(vec![principal.to_owned()]), ..SshdOptions::default() };
    Sshd::start(&authority.namespace, &options)
}

fn every_subject_logs_in(key_type: &str) {
    let authority = Authority::with_key("login", key_type);
    let sshd = trusting(&authority, "alice");
    let _service = authority.serve(&[]);
    for (name, key) in SUBJECTS {
        let private = generate_ssh_key(&authority.namespace, name, key, "");
        // Not beside the key, where ssh would find it by itself.
        let by_get = authority.namespace.file(&format!("{name}.get"));
        let _ = authority.get(name, &["--key", &format!("{name}.pub"), "--output", text(&by_get)]);
        let by_handle = authority.certificate(&format!("{name}.handle"), &user_event(&public_line(&private)));
        for certificate in [by_get, by_handle] {
            let login = sshd.ssh().identity(&private).certificate(&certificate).run("echo logged in").success();
            assert_eq!(login.stdout, "logged in\n", "{key_type} {name}");
            assert!(login.log.contains("ID request["), "sshd logs the key ID: {}", login.log);
        }
    }
    let device = SecurityKey::new(&authority.namespace);
    for kind in SECURITY_KEYS {
        let private = device.generate(kind, kind, &[]);
        let by_get = authority.namespace.file(&format!("{kind}.get"));
        let _ = authority.get(kind, &["--key", &format!("{kind}.pub"), "--output", text(&by_get)]);
        let by_handle = authority.certificate(&format!("{kind}.handle"), &user_event(&public_line(&private)));
        for certificate in [by_get, by_handle] {
            let login = sshd.ssh().identity(&private).certificate(&certificate).option(&device.option()).run("echo logged in").success();
            assert_eq!(login.stdout, "logged in\n", "{key_type} {kind}");
            let accepted = format!("Accepted publickey for {} from 127.0.0.1", sshd.user());
            assert!(login.log.contains(&accepted) && login.log.contains("-SK-CERT"), "{key_type} {kind}: {}", login.log);
        }
    }
}

/// Both types of key that live in a security key, as `ssh-keygen -t` names them.
const SECURITY_KEYS: [&str; 2] = ["ed25519-sk", "ecdsa-sk"];

/// `verify_required` in the configuration means a login only with a security key that has verified its user.
#[test]
fn with_a_security_key_that_must_verify_its_user() {
    let authority = Authority::new("verified");
    authority.change("# verify_required = true", "verify_required = true");
    let sshd = trusting(&authority, "alice");
    let device = SecurityKey::new(&authority.namespace);
    for kind in SECURITY_KEYS {
        let verified = format!("{kind}-verified");
        for (name, options) in [(kind, &[][..]), (&verified, &["-O", "verify-required"])] {
            let private = device.generate(kind, name, options);
            let certificate = authority.certificate(&format!("{name}.cert"), &user_event(&public_line(&private)));
            assert!(shown_by_openssh(&certificate).contains("verify-required"), "{name}");
            let login = sshd.ssh().identity(&private).certificate(&certificate).option(&device.option()).run("true");
            if options.is_empty() {
                let _ = login.refused("user verification requirement not met");
            } else {
                let _ = login.success();
            }
        }
    }
}

#[test]
fn with_an_ed25519_ca() {
    every_subject_logs_in("ed25519");
}

#[test]
fn with_an_ecdsa_p256_ca() {
    every_subject_logs_in("ecdsa-p256");
}

#[test]
fn with_an_ecdsa_p384_ca() {
    every_subject_logs_in("ecdsa-p384");
}

#[test]
fn with_an_rsa_4096_ca() {
    every_subject_logs_in("rsa-4096");
}

/// The login is what the log says: the serial in sshd's log is that of the line.
#[test]
fn the_log_has_the_certificate_that_logged_in() {
    let authority = Authority::new("logged");
    let sshd = trusting(&authority, "alice");
    let _service = authority.serve(&[]);
    let got = authority.get("default", &["--format", "json"]);
    let got: serde_json::Value = serde_json::from_slice(&got.stdout).expect("JSON");
    let login = sshd.ssh().identity(authority.namespace.file("cache/default/id")).run("true").success();
    let lines = authority.log_lines();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    let (serial, key_id) = (line["serial"].as_str().expect("a serial"), line["key_id"].as_str().expect("a key ID"));
    assert!(login.log.contains(&format!("ID {key_id} (serial {serial}) CA")), "{line} is not what sshd saw: {}", login.log);
    assert_eq!(got["certificates"][0]["serial"], serial);
    assert_eq!((line["type"].as_str(), line["verified"]["user"].as_str()), (Some("issued"), Some("alice")));
}

#[test]
fn a_host_shows_a_certificate() {
    let authority = Authority::new("host");
    let namespace = &authority.namespace;
    let host_key = generate_ssh_key(namespace, "host", menagerie_tests::keys::SshKey::Ed25519, "");
    let _ = authority
        .run(&["sign", "host", "--config", "ca/bless.toml", "--principal", "db1.example.com", "--output", "signed", "host.pub"])
        .success();
    let certificate = std::fs::read_to_string(namespace.file("signed")).expect("written");
    let user_key = generate_ssh_key(namespace, "user", menagerie_tests::keys::SshKey::Ed25519, "");
    let options = SshdOptions {
        authorized_keys: vec![public_line(&user_key)],
        host_key: Some(host_key),
        host_certificate: Some(certificate.trim_end().to_owned()),
        ..SshdOptions::default()
    };
    let sshd = Sshd::start(namespace, &options);
    let trusted = format!("@cert-authority * {}\n", authority.public());
    let ssh = || sshd.ssh().identity(&user_key).known_hosts(&trusted);
    let _ = ssh().option("HostKeyAlias=db1.example.com").run("true").success();
    let other = ssh().option("HostKeyAlias=db2.example.com").run("true");
    assert_eq!(other.status, Some(255), "{}", other.stderr);
    assert!(other.stderr.contains("name is not a listed principal"), "{}", other.stderr);
}

#[test]
fn plain_ssh_gets_its_certificate() {
    let authority = Authority::new("snippet");
    let namespace = &authority.namespace;
    let sshd = trusting(&authority, "alice");
    let _service = authority.serve(&[]);
    let snippet = authority.run(&["ssh-config", "--config", "ca/bless.toml", "--cache-dir", "cache", "--match", "db1"]).success().text();
    let config = format!(
        "{snippet}\nHost db1\n    HostName 127.0.0.1\n    Port {}\n    User {}\n    UserKnownHostsFile {}\n    GlobalKnownHostsFile /dev/null\n    BatchMode yes\n",
        sshd.port(),
        sshd.user(),
        sshd.known_hosts().display()
    );
    let config = namespace.write("ssh_config", config);
    // The second time the certificate is there.
    for _ in 0..2 {
        let mut ssh = command("ssh");
        ssh.args(["-F", text(&config), "db1", "echo logged in"]).env_remove("SSH_AUTH_SOCK").env("HOME", namespace.path());
        assert_eq!(run(ssh, b"").success().text(), "logged in\n");
    }
    assert_eq!(authority.log_lines().len(), 1);
}
