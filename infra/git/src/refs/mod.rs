//! Refs: names for commits, in `packed-refs` and in files of their own, with HEAD and the HEADs of other worktrees
//! (git's `gitrepository-layout`). Loose ones hide packed ones. Links are not followed below `refs`, and names come from foreign folders:
//! they are data, and not paths.

mod packed;
mod reflog;
mod revision;

pub use packed::parse_packed_refs;
pub use reflog::{ReflogEntry, parse_reflog};
pub(crate) use revision::MOST_TAGS;

use crate::disk;
use crate::error::{Lost, ObjectError, Problem};
use crate::oid::{HashKind, ObjectId};
use crate::repository::Repository;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest loose ref.
const LONGEST_REF: u64 = 64 << 10;
/// The longest `packed-refs`.
const LONGEST_PACKED: u64 = 256 << 20;
/// How many files and folders below `refs` or `logs` are visited.
const MOST_FILES: usize = 4_000_000;
/// How far a ref may lead to a ref.
const LONGEST_SYMBOLIC: usize = 5;

/// All refs of a repository, by their full names: `refs/heads/main`, `refs/stash`, `HEAD`, and `worktrees/<name>/HEAD` for the HEADs of
/// other worktrees.
#[derive(Debug, Clone, Default)]
pub struct Refs {
    targets: BTreeMap<String, Target>,
    problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Object(ObjectId),
    Ref(String),
}

impl Refs {
    /// Every ref that leads to an object, by name, with the object: a commit, or a tag that leads to one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ObjectId)> {
        self.targets.keys().filter_map(|name| Some((name.as_str(), self.find(name)?)))
    }

    /// The object that a ref leads to, by its full name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ObjectId> {
        let mut name = name;
        for _ in 0..=LONGEST_SYMBOLIC {
            match self.targets.get(name)? {
                Target::Object(oid) => return Some(*oid),
                Target::Ref(next) => name = next,
            }
        }
        None
    }

    /// The commit that is checked out, if there is one yet.
    #[must_use]
    pub fn head(&self) -> Option<ObjectId> {
        self.find("HEAD")
    }

    /// The ref that HEAD stands for, unless it is detached.
    #[must_use]
    pub fn head_ref(&self) -> Option<&str> {
        match self.targets.get("HEAD")? {
            Target::Ref(name) => Some(name),
            Target::Object(_) => None,
        }
    }

    /// The branches with a name, here and as they were fetched: `main` is `refs/heads/main` and `refs/remotes/origin/main`; a full name is
    /// itself only.
    pub fn branches<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, ObjectId)> {
        self.iter().filter(move |(full, _)| {
            let remote = full.strip_prefix("refs/remotes/").and_then(|rest| rest.split_once('/'));
            *full == name || full.strip_prefix("refs/heads/") == Some(name) || remote.is_some_and(|(_, branch)| branch == name)
        })
    }

    /// The objects that refs lead to, each once, in their order: where a walk of the whole history begins.
    #[must_use]
    pub fn tips(&self) -> Vec<ObjectId> {
        let tips: BTreeSet<_> = self.iter().map(|(_, oid)| oid).collect();
        tips.into_iter().collect()
    }

    /// What of the refs could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl Repository {
    /// Reads all refs. What is broken of them is among [`Refs::problems`].
    #[must_use]
    pub fn refs(&self) -> Refs {
        let mut refs = Refs::default();
        let packed = self.common_dir.join("packed-refs");
        match disk::read_if_there(&packed, LONGEST_PACKED) {
            Ok(text) => {
                for (name, oid) in parse_packed_refs(&text.unwrap_or_default(), self.hash_kind()) {
                    refs.targets.insert(String::from_utf8_lossy(name).into_owned(), Target::Object(oid));
                }
            }
            Err(error) => refs.problems.push(Problem::file(packed, error)),
        }
        let mut folders = vec![(self.common_dir.as_path(), String::new())];
        if self.git_dir != self.common_dir {
            // Of its own a worktree has refs/bisect, refs/worktree and refs/rewritten.
            folders.push((self.git_dir.as_path(), String::new()));
        }
        for (folder, prefix) in folders {
            let mut problems = Vec::new();
            for name in files_below(folder, "refs", &mut problems) {
                refs.loose(folder, &name, &prefix, self.hash_kind());
            }
            refs.problems.append(&mut problems);
        }
        refs.loose(&self.git_dir, "HEAD", "", self.hash_kind());
        let linked = self.common_dir.join("worktrees");
        if self.git_dir != self.common_dir {
            refs.loose(&self.common_dir, "HEAD", "main-worktree/", self.hash_kind());
        }
        let entries = std::fs::read_dir(&linked).into_iter().flatten().flatten();
        for folder in entries.map(|entry| entry.path()).filter(|folder| folder.join("HEAD").is_file()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            refs.loose(&folder, "HEAD", &format!("worktrees/{name}/"), self.hash_kind());
        }
        refs
    }
}

impl Refs {
    /// Reads the ref in a file below a folder.
    fn loose(&mut self, folder: &Path, name: &str, prefix: &str, hash: HashKind) {
        let path = folder.join(name);
        let target = match disk::read(&path, LONGEST_REF) {
            Ok(text) => parse_ref(&text, hash),
            Err(error) => return self.problems.push(Problem::file(path, error)),
        };
        match target {
            Some(target) => drop(self.targets.insert(format!("{prefix}{name}"), target)),
            None => self.problems.push(Problem { what: Lost::File(path), why: ObjectError::Header }),
        }
    }
}

fn parse_ref(text: &[u8], hash: HashKind) -> Option<Target> {
    if let Some(name) = text.strip_prefix(b"ref:") {
        return Some(Target::Ref(String::from_utf8_lossy(name.trim_ascii()).into_owned()));
    }
    let word = text.split(u8::is_ascii_whitespace).next()?;
    ObjectId::from_hex(word).filter(|oid| oid.hash_kind() == hash).map(Target::Object)
}

/// The names of all regular files below a folder of a folder, with `/` between their parts, in their order.
pub(crate) fn files_below(top: &Path, first: &str, problems: &mut Vec<Problem>) -> Vec<String> {
    let (mut found, mut left, mut visited) = (Vec::new(), vec![first.to_owned()], 0);
    while let Some(folder) = left.pop() {
        let entries = match std::fs::read_dir(top.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                problems.push(Problem::file(top.join(&folder), error));
                continue;
            }
        };
        for entry in entries.flatten() {
            visited += 1;
            let Ok(name) = std::str::from_utf8(entry.file_name().as_bytes()).map(|name| format!("{folder}/{name}")) else {
                problems.push(Problem { what: Lost::File(entry.path()), why: ObjectError::Header });
                continue;
            };
            if visited > MOST_FILES {
                problems.push(Problem { what: Lost::File(entry.path()), why: ObjectError::Chain { limit: MOST_FILES } });
                return found;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => left.push(name),
                // A lock is a ref that is being written.
                Ok(kind) if kind.is_file() && !name.ends_with(".lock") => found.push(name),
                _ => {}
            }
        }
    }
    found.sort_unstable();
    found
}
