//! Single versions of files, what a commit removed, and objects and indexes that stand elsewhere.

use super::workshop::{Workshop, text};
use menagerie_git::{ObjectId, Repository};
use std::collections::BTreeMap;

/// What git lists of a commit: paths and blobs.
fn listed(workshop: &Workshop, at: &str, commit: &ObjectId) -> BTreeMap<Vec<u8>, ObjectId> {
    let text = workshop.git(at, &["ls-tree", "-r", "-z", &commit.to_string()]);
    let entries = text.split('\0').filter_map(|line| line.split_once('\t'));
    entries
        .map(|(entry, path)| {
            let oid = entry.split(' ').nth(2).expect("an object");
            (path.as_bytes().to_vec(), ObjectId::from_hex(oid.as_bytes()).expect("a name"))
        })
        .collect()
}

#[test]
fn what_a_commit_has_at_a_path_and_another_has_not() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    let repository = workshop.open("repo");
    let mut objects = repository.objects();
    let (old, new) = (workshop.oid("repo", "HEAD~30"), workshop.oid("repo", "HEAD"));
    let (before, after) = (listed(&workshop, "repo", &old), listed(&workshop, "repo", &new));
    for (path, oid) in &after {
        assert_eq!(objects.blob_at(&new, path), Ok(Some(*oid)));
        assert_eq!(objects.blob_at(&old, path), Ok(before.get(path).copied()));
    }
    for none in ["", "dir", "dir/", "/dir.txt", "dir.txt/x", "dir//sub0", "nothing", "dir/sub0"] {
        assert_eq!(objects.blob_at(&new, none.as_bytes()), Ok(None), "{none}");
    }
    let mut changed = BTreeMap::new();
    let mut problems = Vec::new();
    let mut take = |path: &[u8], oid| {
        changed.insert(path.to_vec(), oid);
    };
    objects.changed(&old, &new, &mut problems, |entry| take(entry.path, entry.oid)).expect("two commits");
    let expected: BTreeMap<_, _> = before.into_iter().filter(|(path, oid)| after.get(path) != Some(oid)).collect();
    assert!(!expected.is_empty() && changed == expected && problems.is_empty());
    let parents = workshop.git("repo", &["log", "-1", "--format=%P", "HEAD"]);
    let parents: Vec<_> = parents.split_whitespace().map(|oid| ObjectId::from_hex(oid.as_bytes()).expect("a name")).collect();
    assert_eq!(objects.parents(&new), Ok(parents));
}

#[test]
fn what_is_removed_from_the_index() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    let head = workshop.oid("repo", "HEAD");
    let committed = listed(&workshop, "repo", &head);
    let moved = committed.keys().find(|path| path.starts_with(b"dir/sub0/")).expect("a file").clone();
    let moved = String::from_utf8(moved).expect("text");
    workshop.git("repo", &["mv", &moved, "elsewhere.txt"]);
    workshop.git("repo", &["rm", "-q", "long.txt"]);
    let repository = workshop.open("repo");
    let (staged, removed) = repository.objects().staged_and_removed(&repository.refs(), &mut Vec::new()).expect("an index and a commit");
    let staged: Vec<_> = staged.iter().map(|staged| (staged.path.as_slice(), staged.before)).collect();
    assert_eq!(staged, [(&b"elsewhere.txt"[..], None)]);
    let expected = [moved.as_bytes(), b"long.txt"].map(|path| (path.to_vec(), committed[path]));
    assert_eq!(removed, expected);
}

#[test]
fn an_index_and_a_store_from_elsewhere() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    let index = workshop.path("other-index");
    std::fs::copy(workshop.path("repo/.git/index"), &index).expect("an index");
    workshop.write("repo/new.txt", text(7, 3));
    workshop.git("repo", &["add", "new.txt"]);
    let mut repository = workshop.open("repo");
    let staged = |repository: &Repository| repository.objects().staged(&repository.refs(), &mut Vec::new()).expect("an index").len();
    assert_eq!(staged(&repository), 1);
    repository.use_index(index);
    assert_eq!(staged(&repository), 0);

    let oid = workshop.oid("repo", ":new.txt");
    let hex = oid.to_string();
    let store = workshop.path("store");
    std::fs::create_dir_all(store.join(&hex[..2])).expect("a folder");
    let loose = format!("{}/{}", &hex[..2], &hex[2..]);
    std::fs::rename(workshop.path("repo/.git/objects").join(&loose), store.join(&loose)).expect("it is loose");
    assert!(!workshop.open("repo").contains(&oid));
    let with_store = Repository::open_with_stores(&workshop.path("repo"), &[store]).expect("a repository");
    assert_eq!(*with_store.objects().read(&oid).expect("it is in the store").bytes, text(7, 3).into_bytes());
}
