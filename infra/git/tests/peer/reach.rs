//! What no ref leads to, against `git fsck --unreachable`.

use super::workshop::Workshop;
use menagerie_git::{Held, ObjectId};
use std::collections::BTreeSet;

fn by_git(workshop: &Workshop, at: &str, arguments: &[&str]) -> BTreeSet<ObjectId> {
    let out = workshop.git(at, &[&["fsck", "--unreachable", "--no-progress"][..], arguments].concat());
    let names = out.lines().filter_map(|line| line.strip_prefix("unreachable ")?.split(' ').nth(1));
    names.map(|name| ObjectId::from_hex(name.as_bytes()).expect("a name")).collect()
}

#[test]
fn stashes_amended_commits_and_staged_files() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    for step in 0..3 {
        workshop.write("repo/long.txt", format!("stashed {step}\n"));
        workshop.git("repo", &["stash", "push", "-q"]);
    }
    workshop.write("repo/amended.txt", "before\n");
    workshop.commit("repo", "To be amended");
    workshop.write("repo/amended.txt", "after\n");
    workshop.git("repo", &["add", "-A"]);
    workshop.git("repo", &["commit", "-q", "--amend", "-m", "Amended"]);
    workshop.feed("repo", &["hash-object", "-w", "--stdin"], b"never in any tree\n");
    workshop.git("repo", &["stash", "drop", "-q", "stash@{1}"]);
    workshop.write("repo/staged.txt", "staged only\n");
    workshop.git("repo", &["add", "staged.txt"]);

    let repository = workshop.open("repo");
    let (refs, mut problems) = (repository.refs(), Vec::new());
    let found = repository.objects().unreachable(&refs.tips(), &mut problems).expect("a store");
    assert_eq!(problems, []);
    let named = |held: Held| found.iter().filter(|object| object.held == held).map(|object| object.oid).collect::<BTreeSet<_>>();
    // Git counts what the index holds as reached.
    assert_eq!(&named(Held::ByReflog) | &named(Held::ByNothing), by_git(&workshop, "repo", &["--no-reflogs"]));
    assert_eq!(named(Held::ByNothing), by_git(&workshop, "repo", &[]));
    assert_eq!(named(Held::ByIndex), BTreeSet::from([workshop.oid("repo", ":staged.txt")]));
    let old_stash = workshop.oid("repo", "stash@{1}");
    assert!(named(Held::ByReflog).contains(&old_stash) && !named(Held::ByNothing).is_empty());
    let mut reader = repository.objects();
    assert!(found.iter().all(|object| object.kind == reader.kind(&object.oid).ok()));
    // Without refs/stash among the tips, the last stash too is held by its log.
    let tips: Vec<_> = refs.iter().filter(|(name, _)| *name != "refs/stash").map(|(_, oid)| oid).collect();
    let stash = workshop.oid("repo", "stash");
    let found = repository.objects().unreachable(&tips, &mut problems).expect("a store");
    assert!(found.iter().any(|object| object.oid == stash && object.held == Held::ByReflog));
}

#[test]
fn refs_to_trees_blobs_and_tags_of_tags() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["tag", "-a", "-m", "x", "tag-of-tag", "v1"]);
    workshop.git("repo", &["tag", "a-tree", "HEAD~20^{tree}"]);
    workshop.git("repo", &["tag", "-a", "-m", "x", "a-blob", "HEAD~20:long.txt"]);
    let keep = workshop.git("repo", &["rev-parse", "HEAD~20"]);
    workshop.git("repo", &["checkout", "-q", "--orphan", "fresh"]);
    workshop.commit("repo", "Fresh");
    for name in ["main", "side"] {
        workshop.git("repo", &["branch", "-D", "-q", name]);
    }
    workshop.git("repo", &["tag", "-d", "v1", "light", "tag-of-tag"]);
    let repository = workshop.open("repo");
    let mut problems = Vec::new();
    let found = repository.objects().unreachable(&repository.refs().tips(), &mut problems).expect("a store");
    assert_eq!(problems, []);
    let ours: BTreeSet<_> = found.iter().map(|object| object.oid).collect();
    assert_eq!(ours, by_git(&workshop, "repo", &["--no-reflogs"]));
    assert!(ours.contains(&ObjectId::from_hex(keep.trim().as_bytes()).expect("a name")));
}
