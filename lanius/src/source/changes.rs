//! What a change brings to a git repository: what is staged, what commits bring beside a base, what a push brings.
//!
//! A find is told only if it is new: neither did the version before it, at the same path, hold the same value for the same rule, nor did
//! a file that the change removed while it added this one (a file that moved, edited or not).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use menagerie_git::{
    Introduced, Kind, Lost, Mode, ObjectError, ObjectId, ObjectReader, Problem, Refs, Repository, RevisionError, Staged, StagedError,
};

use super::Progress;
use super::history::{self, Done, Job, Part, SINGLY, Version, Walk, scan_bytes, sightings};
use crate::coverage::{Ledger, State};
use crate::scan::{Buffer, Engine, Found, Profile, Scratch};
use crate::triage::Sighting;

/// The longest `MERGE_HEAD` that is read, in names of commits.
const MOST_MERGED: usize = 256;

/// Why a change cannot be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a repository that we can read.
    #[error(transparent)]
    Open(#[from] menagerie_git::OpenError),
    /// Its history cannot be read.
    #[error(transparent)]
    History(#[from] history::Error),
    /// It cannot be said what is staged.
    #[error(transparent)]
    Staged(#[from] StagedError),
    /// There is no commit to compare with.
    #[error("the base {name:?} cannot be compared with: {reason}")]
    Base {
        /// As it was given.
        name: String,
        /// Why it is not there.
        reason: Box<RevisionError>,
        /// Whether the clone is shallow, so that it may be missing rightly.
        shallow: bool,
    },
    /// Nothing was committed yet.
    #[error("{} has no commit yet, so nothing can have changed since one", path.display())]
    NoCommit {
        /// The repository.
        path: PathBuf,
    },
}

/// Commits that are new, beside those that are known.
#[derive(Debug, Clone, Copy)]
pub struct Commits<'a> {
    /// What they end with.
    pub tips: &'a [ObjectId],
    /// What was there before, with all that it leads to.
    pub known: &'a [ObjectId],
    /// Commits that each file is compared with beside its commit's parents.
    pub bases: &'a [ObjectId],
}

/// A repository whose changes are scanned.
#[derive(Debug, Clone, Copy)]
pub struct Changes<'a> {
    /// The rules.
    pub engine: &'a Engine,
    /// The repository.
    pub repository: &'a Repository,
    /// Its refs.
    pub refs: &'a Refs,
    /// How many threads work.
    pub threads: usize,
    /// Who watches.
    pub progress: &'a Progress,
}

impl Changes<'_> {
    /// Scans what the next commit will bring.
    ///
    /// # Errors
    /// If the index or HEAD cannot be read. What else is broken is in the ledger.
    pub fn staged(&self) -> Result<(Vec<Sighting>, Ledger), Error> {
        let name = self.name();
        let job = self.job(&name);
        let (mut objects, mut problems, mut ledger) = (self.repository.objects(), Vec::new(), Ledger::default());
        let (staged, removed) = objects.staged_and_removed(self.refs, &mut problems)?;
        let mut walk = Walk::default();
        let mut before: HashMap<u32, Option<ObjectId>> = HashMap::new();
        for Staged { path, oid, before: old, .. } in staged.iter().filter(|staged| staged.mode != Mode::Symlink) {
            let path = walk.number(self.engine, path);
            before.insert(path, *old);
            walk.versions.entry(*oid).or_default().push(Version { commit: 0, path });
        }
        let singly = walk.versions.len() <= SINGLY;
        let found = job.blobs(&walk, &BTreeSet::new(), &HashSet::new(), singly, &mut ledger)?;
        let merged = if found.is_empty() { Vec::new() } else { self.merged() };
        let raw: HashMap<u32, &[u8]> = walk.numbers.iter().map(|(path, number)| (*number, path.as_slice())).collect();
        let mut known = Known::new(self.engine, self.repository);
        let mut sightings = Vec::new();
        for (oid, profile, found) in &found {
            for version in walk.versions.get(oid).into_iter().flatten() {
                let path = &walk.paths[version.path as usize];
                if walk.profiles[version.path as usize] != *profile {
                    continue;
                }
                let mut old: Vec<_> = before[&version.path].into_iter().collect();
                old.extend(merged.iter().filter_map(|commit| known.objects.blob_at(commit, raw[&version.path]).ok().flatten()));
                let moved = if old.is_empty() { removed.as_slice() } else { &[] };
                let mut versions = old.iter().chain(moved.iter().map(|(_, oid)| oid));
                if !versions.any(|old| known.holds(old, path, found)) {
                    sightings.push(Sighting { path: path.clone(), found: found.again(), lineage: None });
                }
            }
        }
        // The two sides of a conflict say the same once.
        sightings.sort_by(|a, b| (&a.path, a.found.start, a.found.rule).cmp(&(&b.path, b.found.start, b.found.rule)));
        self.repository.problems().iter().chain(self.refs.problems()).chain(&problems).for_each(|problem| job.lost(&mut ledger, problem));
        ledger.sort();
        Ok((sightings, ledger))
    }

    /// Scans what the commits that HEAD has and `base` has not brought.
    ///
    /// # Errors
    /// If there is no such base, or no HEAD. What else is broken is in the ledger.
    pub fn since(&self, base: &str) -> Result<(Vec<Sighting>, Ledger), Error> {
        let head = self.refs.head().ok_or_else(|| Error::NoCommit { path: self.repository.git_dir().to_owned() })?;
        let mut objects = self.repository.objects();
        let shallow = !self.repository.shallow().is_empty();
        let refused = |reason| Error::Base { name: base.to_owned(), reason: Box::new(reason), shallow };
        let commit = objects.resolve(self.refs, base).map_err(refused)?;
        self.commits(Commits { tips: &[head], known: &[commit], bases: &[commit] })
    }

    /// Scans what commits brought.
    ///
    /// # Errors
    /// If the store cannot be listed. What else is broken is in the ledger.
    pub fn commits(&self, Commits { tips, known, bases }: Commits<'_>) -> Result<(Vec<Sighting>, Ledger), Error> {
        let name = self.name();
        let job = self.job(&name);
        let (mut objects, mut problems) = (self.repository.objects(), Vec::new());
        let mut ledger = Ledger::default();
        let (mut loose, mut same) = (BTreeSet::new(), HashSet::new());
        for tip in tips {
            let Err((oid, ObjectError::Kind { .. })) = objects.peel(tip) else { continue };
            if objects.kind(&oid) == Ok(Kind::Blob) {
                loose.insert(oid);
            } else {
                let reason = "a tag of a folder without a commit is not looked into".to_owned();
                ledger.add(&format!("{name}: object {oid}"), 0, State::Error { reason });
            }
        }
        // Where a shallow clone ends, a commit seems to bring all it has.
        if !self.repository.shallow().is_empty() {
            for base in bases {
                let kept = |entry: &Introduced<'_>| {
                    same.insert((entry.path.to_vec(), entry.oid));
                };
                if let Err(why) = objects.tree_paths(base, &mut problems, kept) {
                    problems.push(Problem { what: Lost::Object(*base), why });
                }
            }
        }
        let part = Part { tips, hidden: known, loose, known: &same, singly: true, memory: None };
        let Done { walk, found, ledger: seen } = job.part(part)?.expect("only a memory can be wrong");
        let sightings = sightings(&walk, &found);
        ledger.merge(seen);
        let raw = raw_paths(&walk, &sightings);
        let mut old = Known::new(self.engine, self.repository);
        let new = sightings.into_iter().filter(|sighting| {
            let Some(lineage) = &sighting.lineage else { return true };
            let Some(first) = ObjectId::from_hex(lineage.first.id.as_bytes()) else { return true };
            let paths = raw.get(&sighting.path).map_or(&[][..], Vec::as_slice);
            !paths.iter().any(|path| old.explains(&first, bases, path, &sighting.path, &sighting.found))
        });
        let new = new.collect();
        problems.iter().for_each(|problem| job.lost(&mut ledger, problem));
        ledger.sort();
        Ok((new, ledger))
    }

    fn name(&self) -> String {
        self.repository.worktree().unwrap_or(self.repository.git_dir()).display().to_string()
    }

    fn job<'n>(&'n self, shown: &'n str) -> Job<'n> {
        Job { engine: self.engine, repository: self.repository, refs: self.refs, shown, threads: self.threads, progress: self.progress }
    }

    /// The other parents of the next commit, while a merge is under way.
    fn merged(&self) -> Vec<ObjectId> {
        let text = fs::read(self.repository.git_dir().join("MERGE_HEAD")).unwrap_or_default();
        text.split(|byte| *byte == b'\n').take(MOST_MERGED).filter_map(|line| ObjectId::from_hex(line.trim_ascii())).collect()
    }
}

/// The paths of sightings as git has them: what is shown of two may be the same.
fn raw_paths<'w>(walk: &'w Walk, sightings: &[Sighting]) -> HashMap<String, Vec<&'w [u8]>> {
    let mut raw: HashMap<String, Vec<&[u8]>> = sightings.iter().map(|sighting| (sighting.path.clone(), Vec::new())).collect();
    if !raw.is_empty() {
        for (path, number) in &walk.numbers {
            if let Some(paths) = raw.get_mut(&walk.paths[*number as usize]) {
                paths.push(path);
            }
        }
    }
    raw
}

/// What old versions of files hold, each scanned once.
struct Known<'a> {
    engine: &'a Engine,
    objects: ObjectReader<'a>,
    scratch: Scratch,
    buffer: Buffer,
    found: HashMap<(ObjectId, Profile), Vec<Found>>,
    /// What a commit has no more that another had.
    removed: HashMap<(ObjectId, ObjectId), Vec<ObjectId>>,
}

impl<'a> Known<'a> {
    fn new(engine: &'a Engine, repository: &'a Repository) -> Self {
        let (found, removed) = (HashMap::new(), HashMap::new());
        Self { engine, objects: repository.objects(), scratch: Scratch::default(), buffer: Buffer::default(), found, removed }
    }

    /// Whether a blob, read as a text of this path, holds the same value for the same rule. One that cannot be read holds nothing, so
    /// that what is new is told rather too often than not.
    fn holds(&mut self, oid: &ObjectId, path: &str, found: &Found) -> bool {
        let profile = self.engine.profile(path);
        let known = self.found.entry((*oid, profile)).or_insert_with(|| match self.objects.read_kind(oid, Kind::Blob) {
            Ok(blob) => scan_bytes(self.engine, &mut self.scratch, &mut self.buffer, &blob.bytes, path),
            Err(_) => Vec::new(),
        });
        known.iter().any(|old| old.rule == found.rule && old.secret.expose() == found.secret.expose())
    }

    /// Whether what the commit `first` has at `path` was in what it changed: in a parent of it or one of the bases, at that path or in a
    /// file that moved there.
    fn explains(&mut self, first: &ObjectId, bases: &[ObjectId], path: &[u8], shown: &str, found: &Found) -> bool {
        let mut commits = self.objects.parents(first).unwrap_or_default();
        commits.extend(bases);
        let at_path: Vec<_> = commits.iter().filter_map(|commit| self.objects.blob_at(commit, path).ok().flatten()).collect();
        if !at_path.is_empty() {
            return at_path.iter().any(|oid| self.holds(oid, shown, found));
        }
        commits.iter().any(|commit| {
            let removed = self.removed_between(commit, first);
            removed.iter().any(|oid| self.holds(oid, shown, found))
        })
    }

    /// The blobs of files that `old` has and `new` has not.
    fn removed_between(&mut self, old: &ObjectId, new: &ObjectId) -> Vec<ObjectId> {
        if let Some(known) = self.removed.get(&(*old, *new)) {
            return known.clone();
        }
        let mut changed = Vec::new();
        // What cannot be read explains nothing.
        let _ = self.objects.changed(old, new, &mut Vec::new(), |entry| changed.push((entry.path.to_vec(), entry.oid)));
        changed.retain(|(path, _)| matches!(self.objects.blob_at(new, path), Ok(None)));
        let removed: Vec<_> = changed.into_iter().map(|(_, oid)| oid).collect();
        self.removed.insert((*old, *new), removed.clone());
        removed
    }
}
