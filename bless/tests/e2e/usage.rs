//! What is typed: help with examples, and usage errors.

use menagerie_tests::Namespace;
use menagerie_tests::process::{Finished, run};

use crate::authority::bless;

fn typed(arguments: &[&str]) -> Finished {
    let mut command = bless(&Namespace::new("usage"));
    command.args(arguments).current_dir("/");
    run(command, b"")
}

#[test]
fn usage_errors_end_with_2() {
    for arguments in [
        &[][..],
        &["no-such-verb"],
        &["ca"],
        &["ca", "init"],
        &["ca", "init", "--dir", "x", "--key-type", "dsa"],
        &["sign", "user", "--config", "x"],
        &["sign", "user", "--config", "x", "key.pub"],
        &["serve"],
        &["serve", "--config", "x", "--listen", "nowhere"],
        &["handle"],
        &["handle", "both", "--config", "x"],
        &["inspect"],
        &["log", "verify"],
        &["log", "search", "file:x", "--type", "both"],
        &["get", "--socket", "x", "--url", "http://127.0.0.1:1"],
        &["completions", "cmd.exe"],
    ] {
        let finished = typed(arguments);
        assert_eq!(finished.status, Some(2), "{arguments:?}: {finished:?}");
        assert!(finished.stdout.is_empty() && !finished.stderr.is_empty(), "{arguments:?}: {finished:?}");
    }
}

#[test]
fn help_has_examples() {
    for verb in [
        &[][..],
        &["ca", "init"],
        &["ca", "public-key"],
        &["sign", "user"],
        &["sign", "host"],
        &["inspect"],
        &["serve"],
        &["handle"],
        &["log", "verify"],
        &["log", "search"],
        &["get"],
        &["ssh-config"],
    ] {
        let help = typed(&[verb, &["--help"]].concat()).success().text();
        let name = format!("bless {}", verb.join(" "));
        assert!(help.contains("Usage:"), "{name}: {help}");
        let example = help.lines().any(|line| line.starts_with("  ") && line.trim().contains(name.trim_end()));
        assert!(example, "{name} has no example: {help}");
    }
}

#[test]
fn completions_are_scripts() {
    for (shell, sign) in [("bash", "complete"), ("zsh", "#compdef bless"), ("fish", "complete -c bless")] {
        assert!(typed(&["completions", shell]).success().text().contains(sign), "{shell}");
    }
}
