//! OpenSSH's programs, together: a certificate that `ssh-keygen -s` made logs in, and each thing that is wrong is refused for
//! its own reason.

use menagerie_tests::keys::{SshKey, generate_pem, generate_ssh_key, openssl, public_line, ssh_keygen};
use menagerie_tests::{Namespace, SshAgent, Sshd, SshdOptions};
use std::path::{Path, PathBuf};

/// A certificate of `ca`'s for the key at `key`, beside it.
fn certify(ca: &Path, key: &Path, arguments: &[&str]) -> PathBuf {
    let mut all = vec!["-q", "-s", ca.to_str().expect("UTF-8"), "-I", "test"];
    all.extend(arguments);
    let public = format!("{}.pub", key.display());
    all.push(&public);
    let _ = ssh_keygen(all).success();
    format!("{}-cert.pub", key.display()).into()
}

struct Scene {
    namespace: Namespace,
    ca: PathBuf,
    key: PathBuf,
    sshd: Sshd,
}

fn scene(label: &str) -> Scene {
    let namespace = Namespace::new(label);
    let ca = generate_ssh_key(&namespace, "ca", SshKey::Ed25519, "");
    let key = generate_ssh_key(&namespace, "id", SshKey::Ed25519, "");
    let options =
        SshdOptions { trusted_user_ca: vec![public_line(&ca)], principals: Some(vec!["operator".to_owned()]), ..Default::default() };
    let sshd = Sshd::start(&namespace, &options);
    Scene { namespace, ca, key, sshd }
}

#[test]
fn a_certificate_logs_in() {
    let scene = scene("login");
    let certificate = certify(&scene.ca, &scene.key, &["-n", "operator"]);
    let login = scene.sshd.ssh().identity(&scene.key).certificate(&certificate).run("echo hello; id -un").success();
    assert_eq!(login.stdout, format!("hello\n{}\n", scene.sshd.user()));
    assert!(login.log.contains("Accepted publickey") && login.log.contains("ID test"), "{}", login.log);
    let login = scene.sshd.ssh().identity(&scene.key).certificate(&certificate).run("exit 9");
    assert_eq!(login.status, Some(9));
}

#[test]
fn what_is_wrong_is_refused_for_its_reason() {
    let scene = scene("refusals");
    let refused = |arguments: &[&str], reason: &str| {
        let certificate = certify(&scene.ca, &scene.key, arguments);
        let _ = scene.sshd.ssh().identity(&scene.key).certificate(certificate).run("true").refused(reason);
    };
    refused(&["-n", "other"], "Certificate does not contain an authorized principal");
    refused(&["-n", "operator", "-V", "20200101:20200102"], "Certificate invalid: expired");
    refused(&["-n", "operator", "-O", "source-address=10.0.0.0/8"], "not from a permitted source address");
}

#[test]
fn a_bare_key_is_refused() {
    let scene = scene("bare");
    let login = scene.sshd.ssh().identity(&scene.key).run("true");
    assert_eq!(login.status, Some(255), "{}", login.stderr);
    assert!(login.stderr.contains("Permission denied"), "{}", login.stderr);
}

#[test]
fn an_unknown_host_key_is_refused() {
    let scene = scene("unknown-host");
    let certificate = certify(&scene.ca, &scene.key, &["-n", "operator"]);
    let login = scene.sshd.ssh().identity(&scene.key).certificate(certificate).known_hosts("").run("true");
    assert_eq!(login.status, Some(255));
    assert!(login.stderr.contains("Host key verification failed"), "{}", login.stderr);
}

#[test]
fn a_host_certificate_is_trusted_by_its_authority() {
    let namespace = Namespace::new("host");
    let ca = generate_ssh_key(&namespace, "ca", SshKey::EcdsaP256, "");
    let host = generate_ssh_key(&namespace, "host", SshKey::Ed25519, "");
    let key = generate_ssh_key(&namespace, "id", SshKey::Rsa(2048), "");
    let certificate = certify(&ca, &host, &["-h", "-n", "web.example.org"]);
    let options = SshdOptions {
        authorized_keys: vec![public_line(&key)],
        host_key: Some(host),
        host_certificate: Some(std::fs::read_to_string(certificate).expect("ssh-keygen wrote it")),
        ..Default::default()
    };
    let sshd = Sshd::start(&namespace, &options);
    let authority = format!("@cert-authority * {}\n", public_line(&ca));
    let ssh = |alias: &str| sshd.ssh().identity(&key).known_hosts(&authority).option(&format!("HostKeyAlias={alias}"));
    let _ = ssh("web.example.org").run("true").success();
    assert!(ssh("mail.example.org").run("true").stderr.contains("name is not a listed principal"));
}

#[test]
fn an_agent_logs_in_with_what_it_holds() {
    let scene = scene("agent");
    let agent = SshAgent::start(&scene.namespace);
    assert_eq!(agent.identities(), Vec::<String>::new());
    certify(&scene.ca, &scene.key, &["-n", "operator"]);
    let _ = agent.ssh_add(&["-q", "-t", "60", scene.key.to_str().expect("UTF-8")]).success();
    assert_eq!(agent.identities().len(), 2, "the key and its certificate");
    std::fs::remove_file(&scene.key).expect("it is there");
    let _ = scene.sshd.ssh().agent(&agent).run("true").success();
}

#[test]
fn keys_of_every_kind_can_be_made() {
    let namespace = Namespace::new("keys");
    let kinds = [
        (SshKey::Ed25519, "ssh-ed25519 "),
        (SshKey::EcdsaP256, "ecdsa-sha2-nistp256 "),
        (SshKey::EcdsaP384, "ecdsa-sha2-nistp384 "),
        (SshKey::EcdsaP521, "ecdsa-sha2-nistp521 "),
        (SshKey::Rsa(2048), "ssh-rsa "),
        (SshKey::Dsa, "ssh-dss "),
    ];
    for (kind, prefix) in kinds {
        let name = format!("{kind:?}");
        let key = generate_ssh_key(&namespace, &name, kind, "passphrase");
        let public = public_line(&key);
        assert!(public.starts_with(prefix) && public.ends_with(&name), "{public}");
        let shown = |passphrase| ssh_keygen(["-y", "-P", passphrase, "-f", key.to_str().expect("UTF-8")]);
        assert!(shown("passphrase").success().text().starts_with(prefix));
        assert_ne!(shown("").status, Some(0), "{name} has no passphrase");
    }
}

#[test]
fn openssl_makes_keys_of_every_kind() {
    for kind in ["ed25519", "P-256", "P-384", "P-521", "rsa:2048"] {
        let pem = generate_pem(kind);
        assert!(pem.starts_with(b"-----BEGIN PRIVATE KEY-----"), "{kind}");
        let _ = openssl(["pkey", "-noout", "-check"], &pem).success();
    }
}
