//! The history of a git repository: every blob that a commit brought is scanned once, and what is found in it is told at each path
//! with the first and last commit that held it.
//!
//! The walk of the commits comes first: it says under which paths a blob stands, and so as what kind of text it is read.

mod delta;
mod memory;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use menagerie_git::{Blob, BlobOptions, BlobVisitor, Mode, ObjectId, Problem, Repository};

use delta::Kept;

use super::Progress;
use crate::coverage::{Ledger, State};
use crate::scan::{Buffer, Engine, Found, Profile, Scratch, Text, stream};
use crate::triage::{Commit, Lineage, Sighting};

pub use memory::Memory;

/// Which part of a history.
#[derive(Debug, Clone, Default)]
pub struct Extent {
    /// Only what these revisions do not lead to.
    pub since: Vec<String>,
    /// Only these branches; none means every ref.
    pub branches: Vec<String>,
    /// Also what no ref leads to: dropped stashes, amended commits.
    pub unreachable: bool,
}

/// Why a history cannot be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a repository that we can read.
    #[error(transparent)]
    Open(#[from] menagerie_git::OpenError),
    /// A revision that was asked for is not there.
    #[error("{name}: {reason}")]
    Revision {
        /// What was asked for.
        name: String,
        /// Why it is not there.
        reason: String,
    },
    /// The store cannot be listed.
    #[error("{path}: {reason}", path = path.display())]
    Store {
        /// The repository.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A version of a file: which commit brought which blob to which path.
#[derive(Debug, Clone, Copy)]
struct Version {
    commit: u32,
    path: u32,
}

/// What the walk of the commits says.
#[derive(Default)]
struct Walk {
    commits: Vec<(ObjectId, Arc<Commit>)>,
    paths: Vec<String>,
    profiles: Vec<Profile>,
    numbers: HashMap<Vec<u8>, u32>,
    versions: HashMap<ObjectId, Vec<Version>>,
    in_head: BTreeSet<(String, ObjectId)>,
}

impl Walk {
    /// The different profiles of the paths at which a blob stands, with a path of each.
    fn profiles(&self, engine: &Engine, oid: &ObjectId) -> Vec<(Profile, &str)> {
        let mut profiles: Vec<(Profile, &str)> = Vec::new();
        let mut last = u32::MAX;
        for version in
            self.versions.get(oid).into_iter().flatten().filter(|version| std::mem::replace(&mut last, version.path) != version.path)
        {
            let profile = self.profiles[version.path as usize];
            if !profiles.iter().any(|(known, _)| *known == profile) {
                profiles.push((profile, &self.paths[version.path as usize]));
            }
        }
        if profiles.is_empty() {
            profiles.push((engine.profile(""), ""));
        }
        profiles
    }

    fn number(&mut self, engine: &Engine, path: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        let number = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        let shown = String::from_utf8_lossy(path).into_owned();
        self.profiles.push(engine.profile(&shown));
        self.paths.push(shown);
        self.numbers.insert(path.to_vec(), number);
        number
    }
}

/// What a scan of a history came to.
#[derive(Debug)]
pub struct Seen {
    /// What was found.
    pub sightings: Vec<Sighting>,
    /// What was looked at.
    pub ledger: Ledger,
    /// What the next scan need not look at again; none if this one was of a part, or lost something.
    pub memory: Option<Memory>,
}

/// Scans the history of the repository at `path`.
///
/// # Errors
/// If it cannot be opened or a revision is not there. What of it is broken is in the ledger.
pub fn scan(engine: &Engine, path: &Path, extent: &Extent, threads: usize, progress: &Progress) -> Result<(Vec<Sighting>, Ledger), Error> {
    scan_on(engine, path, extent, None, 0, threads, progress).map(|seen| (seen.sightings, seen.ledger))
}

/// Scans the history of the repository at `path`, but for what an earlier scan with the same rules saw: of that, only the blobs in which
/// it found something of at least this confidence are read again.
///
/// # Errors
/// If it cannot be opened or a revision is not there. What of it is broken is in the ledger.
pub fn scan_on(
    engine: &Engine,
    path: &Path,
    extent: &Extent,
    memory: Option<&Memory>,
    least: u8,
    threads: usize,
    progress: &Progress,
) -> Result<Seen, Error> {
    let repository = Repository::open(path)?;
    let mut ledger = Ledger::default();
    let mut walk = Walk::default();
    let refs = repository.refs();
    let shown = path.display().to_string();
    let lost = |ledger: &mut Ledger, problem: &Problem| {
        ledger.add(&format!("{shown}: {}", problem.what), 0, State::Error { reason: problem.why.to_string() })
    };
    repository.problems().iter().chain(refs.problems()).for_each(|problem| lost(&mut ledger, problem));

    let mut objects = repository.objects();
    let mut hidden = Vec::new();
    for name in &extent.since {
        hidden.push(objects.resolve(&refs, name).map_err(|reason| Error::Revision { name: name.clone(), reason: reason.to_string() })?);
    }
    let mut tips = if extent.branches.is_empty() { refs.tips() } else { Vec::new() };
    for name in &extent.branches {
        let before = tips.len();
        tips.extend(refs.branches(name).map(|(_, oid)| oid));
        if tips.len() == before {
            tips.push(objects.resolve(&refs, name).map_err(|reason| Error::Revision { name: name.clone(), reason: reason.to_string() })?);
        }
    }
    let mut problems = Vec::new();
    let mut loose: BTreeSet<ObjectId> = BTreeSet::new();
    if extent.unreachable {
        let left = objects
            .unreachable(&tips, &mut problems)
            .map_err(|reason| Error::Store { path: path.to_owned(), reason: reason.to_string() })?;
        tips.extend(left.iter().filter(|object| object.kind == Some(menagerie_git::Kind::Commit)).map(|object| object.oid));
        loose.extend(left.iter().filter(|object| object.kind == Some(menagerie_git::Kind::Blob)).map(|object| object.oid));
    }
    let whole = extent.since.is_empty() && extent.branches.is_empty() && !extent.unreachable;
    let memory = memory.filter(|memory| whole && memory.serves(&mut objects, &tips, least));
    let mut recalled = memory.map(|memory| memory.recall(&mut walk, engine)).unwrap_or_default();
    hidden.extend(&recalled.tips);
    let end = objects.history(&tips, &hidden, |oid, commit, introduced| {
        // Where clocks lie, the walk shows what it need not.
        if recalled.commits.contains(oid) {
            return ControlFlow::Continue(());
        }
        let number = u32::try_from(walk.commits.len()).unwrap_or(u32::MAX);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let known = Commit {
            id: oid.to_string(),
            author: text(commit.author.name),
            email: text(commit.author.email),
            time: commit.committer.seconds,
        };
        walk.commits.push((*oid, Arc::new(known)));
        for version in introduced.iter().filter(|version| version.mode != Mode::Symlink) {
            let path = walk.number(engine, version.path);
            recalled.spared.remove(&version.oid);
            walk.versions.entry(version.oid).or_default().push(Version { commit: number, path });
        }
        ControlFlow::Continue(())
    });
    if let Some(head) = refs.head().filter(|_| memory.is_none()) {
        let read = objects.tree_paths(&head, &mut problems, |entry| {
            walk.in_head.insert((String::from_utf8_lossy(entry.path).into_owned(), entry.oid));
        });
        if let Err(error) = read {
            ledger.add(&format!("{shown}: HEAD"), 0, State::Error { reason: error.to_string() });
        }
    }
    end.problems.iter().chain(&problems).for_each(|problem| lost(&mut ledger, problem));
    loose.retain(|oid| !walk.versions.contains_key(oid));

    let options = BlobOptions { threads, ..BlobOptions::default() };
    let wanted = |oid: &ObjectId| walk.versions.contains_key(oid) || loose.contains(oid);
    let worker = || Worker {
        engine,
        walk: &walk,
        progress,
        scratch: Scratch::default(),
        buffer: Buffer::default(),
        found: Vec::new(),
        problems: Vec::new(),
        scanned: (0, 0),
        broken: Vec::new(),
    };
    let few = memory.and_then(|_| memory::each(&mut objects, &walk, &recalled.spared, worker()));
    let workers = match few {
        Some(worker) => vec![worker],
        None => {
            recalled.spared.clear();
            let workers = repository.blobs(options, wanted, |_| worker());
            workers.map_err(|reason| Error::Store { path: path.to_owned(), reason: reason.to_string() })?
        }
    };
    let mut found = Vec::new();
    for worker in workers {
        found.extend(worker.found);
        ledger.scanned += worker.scanned.0;
        ledger.bytes += worker.scanned.1;
        worker.problems.iter().for_each(|problem| lost(&mut ledger, problem));
        for (oid, reason) in worker.broken {
            ledger.add(&format!("{shown}: object {oid}"), 0, State::Error { reason });
        }
    }
    if let Some(memory) = memory
        && !memory.fill(&walk, engine, &recalled.spared, &mut found)
    {
        // It does not say the truth of this repository.
        return scan_on(engine, path, extent, None, least, threads, progress);
    }
    // What a commit names and the store does not hold was never shown to a worker.
    for oid in walk.versions.keys().filter(|oid| !repository.contains(oid)) {
        ledger.add(&format!("{shown}: object {oid}"), 0, State::Error { reason: "it is missing (a partial clone?)".to_owned() });
    }
    ledger.sort();
    if let Some(head) = refs.head().filter(|_| memory.is_some()) {
        let there = memory::standing(&mut objects, &repository, &head, &walk, &found);
        walk.in_head = there.unwrap_or_else(|reason| {
            ledger.add(&format!("{shown}: HEAD"), 0, State::Error { reason: reason.to_string() });
            BTreeSet::new()
        });
    }
    let remembers = whole && ledger.errors().next().is_none();
    let memory = remembers.then(|| Memory::of(&walk, engine, &found, &tips, least));
    Ok(Seen { sightings: sightings(&walk, found), ledger, memory })
}

/// A blob, with what was found in it when it was read as a text of this profile.
type InBlob = (ObjectId, Profile, Found);

struct Worker<'a> {
    engine: &'a Engine,
    walk: &'a Walk,
    progress: &'a Progress,
    scratch: Scratch,
    buffer: Buffer,
    found: Vec<InBlob>,
    problems: Vec<Problem>,
    scanned: (u64, u64),
    broken: Vec<(ObjectId, String)>,
}

impl Worker<'_> {
    /// What is in a blob, by what its delta changed, where that can be said.
    fn changes(&mut self, blob: &Blob<'_>, base: Option<&Kept>, profile: &Profile, path: &str) -> Option<Vec<Found>> {
        let base = base.filter(|base| !base.wide)?;
        let (_, known) = base.found.iter().find(|(of, _)| of == profile)?;
        delta::scan(self.engine, &mut self.scratch, (blob.bytes, path), blob.delta.as_ref()?, known)
    }

    /// What is in a blob, by all of it.
    fn whole(&mut self, blob: &Blob<'_>, path: &str, wide: &mut bool) -> Vec<Found> {
        let mut found = Vec::new();
        if blob.bytes.len() <= crate::scan::BLOCK {
            *wide |= self.engine.scan(&mut self.scratch, &Text::whole(blob.bytes, path), &mut found);
        } else {
            let read = stream(self.engine, &mut self.scratch, &mut self.buffer, &mut &*blob.bytes, path, &mut found);
            read.expect("bytes in memory can be read");
            *wide = true;
        }
        found
    }

    fn count(&mut self, bytes: u64) {
        self.scanned.0 += 1;
        self.scanned.1 += bytes;
        self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.progress.sources.fetch_add(1, Ordering::Relaxed);
    }
}

impl BlobVisitor for Worker<'_> {
    type Kept = Kept;

    fn blob(&mut self, blob: &Blob<'_>, base: Option<&Kept>) -> Kept {
        let walk = self.walk;
        let mut kept = Kept::default();
        for (profile, path) in walk.profiles(self.engine, &blob.oid) {
            let mut found = self.changes(blob, base, &profile, path).unwrap_or_else(|| self.whole(blob, path, &mut kept.wide));
            if blob.is_base {
                kept.found.push((profile, found.iter().map(Found::again).collect()));
            }
            self.engine.doubt_crowds(&mut found);
            self.found.extend(found.into_iter().map(|found| (blob.oid, profile, found)));
        }
        self.count(blob.bytes.len() as u64);
        kept
    }

    fn large(&mut self, oid: &ObjectId, size: u64, content: &mut dyn Read) {
        // A stream can be read once: as the first of its profiles.
        let walk = self.walk;
        let (profile, path) = walk.profiles(self.engine, oid)[0];
        let mut found = Vec::new();
        match stream(self.engine, &mut self.scratch, &mut self.buffer, content, path, &mut found) {
            Ok(bytes) if bytes == size => self.count(bytes),
            Ok(bytes) => self.broken.push((*oid, format!("it ends after {bytes} of {size} bytes"))),
            Err(error) => self.broken.push((*oid, error.to_string())),
        }
        self.found.extend(found.into_iter().map(|found| (*oid, profile, found)));
    }

    fn lost(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// One sighting for each secret at each path: where its first version has it, with the last version's commit.
fn sightings(walk: &Walk, found: Vec<InBlob>) -> Vec<Sighting> {
    let mut blobs: BTreeMap<ObjectId, Vec<(Profile, Found)>> = BTreeMap::new();
    for (oid, profile, found) in found {
        blobs.entry(oid).or_default().push((profile, found));
    }
    // All versions of files with finds, in the order of their commits.
    let mut versions: Vec<(Version, ObjectId)> = Vec::new();
    for oid in blobs.keys() {
        versions.extend(walk.versions.get(oid).into_iter().flatten().map(|version| (*version, *oid)));
    }
    versions.sort_by_key(|(version, oid)| (version.commit, version.path, *oid));
    let mut places: BTreeMap<(u32, usize, &[u8]), (Version, &Found, u32, bool)> = BTreeMap::new();
    for (version, oid) in &versions {
        let path = &walk.paths[version.path as usize];
        let in_head = walk.in_head.contains(&(path.clone(), *oid));
        let profile = walk.profiles[version.path as usize];
        for (_, found) in blobs[oid].iter().filter(|(of, _)| *of == profile) {
            let place = places.entry((version.path, found.rule, found.secret.expose().as_slice())).or_insert((
                *version,
                found,
                version.commit,
                false,
            ));
            place.2 = version.commit;
            place.3 |= in_head;
        }
    }
    let mut sightings: Vec<Sighting> = places
        .into_values()
        .map(|(version, found, last, in_head)| Sighting {
            path: walk.paths[version.path as usize].clone(),
            found: found.again(),
            lineage: Some(Lineage {
                first: walk.commits[version.commit as usize].1.clone(),
                last: walk.commits[last as usize].1.clone(),
                in_head,
            }),
        })
        .collect();
    for (oid, found) in &blobs {
        if !walk.versions.contains_key(oid) {
            sightings.extend(found.iter().map(|(_, found)| Sighting {
                path: format!("object {oid}"),
                found: found.again(),
                lineage: None,
            }));
        }
    }
    sightings.sort_by(|a, b| {
        (&a.path, a.found.line, a.found.column, a.found.rule, a.found.start).cmp(&(
            &b.path,
            b.found.line,
            b.found.column,
            b.found.rule,
            b.found.start,
        ))
    });
    sightings
}
