//! The shapes that a repository can have on disk, and formats that are refused.

use super::workshop::{Workshop, gather, text};
use menagerie_git::{BlobOptions, OpenError, Repository};
use std::path::Path;

#[test]
fn worktrees_bare_ones_and_submodules() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["worktree", "add", "-q", "../linked", "side"]);
    let linked = workshop.open("linked");
    assert_eq!(linked.worktree(), Some(workshop.path("linked").as_path()));
    let refs = linked.refs();
    assert_eq!((refs.head(), refs.head_ref()), (Some(workshop.oid("linked", "HEAD")), Some("refs/heads/side")));
    assert_eq!(refs.find("main-worktree/HEAD"), Some(workshop.oid("repo", "HEAD")));
    assert_eq!(workshop.open("repo").refs().find("worktrees/linked/HEAD"), refs.head());
    assert!(linked.objects().staged(&refs, &mut Vec::new()).expect("an index").is_empty());

    workshop.git("", &["clone", "-q", "--bare", "repo", "bare.git"]);
    assert_eq!(workshop.open("bare.git").worktree(), None);
    assert!(workshop.open("repo/.git").worktree().is_some());

    workshop.init("outer", &[]);
    workshop.git("outer", &["submodule", "--quiet", "add", "../repo", "inner"]);
    workshop.commit("outer", "With a submodule");
    assert_eq!(workshop.open("outer/inner").refs().head(), Some(workshop.oid("repo", "HEAD")));
    let outer = workshop.open("outer");
    let mut paths = Vec::new();
    let head = outer.refs().head().expect("a commit");
    outer.objects().tree_paths(&head, &mut Vec::new(), |entry| paths.push(entry.path.to_vec())).expect("a tree");
    assert_eq!(paths, [b".gitmodules"], "a submodule is no blob");
    let found = Repository::discover(&workshop.path("outer/inner/dir/sub0")).expect("it is above");
    assert_eq!(found.worktree(), Some(workshop.path("outer/inner").as_path()));
}

#[test]
fn nothing_and_something_else_are_no_repositories() {
    let workshop = Workshop::new();
    workshop.write("folder/file", "x");
    workshop.write("torn/.git", "gitdir: ../nowhere\n");
    workshop.write("wrong/.git", "hello");
    let open = |name: &str| Repository::open(&workshop.path(name));
    assert!(matches!(open("folder"), Err(OpenError::NotARepository { .. })));
    assert!(matches!(open("folder/file"), Err(OpenError::NotARepository { .. })));
    assert!(matches!(open("missing"), Err(OpenError::NotARepository { .. })));
    assert!(matches!(open("torn"), Err(OpenError::BrokenLink { .. })));
    assert!(matches!(open("wrong"), Err(OpenError::BrokenLink { .. })));
}

#[test]
fn formats_that_are_not_known_are_refused_by_name() {
    let workshop = Workshop::new();
    workshop.init("repo", &["--ref-format=reftable"]);
    let refused = |name: &str| Repository::open(&workshop.path(name)).expect_err("it is not known").to_string();
    assert_eq!(refused("repo"), "the repository's extension refStorage has the value \"reftable\", which is not supported");
    workshop.init("shiny", &[]);
    workshop.git("shiny", &["config", "core.repositoryFormatVersion", "1"]);
    workshop.git("shiny", &["config", "extensions.shiny", "yes"]);
    assert_eq!(refused("shiny"), "the repository uses the extension \"shiny\", which is not known");
}

#[test]
fn an_empty_repository_is_empty() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    let repository = workshop.open("repo");
    let refs = repository.refs();
    assert_eq!((refs.head(), refs.head_ref(), refs.tips()), (None, Some("refs/heads/main"), vec![]));
    assert!(repository.object_ids().expect("a list").is_empty() && repository.index().expect("none").is_empty());
    workshop.write("repo/first", "x");
    workshop.git("repo", &["add", "first"]);
    let staged = repository.objects().staged(&refs, &mut Vec::new()).expect("an index");
    assert_eq!(staged.iter().map(|entry| (entry.path.as_slice(), entry.before)).collect::<Vec<_>>(), [(&b"first"[..], None)]);
}

#[test]
fn alternates_that_go_round_or_nowhere() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("", &["clone", "-q", "--bare", "--shared", "repo", "other.git"]);
    let round = format!("# round\n{}\n../../../nowhere\n", workshop.path("other.git/objects").display());
    workshop.write("repo/.git/objects/info/alternates", round);
    let repository = workshop.open("repo");
    assert_eq!(repository.problems().len(), 1, "{:?}", repository.problems());
    assert_eq!(gather(&repository, BlobOptions::default(), |_| true).lost, []);
}

#[test]
fn what_is_staged() {
    let workshop = Workshop::new();
    for version in ["2", "3", "4"] {
        let repo = format!("repo{version}");
        workshop.storied(&repo, &[]);
        workshop.git(&repo, &["update-index", "--index-version", version]);
        workshop.write(&format!("{repo}/long.txt"), text(1234, 3));
        workshop.write(&format!("{repo}/dir/new.txt"), text(1, 3));
        workshop.write(&format!("{repo}/not-added.txt"), text(1, 3));
        workshop.git(&repo, &["rm", "-q", "side.txt"]);
        workshop.git(&repo, &["add", "long.txt", "dir"]);
        workshop.git(&repo, &["add", "--intent-to-add", "not-added.txt"]);
        let repository = workshop.open(&repo);
        let entries = repository.index().expect("an index");
        let ours: Vec<_> =
            entries.iter().map(|entry| format!("{} {}\t{}", entry.oid, entry.stage, String::from_utf8_lossy(&entry.path))).collect();
        let theirs = workshop.git(&repo, &["ls-files", "--stage"]);
        assert_eq!(ours, theirs.lines().map(|line| &line[7..]).collect::<Vec<_>>(), "version {version}");
        let staged = repository.objects().staged(&repository.refs(), &mut Vec::new()).expect("an index");
        let staged: Vec<_> =
            staged.iter().map(|entry| (String::from_utf8_lossy(&entry.path).into_owned(), entry.oid, entry.before)).collect();
        let (new, long) = (workshop.oid(&repo, ":dir/new.txt"), workshop.oid(&repo, ":long.txt"));
        let before = workshop.oid(&repo, "HEAD:long.txt");
        assert_eq!(staged, [("dir/new.txt".into(), new, None), ("long.txt".into(), long, Some(before))], "version {version}");
    }
}

/// What the index knows of its folders saves looking into them; the answer must be git's whatever of it is stale.
#[test]
fn what_is_staged_in_many_folders_is_what_git_says() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    for folder in 0..12 {
        for file in 0..3 {
            workshop.write(&format!("repo/a{}/b{folder}/f{file}", folder % 4), text(folder * 10 + file, 3));
        }
        workshop.write(&format!("repo/a{}.txt", folder % 4), text(folder, 2));
    }
    workshop.commit("repo", "Base");
    let mut all = 0;
    for round in 0..25_usize {
        let (folder, file) = ((round * 7) % 12, (round * 5) % 4);
        let path = format!("a{}/b{folder}/f{file}", folder % 4);
        match round % 6 {
            0 if workshop.path(&format!("repo/{path}")).exists() => drop(workshop.git("repo", &["rm", "-q", "-f", &path])),
            1 => drop(workshop.git("repo", &["commit", "-q", "--allow-empty", "-m", "Between"])),
            2 => drop(workshop.git("repo", &["reset", "-q", "--hard"])),
            _ => {
                workshop.write(&format!("repo/{path}"), text(round * 77, 3));
                workshop.git("repo", &["add", &path]);
            }
        }
        let listed = workshop.git("repo", &["diff", "--cached", "--raw", "--no-renames", "--no-abbrev", "--diff-filter=AM"]);
        let theirs: Vec<_> = listed.lines().map(|line| format!("{}\t{}", &line[56..96], &line[99..])).collect();
        let repository = workshop.open("repo");
        let mut problems = Vec::new();
        let staged = repository.objects().staged(&repository.refs(), &mut problems).expect("an index");
        let ours: Vec<_> = staged.iter().map(|entry| format!("{}\t{}", entry.oid, String::from_utf8_lossy(&entry.path))).collect();
        assert_eq!((ours, problems), (theirs, vec![]), "round {round}");
        all += staged.len();
    }
    assert!(all > 10, "{all}");
}

/// Files that would block or never end are not waited for.
#[test]
fn a_pipe_or_a_device_in_place_of_a_file() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    std::fs::remove_file(workshop.path("repo/.git/index")).expect("an index");
    let made = std::process::Command::new("mkfifo").arg(workshop.path("repo/.git/index")).status().expect("mkfifo is there");
    assert!(made.success());
    std::os::unix::fs::symlink(Path::new("/dev/zero"), workshop.path("repo/.git/packed-refs")).expect("a link");
    let repository = workshop.open("repo");
    assert!(repository.index().is_err());
    let refs = repository.refs();
    assert_eq!((refs.problems().len(), refs.head().is_some()), (1, true));
}
