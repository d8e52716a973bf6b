//! The history against `git log`, `git rev-list` and `git ls-tree`.

use super::workshop::{Workshop, text};
use menagerie_git::{Commit, Mode, ObjectError, ObjectId, Repository};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

type Brought = BTreeMap<ObjectId, BTreeSet<(Vec<u8>, ObjectId)>>;

/// What each commit brings, by git: for one parent the difference, for several what differs from each, for none everything.
fn by_git(workshop: &Workshop, at: &str, revisions: &[&str]) -> Brought {
    let format = ["log", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--root", "-r", "--format=%x01%H %P"];
    let out = workshop.git(at, &[&format[..], revisions].concat());
    let mut sides = BTreeMap::new();
    for record in out.split('\u{1}').skip(1) {
        let mut fields = record.split('\0');
        let head = fields.next().expect("a head");
        let mut words = head.split_whitespace();
        // With -m a merge is there once for each parent, with "(from …)" left out of this format.
        let commit = ObjectId::from_hex(words.next().expect("a name").as_bytes()).expect("a name");
        let side = sides.entry(commit).or_insert_with(|| (words.count().max(1), BTreeMap::<_, usize>::new()));
        let mut fields = fields.filter(|field| !field.trim().is_empty());
        while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
            let words: Vec<_> = change.trim().trim_start_matches(':').split(' ').collect();
            let (mode, oid) = (words[1], ObjectId::from_hex(words[3].as_bytes()).expect("a name"));
            if mode != "000000" && mode != "160000" && words[2] != words[3] {
                *side.1.entry((path.as_bytes().to_vec(), oid)).or_default() += 1;
            }
        }
    }
    let brought = |(parents, found): (usize, BTreeMap<_, usize>)| {
        found.into_iter().filter(|(_, count)| *count == parents).map(|(key, _)| key).collect()
    };
    sides.into_iter().map(|(commit, side)| (commit, brought(side))).collect()
}

fn by_us(repository: &Repository, tips: &[ObjectId], hidden: &[ObjectId]) -> (Vec<ObjectId>, Brought) {
    let (mut order, mut brought) = (Vec::new(), Brought::new());
    let end = repository.objects().history(tips, hidden, |oid, _, blobs| {
        order.push(*oid);
        let set: BTreeSet<_> = blobs.iter().map(|blob| (blob.path.to_vec(), blob.oid)).collect();
        assert_eq!(set.len(), blobs.len());
        assert!(blobs.is_sorted_by_key(|blob| blob.path));
        brought.insert(*oid, set);
        ControlFlow::Continue(())
    });
    assert_eq!((end.commits, end.problems), (order.len(), vec![]));
    (order, brought)
}

fn assert_same(workshop: &Workshop, at: &str) -> usize {
    let repository = workshop.open(at);
    let (order, brought) = by_us(&repository, &repository.refs().tips(), &[]);
    assert_eq!(brought, by_git(workshop, at, &["--all"]));
    let mut seen = HashSet::new();
    let mut reader = repository.objects();
    for oid in &order {
        let object = reader.read(oid).expect("a commit");
        let commit = Commit::parse(&object.bytes).expect("a commit");
        let whole = repository.shallow().contains(oid);
        assert!(whole || commit.parents.iter().all(|parent| seen.contains(parent)), "{oid} stands before a parent");
        assert!(seen.insert(*oid));
    }
    order.len()
}

#[test]
fn brings_what_git_says_loose_and_packed() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    assert_eq!(assert_same(&workshop, "repo"), 42);
    workshop.git("repo", &["gc", "-q"]);
    assert_eq!(assert_same(&workshop, "repo"), 42);
    workshop.storied("new", &["--object-format=sha256"]);
    assert_eq!(assert_same(&workshop, "new"), 42);
}

#[test]
fn commits_are_as_git_shows_them() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    let repository = workshop.open("repo");
    let head = repository.refs().head().expect("a commit");
    let object = repository.objects().read(&head).expect("a commit");
    let commit = Commit::parse(&object.bytes).expect("a commit");
    assert_eq!((commit.author.name, commit.author.email), (&b"Ada Example"[..], &b"ada@example.org"[..]));
    assert_eq!((commit.committer.seconds, commit.committer.offset), (1_700_000_000, 90));
    assert_eq!(commit.message, b"Step 39\n\nWith a body.\n");
    assert_eq!(commit.tree, workshop.oid("repo", "HEAD^{tree}"));
}

#[test]
fn since_a_revision_is_what_rev_list_says() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["gc", "-q"]);
    let repository = workshop.open("repo");
    for hidden in ["HEAD", "HEAD~1", "HEAD~10", "side", "HEAD~30", "v1"] {
        let (tip, since) = (workshop.oid("repo", "HEAD"), workshop.oid("repo", hidden));
        let (order, brought) = by_us(&repository, &[tip], &[since]);
        let listed = workshop.git("repo", &["rev-list", "HEAD", &format!("^{hidden}")]);
        let listed: BTreeSet<_> = listed.lines().map(|line| ObjectId::from_hex(line.as_bytes()).expect("a name")).collect();
        assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), listed, "{hidden}");
        assert_eq!(brought, by_git(&workshop, "repo", &["HEAD", &format!("^{hidden}")]), "{hidden}");
    }
}

/// Hidden commits are told from shown ones though every date lies: more may be shown, and never less.
#[test]
fn dates_that_lie_hide_nothing() {
    let workshop = Workshop::new();
    workshop.init("repo", &["--bare"]);
    let mut stream = String::new();
    for step in 0..60_usize {
        let date = 1_000_000 + (step * 7919) % 100_000;
        let from = if step == 0 { String::new() } else { format!("from :{step}\n") };
        stream += &format!("commit refs/heads/main\nmark :{}\ncommitter A <a@b> {date} +0000\ndata 1\nx{from}", step + 1);
        stream += &format!("M 100644 inline f{}\ndata 3\n{step:03}\n", step % 5);
    }
    workshop.feed("repo", &["fast-import", "--quiet"], stream.as_bytes());
    let repository = workshop.open("repo");
    for back in [1, 5, 20, 50] {
        let hidden = workshop.oid("repo", &format!("main~{back}"));
        let (order, _) = by_us(&repository, &[workshop.oid("repo", "main")], &[hidden]);
        let listed = workshop.git("repo", &["rev-list", "main", &format!("^{hidden}")]);
        let shown: BTreeSet<_> = order.iter().map(ToString::to_string).collect();
        assert!(listed.lines().all(|commit| shown.contains(commit)), "{back}");
    }
}

#[test]
fn random_histories_with_many_merges() {
    let workshop = Workshop::new();
    workshop.init("repo", &["--bare"]);
    let (mut stream, mut state) = (String::new(), 12_345_usize);
    let mut dice = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for step in 0..400_usize {
        stream += &format!("commit refs/heads/b{step}\nmark :{}\ncommitter A <a@b> {} +0000\ndata 1\nx", step + 1, 1_000_000 + step);
        let mut parents = BTreeSet::new();
        for place in 0..(1 + dice(3)).min(step) {
            let parent = step - dice(step.min(6));
            if parents.insert(parent) {
                stream += &format!("{} :{parent}\n", if place == 0 { "from" } else { "merge" });
            }
        }
        for _ in 0..dice(4) {
            let path = format!("d{}/e{}/f{}", dice(4), dice(3), dice(3));
            match dice(8) {
                0 => stream += &format!("D d{}\n", dice(4)),
                1 => stream += &format!("D d{}\nM 100644 inline d{}\ndata 2\n{:02}\n", dice(4), dice(4) + 9, dice(90)),
                2 => stream += &format!("M 120000 inline {path}\ndata 2\n{:02}\n", dice(20)),
                3 => stream += &format!("M 160000 {:040x} sub{}\n", dice(1000) + 1, dice(3)),
                4 => stream += &format!("M 100755 inline {path}\ndata 2\n{:02}\n", dice(20)),
                _ => stream += &format!("M 100644 inline {path}\ndata 2\n{:02}\n", dice(20)),
            }
        }
    }
    workshop.feed("repo", &["fast-import", "--quiet"], stream.as_bytes());
    assert_eq!(assert_same(&workshop, "repo"), 400);
}

#[test]
fn paths_of_a_revision_are_those_of_ls_tree() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    let repository = workshop.open("repo");
    for revision in ["HEAD", "HEAD~25", "side"] {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        let commit = workshop.oid("repo", revision);
        let seen = repository.objects().tree_paths(&commit, &mut problems, |entry| {
            let mode = match entry.mode {
                Mode::Executable => "100755",
                Mode::Symlink => "120000",
                _ => "100644",
            };
            found.push(format!("{mode} blob {}\t{}", entry.oid, String::from_utf8_lossy(entry.path)));
        });
        assert_eq!((seen, problems), (Ok(()), vec![]));
        assert_eq!(found, workshop.git("repo", &["ls-tree", "-r", revision]).lines().collect::<Vec<_>>(), "{revision}");
    }
}

#[test]
fn a_shallow_clone_begins_where_it_was_cut() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    let from = format!("file://{}", workshop.path("repo").display());
    workshop.git("", &["clone", "-q", "--depth=5", "--no-single-branch", &from, "shallow"]);
    assert_eq!(
        workshop.open("shallow").shallow().len(),
        workshop.git("shallow", &["rev-list", "--all", "--max-parents=0"]).lines().count()
    );
    assert_same(&workshop, "shallow");
}

#[test]
fn a_partial_clone_lacks_objects_that_are_named() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", workshop.path("repo").display());
    workshop.git("", &["clone", "-q", "--bare", "--filter=tree:0", &from, "partial"]);
    let repository = workshop.open("partial");
    assert!(repository.is_partial());
    let end = repository.objects().history(&repository.refs().tips(), &[], |_, _, _| ControlFlow::Continue(()));
    assert_eq!(end.commits, 42);
    assert!(end.problems.len() > 30 && end.problems.iter().all(|problem| problem.why == ObjectError::Missing));
    workshop.git("", &["clone", "-q", "--bare", "--filter=blob:none", &from, "blobless"]);
    let repository = workshop.open("blobless");
    let (_, brought) = by_us(&repository, &repository.refs().tips(), &[]);
    let missing = brought.values().flatten().filter(|(_, oid)| repository.objects().read(oid) == Err(ObjectError::Missing));
    assert!(missing.count() > 50);
}

#[test]
fn a_visit_can_break_off() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    for step in 0..5 {
        workshop.write("repo/f", text(step, 5));
        workshop.commit("repo", "x");
    }
    let repository = workshop.open("repo");
    let end = repository.objects().history(&repository.refs().tips(), &[], |_, _, _| ControlFlow::Break(()));
    assert_eq!(end.commits, 1);
}
