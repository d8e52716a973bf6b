//! Refs and revisions against `git for-each-ref` and `git rev-parse`.

use super::workshop::Workshop;
use menagerie_git::RevisionError;
use std::collections::BTreeMap;

fn assert_same(workshop: &Workshop, at: &str) {
    let listed = workshop.git(at, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    let listed: BTreeMap<_, _> =
        listed.lines().filter_map(|line| line.split_once(' ')).map(|(name, oid)| (name.to_owned(), oid.to_owned())).collect();
    let refs = workshop.open(at).refs();
    assert_eq!(refs.problems(), []);
    let ours: BTreeMap<_, _> =
        refs.iter().filter(|(name, _)| name.starts_with("refs/")).map(|(name, oid)| (name.to_owned(), oid.to_string())).collect();
    assert_eq!(ours, listed);
    assert_eq!(refs.head(), Some(workshop.oid(at, "HEAD")));
}

#[test]
fn loose_packed_and_both() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    assert_same(&workshop, "repo");
    workshop.git("repo", &["pack-refs", "--all"]);
    assert_same(&workshop, "repo");
    workshop.git("repo", &["branch", "-f", "side", "HEAD~2"]);
    workshop.git("repo", &["branch", "deep/er/one", "HEAD~4"]);
    workshop.git("repo", &["symbolic-ref", "refs/heads/alias", "refs/heads/side"]);
    assert_same(&workshop, "repo");
    workshop.git("", &["clone", "-q", "repo", "clone"]);
    assert_same(&workshop, "clone");
    let refs = workshop.open("clone").refs();
    assert_eq!(refs.head_ref(), Some("refs/heads/main"));
    let main: Vec<_> = refs.branches("main").map(|(name, _)| name).collect();
    assert_eq!(main, ["refs/heads/main", "refs/remotes/origin/main"]);
    assert_eq!(refs.branches("deep/er/one").map(|(name, _)| name).collect::<Vec<_>>(), ["refs/remotes/origin/deep/er/one"]);
    workshop.git("clone", &["checkout", "-q", "--detach", "HEAD~1"]);
    assert_same(&workshop, "clone");
    assert_eq!(workshop.open("clone").refs().head_ref(), None);
}

#[test]
fn revisions_as_git_reads_them() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["gc", "-q"]);
    workshop.git("repo", &["branch", "v1", "HEAD~9"]);
    let head = workshop.oid("repo", "HEAD").to_string();
    let merge = workshop.git("repo", &["rev-list", "--merges", "-1", "HEAD"]);
    let merge = merge.trim();
    let repository = workshop.open("repo");
    let (refs, mut reader) = (repository.refs(), repository.objects());
    let second = format!("{merge}^2~1");
    for revision in [
        "HEAD",
        "@",
        "main",
        "heads/main",
        "refs/heads/side",
        "v1",
        "heads/v1",
        "light~2",
        "HEAD~3^1~2",
        "v1^0",
        "v1^{}",
        "v1^{commit}~1",
        "HEAD^^^",
        "HEAD~0",
        &head,
        &head[..10],
        merge,
        &second,
    ] {
        let expected = workshop.oid("repo", &format!("{revision}^{{commit}}"));
        assert_eq!(reader.resolve(&refs, revision), Ok(expected), "{revision}");
    }
    assert!(matches!(reader.resolve(&refs, "HEAD~99"), Err(RevisionError::NoParent { .. })));
    assert!(matches!(reader.resolve(&refs, "HEAD^2"), Err(RevisionError::NoParent { .. })));
    assert!(matches!(reader.resolve(&refs, "nothing"), Err(RevisionError::Unknown { .. })));
    assert!(matches!(reader.resolve(&refs, "HEAD:long.txt"), Err(RevisionError::Form { .. })));
    assert!(matches!(reader.resolve(&refs, "main@{1}"), Err(RevisionError::Form { .. })));
    assert!(matches!(reader.resolve(&refs, "~1"), Err(RevisionError::Form { .. })));
    assert!(matches!(reader.resolve(&refs, &"0".repeat(40)), Err(RevisionError::Object { .. })));
    let blob = workshop.oid("repo", "HEAD:long.txt").to_string();
    assert!(matches!(reader.resolve(&refs, &blob), Err(RevisionError::Object { .. })));
}

#[test]
fn broken_refs_are_named_and_the_rest_read() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.commit("repo", "One");
    workshop.write("repo/.git/refs/heads/broken", "not a name");
    workshop.write("repo/.git/refs/heads/round", "ref: refs/heads/trip");
    workshop.write("repo/.git/refs/heads/trip", "ref: refs/heads/round");
    workshop.write("repo/.git/refs/heads/written.lock", "");
    std::os::unix::fs::symlink("/dev/zero", workshop.path("repo/.git/refs/heads/zero")).expect("a link");
    let refs = workshop.open("repo").refs();
    assert_eq!(refs.problems().len(), 1);
    let names: Vec<_> = refs.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["HEAD", "refs/heads/main"]);
}
