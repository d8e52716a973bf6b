//! Gathers what would change in code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use menagerie_policy::document::Policy;

use super::{Address, Owner, Ownership, Site, Sources, Unpatched, pull_request};
use crate::account::Principal;
use crate::analysis::{Analysis, Outcome, Place, PolicyAnalysis};
use crate::proof::Proof;
use crate::report::files::{FilesError, segment, write};
use crate::rewrite::Narrowed;
use crate::verdict::Universe;

/// A policy that changes in code.
#[derive(Debug)]
pub struct Change {
    /// Whose: an ARN.
    pub principal: String,
    /// The policy's name.
    pub policy: String,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// How many actions go, by service.
    pub removed: BTreeMap<&'static str, usize>,
    /// What was shown of the principal's change.
    pub proof: Proof,
    /// The files that its new documents would be in.
    documents: Vec<(PathBuf, String)>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a change.
#[derive(Debug)]
pub enum Fate {
    /// It is in the patch.
    Patched {
        /// The file.
        path: PathBuf,
        /// What it is called there.
        address: String,
    },
    /// It is for a person to make.
    ByHand {
        /// Why.
        reason: Unpatched,
        /// The file that the new document is in, none if the policy goes.
        documents: Vec<(PathBuf, String)>,
    },
}

/// Changes in code, for one pull request.
#[derive(Debug)]
pub struct Proposed<'a> {
    sources: Sources,
    changes: Vec<Change>,
    requests: Vec<Request<'a>>,
    /// What each policy that is made from a place would be: several accounts may be made from the same code.
    holders: BTreeMap<Key, BTreeSet<Vec<String>>>,
}

/// A place: its file, and where its first statement stands.
type Key = (PathBuf, usize);

/// A change that may be made in code.
#[derive(Debug)]
struct Request<'a> {
    change: usize,
    key: Key,
    principal: &'a Principal,
    place: Place<'a>,
    old: &'a Policy,
    narrowed: Narrowed,
    address: Option<Address>,
}

impl<'a> Proposed<'a> {
    /// In these files.
    #[must_use]
    pub const fn new(sources: Sources) -> Self {
        Self { sources, changes: Vec::new(), requests: Vec::new(), holders: BTreeMap::new() }
    }

    /// The changes, as they are known after [`Self::finish`].
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Takes a principal's policies in, as far as they are in code; those that would not change as well, since what stands in code may
    /// be for several.
    pub fn add(&mut self, analysis: &Analysis<'a>, ownership: &Ownership, universe: &Universe) {
        for policy in &analysis.policies {
            let Ok(old) = policy.document.policy() else { continue };
            let owner = ownership.owner(analysis.principal, policy.place);
            let address = ownership.state.of(analysis.principal, policy.place).cloned();
            let found = self.sources.find(analysis.principal, policy.place, old, owner.as_ref(), address.as_ref());
            if let Ok(site) = &found {
                self.holders.entry(key(site)).or_default().insert(policy.after.clone());
            }
            let (Outcome::Narrowed(proof), Some(narrowed), true) = (&analysis.outcome, &policy.narrowed, policy.changes()) else {
                continue;
            };
            let fate = match found.and_then(|site| takes(policy, address.as_ref(), &site).map(|()| site)) {
                Ok(site) => {
                    let narrowed = Narrowed { changes: narrowed.changes.clone(), text: narrowed.text.clone(), removed: Vec::new() };
                    let (key, change) = (key(&site), self.changes.len());
                    self.requests.push(Request { change, key, principal: analysis.principal, place: policy.place, old, narrowed, address });
                    Fate::Patched { path: site.path, address: site.address }
                }
                // Neither is it owned by code, nor does it stand there.
                Err(Unpatched::NotFound) if owner.is_none() => continue,
                Err(reason) => Fate::ByHand { reason, documents: Vec::new() },
            };
            let mut removed: BTreeMap<&'static str, usize> = BTreeMap::new();
            for id in narrowed.removed.iter().flatten().collect::<BTreeSet<_>>() {
                *removed.entry(universe.action(*id).service()).or_default() += 1;
            }
            let mut change = Change {
                principal: analysis.principal.arn.as_str().to_owned(),
                policy: policy.place.name().to_owned(),
                owner,
                removed,
                proof: proof.clone(),
                documents: documents(analysis.principal, policy),
                fate,
            };
            if let Fate::ByHand { documents, .. } = &mut change.fate {
                documents.clone_from(&change.documents);
            }
            self.changes.push(change);
        }
    }

    /// Makes the changes, once every principal was taken in: where several are made from the same code, all must change alike.
    pub fn finish(&mut self) {
        let mut done: BTreeSet<Key> = BTreeSet::new();
        for request in std::mem::take(&mut self.requests) {
            if !done.contains(&request.key) {
                match self.make(&request) {
                    Ok(()) => {
                        done.insert(request.key);
                    }
                    Err(reason) => {
                        let change = &mut self.changes[request.change];
                        change.fate = Fate::ByHand { reason, documents: change.documents.clone() };
                    }
                }
            }
        }
    }

    fn make(&mut self, request: &Request<'_>) -> Result<(), Unpatched> {
        let change = &self.changes[request.change];
        let site = self.sources.find(request.principal, request.place, request.old, change.owner.as_ref(), request.address.as_ref())?;
        if self.holders.get(&request.key).is_some_and(|each| each.len() > 1) {
            let reason = "several principals are made from it, and not all of them would change alike".to_owned();
            return Err(Unpatched::Form { address: site.address, path: site.path, reason });
        }
        self.sources.change(&site, request.old, &request.narrowed)
    }

    /// Writes `changes.patch`, `pull-request.md`, and the documents that a person must put in.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), FilesError> {
        write(&folder.join("changes.patch"), &self.sources.diff())?;
        write(&folder.join("pull-request.md"), &pull_request::text(&self.changes))?;
        for change in &self.changes {
            if let Fate::ByHand { documents, .. } = &change.fate {
                for (path, text) in documents {
                    write(&folder.join(path), text)?;
                }
            }
        }
        Ok(())
    }

    /// The unified diff of all changes that could be made.
    #[must_use]
    pub fn diff(&self) -> String {
        self.sources.diff()
    }

    /// The text of a pull request.
    #[must_use]
    pub fn pull_request(&self) -> String {
        pull_request::text(&self.changes)
    }
}

fn key(site: &Site) -> Key {
    let first = site.statements.as_ref().ok().and_then(|statements| statements.first());
    (site.path.clone(), first.map_or(0, |statement| statement.span.start))
}

/// Whether a change can be made where the policy stands.
fn takes(policy: &PolicyAnalysis<'_>, address: Option<&Address>, site: &Site) -> Result<(), Unpatched> {
    let reason = if address.is_some_and(|address| address.key.is_some()) {
        "count or for_each makes several from it"
    } else if address.is_some_and(|address| address.module.is_some()) {
        "it stands in a module, which others may use too"
    } else if matches!(policy.place, Place::Shared(_)) {
        "others have the managed policy too, so a narrowed copy takes its place"
    } else if policy.moved {
        "it is too long for an inline policy, so managed policies take its place"
    } else if policy.after.len() > 1 {
        "it is spread over several policies"
    } else {
        return Ok(());
    };
    Err(Unpatched::Form { address: site.address.clone(), path: site.path.clone(), reason: reason.to_owned() })
}

fn documents(principal: &Principal, policy: &PolicyAnalysis<'_>) -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from("policies").join(segment(principal.account())).join(principal.kind.as_str()).join(segment(&principal.name));
    let name = |number: usize| {
        let suffix = if number == 0 { String::new() } else { format!("-{}", number + 1) };
        folder.join(format!("{}{suffix}.json", segment(policy.place.name())))
    };
    policy.after.iter().enumerate().map(|(number, text)| (name(number), text.clone())).collect()
}
