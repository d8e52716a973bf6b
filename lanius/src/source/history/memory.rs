//! What a scan of a history leaves to the next one: the tips that it went from, and which versions of which files held which find. No value
//! is kept: the next scan reads the first version of each file with a find again, and finds there what it found before, beside what
//! new commits brought.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use menagerie_git::{Commit as GitCommit, Kind, Mode, ObjectError, ObjectId, ObjectReader, Repository, Tree};
use serde::{Deserialize, Serialize};

use super::{InBlob, Version, Walk};
use crate::scan::{Engine, Found, Profile};
use crate::triage::Commit;

/// What a scan leaves to the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    tips: Vec<String>,
    /// The least confidence of what made a blob worth remembering.
    least: u8,
    commits: Vec<Remembered>,
    versions: Vec<Held>,
    /// Where each value is found again.
    secrets: Vec<Where>,
}

/// Where a value stands in the first blob that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Where {
    blob: String,
    path: String,
    rule: String,
    start: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    id: String,
    author: String,
    email: String,
    time: i64,
    /// Its place in the order of commits.
    order: i64,
}

/// A version of a file: which commit, of those that are remembered, brought which blob to which path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Held {
    commit: u32,
    path: String,
    blob: String,
    /// The numbers of the values in it.
    holds: Vec<u32>,
}

/// What was recalled.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) tips: Vec<ObjectId>,
    pub(super) commits: HashSet<ObjectId>,
    /// The blobs that need not be read, unless a new commit brings them.
    pub(super) spared: HashSet<ObjectId>,
}

fn oid(text: &str) -> Option<ObjectId> {
    ObjectId::from_hex(text.as_bytes())
}

impl Memory {
    /// Whether it can be built on: what it went from is still part of the history, and nothing asked for was left out.
    pub(super) fn serves(&self, objects: &mut ObjectReader<'_>, tips: &[ObjectId], least: u8) -> bool {
        let known: Option<Vec<_>> = self.tips.iter().map(|tip| oid(tip)).collect();
        let sound = self.versions.iter().all(|held| {
            let there = |number: &u32| (*number as usize) < self.secrets.len();
            (held.commit as usize) < self.commits.len() && oid(&held.blob).is_some() && held.holds.iter().all(there)
        }) && self.commits.iter().all(|commit| oid(&commit.id).is_some());
        let Some(known) = known.filter(|known| sound && !known.is_empty() && self.least <= least) else { return false };
        // A tip that was rewound left commits behind that the history no longer has.
        let mut left = false;
        let end = objects.history(&known, tips, |_, _, _| {
            left = true;
            ControlFlow::Break(())
        });
        !left && end.problems.is_empty()
    }

    /// Puts into a walk what was remembered.
    pub(super) fn recall(&self, walk: &mut Walk, engine: &Engine) -> Known {
        let mut known = Known { tips: self.tips.iter().filter_map(|tip| oid(tip)).collect(), ..Known::default() };
        for commit in &self.commits {
            let Some(id) = oid(&commit.id) else { continue };
            let Remembered { id: name, author, email, time, order } = commit.clone();
            walk.times.push(order);
            walk.commits.push((id, Arc::new(Commit { id: name, author, email, time })));
            known.commits.insert(id);
        }
        let (mut seen, mut first) = (HashSet::new(), HashSet::new());
        for held in &self.versions {
            let Some(blob) = oid(&held.blob) else { continue };
            let path = walk.number(engine, held.path.as_bytes());
            walk.versions.entry(blob).or_default().push(Version { commit: held.commit, path });
            known.spared.insert(blob);
            // Versions stand in the order of commits.
            if held.holds.iter().filter(|number| seen.insert((path, **number))).count() > 0 {
                first.insert(blob);
            }
        }
        known.spared.retain(|blob| !first.contains(blob));
        known
    }

    /// Adds to what was found what the blobs that were spared hold; whether all of it was found again.
    pub(super) fn fill(&self, walk: &Walk, engine: &Engine, spared: &HashSet<ObjectId>, found: &mut Vec<InBlob>) -> bool {
        let profile = |path: &str| engine.profile(path);
        let again: Option<Vec<_>> = self
            .secrets
            .iter()
            .map(|place| {
                let (blob, profile) = (oid(&place.blob)?, profile(&place.path));
                let is_it = |found: &&InBlob| {
                    let (of, as_text, found) = found;
                    *of == blob
                        && *as_text == profile
                        && found.start == place.start
                        && engine.rules()[found.rule].definition.id == place.rule
                };
                found.iter().find(is_it).map(|(_, _, found)| found.again())
            })
            .collect();
        let Some(again) = again else { return false };
        let mut done = HashSet::new();
        for held in &self.versions {
            let Some(blob) = oid(&held.blob).filter(|blob| spared.contains(blob) && walk.versions.contains_key(blob)) else { continue };
            let profile = profile(&held.path);
            let new = held.holds.iter().filter(|number| done.insert((blob, profile, **number)));
            found.extend(new.map(|number| (blob, profile, again[*number as usize].again())));
        }
        true
    }

    /// What is to be remembered of a walk: the versions of every secret that some version of its file shows with enough confidence.
    pub(super) fn of(walk: &Walk, engine: &Engine, found: &[InBlob], tips: &[ObjectId], least: u8) -> Self {
        let mut secrets: BTreeMap<(usize, &[u8]), bool> = BTreeMap::new();
        for (_, _, found) in found {
            *secrets.entry((found.rule, found.secret.expose())).or_default() |= found.confidence >= least;
        }
        let wanted = |found: &Found| secrets.get(&(found.rule, found.secret.expose().as_slice())).is_some_and(|wanted| *wanted);
        let mut by_blob: BTreeMap<&ObjectId, Vec<(Profile, &Found)>> = BTreeMap::new();
        for (blob, profile, found) in found.iter().filter(|(_, _, found)| wanted(found)) {
            by_blob.entry(blob).or_default().push((*profile, found));
        }
        let mut versions: Vec<(Version, &ObjectId, Vec<&Found>)> = Vec::new();
        for (blob, found) in &by_blob {
            for version in walk.versions.get(blob).into_iter().flatten() {
                let profile = walk.profiles[version.path as usize];
                let holds: Vec<_> = found.iter().filter(|(of, _)| *of == profile).map(|(_, found)| *found).collect();
                if !holds.is_empty() {
                    versions.push((*version, blob, holds));
                }
            }
        }
        versions.sort_by_key(|(version, blob, _)| (version.commit, version.path, **blob));
        let mut memory = Self { least, tips: tips.iter().map(ToString::to_string).collect(), ..Self::default() };
        memory.tips.sort();
        memory.tips.dedup();
        let mut commits: BTreeMap<u32, u32> = BTreeMap::new();
        let mut numbers: BTreeMap<(usize, &[u8]), u32> = BTreeMap::new();
        for (version, blob, found) in versions {
            let path = &walk.paths[version.path as usize];
            let commit = *commits.entry(version.commit).or_insert_with(|| {
                let Commit { id, author, email, time } = (*walk.commits[version.commit as usize].1).clone();
                let order = walk.times[version.commit as usize];
                memory.commits.push(Remembered { id, author, email, time, order });
                count(memory.commits.len()) - 1
            });
            let mut holds: Vec<u32> = Vec::new();
            for found in found {
                // The first version that has it is one that was read.
                holds.push(*numbers.entry((found.rule, found.secret.expose())).or_insert_with(|| {
                    let rule = engine.rules()[found.rule].definition.id.clone();
                    memory.secrets.push(Where { blob: blob.to_string(), path: path.clone(), rule, start: found.start });
                    count(memory.secrets.len()) - 1
                }));
            }
            holds.sort_unstable();
            holds.dedup();
            memory.versions.push(Held { commit, path: path.clone(), blob: blob.to_string(), holds });
        }
        memory
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Which of the versions with finds stand in the tree of `head`; only the folders that lead to them are read.
pub(super) fn standing(
    objects: &mut ObjectReader<'_>,
    repository: &Repository,
    head: &ObjectId,
    walk: &Walk,
    found: &[InBlob],
) -> Result<BTreeSet<(String, ObjectId)>, ObjectError> {
    let commit = objects.read_kind(head, Kind::Commit)?;
    let root = GitCommit::parse(&commit.bytes).ok_or(ObjectError::Content { expected: Kind::Commit })?.tree;
    let blobs: BTreeSet<&ObjectId> = found.iter().map(|(blob, _, _)| blob).collect();
    let mut wanted: BTreeMap<&str, BTreeSet<ObjectId>> = BTreeMap::new();
    for blob in blobs {
        for version in walk.versions.get(blob).into_iter().flatten() {
            wanted.entry(&walk.paths[version.path as usize]).or_default().insert(*blob);
        }
    }
    let mut folders: BTreeMap<ObjectId, BTreeMap<Vec<u8>, (Mode, ObjectId)>> = BTreeMap::new();
    let mut there = BTreeSet::new();
    for (path, blobs) in wanted {
        let mut at = Some((Mode::Tree, root));
        for part in path.split('/') {
            let Some((Mode::Tree, folder)) = at else {
                at = None;
                break;
            };
            if let Entry::Vacant(vacant) = folders.entry(folder) {
                let object = objects.read_kind(&folder, Kind::Tree)?;
                let entries = Tree::new(&object.bytes, repository.hash_kind());
                vacant.insert(
                    entries.map(|entry| (String::from_utf8_lossy(entry.name).into_owned().into_bytes(), (entry.mode, entry.oid))).collect(),
                );
            }
            at = folders[&folder].get(part.as_bytes()).copied();
        }
        if let Some((_, blob)) = at.filter(|(mode, blob)| mode.is_blob() && blobs.contains(blob)) {
            there.insert((path.to_owned(), blob));
        }
    }
    Ok(there)
}
