//! `bless ca` and `bless sign`: the administrator's own commands.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use menagerie_tests::Namespace;
use menagerie_tests::process::{Finished, run};

use crate::authority::{Authority, PASSPHRASE, bless, shown_by_openssh};
use crate::events::fresh_key;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn ca_init_makes_private_files() {
    let authority = Authority::new("modes");
    assert_eq!(mode(&authority.namespace.file("ca")), 0o700);
    for (name, wanted) in [("ca_key", 0o600), ("ca_key.pub", 0o644), ("token", 0o600), ("bless.toml", 0o600)] {
        assert_eq!(mode(&authority.file(name)), wanted, "{name}");
    }
    let key = std::fs::read_to_string(authority.file("ca_key")).expect("it is there");
    assert!(key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"), "{key}");
    let public = menagerie_tests::keys::ssh_keygen(["-y", "-P", PASSPHRASE, "-f", crate::authority::text(&authority.file("ca_key"))]);
    assert_eq!(public.success().text().trim_end(), authority.public());
    let open = menagerie_tests::keys::ssh_keygen(["-y", "-P", "", "-f", crate::authority::text(&authority.file("ca_key"))]);
    assert_ne!(open.status, Some(0), "the key is not encrypted");
}

#[test]
fn ca_init_overwrites_nothing() {
    let authority = Authority::new("again");
    let names = ["ca_key", "ca_key.pub", "token", "bless.toml"];
    let content = || names.map(|name| std::fs::read(authority.file(name)).expect("it is there"));
    let before = content();
    let again = authority.run(&["ca", "init", "--dir", "ca", "--user", "alice"]);
    assert_eq!(again.status, Some(2), "{again:?}");
    assert!(again.stderr.contains("changes no authority"), "{}", again.stderr);
    assert_eq!(before, content());
    // Also where only one of the files is left.
    for name in ["ca_key", "bless.toml"] {
        let namespace = Namespace::new("half");
        std::fs::create_dir(namespace.file("ca")).expect("made");
        std::fs::write(namespace.file("ca").join(name), "mine").expect("written");
        let mut command = bless(&namespace);
        command.args(["ca", "init", "--dir", "ca", "--user", "alice"]);
        assert_eq!(run(command, b"").status, Some(2));
        assert_eq!(std::fs::read_dir(namespace.file("ca")).expect("there").count(), 1, "{name}");
    }
}

fn init(namespace: &Namespace) -> Finished {
    let mut command = bless(namespace);
    command.args(["ca", "init", "--dir", "ca", "--user", "alice"]);
    run(command, b"")
}

/// An authority's directory is its owner's alone; what others chose for a directory of theirs is not overruled.
#[test]
fn ca_init_closes_its_directory_or_refuses() {
    for (open, full) in [(0o755, false), (0o770, false), (0o707, false), (0o750, true), (0o777, true), (0o701, true), (0o700, true)] {
        let namespace = Namespace::new("open");
        let dir = namespace.file("ca");
        std::fs::create_dir(&dir).expect("made");
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(open)).expect("set");
        if full {
            std::fs::write(dir.join("other"), "mine").expect("written");
        }
        let finished = init(&namespace);
        if full && open != 0o700 {
            assert_eq!(finished.status, Some(2), "{open:o}: {finished:?}");
            assert!(finished.stderr.contains(&format!("is open to others (mode {open:o}) and not empty")), "{open:o}: {finished:?}");
            assert_eq!((mode(&dir), std::fs::read_dir(&dir).expect("there").count()), (open, 1), "{open:o}");
        } else {
            let noted = finished.success().stderr.contains("was open to others; its mode is 700 now");
            assert_eq!((mode(&dir), noted), (0o700, !full), "{open:o}");
        }
    }
    let namespace = Namespace::new("closed");
    let mut command = bless(&namespace);
    command.args(["ca", "init", "--dir", "deep/er/ca", "--user", "alice"]);
    let _ = run(command, b"").success();
    assert_eq!(mode(&namespace.file("deep/er/ca")), 0o700);
}

/// A link to nothing is not there for who follows it, and would be written through.
#[test]
fn ca_init_follows_no_dangling_link() {
    for name in ["ca_key", "ca_key.pub", "token", "bless.toml"] {
        let namespace = Namespace::new("dangling");
        std::fs::create_dir(namespace.file("ca")).expect("made");
        std::os::unix::fs::symlink("../elsewhere", namespace.file("ca").join(name)).expect("linked");
        let finished = init(&namespace);
        assert_eq!(finished.status, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(&format!("ca/{name} is there")), "{finished:?}");
        assert_eq!(std::fs::read_dir(namespace.file("ca")).expect("there").count(), 1);
        assert!(!namespace.file("elsewhere").exists());
    }
    let namespace = Namespace::new("dangling");
    std::os::unix::fs::symlink("elsewhere", namespace.file("ca")).expect("linked");
    let finished = init(&namespace);
    assert_eq!(finished.status, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("ca is a symbolic link to nothing"), "{finished:?}");
    assert!(!namespace.file("elsewhere").exists());
}

#[test]
fn the_public_key_is_shown() {
    let authority = Authority::new("public");
    let shown = authority.run(&["ca", "public-key", "--config", "ca/bless.toml"]).success().text();
    assert_eq!(shown.trim_end(), authority.public());
    let mut command = authority.bless();
    command.args(["ca", "public-key", "--config", "ca/bless.toml"]).env("BLESS_CA_PASSPHRASE", "another");
    let finished = run(command, b"");
    assert_eq!((finished.status, finished.text().as_str()), (Some(2), ""), "{finished:?}");
}

/// A passphrase is never cut: a file that is longer than any passphrase is another file.
#[test]
fn a_long_passphrase_file_is_refused() {
    let authority = Authority::new("long-passphrase");
    let namespace = &authority.namespace;
    for (name, length, taken) in [("longest", 4_096, true), ("longer", 4_097, false)] {
        let _ = namespace.write(name, "x".repeat(length));
        let mut command = bless(namespace);
        command.args(["ca", "init", "--dir", &format!("ca-{name}"), "--user", "alice", "--passphrase-file", name]);
        let made = run(command, b"");
        if taken {
            let _ = made.success();
        } else {
            assert_eq!(made.status, Some(2), "{made:?}");
            assert!(made.stderr.contains("the passphrase file longer has more than 4096 bytes"), "{made:?}");
            assert!(!namespace.file("ca-longer").exists());
        }
    }
}

#[test]
fn ca_init_wants_a_passphrase() {
    let namespace = Namespace::new("passphrase");
    for passphrase in [None, Some("")] {
        let mut command = bless(&namespace);
        command.args(["ca", "init", "--dir", "ca", "--user", "alice"]).env_remove("BLESS_CA_PASSPHRASE");
        if let Some(passphrase) = passphrase {
            command.env("BLESS_CA_PASSPHRASE", passphrase);
        }
        let finished = run(command, b"");
        assert_eq!(finished.status, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("passphrase"), "{}", finished.stderr);
        assert!(!namespace.file("ca").join("ca_key").exists());
    }
}

#[test]
fn a_wrong_passphrase_is_a_clear_error() {
    let authority = Authority::new("wrong");
    let _ = fresh_key(&authority.namespace, "key");
    let wrong = authority.namespace.write("wrong", "not it\n");
    for verb in [&["sign", "user", "--principal", "alice", "key.pub"][..], &["serve"]] {
        let mut command = authority.bless();
        command.args(verb).args(["--config", "ca/bless.toml", "--passphrase-file"]).arg(&wrong);
        let finished = run(command, b"");
        assert_eq!(finished.status, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("passphrase"), "{}", finished.stderr);
        assert!(!finished.stderr.contains("not it"), "{}", finished.stderr);
    }
    assert!(!authority.namespace.file("key-cert.pub").exists());
    // The file's line end is not part of the passphrase.
    let right = authority.namespace.write("right", format!("{PASSPHRASE}\n"));
    let mut command = authority.bless();
    command.args(["sign", "user", "--principal", "alice", "key.pub", "--config", "ca/bless.toml", "--passphrase-file"]).arg(&right);
    command.env_remove("BLESS_CA_PASSPHRASE");
    let _ = run(command, b"").success();
}

#[test]
fn sign_user_merges_critical_options() {
    let authority = Authority::new("merge");
    authority.change("[user]\n", "[user]\nforce_command = \"/usr/bin/true\"\n");
    authority.change("shortest_ipv4_prefix = 8", "within = [\"10.0.0.0/8\"]\nshortest_ipv4_prefix = 8");
    let _ = fresh_key(&authority.namespace, "key");
    let sign = |more: &[&str]| {
        let fixed = ["sign", "user", "--config", "ca/bless.toml", "--principal", "alice,bob", "--output", "signed", "key.pub"];
        authority.run(&[&fixed[..], more].concat())
    };
    let shown = || shown_by_openssh(&authority.namespace.file("signed"));
    let _ = sign(&[]).success();
    let plain = shown();
    assert!(plain.contains("force-command /usr/bin/true") && plain.contains("source-address 10.0.0.0/8"), "{plain}");
    let _ = sign(&["--source-address", "10.1.0.0/16", "--validity", "8h", "--key-id", "by hand", "--extension", "permit-pty"]).success();
    let narrow = shown();
    assert!(narrow.contains("force-command /usr/bin/true") && narrow.contains("source-address 10.1.0.0/16"), "{narrow}");
    assert!(narrow.contains("Key ID: \"by hand\"") && narrow.contains("permit-pty") && !narrow.contains("permit-user-rc"), "{narrow}");
    for wider in [&["--source-address", "192.0.2.0/24"][..], &["--force-command", "/bin/sh"]] {
        let refused = sign(wider);
        assert_eq!(refused.status, Some(1), "{wider:?}: {refused:?}");
    }
    assert_eq!(shown(), narrow, "what was refused changed nothing");
}

#[test]
fn sign_host_takes_patterns_only_when_told() {
    let authority = Authority::new("patterns");
    let _ = fresh_key(&authority.namespace, "key");
    let sign = |more: &[&str]| {
        authority.run(&[&["sign", "host", "--config", "ca/bless.toml", "--principal", "*.example.com", "key.pub"][..], more].concat())
    };
    assert_eq!(sign(&[]).status, Some(1));
    let _ = sign(&["--allow-wildcards"]).success();
    let shown = shown_by_openssh(&authority.namespace.file("key-cert.pub"));
    assert!(shown.contains("host certificate") && shown.contains("*.example.com"), "{shown}");
    assert!(shown.contains("Critical Options: (none)") && shown.contains("Extensions: (none)"), "{shown}");
}
