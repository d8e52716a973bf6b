//! Logins by `ssh-agent`: `bless get` hands it the certificate, and `ssh` is given no file.

use menagerie_tests::process::run;
use menagerie_tests::{SshAgent, Sshd, SshdOptions};

use crate::authority::Authority;

#[test]
fn logs_in_with_what_get_gave_to_the_agent() {
    let authority = Authority::new("agent");
    let options =
        SshdOptions { trusted_user_ca: vec![authority.public()], principals: Some(vec!["alice".to_owned()]), ..SshdOptions::default() };
    let sshd = Sshd::start(&authority.namespace, &options);
    let _service = authority.serve(&[]);
    let agent = SshAgent::start(&authority.namespace);
    let _ = sshd.ssh().agent(&agent).run("true").refused("");
    let mut get = authority.bless();
    get.args(["get", "--config", "ca/bless.toml", "--cache-dir", "cache"]).env("SSH_AUTH_SOCK", agent.socket());
    let _ = run(get, b"").success();
    assert!(agent.identities().iter().any(|line| line.starts_with("ssh-ed25519-cert-v01@openssh.com ")), "{:?}", agent.identities());
    // What is on the disk is not what logs in.
    std::fs::remove_dir_all(authority.namespace.file("cache")).expect("get made it");
    let _ = sshd.ssh().agent(&agent).run("true").success();
}
