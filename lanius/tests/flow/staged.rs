//! `lanius scan --staged`: only what the next commit brings.

use std::time::Instant;

use crate::workshop::{Workshop, secret, with_secret};

#[test]
fn only_what_is_staged_and_new() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/old.conf", with_secret(1));
    workshop.write("repo/plain.txt", "nothing\n");
    workshop.commit("repo", "First");
    assert!(workshop.staged("repo").ok().out.is_empty());

    workshop.write("repo/old.conf", format!("# a line above\n{}", with_secret(1)));
    workshop.write("repo/dir/not-staged.conf", with_secret(2));
    workshop.git("repo", &["add", "old.conf"]);
    assert!(workshop.staged("repo").ok().out.is_empty(), "the old secret only moved down");

    workshop.write("repo/old.conf", format!("{}other = {}\n", with_secret(1), secret(3)));
    workshop.git("repo", &["add", "old.conf"]);
    // What the working tree holds by now is not what will be committed.
    workshop.write("repo/old.conf", "clean\n");
    let said = workshop.staged("repo").ended(1);
    assert_eq!(said.places(), [("stripe-secret-key".to_owned(), "old.conf".to_owned())]);
    assert!(said.out.contains("\"line\":3") && !said.out.contains(&secret(3)));

    workshop.write("repo/dir/staged.conf", with_secret(4));
    workshop.git("repo", &["add", "dir/staged.conf"]);
    let from_below = workshop.staged("repo/dir").ended(1);
    assert_eq!(from_below.paths(), ["dir/staged.conf", "old.conf"], "paths are relative to the top");
    let from_outside = workshop.lanius("", &["scan", "--staged", "--format=jsonl", "repo"]).ended(1);
    assert_eq!(from_outside.out, from_below.out);
}

#[test]
fn the_first_commit_and_sha_256() {
    let workshop = Workshop::new();
    for (name, arguments) in [("sha1", &[][..]), ("sha256", &["--object-format=sha256"][..])] {
        workshop.init(name, arguments);
        assert!(workshop.staged(name).ok().out.is_empty(), "nothing is staged yet");
        workshop.write(&format!("{name}/a.conf"), with_secret(1));
        workshop.git(name, &["add", "-A"]);
        assert_eq!(workshop.staged(name).ended(1).paths(), ["a.conf"]);
        workshop.commit(name, "First");
        workshop.write(&format!("{name}/a.conf"), with_secret(2));
        workshop.git(name, &["add", "-A"]);
        assert_eq!(workshop.staged(name).ended(1).paths(), ["a.conf"], "another value is another secret");
    }
}

#[test]
fn a_moved_file_brings_nothing_new() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/deep/er/old.conf", with_secret(1));
    workshop.write("repo/kept/other.conf", with_secret(2));
    workshop.commit("repo", "First");
    workshop.git("repo", &["mv", "deep/er/old.conf", "new.conf"]);
    assert!(workshop.staged("repo").ok().out.is_empty(), "moved as it is");
    workshop.write("repo/new.conf", format!("# moved\n{}x = {}\n", with_secret(1), secret(3)));
    workshop.git("repo", &["add", "-A"]);
    let said = workshop.staged("repo").ended(1);
    assert!(said.paths() == ["new.conf"] && said.out.contains("\"line\":4"), "moved and edited: {}", said.out);
    workshop.write("repo/copy.conf", with_secret(2));
    workshop.git("repo", &["add", "-A"]);
    assert_eq!(workshop.staged("repo").ended(1).paths(), ["copy.conf", "new.conf"], "a copy spreads a secret");
}

#[test]
fn a_merge_brings_only_what_neither_side_had() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/both.conf", "a\n");
    workshop.commit("repo", "First");
    workshop.git("repo", &["checkout", "-q", "-b", "side"]);
    workshop.write("repo/both.conf", with_secret(1));
    workshop.commit("repo", "Side");
    workshop.git("repo", &["checkout", "-q", "main"]);
    workshop.write("repo/both.conf", "b\n");
    workshop.commit("repo", "Main");
    workshop.try_git("repo", &["merge", "side"]).ended(1);
    workshop.staged("repo").ended(0);
    workshop.write("repo/both.conf", format!("b\n{}", with_secret(1)));
    workshop.git("repo", &["add", "-A"]);
    assert!(workshop.staged("repo").ok().out.is_empty(), "it was committed on the other side");
    workshop.write("repo/both.conf", format!("{}{}", with_secret(1), with_secret(2)));
    workshop.git("repo", &["add", "-A"]);
    assert_eq!(workshop.staged("repo").ended(1).paths(), ["both.conf"]);
}

#[test]
fn what_cannot_be_told_ends_with_two() {
    let workshop = Workshop::new();
    workshop.write("folder/file", "x");
    let said = workshop.lanius("", &["scan", "--staged", "folder"]).ended(2);
    assert!(said.err.contains("is not a git repository"), "{}", said.err);
    workshop.init("repo", &[]);
    workshop.write("repo/a.conf", with_secret(1));
    workshop.git("repo", &["add", "-A"]);
    let oid = workshop.git("repo", &["rev-parse", ":a.conf"]);
    std::fs::remove_file(workshop.path("repo/.git/objects").join(&oid[..2]).join(oid[2..].trim())).expect("the blob is loose");
    let said = workshop.staged("repo").ended(2);
    assert!(said.err.contains(oid.trim()), "{}", said.err);
    workshop.write("repo/.git/index", "not an index");
    workshop.staged("repo").ended(2);
}

/// Only told: a machine may be slow.
#[test]
#[expect(clippy::print_stdout, reason = "a figure for who reads the log")]
fn a_typical_commit_in_a_large_repository() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    let count = if std::env::var_os("MENAGERIE_SOAK").is_some() { 50_000 } else { 5_000 };
    let mut script = String::from("commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n");
    for number in 0..count {
        let content = format!("file {number}\n");
        let path = format!("d{}/s{}/f{number}.py", number % 50, number % 1000 / 50);
        script.push_str(&format!("M 644 inline {path}\ndata {}\n{content}\n", content.len()));
    }
    workshop.feed("repo", &["fast-import", "--quiet"], script.as_bytes());
    for version in ["2", "4"] {
        workshop.git("repo", &["reset", "-q", "--hard"]);
        workshop.git("repo", &["update-index", "--index-version", version]);
        for number in 0..3 {
            workshop.write(&format!("repo/d{number}/s1/new.py"), with_secret(number));
        }
        workshop.git("repo", &["add", "-A"]);
        let begun = Instant::now();
        let said = workshop.staged("repo").ended(1);
        println!("{count} files, index version {version}: {:?}", begun.elapsed());
        assert_eq!(said.paths(), ["d0/s1/new.py", "d1/s1/new.py", "d2/s1/new.py"]);
    }
}
