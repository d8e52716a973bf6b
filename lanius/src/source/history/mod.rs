//! The history of a git repository: every blob that a commit brought is scanned once, and what is found in it is told at each path
//! with the first and last commit that held it.
//!
//! The walk of the commits comes first: it says under which paths a blob stands, and so as what kind of text it is read.

mod delta;
mod memory;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use menagerie_git::{Blob, BlobOptions, BlobVisitor, Kind, Lost, Mode, ObjectError, ObjectId, Problem, Refs, Repository};

use delta::Kept;

use super::Progress;
use crate::coverage::{Ledger, State};
use crate::scan::{Buffer, Engine, Found, LeftOut, Profile, Scratch, Text, is_program, stream};
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
pub(super) struct Version {
    pub(super) commit: u32,
    pub(super) path: u32,
}

/// What the walk of the commits says.
#[derive(Default)]
pub(super) struct Walk {
    commits: Vec<(ObjectId, Arc<Commit>)>,
    /// When each was made, but not before its parents.
    times: Vec<i64>,
    pub(super) paths: Vec<String>,
    pub(super) profiles: Vec<Profile>,
    pub(super) numbers: HashMap<Vec<u8>, u32>,
    pub(super) versions: HashMap<ObjectId, Vec<Version>>,
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

    /// Puts the commits in the order of their times, whatever the refs are called that lead to them: of two branches that brought the
    /// same, the earlier was first.
    fn put_in_order(&mut self) {
        let mut order: Vec<usize> = (0..self.commits.len()).collect();
        order.sort_by_key(|number| (self.times[*number], *number));
        if order.is_sorted() {
            return;
        }
        let mut places = vec![0_u32; order.len()];
        let (commits, times) = (std::mem::take(&mut self.commits), std::mem::take(&mut self.times));
        for (place, number) in order.into_iter().enumerate() {
            places[number] = u32::try_from(place).unwrap_or(u32::MAX);
            self.commits.push(commits[number].clone());
            self.times.push(times[number]);
        }
        for version in self.versions.values_mut().flatten() {
            version.commit = places[version.commit as usize];
        }
    }

    /// The number of a path.
    pub(super) fn number(&mut self, engine: &Engine, path: &[u8]) -> u32 {
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
    let refs = repository.refs();
    let shown = path.display().to_string();
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
    // Beside commits, a tag may name a blob or a tree.
    let mut loose = objects.blobs_beside_history(&tips, &mut problems);
    if extent.unreachable {
        let left = objects
            .unreachable(&tips, &mut problems)
            .map_err(|reason| Error::Store { path: path.to_owned(), reason: reason.to_string() })?;
        tips.extend(left.iter().filter(|object| object.kind == Some(Kind::Commit)).map(|object| object.oid));
        loose.extend(left.iter().filter(|object| object.kind == Some(Kind::Blob)).map(|object| object.oid));
    }
    let whole = extent.since.is_empty() && extent.branches.is_empty() && !extent.unreachable;
    let memory = memory.filter(|memory| whole && memory.serves(&mut objects, &tips, least));
    drop(objects);
    let job = Job { engine, repository: &repository, refs: &refs, shown: &shown, threads, progress };
    let none = HashSet::new();
    let part = |memory| Part { tips: &tips, hidden: &hidden, loose: loose.clone(), known: &none, singly: !hidden.is_empty(), memory };
    let done = match job.part(part(memory))? {
        Some(done) => done,
        // What was remembered does not say the truth of this repository.
        None => job.part(part(None))?.expect("only a memory can be wrong"),
    };
    let Done { walk, found, mut ledger } = done;
    problems.iter().for_each(|problem| job.lost(&mut ledger, problem));
    ledger.sort();
    let remembers = whole && ledger.errors().next().is_none();
    let memory = remembers.then(|| Memory::of(&walk, engine, &found, &tips, least));
    Ok(Seen { sightings: sightings(&walk, &found), ledger, memory })
}

/// What a scan of a part of a history came to.
pub(super) struct Done {
    pub(super) walk: Walk,
    pub(super) found: Vec<InBlob>,
    pub(super) ledger: Ledger,
}

/// What of a repository's history is to be scanned.
pub(super) struct Part<'a> {
    /// The commits it ends with.
    pub(super) tips: &'a [ObjectId],
    /// The commits that are not of it, with all that they lead to.
    pub(super) hidden: &'a [ObjectId],
    /// Blobs that no commit leads to.
    pub(super) loose: BTreeSet<ObjectId>,
    /// Versions of files that are left out.
    pub(super) known: &'a HashSet<(Vec<u8>, ObjectId)>,
    /// Whether it is likely a small part, of which the blobs are read one by one.
    pub(super) singly: bool,
    /// What an earlier scan left.
    pub(super) memory: Option<&'a Memory>,
}

/// A repository at work.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) engine: &'a Engine,
    pub(super) repository: &'a Repository,
    pub(super) refs: &'a Refs,
    /// What it is called in the ledger.
    pub(super) shown: &'a str,
    pub(super) threads: usize,
    pub(super) progress: &'a Progress,
}

/// Up to so many blobs are read one by one; beyond that, reading the packs from end to end is quicker.
pub(super) const SINGLY: usize = 4096;

impl Job<'_> {
    /// Writes down what could not be read.
    pub(super) fn lost(&self, ledger: &mut Ledger, problem: &Problem) {
        ledger.add(&format!("{}: {}", self.shown, problem.what), 0, State::Error { reason: problem.why.to_string() });
    }

    /// Scans a part of the history; nothing comes of it if what was remembered of it is wrong.
    pub(super) fn part(&self, part: Part<'_>) -> Result<Option<Done>, Error> {
        let Part { tips, hidden, mut loose, known, singly, memory } = part;
        let (mut walk, mut ledger) = (Walk::default(), Ledger::default());
        self.repository.problems().iter().chain(self.refs.problems()).for_each(|problem| self.lost(&mut ledger, problem));
        let mut objects = self.repository.objects();
        let mut recalled = memory.map(|memory| memory.recall(&mut walk, self.engine)).unwrap_or_default();
        let hidden: Vec<_> = hidden.iter().chain(&recalled.tips).copied().collect();
        // Clocks go wrong: no commit is taken for older than its parents.
        let mut times: HashMap<ObjectId, i64> = walk.commits.iter().zip(&walk.times).map(|((oid, _), time)| (*oid, *time)).collect();
        let end = objects.history(tips, &hidden, |oid, commit, introduced| {
            // Where clocks lie, the walk shows what it need not.
            if recalled.commits.contains(oid) {
                return ControlFlow::Continue(());
            }
            let number = u32::try_from(walk.commits.len()).unwrap_or(u32::MAX);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let told = Commit {
                id: oid.to_string(),
                author: text(commit.author.name),
                email: text(commit.author.email),
                time: commit.committer.seconds,
            };
            let parents = commit.parents.iter().filter_map(|parent| times.get(parent)).copied();
            let time = parents.fold(commit.committer.seconds, i64::max);
            times.insert(*oid, time);
            walk.commits.push((*oid, Arc::new(told)));
            walk.times.push(time);
            for version in introduced.iter().filter(|version| version.mode != Mode::Symlink) {
                if !known.is_empty() && known.contains(&(version.path.to_vec(), version.oid)) {
                    continue;
                }
                let path = walk.number(self.engine, version.path);
                recalled.spared.remove(&version.oid);
                walk.versions.entry(version.oid).or_default().push(Version { commit: number, path });
            }
            ControlFlow::Continue(())
        });
        // What the walk of the commits kept makes room for the blobs.
        drop((times, objects));
        walk.put_in_order();
        end.problems.iter().for_each(|problem| self.lost(&mut ledger, problem));
        loose.retain(|oid| !walk.versions.contains_key(oid));
        let unread = walk.versions.len() - recalled.spared.len() + loose.len();
        let singly = (singly || memory.is_some()) && unread <= SINGLY;
        let mut found = self.blobs(&walk, &loose, &recalled.spared, singly, &mut ledger)?;
        if memory.is_some_and(|memory| !memory.fill(&walk, self.engine, &recalled.spared, &mut found)) {
            return Ok(None);
        }
        if let Some(head) = self.refs.head().filter(|_| !found.is_empty()) {
            match memory::standing(&mut self.repository.objects(), self.repository, &head, &walk, &found) {
                Ok(standing) => walk.in_head = standing,
                Err(error) => ledger.add(&format!("{}: HEAD", self.shown), 0, State::Error { reason: error.to_string() }),
            }
        }
        Ok(Some(Done { walk, found, ledger }))
    }

    /// Scans the blobs of a walk and those that stand alone.
    pub(super) fn blobs(
        &self,
        walk: &Walk,
        loose: &BTreeSet<ObjectId>,
        spared: &HashSet<ObjectId>,
        singly: bool,
        ledger: &mut Ledger,
    ) -> Result<Vec<InBlob>, Error> {
        let wanted = |oid: &ObjectId| walk.versions.contains_key(oid) && !spared.contains(oid) || loose.contains(oid);
        let worker = || Worker {
            engine: self.engine,
            walk,
            progress: self.progress,
            scratch: Scratch::default(),
            buffer: Buffer::default(),
            found: Vec::new(),
            problems: Vec::new(),
            scanned: (0, 0),
            broken: Vec::new(),
            left: Vec::new(),
        };
        let options = BlobOptions { threads: self.threads, ..BlobOptions::default() };
        let bulk = |wanted: &(dyn Fn(&ObjectId) -> bool + Sync)| {
            let workers = self.repository.blobs(options, wanted, |_| worker());
            workers.map_err(|reason| Error::Store { path: PathBuf::from(self.shown), reason: reason.to_string() })
        };
        let workers = if singly {
            let mut all: Vec<_> = walk.versions.keys().filter(|oid| !spared.contains(oid)).chain(loose).copied().collect();
            all.sort_unstable();
            let (mut workers, large) = self.one_by_one(&all, worker);
            if !large.is_empty() {
                workers.extend(bulk(&|oid| large.contains(oid))?);
            }
            workers
        } else {
            bulk(&wanted)?
        };
        let mut found = Vec::new();
        for worker in workers {
            // The first one's memory is taken as it is.
            if found.is_empty() {
                found = worker.found;
            } else {
                found.extend(worker.found);
            }
            ledger.scanned += worker.scanned.0;
            ledger.bytes += worker.scanned.1;
            worker.problems.iter().for_each(|problem| self.lost(ledger, problem));
            for (oid, reason) in worker.broken {
                ledger.add(&format!("{}: object {oid}", self.shown), 0, State::Error { reason });
            }
            worker.left.iter().for_each(|(oid, left)| ledger.leave(&format!("{}: object {oid}", self.shown), *left));
        }
        // What a commit names and the store does not hold was never shown to a worker.
        for oid in walk.versions.keys().chain(loose).filter(|oid| !self.repository.contains(oid)) {
            ledger.add(&format!("{}: object {oid}", self.shown), 0, State::Error { reason: "it is missing (a partial clone?)".to_owned() });
        }
        ledger.sort();
        Ok(found)
    }

    /// Reads blobs by their names, in threads if they are many; those that are too large for that are given back.
    fn one_by_one<'w>(&self, all: &[ObjectId], worker: impl Fn() -> Worker<'w> + Sync) -> (Vec<Worker<'w>>, BTreeSet<ObjectId>) {
        let work = |share: &[ObjectId]| {
            let (mut worker, mut large, mut objects) = (worker(), BTreeSet::new(), self.repository.objects());
            for oid in share.iter().filter(|oid| self.repository.contains(oid)) {
                match objects.read_kind(oid, Kind::Blob) {
                    Ok(object) => drop(worker.blob(&Blob { oid: *oid, bytes: &object.bytes, delta: None, is_base: false }, None)),
                    Err(ObjectError::TooLarge { .. }) => {
                        large.insert(*oid);
                    }
                    Err(why) => worker.lost(Problem { what: Lost::Object(*oid), why }),
                }
            }
            (worker, large)
        };
        let share = all.len().div_ceil(self.threads.max(1)).max(64);
        std::thread::scope(|scope| {
            let mut shares = all.chunks(share);
            let mine = shares.next().unwrap_or_default();
            let work = &work;
            let others: Vec<_> = shares.map(|share| scope.spawn(move || work(share))).collect();
            let first = work(mine);
            let done = std::iter::once(first).chain(others.into_iter().map(|other| other.join().expect("a worker does not panic")));
            let (mut workers, mut large) = (Vec::new(), BTreeSet::new());
            for (worker, left) in done {
                workers.push(worker);
                large.extend(left);
            }
            (workers, large)
        })
    }
}

/// A blob, with what was found in it when it was read as a text of this profile.
pub(super) type InBlob = (ObjectId, Profile, Found);

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
    left: Vec<(ObjectId, LeftOut)>,
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

    fn count(&mut self, oid: &ObjectId, bytes: u64) {
        let left = self.scratch.left_out();
        if left != LeftOut::default() {
            self.left.push((*oid, left));
        }
        self.scanned.0 += 1;
        self.scanned.1 += bytes;
        self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.progress.sources.fetch_add(1, Ordering::Relaxed);
    }
}

/// All that is found in one blob, read as a text of this path.
pub(super) fn scan_bytes(engine: &Engine, scratch: &mut Scratch, buffer: &mut Buffer, bytes: &[u8], path: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if bytes.len() <= crate::scan::BLOCK {
        engine.scan(scratch, &Text::whole(bytes, path), &mut found);
        engine.doubt_crowds(crate::scan::Kind::of(path), is_program(bytes), &mut found);
    } else {
        stream(engine, scratch, buffer, &mut &*bytes, path, &mut found).expect("bytes in memory can be read");
    }
    found
}

impl BlobVisitor for Worker<'_> {
    type Kept = Kept;

    fn blob(&mut self, blob: &Blob<'_>, base: Option<&Kept>) -> Kept {
        let walk = self.walk;
        let mut kept = Kept::default();
        for (profile, path) in walk.profiles(self.engine, &blob.oid) {
            let changes = self.changes(blob, base, &profile, path);
            let mut found = changes.unwrap_or_else(|| self.whole(blob, path, &mut kept.wide));
            if blob.is_base {
                kept.found.push((profile, found.iter().map(Found::again).collect()));
            }
            // A longer one is doubted by its stream.
            if blob.bytes.len() <= crate::scan::BLOCK {
                self.engine.doubt_crowds(profile.kind, is_program(blob.bytes), &mut found);
            }
            self.found.extend(found.into_iter().map(|found| (blob.oid, profile, found)));
        }
        self.count(&blob.oid, blob.bytes.len() as u64);
        kept
    }

    fn large(&mut self, oid: &ObjectId, size: u64, content: &mut dyn Read) {
        // A stream can be read once: as the first of its profiles.
        let walk = self.walk;
        let (profile, path) = walk.profiles(self.engine, oid)[0];
        let mut found = Vec::new();
        match stream(self.engine, &mut self.scratch, &mut self.buffer, content, path, &mut found) {
            Ok(bytes) if bytes == size => self.count(oid, bytes),
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
pub(super) fn sightings(walk: &Walk, found: &[InBlob]) -> Vec<Sighting> {
    let mut order: Vec<&InBlob> = found.iter().collect();
    order.sort_by_key(|(oid, _, _)| *oid);
    let blobs: BTreeMap<ObjectId, &[&InBlob]> = order.chunk_by(|one, other| one.0 == other.0).map(|found| (found[0].0, found)).collect();
    // All versions of files with finds, in the order of their commits.
    let mut versions: Vec<(Version, ObjectId)> = Vec::new();
    for oid in blobs.keys() {
        versions.extend(walk.versions.get(oid).into_iter().flatten().map(|version| (*version, *oid)));
    }
    versions.sort_by_key(|(version, oid)| (version.commit, version.path, *oid));
    let mut places = BTreeMap::<(u32, usize, &[u8]), (Version, &Found, u32, bool)>::new();
    for (version, oid) in &versions {
        let path = &walk.paths[version.path as usize];
        let in_head = walk.in_head.contains(&(path.clone(), *oid));
        let profile = walk.profiles[version.path as usize];
        for (_, _, found) in blobs[oid].iter().filter(|(_, of, _)| *of == profile) {
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
            sightings.extend(found.iter().map(|(_, _, found)| Sighting {
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
