//! The hook `pre-commit`, run by `git commit`.

use crate::workshop::{Workshop, secret, with_secret};

#[test]
fn a_commit_with_a_secret_is_stopped() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.lanius("repo", &["hook", "install", "--type", "pre-commit"]).ok();
    workshop.write("repo/plain.txt", "fine\n");
    workshop.git("repo", &["add", "-A"]);
    workshop.git("repo", &["commit", "-q", "-m", "First"]);

    workshop.write("repo/a.conf", with_secret(1));
    workshop.git("repo", &["add", "-A"]);
    let said = workshop.try_git("repo", &["commit", "-q", "-m", "Secret"]).ended(1);
    let told = &said.err;
    for part in ["a.conf:2:", "the commit is stopped: it brings a secret", "lanius:allow", "lanius baseline", "git commit --no-verify"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains(&secret(1)), "the secret itself is not shown");
    assert_eq!(workshop.git("repo", &["rev-list", "--count", "HEAD"]).trim(), "1");

    workshop.git("repo", &["commit", "-q", "--no-verify", "-m", "In spite of it"]);
    workshop.write("repo/a.conf", format!("{}# more\n", with_secret(1)));
    workshop.git("repo", &["commit", "-q", "-a", "-m", "An old secret stops nobody"]);
}

/// `git commit -a` and `git commit FILE` make the commit from an index of their own.
#[test]
fn a_commit_from_another_index() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.lanius("repo", &["hook", "install"]).ok();
    for name in ["a", "b"] {
        workshop.write(&format!("repo/{name}.conf"), "fine\n");
    }
    workshop.commit("repo", "First");
    workshop.write("repo/a.conf", with_secret(1));
    workshop.write("repo/b.conf", "changed\n");
    let said = workshop.try_git("repo", &["commit", "-q", "-a", "-m", "All"]).ended(1);
    assert!(said.err.contains("a.conf:2:"), "{}", said.err);
    let said = workshop.try_git("repo", &["commit", "-q", "-m", "One", "a.conf"]).ended(1);
    assert!(said.err.contains("a.conf:2:"), "{}", said.err);
    workshop.git("repo", &["add", "a.conf"]);
    // a.conf is staged, but not of this commit.
    workshop.git("repo", &["commit", "-q", "-m", "The other", "b.conf"]);
    assert_eq!(workshop.git("repo", &["show", "--format=", "--name-only", "HEAD"]).trim(), "b.conf");
}

#[test]
fn linked_worktrees_and_folders_share_the_hook() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/dir/plain.txt", "fine\n");
    workshop.commit("repo", "First");
    workshop.git("repo", &["worktree", "add", "-q", "../linked"]);
    workshop.lanius("linked/dir", &["hook", "install"]).ok();
    assert!(workshop.path("repo/.git/hooks/pre-commit").is_file(), "worktrees share their hooks");
    for at in ["linked", "linked/dir", "repo", "repo/dir"] {
        let file = format!("{at}/new.conf");
        workshop.write(&file, with_secret(1));
        workshop.git(at, &["add", "-A"]);
        let said = workshop.try_git(at, &["commit", "-q", "-m", "Secret"]).ended(1);
        assert!(said.err.contains("new.conf:2:"), "{}", said.err);
        workshop.write(&file, "clean\n");
        workshop.git(at, &["add", "-A"]);
        workshop.git(at, &["commit", "-q", "-m", "Clean"]);
    }
}

#[test]
fn a_hook_of_someone_else() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    let hook = workshop.path("repo/.git/hooks/pre-commit");
    workshop.script(&hook, "#!/bin/sh\necho theirs >>ran\n[ ! -e forbidden ]\n");
    let said = workshop.lanius("repo", &["hook", "install", "--type=pre-commit"]).ended(2);
    assert!(said.err.contains("is a hook of someone else") && said.err.contains("--chain"), "{}", said.err);
    workshop.lanius("repo", &["hook", "install", "--type=pre-commit", "--chain"]).ok();

    workshop.write("repo/.gitignore", "ran\nforbidden\n");
    workshop.git("repo", &["add", "-A"]);
    workshop.git("repo", &["commit", "-q", "-m", "Both agree"]);
    let ran = || std::fs::read_to_string(workshop.path("repo/ran")).expect("theirs ran").lines().count();
    assert_eq!(ran(), 1);
    workshop.write("repo/a.conf", with_secret(1));
    workshop.git("repo", &["add", "-A"]);
    let said = workshop.try_git("repo", &["commit", "-q", "-m", "Ours refuses"]).ended(1);
    assert!(ran() == 2 && said.err.contains("the commit is stopped"), "{}", said.err);
    workshop.write("repo/forbidden", "");
    let said = workshop.try_git("repo", &["commit", "-q", "-m", "Theirs refuses"]).ended(1);
    assert!(ran() == 3 && !said.err.contains("the commit is stopped"), "{}", said.err);

    workshop.lanius("repo", &["hook", "uninstall"]).ok();
    assert!(std::fs::read_to_string(&hook).expect("it is back").contains("theirs"));
}

#[test]
fn where_git_was_told_to_look_for_hooks() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.git("repo", &["config", "core.hooksPath", "my hooks"]);
    workshop.lanius("repo", &["hook", "install", "--hooks-dir", "my hooks", "--confidence=high"]).ok();
    assert!(!workshop.path("repo/.git/hooks/pre-commit").exists());
    workshop.write("repo/a.conf", with_secret(1));
    workshop.git("repo", &["add", "a.conf"]);
    workshop.try_git("repo", &["commit", "-q", "-m", "Secret"]).ended(1);
    workshop.lanius("repo", &["hook", "uninstall", "--hooks-dir=my hooks"]).ok();
    workshop.git("repo", &["commit", "-q", "-m", "No hook"]);
}

#[test]
fn a_hook_that_cannot_look_stops_the_commit() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("rules.toml", "");
    workshop.lanius("repo", &["hook", "install", "--rules", "../rules.toml"]).ok();
    std::fs::remove_file(workshop.path("rules.toml")).expect("it is there");
    workshop.write("repo/plain.txt", "fine\n");
    workshop.git("repo", &["add", "-A"]);
    let said = workshop.try_git("repo", &["commit", "-q", "-m", "Not looked at"]).ended(1);
    assert!(said.err.contains("there is no rule file"), "{}", said.err);
    workshop.lanius("repo", &["hook", "install", "--rules", "missing.toml"]).ended(2);
}
