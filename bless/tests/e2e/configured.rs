//! What the configuration says about certificates, seen where it counts: by `sshd`, `ssh` and `ssh-keygen`.

use menagerie_tests::keys::{SshKey, generate_ssh_key, public_line};
use menagerie_tests::{Sshd, SshdOptions};

use crate::authority::{Authority, shown_by_openssh};
use crate::events::{fresh_key, user_event, with};
use crate::lambda::serial;

#[test]
fn a_forced_command_is_what_runs() {
    let authority = Authority::new("forced");
    authority.change("[user]\n", "[user]\nforce_command = \"echo forced\"\n");
    let options =
        SshdOptions { trusted_user_ca: vec![authority.public()], principals: Some(vec!["alice".to_owned()]), ..SshdOptions::default() };
    let sshd = Sshd::start(&authority.namespace, &options);
    let private = generate_ssh_key(&authority.namespace, "key", SshKey::Ed25519, "");
    let certificate = authority.certificate("certificate", &user_event(&public_line(&private)));
    let login = sshd.ssh().identity(&private).certificate(certificate).run("echo free").success();
    assert_eq!(login.stdout, "forced\n");
}

#[test]
fn the_key_id_by_a_template() {
    let authority = Authority::new("template");
    authority.change("[user]\n", "[user]\nkey_id = \"{user}/{verified} as {principals} no. {serial}\"\n");
    let answer = authority.handle(&user_event(&fresh_key(&authority.namespace, "key")));
    let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let shown = shown_by_openssh(&authority.namespace.write("certificate", line));
    assert!(shown.contains(&format!("Key ID: \"alice/alice as alice no. {}\"", serial(line))), "{shown}");
}

#[test]
fn addresses_within_what_the_configuration_allows() {
    let authority = Authority::new("within");
    authority.change("shortest_ipv4_prefix = 8", "within = [\"10.0.0.0/8\"]\nshortest_ipv4_prefix = 16");
    let event = user_event(&fresh_key(&authority.namespace, "key"));
    for (addresses, issued) in
        [("10.1.0.0/16", true), ("10.1.2.3,10.2.0.0/16", true), ("10.0.0.0/15", false), ("192.0.2.1", false), ("::1", false)]
    {
        let answer = authority.handle(&with(&event, "bastion_ips", addresses));
        assert_eq!(answer["certificate"].is_string(), issued, "{addresses}: {answer}");
    }
}

#[test]
fn extensions_and_validity() {
    let authority = Authority::new("extensions");
    let text = std::fs::read_to_string(authority.config()).expect("there");
    let line = text.lines().find(|line| line.starts_with("extensions = ")).expect("a line");
    authority.change(line, "extensions = [\"permit-pty\", \"login@github.com\"]");
    authority.change("validity = \"1h\"", "validity = \"90m\"");
    authority.change("backdate = \"2m\"", "backdate = \"0\"");
    let answer = authority.handle(&user_event(&fresh_key(&authority.namespace, "key")));
    let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let certificate = ssh_key::Certificate::from_openssh(line).expect("a certificate");
    assert_eq!(certificate.valid_before() - certificate.valid_after(), 90 * 60);
    let shown = shown_by_openssh(&authority.namespace.write("certificate", line));
    assert!(shown.contains("permit-pty") && shown.contains("login@github.com") && !shown.contains("permit-user-rc"), "{shown}");
}

/// A pattern in a host certificate only where the configuration has it, and only of its own names. (The client of OpenSSH 9.2 takes a
/// principal as a plain name, so that no login is tried with this one.)
#[test]
fn patterns_of_hosts() {
    let authority = Authority::new("wild");
    authority.append(
        "[[host.allow]]\nuser = \"alice\"\nnames = [\"*.lab.example.com\"]\n[[host.allow]]\nuser = \"alice\"\nnames = [\"*.wild.example.com\"]\nwildcards = true\n",
    );
    let namespace = &authority.namespace;
    let host_key = generate_ssh_key(namespace, "host", SshKey::Ed25519, "");
    let ask = |names: &str| authority.handle(&crate::events::host_event(&public_line(&host_key), names));
    for names in [
        "*.lab.example.com",
        "*.example.com",
        "*",
        "*.wild.example.com,*.lab.example.com",
        "a b*.wild.example.com",
        "user@*.wild.example.com",
        "-*.wild.example.com",
    ] {
        assert!(ask(names)["certificate"].is_null(), "{names}");
    }
    let answer = ask("*.wild.example.com");
    let line = answer["certificate"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let shown = shown_by_openssh(&namespace.write("certificate", line));
    assert!(shown.contains("host certificate") && shown.contains("Principals: \n                *.wild.example.com\n"), "{shown}");
}
