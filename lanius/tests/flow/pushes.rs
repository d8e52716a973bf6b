//! The hooks `pre-push`, run by `git push`, and `pre-receive`, run by the server's git before it takes what was pushed.

use crate::workshop::{Workshop, secret, with_secret};

/// A repository with a bare one that it pushes to.
fn with_remote(workshop: &Workshop, arguments: &[&str]) {
    workshop.init("bare.git", &[&["--bare"], arguments].concat());
    workshop.init("repo", arguments);
    workshop.git("repo", &["remote", "add", "origin", "../bare.git"]);
    workshop.write("repo/old.conf", with_secret(1));
    workshop.commit("repo", "An old secret");
    workshop.git("repo", &["push", "-q", "origin", "main"]);
}

#[test]
fn a_push_that_brings_a_secret_is_stopped_here() {
    let workshop = Workshop::new();
    with_remote(&workshop, &[]);
    workshop.lanius("repo", &["hook", "install", "--type=pre-push"]).ok();
    workshop.write("repo/old.conf", format!("{}# edited\n", with_secret(1)));
    workshop.commit("repo", "An old secret, edited round");
    workshop.git("repo", &["push", "-q", "origin", "main"]);

    workshop.write("repo/new.conf", with_secret(2));
    let brought = workshop.commit("repo", "Brings it");
    workshop.write("repo/new.conf", "clean\n");
    workshop.commit("repo", "Takes it out again, but it would be pushed");
    let said = workshop.try_git("repo", &["push", "-q", "origin", "main"]).ended(1);
    for part in ["new.conf:2:", &brought[..10], "the push is stopped: it brings a secret", "git push --no-verify"] {
        assert!(said.err.contains(part), "{part} is not in {}", said.err);
    }
    // A new branch: what is not on the remote's branches. Another branch without the commits goes through.
    let said = workshop.try_git("repo", &["push", "-q", "origin", "main:refs/heads/new"]).ended(1);
    assert!(said.err.contains("it brings a secret") && !said.err.contains("old.conf"), "{}", said.err);
    workshop.git("repo", &["push", "-q", "origin", "origin/main:refs/heads/same"]);
    workshop.git("repo", &["push", "-q", "origin", ":same"]);
}

#[test]
fn a_push_to_a_url_compares_with_what_the_remote_has() {
    let workshop = Workshop::new();
    with_remote(&workshop, &[]);
    workshop.lanius("repo", &["hook", "install"]).ok();
    workshop.write("repo/plain.txt", "fine\n");
    workshop.commit("repo", "Fine");
    workshop.git("repo", &["push", "-q", "../bare.git", "main"]);
    let said = workshop.try_git("repo", &["push", "-q", "../bare.git", "main:other"]).ended(1);
    assert!(said.err.contains("old.conf"), "nothing is known of a remote without a name: {}", said.err);
}

#[test]
fn a_server_refuses_what_brings_a_secret() {
    let workshop = Workshop::new();
    for (number, arguments) in [&[][..], &["--object-format=sha256"]].into_iter().enumerate() {
        let folder = format!("case{number}");
        std::fs::create_dir(workshop.path(&folder)).expect("a folder");
        let server = workshop.inside(&folder);
        with_remote(&server, arguments);
        server.lanius("bare.git", &["hook", "install"]).ok();
        assert!(server.path("bare.git/hooks/pre-receive").is_file() && !server.path("bare.git/hooks/pre-commit").exists());
        server.write("repo/plain.txt", "fine\n");
        server.commit("repo", "Fine");
        server.git("repo", &["push", "-q", "origin", "main"]);
        let before = server.git("bare.git", &["rev-parse", "main"]);

        // Few objects come loose, many as a pack: both wait in quarantine.
        for (branch, files) in [("few", 1_u64), ("many", 150)] {
            server.git("repo", &["checkout", "-q", "-b", branch, "main"]);
            for file in 0..files {
                server.write(&format!("repo/{branch}/{file}.conf"), with_secret(100 + file));
            }
            server.commit("repo", "Secrets");
            let said = server.try_git("repo", &["push", "-q", "origin", &format!("{branch}:main")]).ended(1);
            let stopped = if files == 1 { "brings a secret".to_owned() } else { format!("brings {files} secrets") };
            for part in [&format!("{branch}/0.conf:2:"), &stopped, "pre-receive hook declined", "do not count here"] {
                assert!(said.err.contains(part), "{part} is not in {}", said.err);
            }
            assert!(!said.err.contains(&secret(100)), "masked");
            assert_eq!(server.git("bare.git", &["rev-parse", "main"]), before);
        }
        // Deleting a branch, an annotated tag of what is there, and a second branch at the same commit bring nothing.
        server.git("repo", &["checkout", "-q", "main"]);
        server.git("repo", &["tag", "-a", "-m", "A tag", "v1"]);
        server.git("repo", &["push", "-q", "origin", "v1", "main:second"]);
        server.git("repo", &["push", "-q", "origin", ":second"]);
        // A tag may lead to a blob without any commit.
        server.git("repo", &["tag", "blob", "few:few/0.conf"]);
        server.try_git("repo", &["push", "-q", "origin", "blob"]).ended(1);
        server.git("repo", &["tag", "folder", "main^{tree}"]);
        let said = server.try_git("repo", &["push", "-q", "origin", "folder"]).ended(1);
        assert!(said.err.contains("not all of it could be scanned"), "{}", said.err);
    }
}

/// The first push brings all there is, and a chained hook reads the same lines.
#[test]
fn a_server_with_a_hook_of_its_own() {
    let workshop = Workshop::new();
    workshop.init("bare.git", &["--bare"]);
    workshop.script(&workshop.path("bare.git/hooks/pre-receive"), "#!/bin/sh\ncat >>theirs\n! grep -q refs/heads/no theirs\n");
    workshop.lanius("", &["hook", "install", "--repo=bare.git", "--chain"]).ok();
    workshop.init("repo", &[]);
    workshop.write("repo/a.txt", "fine\n");
    let commit = workshop.commit("repo", "Fine");
    workshop.git("repo", &["push", "-q", "../bare.git", "main"]);
    let theirs = || std::fs::read_to_string(workshop.path("bare.git/theirs")).expect("theirs ran");
    assert_eq!(theirs(), format!("{} {commit} refs/heads/main\n", "0".repeat(40)));
    workshop.write("repo/a.conf", with_secret(1));
    workshop.commit("repo", "Secret");
    let said = workshop.try_git("repo", &["push", "-q", "../bare.git", "main"]).ended(1);
    assert!(theirs().lines().count() == 2 && said.err.contains("the push is stopped"), "{}", said.err);
    let said = workshop.try_git("repo", &["push", "-q", "../bare.git", "main~:refs/heads/no"]).ended(1);
    assert!(!said.err.contains("the push is stopped"), "theirs refuses before ours looks: {}", said.err);
}

/// A server may keep objects of forks in a shared store, where git's own names for folders are quoted.
#[test]
fn a_server_with_alternates() {
    let workshop = Workshop::new();
    with_remote(&workshop, &[]);
    workshop.git("", &["clone", "-q", "--bare", "--shared", "bare.git", "fo:rk.git"]);
    workshop.lanius("fo:rk.git", &["hook", "install"]).ok();
    workshop.git("repo", &["remote", "add", "fork", "../fo:rk.git/."]);
    let url = format!("file://{}", workshop.path("fo:rk.git").display());
    workshop.write("repo/plain.txt", "fine\n");
    workshop.commit("repo", "Fine");
    workshop.git("repo", &["push", "-q", &url, "main"]);
    workshop.write("repo/a.conf", with_secret(7));
    workshop.commit("repo", "Secret");
    let said = workshop.try_git("repo", &["push", "-q", &url, "main"]).ended(1);
    assert!(said.err.contains("a.conf:2:") && !said.err.contains("old.conf"), "{}", said.err);
}
