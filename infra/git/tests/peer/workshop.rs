//! Where test repositories are made: a temporary folder, and a `git` that sees no configuration but the test's.

use menagerie_git::{Blob, BlobOptions, BlobVisitor, DeltaPiece, Kind, ObjectId, Problem, Repository};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub(crate) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, at: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("a PATH")).env("HOME", self.folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ada Example").env(format!("GIT_{role}_EMAIL"), "ada@example.org");
            command.env(format!("GIT_{role}_DATE"), "1700000000 +0130");
        }
        command.args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "protocol.file.allow=always",
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
        ]);
        command.arg("-C").arg(self.path(at)).args(arguments);
        command
    }

    /// What `git` says, which must succeed.
    pub(crate) fn git(&self, at: &str, arguments: &[&str]) -> String {
        String::from_utf8(self.feed(at, arguments, b"")).expect("text")
    }

    /// What `git` answers to some input.
    pub(crate) fn feed(&self, at: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = self.command(at, arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("git is installed");
        let mut pipe = child.stdin.take().expect("it was asked for");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("the writer ends");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub(crate) fn init(&self, name: &str, arguments: &[&str]) {
        self.git("", &[&["init", "-q"][..], arguments, &[name]].concat());
    }

    pub(crate) fn write(&self, at: &str, content: impl AsRef<[u8]>) {
        let path = self.path(at);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    pub(crate) fn commit(&self, at: &str, message: &str) -> ObjectId {
        self.git(at, &["add", "-A"]);
        self.git(at, &["commit", "-q", "--allow-empty", "-m", message]);
        self.oid(at, "HEAD")
    }

    pub(crate) fn oid(&self, at: &str, revision: &str) -> ObjectId {
        ObjectId::from_hex(self.git(at, &["rev-parse", "--verify", revision]).trim().as_bytes()).expect("an object's name")
    }

    pub(crate) fn open(&self, at: &str) -> Repository {
        Repository::open(&self.path(at)).unwrap_or_else(|error| panic!("{at}: {error}"))
    }

    /// A repository with a history worth reading: files that change often, folders, links, a merge, a rename, a mode, a removal.
    pub(crate) fn storied(&self, name: &str, arguments: &[&str]) {
        self.init(name, arguments);
        let at = |file: &str| format!("{name}/{file}");
        for step in 0..40_usize {
            self.write(&at("long.txt"), text(step, 400));
            self.write(&at(&format!("dir/sub{}/file{}.txt", step % 3, step % 7)), text(step * 31, 60));
            self.write(&at("dir.txt"), text(step / 5, 10));
            if step == 10 {
                std::os::unix::fs::symlink("dir/sub0", self.path(&at("link"))).expect("a link");
            }
            if step == 20 {
                std::fs::rename(self.path(&at("dir/sub1")), self.path(&at("moved"))).expect("a move");
            }
            self.commit(name, &format!("Step {step}\n\nWith a body.\n"));
            if step == 15 {
                self.git(name, &["checkout", "-q", "-b", "side"]);
                self.write(&at("side.txt"), text(999, 30));
                self.write(&at("long.txt"), text(step, 401));
                self.commit(name, "On the side");
                self.git(name, &["checkout", "-q", "main"]);
            }
            if step == 17 {
                self.git(name, &["merge", "-q", "-s", "ours", "--no-commit", "side"]);
                self.write(&at("merged.txt"), "only in the merge\n");
                self.git(name, &["checkout", "side", "--", "side.txt"]);
                self.commit(name, "Merge side");
            }
        }
        self.git(name, &["tag", "-a", "-m", "A tag", "v1", "HEAD~3"]);
        self.git(name, &["tag", "light", "HEAD~5"]);
    }

    /// Every object as `git cat-file --batch-all-objects` gives it.
    pub(crate) fn objects(&self, at: &str) -> BTreeMap<ObjectId, (Kind, Vec<u8>)> {
        let out = self.feed(at, &["cat-file", "--batch-all-objects", "--batch"], b"");
        let (mut found, mut rest) = (BTreeMap::new(), &out[..]);
        while !rest.is_empty() {
            let line = rest.iter().position(|byte| *byte == b'\n').expect("a header");
            let words: Vec<_> = rest[..line].split(|byte| *byte == b' ').collect();
            let len: usize = std::str::from_utf8(words[2]).expect("digits").parse().expect("a length");
            let content = rest[line + 1..line + 1 + len].to_vec();
            rest = &rest[line + 2 + len..];
            found.insert(ObjectId::from_hex(words[0]).expect("a name"), (Kind::from_name(words[1]).expect("a type"), content));
        }
        found
    }

    /// The only file in a repository's folder of packs with this ending.
    pub(crate) fn packed(&self, git_dir: &str, ending: &str) -> PathBuf {
        let entries = std::fs::read_dir(self.path(git_dir).join("objects/pack")).expect("packs");
        let mut found: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        found.retain(|path| path.extension().is_some_and(|end| end == ending));
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

/// Lines that are mostly the same from one seed to the next.
pub(crate) fn text(seed: usize, lines: usize) -> String {
    let line = |number: usize| {
        let changed = if number % 50 == seed % 50 { seed } else { 0 };
        format!("line {number} of some file, changed {changed} {:x}\n", (number * 7919 + changed) * 104_729)
    };
    (0..lines).map(line).collect()
}

/// Gathers all that the bulk route shows, and checks each delta against base and result.
#[derive(Default)]
pub(crate) struct Gather {
    pub(crate) blobs: BTreeMap<ObjectId, Vec<u8>>,
    pub(crate) streamed: BTreeMap<ObjectId, Vec<u8>>,
    pub(crate) lost: Vec<Problem>,
    /// Streams that broke off, with why.
    pub(crate) broken: Vec<String>,
    pub(crate) deltas: usize,
    pub(crate) inherited: usize,
}

impl BlobVisitor for Gather {
    type Kept = (ObjectId, Vec<u8>);

    fn blob(&mut self, blob: &Blob<'_>, base: Option<&Self::Kept>) -> Self::Kept {
        if let Some(view) = &blob.delta {
            self.deltas += 1;
            let mut end = 0;
            for piece in view.delta.pieces() {
                let at = match piece {
                    DeltaPiece::Copied { from, at } => {
                        assert_eq!(view.base_bytes[from], blob.bytes[at.clone()]);
                        at
                    }
                    DeltaPiece::Inserted { at } => at,
                };
                assert_eq!(at.start, end);
                end = at.end;
            }
            assert_eq!(end, blob.bytes.len());
            if let Some((oid, bytes)) = base {
                self.inherited += 1;
                assert_eq!((oid, bytes.as_slice()), (&view.base, view.base_bytes));
            }
        } else {
            assert!(base.is_none());
        }
        let again = self.blobs.insert(blob.oid, blob.bytes.to_vec());
        assert!(again.is_none(), "{} was shown twice", blob.oid);
        (blob.oid, blob.bytes.to_vec())
    }

    fn large(&mut self, oid: &ObjectId, size: u64, content: &mut dyn Read) {
        let mut bytes = Vec::new();
        match content.read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 == size => drop(self.streamed.insert(*oid, bytes)),
            Ok(length) => self.broken.push(format!("{oid}: {length} of {size} bytes")),
            Err(error) => self.broken.push(format!("{oid}: {error}")),
        }
    }

    fn lost(&mut self, problem: Problem) {
        self.lost.push(problem);
    }
}

/// All that a run of the bulk route shows, over all its threads. Every stream is whole.
pub(crate) fn gather(repository: &Repository, options: BlobOptions, wanted: impl Fn(&ObjectId) -> bool + Sync) -> Gather {
    let all = gather_damaged(repository, options, wanted);
    assert!(all.broken.is_empty(), "{:?}", all.broken);
    all
}

/// The same of a repository that is damaged: reading a stream fails where it is broken.
pub(crate) fn gather_damaged(repository: &Repository, options: BlobOptions, wanted: impl Fn(&ObjectId) -> bool + Sync) -> Gather {
    let mut all = Gather::default();
    for one in repository.blobs(options, wanted, |_| Gather::default()).expect("the store can be listed") {
        for (oid, bytes) in one.blobs {
            assert!(all.blobs.insert(oid, bytes).is_none(), "{oid} was shown twice");
        }
        all.streamed.extend(one.streamed);
        all.lost.extend(one.lost);
        all.broken.extend(one.broken);
        all.deltas += one.deltas;
        all.inherited += one.inherited;
    }
    all.lost.sort_by_key(|problem| problem.what.clone());
    all
}

/// Compares every object of a repository, by name and in bulk, with git's.
pub(crate) fn same_objects(workshop: &Workshop, at: &str) -> Gather {
    let expected = workshop.objects(at);
    let repository = workshop.open(at);
    assert_eq!(repository.problems(), []);
    assert!(repository.object_ids().expect("a list").iter().eq(expected.keys()), "{at}: other names");
    let mut reader = repository.objects();
    for (oid, (kind, content)) in &expected {
        let object = reader.read(oid).unwrap_or_else(|error| panic!("{oid}: {error}"));
        assert_eq!((object.kind, &*object.bytes, reader.kind(oid)), (*kind, content, Ok(*kind)), "{oid}");
    }
    let blobs: BTreeMap<_, _> =
        expected.into_iter().filter(|(_, (kind, _))| *kind == Kind::Blob).map(|(oid, (_, bytes))| (oid, bytes)).collect();
    let mut last = Gather::default();
    // The tight one drops every base that waits, and rebuilds it.
    for options in
        [BlobOptions { threads: 3, ..BlobOptions::default() }, BlobOptions { live: 0, ..BlobOptions::default() }, BlobOptions::default()]
    {
        last = gather(&repository, options, |_| true);
        assert_eq!(last.lost, []);
        assert!(last.blobs == blobs, "{at}: other blobs with {options:?}");
    }
    last
}

pub(crate) fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
