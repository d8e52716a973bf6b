//! `bless inspect` beside `ssh-keygen -L`.

use menagerie_tests::keys::{generate_ssh_key, public_line, ssh_keygen};
use menagerie_tests::process::{command, run};
use serde_json::Value;

use crate::authority::{Authority, text};
use crate::events::{SUBJECTS, security_keys, user_event};

/// Both tools' words for a file, in the same time zone.
fn both(authority: &Authority, name: &str) -> (String, String) {
    let ours = authority.run(&["inspect", name]).success().text();
    let mut keygen = command("ssh-keygen");
    keygen.args(["-L", "-f", name]).current_dir(authority.namespace.path()).env("TZ", "UTC");
    (ours, run(keygen, b"").success().text())
}

#[test]
fn says_what_ssh_keygen_says() {
    let authority = Authority::new("inspect");
    let mut keys: Vec<(String, String)> = Vec::new();
    for (name, key) in SUBJECTS {
        keys.push((name.to_owned(), public_line(&generate_ssh_key(&authority.namespace, name, key, ""))));
    }
    keys.extend(security_keys(&authority.namespace).map(|(name, line)| (name.to_owned(), line)));
    for (name, line) in keys {
        let file = format!("{name}.cert");
        let _ = authority.certificate(&file, &user_event(&line));
        let (ours, theirs) = both(&authority, &file);
        assert_eq!(ours, theirs, "{name}");
    }
}

/// Certificates that another made, with what ours never have.
#[test]
fn shows_certificates_of_others() {
    let authority = Authority::new("others");
    let namespace = &authority.namespace;
    let _ = generate_ssh_key(namespace, "their-ca", menagerie_tests::keys::SshKey::EcdsaP521, "");
    let _ = generate_ssh_key(namespace, "key", menagerie_tests::keys::SshKey::Ed25519, "");
    let path = |name: &str| text(&namespace.file(name)).to_owned();
    for (number, options) in [
        &["-V", "always:forever"][..],
        &["-n", "a,b", "-V", "20200101:20300101", "-z", "18446744073709551615"],
        &["-h", "-n", "*.example.com"],
        &["-O", "clear", "-O", "critical:x@example.com=y", "-O", "extension:z@example.com"],
        &["-O", "force-command=echo \"hi\"", "-O", "source-address=10.0.0.0/8", "-O", "verify-required"],
    ]
    .into_iter()
    .enumerate()
    {
        let (ca, key) = (path("their-ca"), path("key.pub"));
        let fixed = ["-q", "-s", &ca, "-I", "it\u{e9} [x] \"y\""];
        let _ = ssh_keygen([&fixed[..], options, &[&key]].concat()).success();
        let file = format!("their-{number}");
        std::fs::rename(namespace.file("key-cert.pub"), namespace.file(&file)).expect("ssh-keygen wrote it");
        let (ours, theirs) = both(&authority, &file);
        assert_eq!(ours, theirs, "{options:?}");
    }
}

/// Unlike `ssh-keygen`, ours shows no control character of a certificate as it is: it could drive the terminal.
#[test]
fn nothing_drives_the_terminal() {
    let authority = Authority::new("terminal");
    let namespace = &authority.namespace;
    let ca = generate_ssh_key(namespace, "their-ca", menagerie_tests::keys::SshKey::Ed25519, "");
    let _ = generate_ssh_key(namespace, "key", menagerie_tests::keys::SshKey::Ed25519, "");
    let key = namespace.file("key.pub");
    let _ = ssh_keygen(["-q", "-s", text(&ca), "-I", "\u{1b}]0;owned\u{7}", "-n", "a", text(&key)]).success();
    let shown = authority.run(&["inspect", "key-cert.pub"]).success().text();
    assert!(shown.contains("\\033]0;owned\\007") && !shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

#[test]
fn json_names_what_cannot_be_read() {
    let authority = Authority::new("json");
    let key = public_line(&generate_ssh_key(&authority.namespace, "key", menagerie_tests::keys::SshKey::Ed25519, ""));
    let answer = authority.handle(&user_event(&key));
    let _ = authority.namespace.write("answer.json", answer.to_string());
    let _ = authority.namespace.write("plain", &key);
    let finished = authority.run(&["inspect", "--format", "json", "answer.json", "plain", "missing"]);
    assert_eq!(finished.status, Some(2), "{finished:?}");
    let report: Value = serde_json::from_slice(&finished.stdout).expect("JSON");
    assert_eq!(report["schema"], "bless.inspect/1");
    assert_eq!(report["certificates"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(report["certificates"][0]["principals"][0], "alice");
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(2), "{report}");
}

/// A file that is something else altogether is one error; among certificates, each line that is none is named.
#[test]
fn a_file_without_a_certificate_is_one_error() {
    let authority = Authority::new("no-certificate");
    let key = generate_ssh_key(&authority.namespace, "key", menagerie_tests::keys::SshKey::Ed25519, "");
    let _ = authority.namespace.write("long", format!("{}\n", "x".repeat(100_000)).repeat(3));
    let certificate = authority.certificate("certificate", &user_event(&public_line(&key)));
    let certificate = std::fs::read_to_string(certificate).expect("written");
    let _ = authority.namespace.write("mixed", format!("{certificate}no\nneither\n{certificate}{}\n", "x".repeat(300_000)));
    let inspect = |arguments: &[&str]| authority.run(&[&["inspect"], arguments].concat());
    for name in ["key", "ca/bless.toml", "long"] {
        let finished = inspect(&[name]);
        assert_eq!((finished.status, finished.text().as_str()), (Some(2), ""), "{finished:?}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
        assert!(finished.stderr.contains(&format!("{name}: holds no certificate in its ")), "{finished:?}");
    }
    let report: Value = serde_json::from_slice(&inspect(&["--format", "json", "key", "mixed"]).stdout).expect("JSON");
    let sources: Vec<&str> = report["errors"].as_array().into_iter().flatten().filter_map(|error| error["source"].as_str()).collect();
    assert_eq!(sources, ["key", "mixed:2", "mixed:3", "mixed:5"], "{report}");
    assert_eq!(report["certificates"].as_array().map(Vec::len), Some(2), "{report}");
}
