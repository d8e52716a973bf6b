//! `lanius scan --diff BASE`: what a branch brings, as CI asks.

use crate::workshop::{Workshop, secret, with_secret};

#[test]
fn what_the_commits_of_a_branch_bring() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/old.conf", with_secret(1));
    workshop.write("repo/moves.conf", with_secret(2));
    workshop.commit("repo", "First");
    workshop.git("repo", &["checkout", "-q", "-b", "work"]);
    workshop.write("repo/old.conf", format!("{}# edited\n", with_secret(1)));
    workshop.write("repo/gone.conf", with_secret(3));
    let brought = workshop.commit("repo", "Brings a secret");
    std::fs::remove_file(workshop.path("repo/gone.conf")).expect("it is there");
    workshop.git("repo", &["mv", "moves.conf", "moved.conf"]);
    workshop.write("repo/moved.conf", format!("# moved\n{}", with_secret(2)));
    workshop.commit("repo", "Takes it out again, and moves a file");
    let said = workshop.diff("repo", "main").ended(1);
    assert_eq!(said.paths(), ["gone.conf"], "it stays in the history: {}", said.out);
    assert!(said.out.contains(&brought) && said.out.contains("\"in_head\":false") && !said.out.contains(&secret(3)));
    assert!(workshop.diff("repo", "HEAD").ok().out.is_empty());

    // Main goes on, and is merged: what it brought is not of the branch.
    workshop.git("repo", &["checkout", "-q", "main"]);
    workshop.write("repo/main.conf", with_secret(4));
    workshop.commit("repo", "On main");
    workshop.git("repo", &["checkout", "-q", "work"]);
    assert_eq!(workshop.diff("repo", "main").ended(1).paths(), ["gone.conf"]);
    workshop.git("repo", &["merge", "-q", "-m", "Merge", "main"]);
    assert_eq!(workshop.diff("repo", "main").ended(1).paths(), ["gone.conf"]);
    assert_eq!(workshop.diff("repo", "main~").ended(1).paths(), ["gone.conf", "main.conf"], "to the older base it is new");
    let outside = workshop.lanius("", &["scan", "--diff", "main", "repo", "--format=jsonl"]).ended(1);
    assert_eq!(outside.out, workshop.diff("repo", "main").out);
}

#[test]
fn shallow_checkouts_of_ci() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/old.conf", with_secret(1));
    for number in 0..5 {
        workshop.write("repo/count.txt", number.to_string());
        workshop.commit("repo", "More");
    }
    workshop.git("repo", &["checkout", "-q", "-b", "work"]);
    workshop.write("repo/old.conf", format!("{}# edited\n", with_secret(1)));
    workshop.write("repo/new.conf", with_secret(2));
    workshop.commit("repo", "Brings a secret");
    let url = format!("file://{}", workshop.path("repo").display());
    workshop.git("", &["clone", "-q", "--depth=1", "--branch=work", &url, "ci"]);
    let said = workshop.diff("ci", "origin/main").ended(2);
    assert!(said.err.contains("\"origin/main\"") && said.err.contains("shallow") && said.err.contains("fetch-depth: 0"), "{}", said.err);
    let said = workshop.diff("repo", "nowhere").ended(2);
    assert!(!said.err.contains("shallow") && said.err.contains("is it fetched?"), "{}", said.err);
    workshop.git("ci", &["fetch", "-q", "--depth=1", "origin", "main"]);
    let said = workshop.diff("ci", "FETCH_HEAD").ended(1);
    assert_eq!(said.paths(), ["new.conf"], "{}", said.out);
}

#[test]
fn no_commit_yet() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    let said = workshop.diff("repo", "main").ended(2);
    assert!(said.err.contains("has no commit yet"), "{}", said.err);
}
